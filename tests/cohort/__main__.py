"""Four hundred made-up sessions through `antiphon cohort`, and what may not matter to them.

    python -m tests.cohort [--sessions 400] [--work DIR] [--json]

On two local Dask workers: whether the first hundred, the second, and the other two cost alike, and
what a worker holds. In the middle of that a worker is killed, then the scheduler; then all again
without Dask, undisturbed: every file must be the same byte for byte. A second run may touch
nothing, one changed file may cost one job. Planted slopes of 20 dyads over six sessions must lie in
their intervals. How often nothing is found where nothing is: tests/cohort/null.py. 1 where anything
of it fails.
"""

import json
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from tests.cohort.cluster import Cluster, cluster, until
from tests.cohort.people import Meeting, Planted, developing, id_of, record
from tests.results import Row, tell

SEED: Final = 20261129
WORKERS: Final = 2
DYADS, SESSIONS = 20, 6
GROWS: Final = Planted(alike=0.05, tilt=0.1)
PER_SCORE: Final = 0.08  # tilt of the therapist a point of alliance
SITES: Final = ("north", "east", "south", "west")


def main() -> int:
    """Make, run, compare, tell; 1 where something is not as it must be."""
    parser = ArgumentParser(prog="tests.cohort", description=__doc__)
    parser.add_argument("--sessions", type=int, default=400)
    parser.add_argument("--work", type=Path)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    with ExitStack() as held:
        work = asked.work or Path(held.enter_context(tempfile.TemporaryDirectory()))
        bench = Bench(work, asked.sessions)
        bench.make()
        checks = list(bench.checks())
    rows = [Row(it.what, it.figure, it.aim) for it in checks]
    failures = [it.what for it in checks if not it.holds]
    tell("bench-cohort", rows, "antiphon.bench-cohort/1", as_json=asked.json, failures=failures)
    return int(bool(failures))


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was measured, and whether it is as it must be."""

    what: str
    figure: str
    aim: str
    holds: bool


class Bench:
    """The sessions in `work`, and the runs over them."""

    def __init__(self, work: Path, sessions: int) -> None:
        self.work = work
        self.count = sessions
        self.scores = work / "scores.csv"
        self.meetings = _meetings(sessions)

    def make(self) -> None:
        """Write what is not there."""
        self.work.mkdir(parents=True, exist_ok=True)
        missing = [
            (self.work / site, it)
            for site, some in self.meetings.items()
            for it in some
            if not (self.work / site / "done" / f"{id_of(it)}.antiphon").exists()
        ]
        with ProcessPoolExecutor(WORKERS) as pool:
            for _ in pool.map(_record, missing, chunksize=8):
                pass
        rng = np.random.default_rng(SEED)
        lines = ["session,alliance,weather"]
        for it in (one for some in self.meetings.values() for one in some):
            lines.append(f"{id_of(it)},{alliance(it):.3f},{rng.normal():.3f}")
        self.scores.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def checks(self) -> Iterator[Check]:
        """All that must hold."""
        with cluster(WORKERS, self.work / "cluster") as dask:
            yield from self._on_dask(dask)
        yield self._alone()
        yield self._again()
        yield self._changed()
        yield from self._planted()

    def _on_dask(self, dask: Cluster) -> Iterator[Check]:
        """Half of it in peace, then a worker is killed, then the scheduler."""
        done = partial(_jobs_in, self.work / "dask.jobs")
        marks, began_s = [(0, dask.cpu_s)], time.monotonic()
        running = self._begin("dask", "--scheduler", dask.address)
        for n in (self.count // 4, self.count // 2):
            until(partial(_reached, done, n), f"{n} sessions are analysed")
            marks.append((n, dask.cpu_s))
        yield _flat(dask)
        dask.kill_worker()
        until(partial(_reached, done, self.count * 3 // 4), "three quarters are analysed")
        dask.kill_scheduler()
        until(partial(_reached, done, self.count), "all are analysed")
        marks.append((self.count, dask.cpu_s))
        told = _ended(running)
        each = [
            (later[1] - before[1]) / (later[0] - before[0]) for before, later in pairwise(marks)
        ]
        yield Check(
            "sessions of two minutes, four channels, on two Dask workers",
            f"{', '.join(f'{n}: {cpu_s - marks[0][1]:.0f} s of CPU' for n, cpu_s in marks[1:])};"
            f" {', '.join(f'{1000 * it:.0f}' for it in each)} ms a session in each stretch;"
            f" {time.monotonic() - began_s:.0f} s in all",
            "the dearest 1.25 times the cheapest",
            max(each) <= 1.25 * min(each),
        )
        yield Check(
            "a worker killed at the half, the scheduler at three quarters",
            f"{told['used']} sessions used, {dask.begun_again} processes begun again",
            f"{self.count}",
            told["used"] == self.count and dask.begun_again >= 2,
        )

    def _alone(self) -> Check:
        began_s = time.monotonic()
        self._run("alone", "--workers", str(WORKERS))
        wall_s = time.monotonic() - began_s
        different = self._differences("dask", "alone")
        figure = (
            f"{len(_files(self.work / 'alone'))} files, {len(different)} differ; {wall_s:.0f} s"
        )
        return Check("without Dask, and undisturbed", figure, "0 differ", not different)

    def _again(self) -> Check:
        places = [self.work / "alone", self.work / "alone.jobs", *map(self._site, SITES)]
        before = {it: _stat(it) for place in places for it in _files(place)}
        began_s = time.monotonic()
        told = self._run("alone", "--workers", str(WORKERS))
        wall_s = time.monotonic() - began_s
        after = {it: _stat(it) for place in places for it in _files(place)}
        touched = [it for it in before.keys() | after.keys() if before.get(it) != after.get(it)]
        figure = f"{told['analysed']} analysed, {len(touched)} of {len(before)} files other"
        return Check(
            "a second run",
            f"{figure}; {wall_s:.0f} s",
            "0, 0",
            not touched and not told["analysed"],
        )

    def _changed(self) -> Check:
        site, one = SITES[3], self.meetings[SITES[3]][0]
        for file in (self._site(site) / "done").glob(f"*{id_of(one)}*"):
            file.unlink()
        record(self._site(site), replace(one, seed=one.seed + 1))
        told = self._run("alone", "--workers", str(WORKERS))
        figure = f"{told['analysed']} session, {told['shuffled']} shuffle of {told['kept'] + 1}"
        return Check(
            "one changed file",
            f"{figure} sessions; {len(told['changed'])} files of the results",
            "1 session",
            told["analysed"] == 1 and told["shuffled"] == 1,
        )

    def _planted(self) -> Iterator[Check]:
        told = self._run("alone", "--workers", str(WORKERS))
        found = {(it["outcome"], it["over"]): it["slope"] for it in told["developed"]}
        for outcome, over, truth in (
            ("faa_F4_F3_patient", "number", GROWS.tilt),
            ("faa_F4_F3_therapist", "alliance", PER_SCORE),
        ):
            it = found[outcome, over]
            yield Check(
                f"planted: {outcome} by {truth:g} a unit of {over}",
                f"{it['value']:+.3f} ({it['low']:+.3f} to {it['high']:+.3f}), {it['dyads']} dyads,"
                f" p among all {it['p_corrected']:.4f}",
                f"{truth:g} in the interval, p under 0.05",
                it["low"] <= truth <= it["high"] and it["p_corrected"] <= 0.05,
            )
        it = found["plv_alpha", "number"]
        yield Check(
            f"planted: {GROWS.alike:.0%} more of alpha is the same in each session, plv_alpha",
            f"{it['value']:+.4f} ({it['low']:+.4f} to {it['high']:+.4f}) a session,"
            f" p among all {it['p_corrected']:.4f}",
            "p under 0.05",
            it["low"] > 0 and it["p_corrected"] <= 0.05,
        )
        rare = [
            key for key, it in found.items() if key[1] == "weather" and it["p_corrected"] <= 0.05
        ]
        of = sum(key[1] == "weather" for key in found)
        yield Check(
            "nothing planted: outcomes over a score of chance",
            f"{len(rare)} of {of}",
            "0",
            not rare,
        )

    def _site(self, name: str) -> Path:
        return self.work / name

    def _run(self, out: str, *words: str) -> Any:
        return _ended(self._begin(out, *words))

    def _begin(self, out: str, *words: str) -> subprocess.Popen[bytes]:
        places = [str(self._site(it)) for it in SITES]
        command = [sys.executable, "-m", "recorder", "cohort", *places, "--json"]
        command += ["--out", str(self.work / out), "--scores", str(self.scores), *words]
        return subprocess.Popen(command, stdout=subprocess.PIPE)

    def _differences(self, one: str, other: str) -> list[str]:
        """Files of two results that are not the same byte for byte."""
        mine, yours = (
            {
                str(it.relative_to(self.work / name)): it.read_bytes()
                for it in _files(self.work / name)
            }
            for name in (one, other)
        )
        names = mine.keys() | yours.keys()
        return sorted(name for name in names if mine.get(name) != yours.get(name))


def _meetings(sessions: int) -> dict[str, list[Meeting]]:
    """Twenty dyads that develop, at the first two sites; two sessions each of all others."""
    grown = [_with_score(it) for it in developing(range(DYADS), SESSIONS, SEED, GROWS)]
    others = (
        Meeting(dyad, number, SEED, Planted(trend=0.3))
        for dyad in range(DYADS, sessions)
        for number in (1, 2)
    )
    each = sessions // len(SITES)
    halves = grown[: len(grown) // 2], grown[len(grown) // 2 :]
    found = {}
    for place, site in enumerate(SITES):
        own = list(halves[place]) if place < len(halves) else []
        found[site] = [*own, *(next(others) for _ in range(each - len(own)))]
    return found


def alliance(meeting: Meeting) -> float:
    """A score of each session; what is planted follows it."""
    return float(np.random.default_rng([meeting.dyad, meeting.number, 5]).normal(0, 1))


def _with_score(meeting: Meeting) -> Meeting:
    tilt = PER_SCORE * round(alliance(meeting), 3)
    return replace(meeting, planted=replace(meeting.planted, tilt_of_therapist=tilt))


def _record(what: tuple[Path, Meeting]) -> Path:
    return record(*what)


def _ended(running: "subprocess.Popen[bytes]") -> Any:
    told, _ = running.communicate()
    if running.returncode:
        raise RuntimeError(f"antiphon cohort ended with {running.returncode}")
    return json.loads(told)


def _flat(dask: Cluster) -> Check:
    """What each worker holds more of in the last quarter of its time than in the second."""
    held = [it for it in dask.held_kib.values() if len(it) > 40]
    grown = [max(it[-len(it) // 4 :]) - max(it[len(it) // 4 : len(it) // 2]) for it in held]
    told = [
        f"{grow / 1024:+.1f} MiB of {max(it) / 1024:.0f}"
        for grow, it in zip(grown, held, strict=True)
    ]
    return Check(
        "a worker's memory over a hundred sessions, from its second quarter to its last",
        ", ".join(told),
        "10 MiB more at most",
        len(held) == WORKERS and max(grown) <= 10 * 1024,
    )


def _reached(done: Callable[[], int], n: int) -> bool:
    return done() >= n


def _jobs_in(folder: Path) -> int:
    return sum(1 for _ in (folder / "sessions").glob("*/[!.]*"))


def _files(place: Path) -> list[Path]:
    return sorted(it for it in place.rglob("*") if it.is_file())


def _stat(file: Path) -> tuple[int, int, int]:
    stat = file.stat()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


if __name__ == "__main__":
    sys.exit(main())
