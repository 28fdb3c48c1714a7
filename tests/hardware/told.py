"""A board under test, and all that it has said."""

import threading
import time
from collections.abc import Callable
from typing import Self

from hardware.board import Block, Board, BoardState, Event, Gap, StateChange

LIMIT_S = 12.0  # more than any wait takes on a slow and busy machine


class Told:
    """What a board tells whoever polls it.

    Attributes:
        events: so far, oldest first.
        slowest_poll_s: how long a poll took at the most.
    """

    board: Board

    def __init__(self, board: Board) -> None:
        self.board = board
        self.events: list[Event] = []
        self.slowest_poll_s = 0.0

    def poll(self) -> None:
        began_s = time.monotonic()
        self.events += self.board.poll()
        self.slowest_poll_s = max(self.slowest_poll_s, time.monotonic() - began_s)

    def until(self, seen: Callable[[Self], bool]) -> None:
        """Poll until something has been seen."""
        limit_s, pause = time.monotonic() + LIMIT_S, threading.Event()
        self.poll()
        while not seen(self):
            assert time.monotonic() < limit_s, (self.changes, self.gaps, self.board.tally)
            pause.wait(0.01)
            self.poll()

    def until_state(self, state: BoardState) -> StateChange:
        """Poll until the newest change of state is to this one; return it."""
        self.until(lambda told: told.states[-1:] == [state])
        return self.changes[-1]

    def close(self) -> None:
        self.board.close()
        self.poll()

    def closing_s(self) -> float:
        """Close; return how long that took."""
        began_s = time.monotonic()
        self.close()
        return time.monotonic() - began_s

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

    def fault(self, state: BoardState) -> str:
        """What was said when it was in this state last."""
        return next(change.fault for change in reversed(self.changes) if change.state is state)
