"""A cohort in the test's own process."""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from recorder.cohort.run import Ran, Wanted, run
from recorder.cohort.sites import Seen, sites_of
from recorder.progress import no_progress
from tests.cohort.people import Meeting, Planted, record

SHORT = Planted(seconds=30)


@contextmanager
def one_thread() -> Iterator[tuple[Executor, int]]:
    with ThreadPoolExecutor(1) as pool:
        yield pool, 1


def ran(out: Path, *sites: object, **asked: Any) -> Ran:
    """A run, its jobs one after the other."""
    told: list[Seen] = []
    wanted = Wanted(sites_of(map(str, sites)), out, **asked)
    found = run(wanted, one_thread, no_progress, told.append)
    assert [it.id for it in told] == [it.id for it in told if it.kind != "used"]
    return found


def meet(directory: Path, dyads: range, **more: Any) -> list[Path]:
    """A short session each."""
    return [record(directory, Meeting(it, 1, 3, SHORT, **more)) for it in dyads]


def state(*places: Path) -> dict[Path, tuple[int, int, int]]:
    """Which files there are, and whether anybody has written to them."""
    files = [it for place in places for it in place.rglob("*") if it.is_file()]
    return {it: (it.stat().st_ino, it.stat().st_size, it.stat().st_mtime_ns) for it in files}
