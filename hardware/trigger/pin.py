"""Trigger edges from the boards' own pins, which travel with each sample.

A pin is read once per sample, so an edge is known exactly: it lies between the last sample with the
old level and the first with the new one. Where samples between those two are missing, the edge is
known to lie in the gap and no better. A pin byte that is neither 0 nor 1 is damage, and that sample
tells nothing about the pin.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from hardware.board import Block, Event
from hardware.trigger.edges import Edge, TriggerEvent


@dataclass(frozen=True, slots=True)
class PinEdge:
    """A transition of a board's pin.

    Attributes:
        board: whose.
        segment: of the board's stream.
        before: index of the last sample known to have the old level.
        index: index of the first sample with the new level.
        level: the new one, 0 or 1.
        arrival_ns: CLOCK_MONOTONIC when that sample arrived, tens of ms after the edge.
    """

    board: str
    segment: int
    before: int
    index: int
    level: int
    arrival_ns: int

    @property
    def is_exact(self) -> bool:
        """Whether `index` is the first sample after the edge, for the one before it is there."""
        return self.width == 1

    @property
    def width(self) -> int:
        """Samples between which the edge lies."""
        return self.index - self.before

    @property
    def middle(self) -> float:
        """The index at which it most likely was."""
        return (self.index + self.before) / 2


class PinEdges:
    """Finds the edges of one pin in the blocks of one board.

    What the first sample of a segment shows is no edge: nothing is known from before. Late samples
    are not looked at; the edge that fell into their gap keeps its bounds.

    Args:
        board: a name for it, such as the role of the person who wears it.
        pin: one of `aux_labels`.
        aux_labels: `BoardInfo.aux_labels`.

    Raises:
        ValueError: the board does not report this pin.
    """

    def __init__(self, board: str, pin: str, aux_labels: tuple[str, ...]) -> None:
        if pin not in aux_labels:
            raise ValueError(f"the {board}'s board has no {pin}; it has {', '.join(aux_labels)}")
        self._board = board
        self._column = aux_labels.index(pin)
        self._segment = -1
        self._before: tuple[int, int] | None = None  # index and level of the newest known sample

    def feed(self, block: Block) -> list[PinEdge]:
        """Take the board's next block; return the edges in it, oldest first."""
        if block.late:
            return []
        if block.segment != self._segment:
            self._segment, self._before = block.segment, None
        pin = block.aux[:, self._column]
        if self._before is not None and (pin == self._before[1]).all():  # as nearly always
            self._before = block.first_index + len(block) - 1, self._before[1]
            return []
        known = np.flatnonzero((pin == 0) | (pin == 1))
        if not known.size:
            return []
        begin = self._before or (block.first_index + int(known[0]), int(pin[known[0]]))
        indexes = np.concatenate([[begin[0]], block.first_index + known])
        levels = np.concatenate([[begin[1]], pin[known]])
        self._before = int(indexes[-1]), int(levels[-1])
        changes = np.flatnonzero(np.diff(levels))
        return [self._edge(block, int(indexes[at]), int(indexes[at + 1])) for at in changes]

    def _edge(self, block: Block, before: int, index: int) -> PinEdge:
        row = index - block.first_index
        level, arrival_ns = int(block.aux[row, self._column]), int(block.arrival_ns[row])
        return PinEdge(self._board, block.segment, before, index, level, arrival_ns)


class PinSource:
    """A board's pin as a trigger source, for seeing whether pulses get there at all.

    Its edges carry the time of arrival, late by radio and USB; where time matters, use PinEdges
    and the board's clock.

    Args:
        name: of the path.
        edges: what finds the edges.
        poll: returns the board's events since its last call, as `Board.poll` does; the board is
            opened, started and closed by its owner.
    """

    def __init__(self, name: str, edges: PinEdges, poll: Callable[[], Iterable[Event]]) -> None:
        self.name = name
        self._edges = edges
        self._poll = poll
        self._seq = 0
        self._is_open = False

    def open(self) -> None:
        """Begin with what comes from now on."""
        self._is_open = True
        self.poll()
        self._seq = 0

    def poll(self) -> list[TriggerEvent]:
        """The edges since the last call."""
        found: list[TriggerEvent] = []
        for event in self._poll() if self._is_open else ():
            if isinstance(event, Block):
                for edge in self._edges.feed(event):
                    self._seq += 1
                    found.append(Edge(self.name, self._seq, edge.arrival_ns, edge.level))
        return found

    def close(self) -> None:
        """Look no more; the board itself is not ours."""
        self._is_open = False
