"""antiphon on ARM: installed from wheels alone, and held against what this machine makes of it.

python -m tests.arm64 [--json FILE]      (root)

The same minutes are recorded from the boards' bytes to the exported tables by the processor of this
machine and by an emulated ARM processor. All counts must be the same, all measures to 1e-6.
"""

import json
import platform
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path

import click

from tests.arm64 import tree
from tests.arm64.minute import SHOWN
from tests.arm64.tables import TABLES, Difference, compare
from tests.places import RECORDINGS, ROOT

RECORDING = RECORDINGS / "dyad" / "two_wearers.npz"
# Of these an ARM machine must say that it has them; what else it lacks is the machine's.
EXPECTED = ("python", "numpy", "pyserial", "sqlite", "liblsl", "sessions")


def main() -> int:
    """Install, look, record twice, compare; return 1 when something is not as it must be."""
    wanted = _arguments()
    if reason := tree.why_not():
        click.echo(f"arm64: skipped: {reason}")
        return 0
    with tempfile.TemporaryDirectory(prefix="arm64-") as directory:
        problems, told = _examine(Path(directory))
    for problem in problems:
        click.echo(f"    {problem}")
    if wanted.json:
        text = {"schema": "antiphon.arm64/1", "ok": not problems, "problems": problems, **told}
        wanted.json.write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")
    return int(bool(problems))


def _arguments() -> Namespace:
    parser = ArgumentParser(prog="tests.arm64", description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


def _examine(directory: Path) -> tuple[list[str], dict[str, object]]:
    began_s = time.monotonic()
    place = tree.tree(tree.wheelhouse(directory / "wheels"))
    click.echo(f"installed in {time.monotonic() - began_s:.0f} s")
    problems = _doctor_problems(place)
    minutes: dict[str, tuple[Path, ...]] = {"synthetic": ()}
    if RECORDING.exists():
        minutes["replayed"] = (RECORDING,)
    else:
        click.echo(f"replayed: skipped: there is no {RECORDING.name}")
    told: dict[str, object] = {}
    for name, recordings in minutes.items():
        differences, screen_problems = _minute(place, directory / name, recordings)
        told[name] = {table: asdict(it) for table, it in differences.items()}
        problems += screen_problems
        for table, it in differences.items():
            problems += it.problems
            click.echo(
                f"{name:<10} {table:<14} {it.rows:>6} rows {it.values:>7} numbers,"
                f" worst {it.worst:.1e}, times {it.worst_ns:.0f} ns"
            )
    click.echo(f"{time.monotonic() - began_s:.0f} s in all")
    return problems, told


def _doctor_problems(place: Path) -> list[str]:
    """What `antiphon doctor` cannot say of the ARM machine."""
    program = "import json, pathlib; from recorder.doctor.examination import examine;"
    program += (
        "print(json.dumps([[f.name, f.word, f.found] for f in examine(None, pathlib.Path('/'))]))"
    )
    findings = json.loads(tree.run(place, tree.INTERPRETER, "-c", program))
    found = {name: (word, text) for name, word, text in findings}
    click.echo(
        f"doctor: {found['python'][1]}, numpy {found['numpy'][1]}, liblsl {found['liblsl'][1]}"
    )
    missing = [f"doctor: {it}: {found[it][1]}" for it in EXPECTED if found[it][0] != "ok"]
    if tree.MACHINE not in found["python"][1]:
        missing.append(f"doctor: this is no ARM: {found['python'][1]}")
    return missing


def _minute(
    place: Path, directory: Path, recordings: tuple[Path, ...]
) -> tuple[dict[str, Difference], list[str]]:
    """Record on both machines; what differs, and what is not on the screen."""
    here, there = directory / platform.machine(), directory / tree.MACHINE
    for one in (here, there):
        one.mkdir(parents=True)
    minute = ("-m", "tests.arm64.minute")
    subprocess.run(
        [sys.executable, *minute, here, *recordings], cwd=ROOT, check=True, capture_output=True
    )
    inside = [f"{tree.WORK}/recordings/{it.name}" for it in recordings]
    mounts = {ROOT / "tests": f"{tree.WORK}/tests", there: f"{tree.WORK}/made"}
    mounts |= {it.parent: f"{tree.WORK}/recordings" for it in recordings}
    tree.run(place, tree.INTERPRETER, *minute, f"{tree.WORK}/made", *inside, mounts=mounts)
    differences = {
        table: compare(here / table, there / table, exact=table != "measures.csv")
        for table in TABLES
    }
    screen = (there / "screen.txt").read_text()
    return differences, [f"screen: {it!r} is not on it" for it in SHOWN if it not in screen]


if __name__ == "__main__":
    sys.exit(main())
