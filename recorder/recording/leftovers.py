"""What lies among the sessions and is done with: put away, and erased, as soon as it can be.

A session is put away soon after it was stopped. A program that reads it then keeps it from that; an
erasure may have been cut short. Both are tried again and again, so that no restart of the service
is needed.
"""

import logging
import os
import threading
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from recorder.failure import Failure, words
from recorder.recording import decisions
from recorder.store.catalog import unfinished
from recorder.store.files import DONE, hold, session_of
from recorder.store.finish import settle
from recorder.store.reader import SessionReader
from recorder.store.redaction import finish_redactions
from recorder.sync.erase import finish_erasures
from recorder.sync.receipts import alone
from recorder.sync.tombstones import TOMBSTONES
from recorder.wire.messages import Alarm

EVERY_S = 60.0

log = logging.getLogger("antiphon")


class Leftovers:
    """Those of one directory of sessions."""

    def __init__(self, directory: Path, ours: Callable[[], Collection[Path]]) -> None:
        """`ours` are the files that this service records into, or closes by itself."""
        self._clearing = threading.Lock()
        self._directory = directory
        self._ours = ours
        self._reasons: dict[Path, str] = {}
        self._lasting: dict[Path, str] = {}

    def clear(self, settle: Callable[[Path], object] = settle) -> None:
        """Put away, by `settle`, and erase what can be. Blocks: it reads whole files."""
        with self._clearing:
            self._erase()
            self._finish_redactions()
            before, self._reasons = self._reasons, {}
            for path in unfinished(self._directory):
                if path not in self._ours() and (reason := _put_away(path, settle)):
                    self._reasons[path] = reason
            self._lasting = {path: it for path, it in self._reasons.items() if path in before}

    def alarms(self) -> Iterator[Alarm]:
        """What could not be put away twice, and why: a program that reads it may be done soon."""
        for path, reason in self._lasting.items():
            if path not in self._ours():
                yield Alarm("not_put_away", of=path.stem, detail=reason)

    def _erase(self) -> None:
        erased = {path.stem for path in (self._directory / TOMBSTONES).glob("[!.]*.json")}
        places = (self._directory, self._directory / DONE)
        if erased.isdisjoint(session_of(path) for place in places for path in place.glob("*.*")):
            return
        try:
            with alone(self._directory):
                finish_erasures(self._directory)
        except (Failure, OSError) as error:
            log.warning("an erasure is not finished yet: %s", words(error))

    def _finish_redactions(self) -> None:
        try:
            finish_redactions(self._directory)
        except (OSError, ValueError) as error:
            log.warning("a withdrawal is not finished yet: %s", words(error))


def _put_away(path: Path, settle: Callable[[Path], object]) -> str:
    """Put a session away; why that cannot be, or "": so, too, when others record into it."""
    try:
        os.close(hold(path))
    except (BlockingIOError, FileNotFoundError):
        return ""
    except OSError as error:
        return words(error)
    try:
        with SessionReader(path):  # no process is begun for what is no session
            pass
        settle(path)
        decisions.forget(path, decisions.STOP)
    except (OSError, ValueError) as error:
        return words(error)
    return ""
