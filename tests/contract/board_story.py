"""One board at its bench: what is behind it, all that it says, and whether that fits together."""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hardware.board import Board, Gap, GapCause
from hardware.rest import TICK_NS
from tests.hardware.told import Told


@dataclass(frozen=True, slots=True)
class Script:
    """What a test needs of a board.

    Attributes:
        faults: what goes wrong and when, as `hardware.emulated.faults` writes it: lose, stall,
            unplug.
        is_streaming: the board streams before it is opened.
        is_absent: there is no board.
    """

    faults: tuple[str, ...] = ()
    is_streaming: bool = False
    is_absent: bool = False


class Rig(Protocol):
    """What is behind one board, set up for one test."""

    def make(self, first_segment: int = 0) -> Board:
        """Return a board, as its user would make it; each call makes another for the same port."""

    def check(self, indexes: NDArray[np.int64], counts: NDArray[np.int32]) -> None:
        """Assert what is known of the values of these samples of one segment.

        Args:
            indexes: (n,) in the order of arrival.
            counts: (n, channels).
        """


@dataclass(frozen=True, slots=True)
class BackEnd:
    """A kind of board under test.

    Attributes:
        set_up: makes the rig of a test, in a folder of its own.
        kind, channels, rate_hz, aux_labels: what it must say of itself.
        cannot: what cannot be tried on it, and why: busy, absent, streaming, lose, stall, unplug.
        first_index: of a segment.
        costs: what the loss of 4 packets in a row may cost: samples, and halves of others.
        slack_s: how long before the first sample of a stream, or after its last one, something may
            come that makes no sample.
    """

    set_up: Callable[[Path, Script], AbstractContextManager[Rig]]
    kind: str
    channels: int
    rate_hz: float
    aux_labels: tuple[str, ...]
    cannot: Mapping[str, str] = field(default_factory=dict)
    first_index: int = 0
    costs: Collection[tuple[int, int]] = ((4, 0),)
    slack_s: float = 0.0


class Bench(Told):
    """A board on its rig, and all that it has said."""

    def __init__(self, rig: Rig, first_segment: int = 0) -> None:
        super().__init__(rig.make(first_segment))
        self.rig = rig

    @property
    def holes(self) -> list[Gap]:
        """The gaps in which whole samples are missing."""
        return [gap for gap in self.gaps if gap.cause is not GapCause.HALF]


# --- what holds for the events of any board, whatever happened ----------------------------------


def check_story(bench: Bench, back_end: BackEnd) -> None:
    """Assert that the events of a board that has been closed fit together."""
    stamps = [change.t_ns for change in bench.changes]
    assert stamps == sorted(stamps)
    arrivals = [block.arrival_ns for block in bench.blocks if not block.late]
    assert np.all(np.diff(np.concatenate([np.zeros(1, np.int64), *arrivals])) >= 0)
    segments = [block.segment for block in bench.blocks]
    assert segments == sorted(segments)
    for segment in set(segments):
        check_segment(bench, segment, back_end.first_index)
    for before, after in pairwise(sorted(set(segments))):
        check_break(bench, before, after, back_end.slack_s)
    check_tally(bench)


def check_segment(bench: Bench, segment: int, first_index: int) -> None:
    """Every index from the first on is in one block or in one gap."""
    blocks = [block for block in bench.blocks if block.segment == segment]
    gaps = [gap for gap in bench.holes if gap.segment == segment]
    in_time = [block.first_index for block in blocks if not block.late]
    assert in_time == sorted(in_time)
    got = [i for b in blocks for i in range(b.first_index, b.first_index + len(b))]
    missing = [i for g in gaps for i in range(g.first_index, g.first_index + g.count)]
    assert sorted(got + missing) == list(range(first_index, max(got) + 1))
    assert all(gap.begin_ns <= gap.end_ns for gap in gaps)
    bench.rig.check(np.array(got), np.concatenate([block.counts for block in blocks]))


def check_break(bench: Bench, before: int, after: int, slack_s: float) -> None:
    """Between two segments there is one gap, which says how long nothing came."""
    (gap,) = [gap for gap in bench.holes if gap.segment == after and gap.count == 0]
    last = [block for block in bench.blocks if block.segment == before][-1]
    first = next(block for block in bench.blocks if block.segment == after)
    # the last sample may have waited for a reader that rested
    assert -TICK_NS <= gap.begin_ns - last.arrival_ns[-1] <= slack_s * 1e9
    assert 0 <= first.arrival_ns[0] - gap.end_ns <= slack_s * 1e9
    order = [event for event in bench.events if event is gap or event is last or event is first]
    assert order == [last, gap, first]


def check_tally(bench: Bench) -> None:
    tally = bench.board.tally
    late = sum(len(block) for block in bench.blocks if block.late)
    assert tally.samples == sum(len(block) for block in bench.blocks)
    assert tally.lost == sum(gap.count for gap in bench.holes)
    assert tally.late <= late <= tally.late + tally.halves
