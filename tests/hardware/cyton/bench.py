"""An emulated board on a pseudo-terminal, the `CytonBoard` that records from it, and its words."""

from contextlib import ExitStack
from pathlib import Path

import numpy as np

from hardware.cyton.aux_mode import AuxMode
from hardware.cyton.board import CytonBoard
from hardware.emulated.cyton import Behaviour, EmulatedCyton
from hardware.emulated.source import PacketRun, Source
from tests.hardware.emulated_port import emulated_port
from tests.hardware.told import Told


class Counting:
    """A source whose channels are all the number of the sample."""

    labels = ("number",)
    length = None

    def packets(self, first: int, n: int) -> PacketRun:
        numbers = np.arange(first, first + n, dtype=np.int64)
        return numbers, np.repeat(numbers[:, None], 16, axis=1).astype(np.int32)

    def first_at(self, counter: int) -> int:
        return counter


class Bench(Told):
    """One emulated board, and all that the board that records from it has said."""

    board: CytonBoard

    def __init__(
        self, folder: Path, aux_mode: AuxMode = AuxMode.DIGITAL, first_segment: int = 0
    ) -> None:
        self.link = folder / "ttyUSB0"
        super().__init__(CytonBoard(str(self.link), aux_mode=aux_mode, first_segment=first_segment))
        self.emulated: EmulatedCyton | None = None
        self._undo = ExitStack()

    def emulate(self, behaviour: Behaviour | None = None, source: Source | None = None) -> "Bench":
        """Put a board on the link."""
        port = emulated_port(self.link, behaviour, source or Counting())
        self.emulated = self._undo.enter_context(port)
        return self

    def take_away(self) -> None:
        """Take the emulated board off the link."""
        self._undo.close()

    def put_away(self) -> None:
        """End both."""
        with self._undo:
            self.close()

    def numbers(self, segment: int = 0) -> list[int]:
        """What the samples of a segment say their number is, counted from its first."""
        said = [int(n) for b in self.blocks if b.segment == segment for n in b.counts[:, 0]]
        return [number - said[0] for number in said]
