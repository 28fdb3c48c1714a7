"""An emulated board on a pseudo-terminal, the `SerialBoard` that records from it, and its words."""

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from hardware.aux_mode import AuxMode
from hardware.board import Block, BoardState, Event, Gap, StateChange
from hardware.emulated_cyton import Behaviour, EmulatedCyton
from hardware.emulated_stream import TrueTime
from hardware.emulator import Emulator
from hardware.serial_board import SerialBoard
from hardware.source import PacketRun, Source


class Counting:
    """A source whose channels are all the number of the sample."""

    labels = ("number",)
    length = None

    def packets(self, first: int, n: int) -> PacketRun:
        numbers = np.arange(first, first + n, dtype=np.int64)
        return numbers, np.repeat(numbers[:, None], 16, axis=1).astype(np.int32)

    def first_at(self, counter: int) -> int:
        return counter


class Bench:
    """One emulated board, the board that records from it, and all that this has said."""

    def __init__(self, folder: Path, aux_mode: AuxMode = AuxMode.DIGITAL) -> None:
        self.link = folder / "ttyUSB0"
        self.board = SerialBoard(str(self.link), aux_mode=aux_mode)
        self.events: list[Event] = []
        self.emulated: EmulatedCyton | None = None
        self._undo = ExitStack()

    def emulate(self, behaviour: Behaviour | None = None, source: Source | None = None) -> "Bench":
        """Put a board on the link."""
        self.emulated = EmulatedCyton(
            source or Counting(),
            behaviour or Behaviour(),
            time.monotonic_ns(),
            true_time=TrueTime(),
            rng=np.random.default_rng(7),
        )
        emulator = self._undo.enter_context(Emulator({self.link: self.emulated}))
        stop = threading.Event()
        loop = threading.Thread(target=emulator.run, args=(stop.is_set,))
        loop.start()
        self._undo.callback(loop.join)
        self._undo.callback(stop.set)
        return self

    def take_away(self) -> None:
        """Take the emulated board off the link."""
        self._undo.close()

    def close(self) -> None:
        with self._undo:
            self.board.close()

    def until(self, seen: Callable[["Bench"], bool], limit_s: float = 8.0) -> None:
        """Poll the board until something has been seen."""
        deadline = time.monotonic() + limit_s
        pause = threading.Event()
        while not seen(self):
            assert time.monotonic() < deadline, (self.states, self.gaps, self.board.tally)
            pause.wait(0.01)
            self.events += self.board.poll()

    @property
    def blocks(self) -> list[Block]:
        return [event for event in self.events if isinstance(event, Block)]

    @property
    def gaps(self) -> list[Gap]:
        return [event for event in self.events if isinstance(event, Gap)]

    @property
    def changes(self) -> list[StateChange]:
        return [event for event in self.events if isinstance(event, StateChange)]

    @property
    def states(self) -> list[BoardState]:
        return [change.state for change in self.changes]

    def samples(self, segment: int = 0) -> int:
        return sum(len(block) for block in self.blocks if block.segment == segment)

    def indexes(self, segment: int = 0) -> list[int]:
        mine = [block for block in self.blocks if block.segment == segment]
        return [i for b in mine for i in range(b.first_index, b.first_index + len(b))]

    def numbers(self, segment: int = 0) -> list[int]:
        """What the samples of a segment say their number is, counted from its first."""
        said = [int(n) for b in self.blocks if b.segment == segment for n in b.counts[:, 0]]
        return [number - said[0] for number in said]
