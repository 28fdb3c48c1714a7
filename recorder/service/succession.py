"""Sessions beginning and ending, one after the other, while the boards stream.

    begin     make a file                          ─▶ record into it
    end       record nowhere                       ─▶ close the file
    change    make a file while the old one grows  ─▶ record into the new one ─▶ close the old one

What blocks is done in a thread, under one lock; what is recorded changes between two ticks, so that
each sample is in one file, and none in two; what is lost just then is in a gap of the new one.
"""

import asyncio
import logging
from collections.abc import Callable

from recorder.failure import Refused
from recorder.recording import starting
from recorder.recording.recorder import Recorder
from recorder.recording.rollover import Parts
from recorder.recording.session import Session
from recorder.recording.waiting import Ended
from recorder.service.requests import in_thread
from recorder.settings.file import Config
from recorder.store.headers import Person

log = logging.getLogger("antiphon")


class Succession:
    """Which session is recorded on one box, and the one after it.

    Attributes:
        changing: held while that changes, and by whatever must not meet a change.
        ended: how often a session was ended because somebody asked for it.
    """

    def __init__(
        self, config: Config, recorder: Recorder, parts: Parts, monotonic_ns: Callable[[], int]
    ) -> None:
        self.changing = asyncio.Lock()
        self.ended = 0
        self._config = config
        self._recorder = recorder
        self._parts = parts
        self._monotonic_ns = monotonic_ns

    @property
    def waits_for_room(self) -> bool:
        """Whether a session is resumed by itself as soon as the disk has room."""
        return self._parts.ended is not None

    async def change(
        self,
        old: Session | None,
        people: tuple[Person, ...] | None,
        template: str = "",
        *,
        practice: bool = False,
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> Session | None:
        """End `old` and begin another, unless by now something else is recorded than `old`.

        Args:
            old: to be ended; None when nothing is recorded.
            people: of the session to begin; None to begin none.
            template: of the session to begin.
            practice: whether it is neither to be copied nor counted.
            is_wanted: whether it still is when its turn has come.

        Returns:
            What is recorded then.

        Raises:
            Refused: it cannot be begun, and what was recorded still is; or the old one cannot be
                closed yet.
        """
        async with self.changing:
            if self._recorder.session is not old or not is_wanted():
                return self._recorder.session
            new = None if people is None else await self._make(people, template, practice=practice)
            if old is not None:
                # a camera can be in one session only; the boards stream on meanwhile
                await in_thread(old.end_companions)
            waiting = self._parts.forget()
            self._recorder.detach()
            if old is not None and new is not None:
                new.follow(old)
            if new is not None:
                self._recorder.attach(new)
                log.info("recording %s", new.path)
            if waiting is not None:
                await in_thread(self._parts.forget_note, waiting)
            if old is not None:
                await self._close(old)
            return new

    async def end(self) -> Ended | None:
        """End what is being recorded, or waits for room; which was it? Raises Refused."""
        async with self.changing:
            waiting, session = self._parts.forget(), self._recorder.detach()
            self.ended += (session or waiting) is not None
            if waiting is not None:
                await in_thread(self._parts.forget_note, waiting)
            if session is not None:
                await self._close(session)
            return session or waiting

    async def leave(self) -> None:
        """Record nothing more; what is recorded is left for the next service. Raises as `end`."""
        async with self.changing:
            self._parts.forget()
            session = self._recorder.detach()
            if session is not None:
                await in_thread(session.leave, self._monotonic_ns())
                log.info("left %s", session.path)

    async def _make(self, people: tuple[Person, ...], template: str, *, practice: bool) -> Session:
        return await in_thread(
            starting.begin,
            self._config,
            self._recorder.wearers,
            people,
            self._monotonic_ns(),
            planned_s=self._planned_s(template),
            bytes_per_s=self._parts.bytes_per_s,
            template=template or self._config.template,
            practice=practice,
        )

    def _planned_s(self, template: str) -> float | None:
        """How long a session is planned to be; None where nobody has planned it."""
        minutes = 0.0 if template else self._config.minutes
        return 60 * minutes if minutes else None

    async def _close(self, session: Session) -> None:
        try:
            await in_thread(self._parts.endings.stop, session)
        except Refused as no:
            text = f"stopped, but not closed yet, which is tried again by itself: {no}"
            raise Refused(text, no.code) from no

    async def retry(self) -> None:
        """Try again to close what could not be closed."""
        if self._parts.endings.is_due():
            async with self.changing:
                await in_thread(self._parts.endings.retry)
