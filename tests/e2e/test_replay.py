"""What goes into the boards comes out of the file, count for count."""

import csv
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from recorder.store.check import verify
from recorder.store.reader import SessionReader
from tests.e2e.conftest import DYAD, FILES, Recording, begun_demos
from tests.e2e.processes import needs_data, told

Recordings = Callable[[str], Recording]
Counts = NDArray[np.int64]
Table = tuple[list[str], NDArray[np.float64]]

pytestmark = needs_data

# facts of the ADS1299: 4.5 V reference, gain 24, 24 bits
UV_PER_COUNT = 4.5e6 / 24 / (2**23 - 1)
EXG = [f"EXG{number}" for number in range(1, 9)]
MUSE = ["TP9", "AF7", "AF8", "TP10"]
# The stretch of brainhat_NewBlinkTest.csv in which packets were lost and came out of order.
DISORDER = slice(4600, None)


def as_counts(uv: NDArray[np.float64]) -> Counts:
    """Microvolts as a board would count them."""
    counts: Counts = np.rint(uv / UV_PER_COUNT).astype(np.int64)
    return counts


def counts_of_text(name: str, *, rows: slice = slice(None)) -> Counts:
    """The channels of a recording, (rows, 8), read without the program."""
    lines = [line for line in (FILES / name).read_text().splitlines() if line[:1].isdigit()]
    return as_counts(np.array([[float(x) for x in line.split(",")[1:9]] for line in lines[rows]]))


def counts_of_dyad(person: int) -> Counts:
    """The channels of one of two persons, (rows, 4)."""
    with np.load(DYAD) as file:
        return as_counts(file["x_uV"][person].T.astype(np.float64))


def counters_of(name: str, rows: slice = slice(None)) -> Counts:
    """The packets' counters without their wrap, from 0, in the order of the file."""
    lines = (FILES / name).read_text().splitlines()[rows]
    counters = np.array([int(float(line.split(",", 1)[0])) for line in lines])
    steps = np.diff(counters)
    steps += 256 * ((steps < -128).astype(int) - (steps > 128))
    return np.concatenate([[0], np.cumsum(steps)])


@pytest.fixture(scope="module")
def replays(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recordings]:
    """Recordings of recordings, all at the same time."""
    directory = tmp_path_factory.mktemp("replays")
    damaged = FILES / "brainhat_NewBlinkTest.csv"
    excerpt = directory / "disorder.csv"
    excerpt.write_text("".join(damaged.read_text().splitlines(keepends=True)[DISORDER]))
    blink, alpha = FILES / "brainhat_blinkWink10.csv", FILES / "gui_v6_blinks-jawClench-alpha.txt"
    plans: dict[str, tuple[int, tuple[object, ...]]] = {
        "two files": (12, ("--replay", blink, "--replay", alpha)),
        "disorder": (8, ("--replay", excerpt, "--replay", damaged)),
        "one dyad": (4, ("--replay", DYAD)),
        "dyad twice": (4, ("--replay", DYAD, "--replay", DYAD)),
        "named": (4, ("--replay", DYAD, "--channels", "F3,F4,P3,P4")),
    }
    with begun_demos(directory, plans) as recording:
        yield recording


@pytest.fixture(scope="module")
def exported(
    replays: Recordings, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str, str], Table]:
    """Heading and rows of the table of one person's samples, by recording and role."""

    @cache
    def directory_of(name: str) -> Path:
        directory = tmp_path_factory.mktemp("csv")
        told("export", replays(name).path, "--own-use", "--to", "csv", directory)
        return directory

    def table(name: str, role: str) -> Table:
        path = directory_of(name) / f"{replays(name).path.stem}_{role}.csv"
        with path.open(newline="") as file:
            return next(csv.reader(file)), np.loadtxt(file, delimiter=",")

    return table


@pytest.mark.parametrize(
    ("name", "role", "labels", "source"),
    [
        ("two files", "patient", EXG, lambda: counts_of_text("brainhat_blinkWink10.csv")),
        (
            *("two files", "therapist", EXG),
            lambda: counts_of_text("gui_v6_blinks-jawClench-alpha.txt"),
        ),
        ("one dyad", "patient", MUSE, lambda: counts_of_dyad(0)),
        ("one dyad", "therapist", MUSE, lambda: counts_of_dyad(1)),
        ("named", "patient", ["F3", "F4", "P3", "P4"], lambda: counts_of_dyad(0)),
        ("named", "therapist", ["F3", "F4", "P3", "P4"], lambda: counts_of_dyad(1)),
        ("dyad twice", "patient", MUSE, lambda: counts_of_dyad(0)),
        ("dyad twice", "therapist", MUSE, lambda: counts_of_dyad(1)),
    ],
)
def test_every_replayed_count_is_exported(
    replays: Recordings,
    exported: Callable[[str, str], Table],
    name: str,
    role: str,
    labels: list[str],
    source: Callable[[], Counts],
) -> None:
    heading, rows = exported(name, role)
    assert heading == ["segment", "index", "t_ns", *(f"{label}_uv" for label in labels)]
    assert len(rows) == replays(name).board(role)["samples"] >= 4 * 250
    assert np.array_equal(np.rint(rows[:, 3:] / UV_PER_COUNT), source()[: len(rows)])
    assert np.array_equal(rows[:, 0], np.zeros(len(rows)))
    assert np.array_equal(rows[:, 1], np.arange(len(rows)))
    assert np.all(np.diff(rows[:, 2]) > 0)


def test_two_persons_in_one_file_are_two_persons() -> None:
    assert not np.array_equal(counts_of_dyad(0), counts_of_dyad(1))


def test_what_the_file_lost_is_lost_and_what_came_late_in_it_is_late(
    replays: Recordings, exported: Callable[[str, str], Table]
) -> None:
    recording = replays("disorder")
    board = recording.board("patient")
    sent = counters_of("brainhat_NewBlinkTest.csv", DISORDER)[: board["samples"]]
    head = np.maximum.accumulate(sent)
    late = np.flatnonzero(sent < head)
    missing = sorted(set(range(head[-1] + 1)) - set(sent.tolist()))
    assert len(late) == 5
    assert len(missing) > 10
    assert (board["late"], board["lost"]) == (len(late), len(missing))
    assert board["truth"]["late"] == len(late)
    assert board["truth"]["lost"] == 0
    assert 0 <= board["truth"]["lost_in_source"] - len(missing) <= 5
    with SessionReader(recording.path) as session:
        came_late = [
            int(i) for b in session.blocks(0) if b.late for i in b.first_index + np.arange(len(b))
        ]
        gaps = [
            i
            for g in session.gaps()
            if g.board == 0
            for i in range(g.first_index, g.first_index + g.n)
        ]
    assert sorted(came_late) == sorted(sent[late].tolist())
    assert sorted(gaps) == missing
    assert verify(recording.path).ok
    _, rows = exported("disorder", "patient")
    replayed = counts_of_text("brainhat_NewBlinkTest.csv", rows=DISORDER)[: len(rows)]
    order = np.argsort(sent)
    assert np.array_equal(rows[:, 1], sent[order])
    assert np.array_equal(np.rint(rows[:, 3:] / UV_PER_COUNT), replayed[order])
    assert np.all(np.diff(rows[:, 2]) > 0)
