"""What the exports of a two-hour session of two people take: `make bench-exports`.

The session is lived on the simulated clock, faults and all (tests/soak), or given. Each format is
made in a process of its own, by itself; seconds are those of the processor.

python -m tests.bench.exports [--hours 2] [--session FILE] [--only csv ...] [--json]
"""

import multiprocessing
import resource
import tempfile
import time
from argparse import ArgumentParser
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from recorder.export import export_of
from recorder.export.asked import Asked
from tests.results import Row, tell
from tests.soak.day import live

SEED = 20261129
MOST_MIB = 300
AIMED_AT = "2 h"
# Name: format, how it is asked for, seconds at most.
FORMS: dict[str, tuple[str, Asked, float | None]] = {
    "bdf": ("bdf", Asked(), 8),
    "bdf --native": ("bdf", Asked(native=True), 4),
    "csv": ("csv", Asked(), 8),
    "elan": ("elan", Asked(), None),
    "hypyp": ("hypyp", Asked(), None),
    "hypyp --analytic": ("hypyp", Asked(analytic=True), None),
    "parquet": ("parquet", Asked(), 4),
    "xdf": ("xdf", Asked(), 5),
}


@dataclass(frozen=True, slots=True)
class Taken:
    """What one export took of the processor and of memory, and made."""

    cpu_s: float
    peak_mib: float
    made_mib: float


def main() -> None:
    """Live, export, keep and tell."""
    parser = ArgumentParser(prog="tests.bench.exports", description=__doc__)
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--session", type=Path, help="an existing session file instead")
    parser.add_argument("--only", nargs="+", choices=FORMS, default=[*FORMS], help="of them")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="exports-") as directory:
        path = (
            asked.session
            or live(Path(directory), round(asked.hours * 3600), SEED, look_every_s=600).path
        )
        found = {name: _measured(name, path, Path(directory)) for name in asked.only}
    told = {name: asdict(it) for name, it in found.items()}
    length = asked.session.stem if asked.session else f"{asked.hours:g} h"
    rows = _rows(found, length)
    tell("bench-exports", rows, "antiphon.exports/1", as_json=asked.json, exports=told)


def _rows(found: dict[str, Taken], length: str) -> list[Row]:
    rows = []
    for name, taken in found.items():
        aim_s, what = FORMS[name][2] if length == AIMED_AT else None, f"`{name}` of {length}"
        rows += [
            Row(f"{what}: processor", f"{taken.cpu_s:.2f} s", f"<= {aim_s:g} s" if aim_s else ""),
            Row(f"{what}: memory", f"{taken.peak_mib:.0f} MiB", f"<= {MOST_MIB} MiB"),
            Row(f"{what}: files", f"{taken.made_mib:.1f} MiB"),
        ]
    return rows


def _measured(name: str, path: Path, directory: Path) -> Taken:
    spawn = multiprocessing.get_context("spawn")  # memory of its own
    with ProcessPoolExecutor(1, mp_context=spawn) as alone:
        return alone.submit(_take, name, path, directory / "out").result()


def _take(name: str, path: Path, out: Path) -> Taken:
    form, asked, _ = FORMS[name]
    export = export_of(form, asked)
    began_s = time.process_time()
    files = export(path, out)
    cpu_s = time.process_time() - began_s
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    made_mib = sum(file.stat().st_size for file in files) / 2**20
    for file in files:
        file.unlink()
    return Taken(cpu_s, peak_mib, made_mib)


if __name__ == "__main__":
    main()
