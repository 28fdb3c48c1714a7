"""The service's duty to tell which sessions are too old. It erases none."""

import asyncio
from collections.abc import Callable, Iterator

from recorder import wall_clock
from recorder.recording.recorder import Recorder
from recorder.settings.file import Config
from recorder.sync.expiry import expired
from recorder.wire.messages import Alarm

LOOK_S = 900.0  # to look through thousands takes a second


class Retention:
    """Looks at the sessions of a box, while none is recorded."""

    def __init__(
        self,
        config: Config,
        recorder: Recorder,
        *,
        utc_ns: Callable[[], int] = wall_clock.utc_ns,
        synchronised: Callable[[], bool] = wall_clock.synchronised,
    ) -> None:
        self._sessions = config.sessions_path
        self._days = config.retention_days
        self._recorder = recorder
        self._utc_ns = utc_ns
        self._synchronised = synchronised
        self._expired = 0

    async def forever(self) -> None:
        """Until cancelled."""
        while True:
            await self.once()
            await asyncio.sleep(LOOK_S)

    async def once(self) -> None:
        """Count again, if that can be known now."""
        if self._days and self._recorder.session is None and self._synchronised():
            found = await asyncio.to_thread(expired, self._sessions, self._days, self._utc_ns())
            self._expired = len(found.ids)

    def alarms(self) -> Iterator[Alarm]:
        """That there are any."""
        if self._expired:
            yield Alarm("retention", numbers={"sessions": self._expired, "days": self._days})
