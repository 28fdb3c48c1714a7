"""The numbers by the kernels of other processors: the same values, and tests that pass.

    python -m tests.cpu [--values]

Each processor of tests/cpu/kernels.py is stood in for as far as this one can execute its
instructions. First every measure and every clock of a simulated session is computed by each, and
compared within tests/cpu/compare.py's bounds; then each runs the tests of the numbers.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import click
import numpy as np

from tests.cpu.compare import BOUNDS, Values, differences, too_far
from tests.cpu.kernels import PROCESSORS, Processor, dispatched, environment, lacking
from tests.places import ROOT

# What is computed by matrix products, or by numpy's own sines and roots.
TESTS = (
    *("tests/dsp", "tests/recorder/clocks", "tests/recorder/measures"),
    *("tests/recorder/align/test_exposure.py", "tests/recorder/align/test_train.py"),
    *("tests/recorder/store/test_codec.py", "tests/hardware/cyton/test_impedance.py"),
)
LAST_LINES = 60


def main() -> int:
    """Compare, then test; 1 when values lie too far apart or a test fails."""
    parser = ArgumentParser(prog="tests.cpu", description=__doc__.partition("\n")[0])
    parser.add_argument("--values", action="store_true", help="compare the values only")
    wanted = parser.parse_args()
    here = dispatched()
    values = _of_each(here)
    problems = _compared(values) if values else []
    if not wanted.values:
        problems += [f"tests as on {one.name}" for one in values if not _passes(one, here)]
    for problem in problems:
        click.echo(f"FAILED {problem}")
    return int(bool(problems))


def _of_each(here: list[str]) -> dict[Processor, Values]:
    """The values by each that can be stood in for, and differs from those before it."""
    found: dict[Processor, Values] = {}
    seen: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as directory, ThreadPoolExecutor(os.cpu_count()) as several:
        computed = several.map(partial(_computed, here, Path(directory)), PROCESSORS)
        for processor, (kernels, missing) in zip(PROCESSORS, computed, strict=True):
            same = f"the same kernels as {seen[kernels]}, {kernels}" if kernels in seen else ""
            reason = missing or same
            click.echo(f"{processor.name:<10} {f'skipped: {reason}' if reason else kernels}")
            if not reason:
                seen[kernels] = processor.name
                with np.load(Path(directory, f"{processor.name}.npz")) as file:
                    found[processor] = dict(file)
    return found


def _computed(here: list[str], directory: Path, processor: Processor) -> tuple[str, str]:
    """Have the values computed; by which kernels, and why not.

    Raises:
        CalledProcessError: they cannot be, for another reason than that instructions are missing.
    """
    if reason := lacking(processor, here):
        return "", reason
    words = [sys.executable, "-m", "tests.cpu.values", str(directory / f"{processor.name}.npz")]
    done = subprocess.run(
        words, cwd=ROOT, env=environment(processor, here), stdout=subprocess.PIPE, check=False
    )
    if done.returncode == -signal.SIGILL:
        return "", "this processor lacks its instructions (SIGILL)"
    done.check_returncode()
    return done.stdout.decode().strip(), ""


def _compared(values: dict[Processor, Values]) -> list[str]:
    """A table of the differences from the first; what is wrong."""
    (first, reference), *others = values.items()
    found = {one.name: differences(reference, of_it) for one, of_it in others}
    if not found:
        click.echo("values: not compared, for there are no others to compare them with")
        return []
    names = "".join(f"{name:>10}" for name in found)
    click.echo(f"\n{f'largest difference from {first.name}':<32}{'bound':>10}{names}")
    for name, bound in BOUNDS.items():
        each = "".join(f"{of_it[name]:>10.1e}" for of_it in found.values())
        click.echo(f"{name:<32}{bound:>10.0e}{each}")
    return [f"{name}: {line}" for name, each in found.items() for line in too_far(each)]


def _passes(processor: Processor, here: list[str]) -> bool:
    began_s = time.monotonic()
    words = [sys.executable, "-m", "pytest", "-q", f"-n{os.cpu_count()}", "--dist=loadfile", *TESTS]
    done = subprocess.run(
        words,
        cwd=ROOT,
        env=environment(processor, here),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    lines = done.stdout.splitlines()
    if done.returncode:
        click.echo("\n".join(lines[-LAST_LINES:]))
    told = lines[-1] if lines else ""
    click.echo(f"tests as on {processor.name:<10} {time.monotonic() - began_s:>4.0f} s  {told}")
    return not done.returncode


if __name__ == "__main__":
    sys.exit(main())
