import platform
import subprocess
import sys

import pytest

from tests.cpu.kernels import PROCESSORS, dispatched, environment, lacking
from tests.places import ROOT

NEW = ["X86_V3", "X86_V4", "AVX512_ICL"]
OLD = ["SSE42", "AVX2", "FMA3", "AVX512F", "AVX512_SKX"]  # numpy before 2.4


@pytest.mark.parametrize(
    ("here", "disabled"),
    [
        (NEW, ["X86_V3 X86_V4 AVX512_ICL", "X86_V4 AVX512_ICL", "X86_V4 AVX512_ICL", ""]),
        (OLD, ["SSE42 AVX2 FMA3 AVX512F AVX512_SKX", *["AVX512F AVX512_SKX"] * 2, ""]),
    ],
)
def test_numpy_is_kept_from_what_the_processor_would_not_have(
    here: list[str], disabled: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENBLAS_CORETYPE", "of this machine")
    found = [environment(one, here) for one in PROCESSORS]
    assert [one["NPY_DISABLE_CPU_FEATURES"] for one in found] == disabled
    assert [one["OPENBLAS_CORETYPE"] for one in found] == [one.name for one in PROCESSORS]


def test_what_numpy_does_not_find_cannot_be_had(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    reasons = [lacking(one, ["X86_V3"]) for one in PROCESSORS]
    assert reasons == ["", "", "", "numpy finds no AVX-512 on this processor"]
    assert [lacking(one, NEW) for one in PROCESSORS] == [""] * 4
    monkeypatch.setattr(platform, "machine", lambda: "aarch64")
    assert {lacking(one, []) for one in PROCESSORS} == {"this processor is aarch64"}


def test_one_processor_after_another_is_stood_in_for() -> None:
    """The kernels that a process says it has taken follow what its environment asks for."""
    here = dispatched()
    told = {}
    for one in PROCESSORS:
        if not lacking(one, here) and one.name != "SkylakeX":  # its instructions may be missing
            words = [sys.executable, "-c", "from tests.cpu.kernels import taken; print(taken())"]
            asked = environment(one, here)
            done = subprocess.run(words, cwd=ROOT, env=asked, capture_output=True, check=True)
            told[one.name] = done.stdout.decode().strip()
    if len(told) < 2:
        pytest.skip("this processor is none of them, or the oldest")
    assert told["Prescott"].startswith("numpy baseline")
    assert told["Prescott"].partition(", ")[2] != told["Haswell"].partition(", ")[2]
