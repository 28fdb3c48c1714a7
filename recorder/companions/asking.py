"""Asks what may fail for what it has to tell: where it fails that is told, once, and nothing else.

What accompanies a recording is other people's devices and programs. Whatever is wrong with one is
an event in the session, never a fault of the recording.
"""

import logging
from collections.abc import Callable, Hashable
from typing import TypeVar

from recorder.failure import words
from recorder.store.rows import EventRow, Row

T = TypeVar("T")

log = logging.getLogger("antiphon")


class Asking:
    """Knows which of those that are asked fail at present."""

    def __init__(self, monotonic_ns: Callable[[], int]) -> None:
        self._monotonic_ns = monotonic_ns
        self._failing: set[Hashable] = set()

    def rows(self, who: Hashable, name: str, ask: Callable[[], list[Row]]) -> list[Row]:
        """What `who` has to tell; where it fails, that, until it has not failed again."""
        return self.told(
            who, name, ask, lambda text: [EventRow(self._monotonic_ns(), "fault", text)]
        )

    def told(
        self,
        who: Hashable,
        name: str,
        ask: Callable[[], list[T]],
        say: Callable[[str], list[T]] = lambda _: [],
    ) -> list[T]:
        """What `who` has to tell; where it fails, once what `say` makes of that."""
        try:
            found = ask()
        except Exception as error:
            if who in self._failing:
                return []
            self._failing.add(who)
            log.exception("%s failed; it is asked again", name)
            return say(f"{name}: {words(error)}")
        self._failing.discard(who)
        return found
