"""Sessions that are to end, until each has ended: what cannot be closed yet is tried again.

stop ─▶ nothing more is recorded ─▶ <id>.stop on disk ─▶ closed ─▶ <id>.stop is gone
                                                    └─▶ an alarm, and again every RETRY_S
"""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

from recorder.failure import words
from recorder.periods import Period
from recorder.recording import decisions
from recorder.recording.session import Session
from recorder.store.writer import CLOSE_TIMEOUT_S
from recorder.wire.messages import Alarm

RETRY_S = 5.0
# What was tried before is given no longer than this at a time.
AGAIN_S = 1.0

log = logging.getLogger("antiphon")


class Endings:
    """Those of one service. What blocks here is not for the event loop.

    Attributes:
        closed: the files that have been, in order; whoever puts them away takes them out.
    """

    def __init__(self, monotonic_ns: Callable[[], int]) -> None:
        self._monotonic_ns = monotonic_ns
        self._open: dict[Session, str] = {}  # what keeps each from ending
        self.closed: list[Path] = []
        self._undecided: set[Session] = set()
        self._retry = Period(RETRY_S)

    def stop(self, session: Session) -> None:
        """End a session for good, of which nothing is recorded any more. Blocks.

        Raises:
            OSError: it is not closed yet. It will be, and no service resumes it.
        """
        self._undecided.add(session)
        self._decide(session)
        self.close(session, CLOSE_TIMEOUT_S)

    def close(self, session: Session, patience_s: float) -> None:
        """End the file of a session that may have another part. Blocks. Raises as `stop`."""
        self._open.setdefault(session, "")
        try:
            session.close(self._monotonic_ns(), patience_s=patience_s)
            decisions.forget(session.writer.path, decisions.STOP)
        except OSError as error:
            self._open[session] = words(error)
            raise
        except Exception as error:  # whatever it is: it is told, and tried again
            log.exception("%s cannot be closed", session.id)
            self._open[session] = words(error)
            raise OSError(words(error)) from error
        del self._open[session]
        self._undecided.discard(session)
        self.closed.append(session.writer.path)
        log.info("closed %s", session.path)

    @property
    def paths(self) -> list[Path]:
        """The files that are still to be closed."""
        return [session.path for session in list(self._open)]

    def is_due(self) -> bool:
        """Whether something is to be tried again now."""
        return bool(self._open) and self._retry.due(self._monotonic_ns())

    def retry(self) -> None:
        """Try again what has not ended. Blocks."""
        for session in list(self._open):
            self._decide(session)
            try:
                self.close(session, AGAIN_S)
            except OSError as error:
                log.debug("not closed yet: %s", error)

    def alarms(self) -> Iterator[Alarm]:
        """Which sessions have not ended yet, and why."""
        for session, reason in list(self._open.items()):
            if reason:
                yield Alarm("not_closed", of=session.id, detail=reason)

    def _decide(self, session: Session) -> None:
        if session in self._undecided:
            try:
                decisions.decide(session.writer.path, decisions.STOP)
            except OSError as error:
                log.warning("%s: that it was stopped is not on disk yet: %s", session.id, error)
            else:
                self._undecided.discard(session)
