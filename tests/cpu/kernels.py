"""Which numerics a processor makes numpy and OpenBLAS take, and how to make them take others'.

Both choose at their start among the kernels that they were built with; two variables of the
environment overrule them. What this processor cannot execute cannot be had from it.
"""

import ctypes
import importlib
import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

# numpy's names of what a kernel needs, by the first letters: 1.26 and 2.4 have different ones.
_AVX512: Final = ("AVX512", "X86_V4")
_AVX2: Final = ("AVX2", "X86_V3")
BASELINE, AVX2, AVX512 = "baseline", "AVX2", "AVX-512"


@dataclass(frozen=True)
class Processor:
    """A kind of processor.

    Attributes:
        name: as OpenBLAS calls its kernels.
        numpy: the newest of BASELINE, AVX2 and AVX512 that numpy finds on it.
    """

    name: str
    numpy: str


PROCESSORS: Final = (
    Processor("Prescott", BASELINE),
    Processor("Haswell", AVX2),
    Processor("Zen", AVX2),
    Processor("SkylakeX", AVX512),
)


def dispatched() -> list[str]:
    """What numpy has kernels for beyond its baseline, and this processor can execute."""
    umath = importlib.import_module("numpy._core._multiarray_umath")
    return [name for name in umath.__cpu_dispatch__ if umath.__cpu_features__[name]]


def lacking(processor: Processor, here: Sequence[str]) -> str:
    """Why it cannot be stood in for where numpy finds `here`, or ""; OpenBLAS is not asked."""
    if platform.machine() != "x86_64":
        return f"this processor is {platform.machine()}"
    needed = {BASELINE: ("",), AVX2: _AVX2, AVX512: _AVX512}[processor.numpy]
    if processor.numpy != BASELINE and not any(name.startswith(needed) for name in here):
        return f"numpy finds no {processor.numpy} on this processor"
    return ""


def environment(processor: Processor, here: Sequence[str]) -> dict[str, str]:
    """Of a process that is to compute as on that processor."""
    beyond = {BASELINE: ("",), AVX2: _AVX512, AVX512: ()}[processor.numpy]
    told = {name: value for name, value in os.environ.items() if name != "NPY_ENABLE_CPU_FEATURES"}
    return told | {
        "NPY_DISABLE_CPU_FEATURES": " ".join(name for name in here if name.startswith(beyond)),
        "OPENBLAS_CORETYPE": processor.name,
        "OPENBLAS_NUM_THREADS": "1",
    }


def taken() -> str:
    """What this process computes with."""
    newest = dispatched()[-1:] or [BASELINE]
    return f"numpy {newest[0]}, OpenBLAS {_openblas_core()}"


def _openblas_core() -> str:
    """By its own name; "" where numpy has another library."""
    import numpy.linalg  # noqa: F401  # loads it

    maps = Path("/proc/self/maps").read_text(encoding="ascii").splitlines()
    files = {words[5] for line in maps if len(words := line.split()) > 5 and "openblas" in words[5]}
    for file in sorted(files):
        library = ctypes.CDLL(file)
        for symbol in ("scipy_openblas_get_corename64_", "openblas_get_corename"):
            if hasattr(library, symbol):
                corename = getattr(library, symbol)
                corename.restype = ctypes.c_char_p
                return str(corename().decode())
    return ""
