"""Rigs whose board is an emulated Cyton on a pseudo-terminal."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.board import MISSING_COUNT, Board
from hardware.cyton import conversation
from hardware.emulated.cyton import Behaviour, FirstState
from hardware.emulated.faults import parse_fault
from hardware.emulated.replay import ReplaySource
from hardware.emulated.source import PacketRun, Source
from hardware.recordings.reading import read_recording
from tests.contract.board_contract import Rig, Script
from tests.hardware.emulated_port import emulated_port
from tests.places import RECORDINGS

DATA = RECORDINGS / "openbci"
STEP = 797  # large enough for a wrong scale to show
MakeBoard = Callable[[str, int], Board]
SetUp = Callable[[Path, Script], AbstractContextManager[Rig]]


class KnownSource(Source, Protocol):
    """A source of which it is known what its samples must become."""

    def check(self, indexes: NDArray[np.int64], counts: NDArray[np.int32]) -> None:
        """Assert it."""


class Counting:
    """Each sample is its own number times `STEP`, in all channels; enough for 40 s."""

    labels = ("number",)
    length = None
    channels = 8

    def packets(self, first: int, n: int) -> PacketRun:
        numbers = np.arange(first, first + n, dtype=np.int64)
        return numbers, np.repeat(STEP * numbers[:, None], self.channels, axis=1).astype(np.int32)

    def first_at(self, counter: int) -> int:
        return counter

    def check(self, indexes: NDArray[np.int64], counts: NDArray[np.int32]) -> None:
        assert np.all(counts == counts[:, :1])
        steps = (indexes - indexes[0]) * STEP
        assert (counts[:, 0] - counts[0, 0]).tolist() == steps.tolist()


class CountingPairs(Counting):
    """What `Counting` becomes with a Daisy: each packet holds the mean of its number and the one
    before, which is half a step more than the latter; the even packet's channels come last.
    """

    channels = 16

    def check(self, indexes: NDArray[np.int64], counts: NDArray[np.int32]) -> None:
        above = counts.astype(np.int64) - 2 * STEP * indexes[:, None]
        above[:, 8:] += STEP
        assert len(np.unique(above[counts != MISSING_COUNT])) == 1


class Replayed(ReplaySource):
    """The samples of a recording without losses."""

    def __init__(self, path: Path) -> None:
        super().__init__(read_recording(path))

    def check(self, indexes: NDArray[np.int64], counts: NDArray[np.int32]) -> None:
        """Assert that these are rows of the file in a row, wherever the stream began."""
        _, rows = self.packets(0, self.length or 0)
        (begins,) = np.nonzero(np.all(rows == counts[0], axis=1))
        shifted = begins[:, None] + indexes - indexes[0]
        assert any(np.array_equal(rows[at % len(rows)], counts) for at in shifted)


def recorded(name: str) -> Callable[[], KnownSource]:
    """Return what makes the source of a recording; the test is skipped where that is not here."""

    def source() -> KnownSource:
        if not (DATA / name).exists():
            pytest.skip(f"the recording {name} is not on this machine")
        return Replayed(DATA / name)

    return source


@dataclass(frozen=True, slots=True)
class EmulatedRig:
    """A `Rig`."""

    link: Path
    source: KnownSource
    make_board: MakeBoard

    def make(self, first_segment: int = 0) -> Board:
        return self.make_board(str(self.link), first_segment)

    def check(self, indexes: NDArray[np.int64], counts: NDArray[np.int32]) -> None:
        self.source.check(indexes, counts)


def emulated(
    make_board: MakeBoard,
    make_source: Callable[[], KnownSource] = Counting,
    *,
    daisy: bool = False,
) -> SetUp:
    """Return what sets up a board: `make_board` gets the path of its port and its first segment."""

    @contextmanager
    def set_up(folder: Path, script: Script) -> Iterator[Rig]:
        rig = EmulatedRig(folder / "ttyUSB0", make_source(), make_board)
        if script.is_absent:
            yield rig
            return
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(conversation, "QUIET_S", 0.1)
            with emulated_port(rig.link, behaviour(script, daisy=daisy), rig.source):
                yield rig

    return set_up


def behaviour(script: Script, *, daisy: bool) -> Behaviour:
    return Behaviour(
        daisy=daisy,
        first_state=FirstState.STREAMING if script.is_streaming else FirstState.READY,
        faults=tuple(parse_fault(text) for text in script.faults),
    )
