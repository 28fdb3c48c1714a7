"""The service's duty to look after the box: measure, write changes down, tell Prometheus."""

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

from recorder.failure import words
from recorder.health import prometheus
from recorder.health.watch import LOOK_S, Health
from recorder.periods import Period
from recorder.recording.recorder import Recorder
from recorder.recording.session import Session
from recorder.wire.messages import Status

log = logging.getLogger("antiphon")


class Care:
    """Looks at the box every few seconds, in a thread: a disk that hangs holds up nothing else."""

    def __init__(
        self,
        health: Health,
        recorder: Recorder,
        status: Callable[[], Status],
        *,
        prometheus_file: str = "",
        monotonic_ns: Callable[[], int],
    ) -> None:
        """`status` is what the service tells; with no `prometheus_file` no such file is written."""
        self._health = health
        self._recorder = recorder
        self._status = status
        self._file = Path(prometheus_file) if prometheus_file else None
        self._monotonic_ns = monotonic_ns
        self._write = Period(prometheus.EVERY_S)
        self._told: Session | None = None
        self._trouble = ""

    async def forever(self) -> None:
        """Until cancelled."""
        while True:
            await self.once()
            await asyncio.sleep(LOOK_S)

    async def once(self) -> None:
        """Look, and write down what has changed; into a session that is new, all that stands."""
        session = self._recorder.session
        commit_s = [] if session is None else session.writer.take_commit_s()
        changes = await asyncio.to_thread(self._health.look, commit_s)
        for change in changes:
            log.info("health: %s", change)
        session, before = self._recorder.session, self._told
        self._told = session
        if session is not None:
            lines = changes if session is before else self._health.standing()
            for line in lines:
                session.log(self._monotonic_ns(), "health", line)
        if self._file is not None and self._write.due(self._monotonic_ns()):
            await self._tell_prometheus(self._file, self._status())

    async def _tell_prometheus(self, file: Path, status: Status) -> None:
        found = prometheus.metrics(self._health.vitals, status.boards, status.session)
        try:
            await asyncio.to_thread(prometheus.write, file, prometheus.exposition(found))
            trouble = ""
        except OSError as error:
            trouble = words(error)
        if trouble and trouble != self._trouble:
            log.warning("no figures for Prometheus: %s", trouble)
        self._trouble = trouble
