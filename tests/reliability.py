"""What the long harnesses find on this machine, for tests/RESULTS.md.

    python -m tests.reliability [--json-in DIR] [--only NAME ...]

Each harness writes its figures into DIR; without --only all run (half an hour), with it only those
named; an empty --only runs none. The rows are made of all figures that are in DIR, each with the
day of its file. 1 when a harness failed.
"""

import json
import os
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from tests.results import Row, as_text, keep

Told = dict[str, Any]
Rows = Iterator[Row]
HARNESSES = {
    "powercut": "tests.powercut",
    "kills": "tests.e2e.kill_anywhere",
    "decisions": "tests.decisions",
    "soak": "tests.soak",
    "fuzz": "tests.fuzz",
    "disk": "tests.disk",
}


def main() -> int:
    """Run, keep and print the rows."""
    wanted = _arguments()
    wanted.json_in.mkdir(parents=True, exist_ok=True)
    codes = [_run(name, wanted.json_in / f"{name}.json") for name in wanted.only]
    for name, rows in ROWS.items():
        path = wanted.json_in / f"{name}.json"
        if path.is_file():
            found = [*rows(json.loads(path.read_text(encoding="utf-8")))]
            keep("reliability", found, path.stat().st_mtime_ns)
            click.echo(as_text(found))
    return int(any(codes))


def _arguments() -> Namespace:
    parser = ArgumentParser(prog="tests.reliability", description=__doc__)
    parser.add_argument("--json-in", type=Path, default=Path("reliability"), metavar="DIR")
    parser.add_argument("--only", nargs="*", choices=HARNESSES, default=list(HARNESSES))
    return parser.parse_args()


def _run(name: str, figures: Path) -> int:
    """Run a harness; with its figures goes how busy the machine was."""
    figures.unlink(missing_ok=True)
    words = [sys.executable, "-m", HARNESSES[name], "--json", str(figures)]
    one_thread = os.environ | {"OPENBLAS_NUM_THREADS": "1"}  # as the service has it
    before, _, _ = os.getloadavg()
    code = subprocess.run(words, check=False, stdout=sys.stderr, env=one_thread).returncode
    after, _, _ = os.getloadavg()
    if figures.is_file():
        told = json.loads(figures.read_text(encoding="utf-8"))
        told["load"] = [round(before, 1), round(after, 1)]
        figures.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return code


def _powercut(told: Told) -> Rows:
    for shipped in (it for it in told["results"] if it["safe"]):
        yield Row(
            f"power cut, {shipped['machine']} (ext4, each write logged)",
            f"{shipped['cuts']} cuts: {shipped['lost_s_max']:.0f} s of what was said to be saved"
            f" lost, {shipped['corrupt']} files corrupt",
            "0 s, 0 files",
        )
    unsafe = [it for it in told["results"] if not it["safe"]]
    verdict = "the harness can fail" if all(it["ok"] for it in unsafe) else "NOT ALL CAUGHT"
    lost = ", ".join(str(it["lost_cuts"]) for it in unsafe)
    yield Row(
        f"the same with {'; '.join(it['machine'] for it in unsafe)}",
        f"{unsafe[0]['cuts']} cuts each: {lost} lost data: {verdict}",
        "some lost",
    )


def _kills(told: Told) -> Rows:
    phases = told["phases"]
    kills = sum(it["kills"] for it in phases)
    worst_s = max(it["worst_missing_s"] for it in phases)
    broken = sum(bool(it["problems"]) for it in told["bad"])
    late = len(told["bad"]) - broken
    whole = f"{broken} files NOT as promised" if broken else "every file whole, resumed or closed"
    found = f"{whole}; {late} kills missed MORE than 1 s" if late else whole
    load = told.get("load")  # a harness that was run by itself tells none
    busy = f", load {max(load):.0f} on {os.cpu_count()} cores" if load else ""
    yield Row(
        "kill -9 while it records, starts, marks or stops",
        f"{kills} kills{busy}: {found}; {worst_s:.2f} s missing at most",
        "1 s",
    )


def _decisions(told: Told) -> Rows:
    stories = told["stories"]
    runs = sum(
        value for it in stories for name, value in it.items() if name not in ("story", "bad")
    )
    names = ", ".join(it["story"] for it in stories)
    well = "nothing recorded unasked, nothing kept that was erased, nothing lost that was told"
    found = well if told["ok"] else f"{len(told['bad'])} NOT as promised"
    yield Row(
        f"killed, or a step fails, between request and effect: {names}",
        f"{runs} runs: {found}",
        "0 runs",
    )


def _soak(told: Told) -> Rows:
    exact = all(it["is_exact"] for it in told["boards"])
    taken = sum(it["taken"] for it in told["boards"]) / 1e6
    accounts = "recorded, or known to be missing" if exact else "NOT all accounted for"
    verdict = "" if told["ok"] else "NOT as promised: "
    growth = told["growth"]
    yield Row(
        "a fault every few minutes, two boards",
        f"{told['hours']:.0f} h simulated, {told['wall_s'] / 60:.0f} min:"
        f" {verdict}{taken:.1f} million samples {accounts}; memory"
        f" {growth['anon_kib']:+} KiB from the second quarter to the last,"
        f" file {told['file_mib_per_hour']:.1f} MiB an hour",
        "none unaccounted for",
    )


def _fuzz(told: Told) -> Rows:
    cases = f"{sum(told['cases'].values()):,} cases".replace(",", " ")
    yield Row(
        "damaged bytes: boards, socket, configuration, replay and session files",
        f"{cases}: no exception, no hang, {told['peak_mib']} MiB at most",
        "no exception, no hang",
    )


def _disk(told: Told) -> Rows:
    tests = told["tests"]
    well = "alarm; all that was taken is saved or in a gap, and it goes on when there is room"
    found = well if told["ok"] else f"NOT as promised: {', '.join(told['failed'])}"
    skipped = f", {tests['skipped']} skipped" if tests["skipped"] else ""
    yield Row(
        "disk full, failing, read-only after an error, stalled for 150 s",
        f"{tests['passed'] + tests['failed']} tests{skipped}: {found}",
        "all saved, or in a gap",
    )


ROWS: dict[str, Callable[[Told], Rows]] = {
    "powercut": _powercut,
    "kills": _kills,
    "decisions": _decisions,
    "soak": _soak,
    "fuzz": _fuzz,
    "disk": _disk,
}

if __name__ == "__main__":
    sys.exit(main())
