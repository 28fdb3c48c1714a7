"""Recording needs no time of day: it may be 1970, and it may jump, while the clock goes on."""

import ast
import itertools
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import recorder
from recorder.store.catalog import sessions
from recorder.store.check import verify
from recorder.store.reader import SessionReader
from tests.recorder.bedside import Bedside

ROOMS = ("recorder", "hardware", "dsp", "tui")
ONLY_PLACE = "wall_clock.py"
YEAR_NS = 365 * 86_400 * 1_000_000_000
# module or class: what of it reads the time of day when it is called without arguments, or at all
ALWAYS = {
    "time": {"time", "time_ns"},
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
}
WITHOUT_ARGUMENTS = {"time": {"localtime", "gmtime", "ctime", "asctime"}}
LENGTH_S = 14


def readings(source: str) -> Iterator[str]:
    """Calls in a module that read the time of day."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
            if node.attr in ALWAYS.get(owner, ()):
                yield f"{owner}.{node.attr}, line {node.lineno}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.args:
            owner = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
            if node.func.attr in WITHOUT_ARGUMENTS.get(owner, ()):
                yield f"{owner}.{node.func.attr}(), line {node.lineno}"
        elif isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from (
                f"from time import {one.name}" for one in node.names if one.name in ALWAYS["time"]
            )


@pytest.mark.parametrize(
    "source",
    [
        "import time; time.time()",
        "import time; clock = time.time_ns",
        "import datetime; datetime.datetime.now()",
        "from datetime import datetime; datetime.now(UTC)",
        "from datetime import date; date.today()",
        "from time import time_ns",
        "import time; time.localtime()",
    ],
)
def test_every_way_to_read_the_time_of_day_would_be_found(source: str) -> None:
    assert list(readings(source))


def test_the_time_of_day_is_read_in_one_place_only() -> None:
    root = Path(recorder.__file__).parents[1]
    files = [file for room in ROOMS for file in (root / room).rglob("*.py")]
    assert len(files) > 100
    found = {
        f"{file.relative_to(root)}: {reading}"
        for file in files
        if file.name != ONLY_PLACE
        for reading in readings(file.read_text(encoding="utf-8"))
    }
    assert found == set()


def jumps() -> Callable[[], int]:
    """A clock, somewhere else at each reading: years back, years ahead, never before 1970."""
    moments = itertools.cycle([20 * YEAR_NS, 0, 56 * YEAR_NS, 7, 100 * YEAR_NS])
    return lambda: next(moments)


def recorded(directory: Path) -> Path:
    """A session of some seconds, with a marker and a lost packet."""
    bed = Bedside(directory)
    bed.stream(0, 0.0, [n for n in range(LENGTH_S * 250) if n != 1500])
    bed.stream(1, 0.0, range(LENGTH_S * 250))
    bed.run_until(1.0)
    bed.start()
    bed.run_until(5.0)
    bed.recorder.mark("music starts")
    bed.run_until(LENGTH_S)
    bed.stop()
    [entry] = sessions(directory)
    return entry.path


def content(path: Path) -> list[NDArray[np.int64]]:
    """Samples, their times, markers and gaps: all that matters of a session."""
    with SessionReader(path) as session:
        found = []
        for board in (0, 1):
            for samples in session.samples(board):
                found += [samples.index, samples.counts.astype(np.int64)]
                found.append(session.times_ns(board, samples.segment, samples.index))
        found.append(np.array([marker.t_ns for marker in session.markers()]))
        return [*found, np.array([gap.first_index for gap in session.gaps()])]


@pytest.mark.parametrize("clock", [lambda: 0, jumps()], ids=["1970", "jumping"])
def test_a_wrong_time_of_day_changes_nothing_of_what_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: Callable[[], int]
) -> None:
    right = recorded(tmp_path / "right")
    monkeypatch.setattr(time, "time_ns", clock)
    wrong = recorded(tmp_path / "wrong")
    assert verify(wrong).ok
    for one, other in zip(content(right), content(wrong), strict=True):
        assert np.array_equal(one, other)


def test_sessions_of_the_same_second_are_two_sessions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    bed = Bedside(tmp_path)
    bed.stream_both(6)
    for second in (1.0, 3.0):
        bed.run_until(second)
        bed.start()
        bed.run_until(second + 1.5)
        bed.stop()
    found = sessions(tmp_path)
    assert {entry.state for entry in found} == {"closed"}
    assert len({entry.id for entry in found}) == 2
    assert all(entry.id.startswith("19700101T000000Z-") for entry in found)
