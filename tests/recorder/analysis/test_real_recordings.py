"""Real recordings of heads: what can be concluded from them, and what cannot.

Three recordings of people at rest that others made, in another order for each of two, so that
nothing relates them; and half a minute of two people who did sit together.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.emulated.source import to_counts
from recorder.analysis.analyse import Analysis, Asked, analyse
from recorder.analysis.synchrony import FOR_INFERENCE
from recorder.open import open_session
from recorder.settings.board import DEFAULT_CHANNELS
from recorder.store.headers import ChannelHeader
from recorder.store.rows import BlockRow, ClockFitRow, GapRow, Row
from tests.loss.recorded import RATE_HZ, REASON, Person, people, there
from tests.places import RECORDINGS
from tests.recorder import session_files
from tests.recorder.session_files import START_NS, UV_PER_COUNT

SECONDS = 170.0
DYAD = RECORDINGS / "dyad" / "two_wearers.npz"
MUSE = ("TP9", "AF7", "AF8", "TP10")
MUSE_HZ = 256.0
BLOCK = 200


def session(
    path: Path, both: tuple[Person, Person], labels: tuple[str, ...], rate_hz: float
) -> Path:
    """A closed session of what both boards sent."""
    head = session_files.header(path.stem)
    channels = tuple(ChannelHeader(label, "uV", UV_PER_COUNT, "SRB2") for label in labels)
    boards = tuple(
        replace(it, channels=channels, nominal_rate_hz=float(round(rate_hz))) for it in head.boards
    )
    rows = [row for board, person in enumerate(both) for row in _rows(board, person, rate_hz)]
    return session_files.write(path, rows, replace(head, boards=boards))


def _rows(board: int, person: Person, rate_hz: float) -> Iterator[Row]:
    yield ClockFitRow(board, 0, 0, START_NS, 1e9 / rate_hz, 7e6, 1e5, provisional=False)
    edges = np.flatnonzero(np.diff(person.came.astype(np.int8), prepend=0, append=0))
    ends = edges.reshape(-1, 2).tolist()
    for (_, end), (begin, _) in pairwise(ends):
        yield GapRow(board, 0, end, begin - end, "radio", _at(end, rate_hz), _at(begin, rate_hz))
    for begin, end in ends:
        for first in range(begin, end, BLOCK):
            counts = person.counts[first : min(first + BLOCK, end)]
            last = np.array([first + len(counts) - 1])
            aux = np.zeros((len(counts), 2), np.int32)
            arrival_ns = np.array([_at(int(last[0]), rate_hz) + 7_000_000])
            yield BlockRow(board, 0, first, counts, aux, last, arrival_ns)


def _at(index: int, rate_hz: float) -> int:
    return START_NS + round(index * 1e9 / rate_hz)


def analysed(path: Path) -> Analysis:
    with open_session(path) as opened:
        return analyse(opened, Asked(), made_utc_ns=1)


def corrected(analysis: Analysis) -> NDArray[np.float64]:
    [run] = [it for it in analysis.runs if it.test == "synchrony"]
    return np.array([it.p_corrected for it in run.results if it.p_corrected is not None])


@pytest.mark.skipif(not there(), reason=REASON)
def test_people_who_never_met_are_not_found_related(tmp_path: Path) -> None:
    """With mains of 60 Hz in both, real blinks, and the losses that one recording has."""
    path = tmp_path / "20261123T040000Z-1f3a.antiphon"
    found = analysed(session(path, people(SECONDS), DEFAULT_CHANNELS, RATE_HZ))
    assert found.runs[0].parameters["mains_hz"] == 60
    p = corrected(found)
    assert len(p) == len(FOR_INFERENCE) * 3 * 7
    assert np.mean(p <= 0.05) <= 0.05
    [run] = [it for it in found.runs if it.test == "following"]
    assert all("nothing can be concluded" in it.said for it in run.results)


@pytest.mark.skipif(not DYAD.exists(), reason=f"no recording at {DYAD}")
def test_half_a_minute_of_two_people_says_what_it_cannot_conclude(tmp_path: Path) -> None:
    with np.load(DYAD) as told:
        uv = told["x_uV"]
    both = [Person(to_counts(it.T), np.ones(it.shape[-1], np.bool_)) for it in uv]
    path = session(tmp_path / "20261123T040000Z-1f3a.antiphon", (both[0], both[1]), MUSE, MUSE_HZ)
    found = analysed(path)
    assert len(corrected(found)) > 0
    for run in found.runs:
        if run.test in ("following", "segments", "answers", "contrast"):
            assert all(it.p is None for it in run.results)
