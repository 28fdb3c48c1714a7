"""The table of the README's section on reliability, from what the harnesses find on this machine.

    python -m tests.reliability [--json-in DIR] [--only NAME ...]

Each harness writes its figures into DIR; without --only all run (three quarters of an hour), with
it only those named, and the table is made of all figures that are in DIR. 1 when one failed.
"""

import json
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

Told = dict[str, Any]
HARNESSES = {
    "powercut": ("tests.powercut",),
    "kills": ("tests.e2e.kill_anywhere",),
    "soak": ("tests.soak",),
    "fuzz": ("tests.fuzz",),
}


def main() -> int:
    """Run, then print the table in Markdown."""
    wanted = _arguments()
    wanted.json_in.mkdir(parents=True, exist_ok=True)
    codes = [_run(name, wanted.json_in / f"{name}.json") for name in wanted.only]
    click.echo("| what happens | how often | what is found |\n|---|---|---|")
    for name, rows in ROWS.items():
        path = wanted.json_in / f"{name}.json"
        if path.is_file():
            for row in rows(json.loads(path.read_text(encoding="utf-8"))):
                click.echo(f"| {' | '.join(row)} |")
    return int(any(codes))


def _arguments() -> Namespace:
    parser = ArgumentParser(prog="tests.reliability", description=__doc__)
    parser.add_argument("--json-in", type=Path, default=Path("reliability"), metavar="DIR")
    parser.add_argument("--only", nargs="*", choices=HARNESSES, default=list(HARNESSES))
    return parser.parse_args()


def _run(name: str, figures: Path) -> int:
    figures.unlink(missing_ok=True)
    words = [sys.executable, "-m", *HARNESSES[name], "--json", str(figures)]
    return subprocess.run(words, check=False, stdout=sys.stderr).returncode


def _powercut(told: Told) -> Iterator[tuple[str, str, str]]:
    for it in told["results"]:
        name = f"power cut, {it['machine']}" + (
            "" if it["safe"] else " (a control: must be caught)"
        )
        found = (
            f"{it['lost_cuts']} cuts lost what was said to be saved, {it['corrupt']} files corrupt"
        )
        yield name, f"{it['cuts']} cuts", found


def _kills(told: Told) -> Iterator[tuple[str, str, str]]:
    for it in told["phases"]:
        found = f"at most {it['worst_missing_s']:.2f} s missing, {it['bad']} not as promised"
        yield f"kill -9 during {it['phase']}", f"{it['kills']} kills", found


def _soak(told: Told) -> Iterator[tuple[str, str, str]]:
    exact = all(it["is_exact"] for it in told["boards"])
    accounts = "every sample recorded or in a gap" if exact else "NOT every sample accounted for"
    growth = told["growth"]
    grown = f"memory grew by {growth['rss_kib']} KiB, {growth['blocks']} blocks of Python's"
    took = f"{told['hours']:.0f} h of two boards in {told['wall_s']:.0f} s"
    yield "a fault every few minutes", took, f"{accounts}; {grown}"


def _fuzz(told: Told) -> Iterator[tuple[str, str, str]]:
    cases = ", ".join(f"{name} {n}" for name, n in told["cases"].items())
    found = f"no exception, no hang, {told['peak_mib']} MiB at most"
    yield "damaged bytes", f"{cases} cases", found


ROWS: dict[str, Callable[[Told], Iterator[tuple[str, str, str]]]] = {
    "powercut": _powercut,
    "kills": _kills,
    "soak": _soak,
    "fuzz": _fuzz,
}

if __name__ == "__main__":
    sys.exit(main())
