"""A service with scripted boards, and somebody who asks it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from recorder.failure import Refused
from recorder.recording.recorder import Recorder
from recorder.service.loop import Service
from recorder.store.reader import SessionReader
from recorder.wire.client import ask
from recorder.wire.messages import SessionStatus, Status
from tests.recorder.bedside import Bedside
from tests.recorder.bounded import until

# As the screen's: what waits for a process of low priority may take long beside other tests.
LONGEST_S = 60.0


class Box:
    """A service with scripted boards on a clock of its own, and somebody who asks."""

    def __init__(self, directory: Path, **bed: Any) -> None:
        self.bed = Bedside(directory / "sessions", **bed)
        self.socket = directory / "antiphon.sock"
        self.config = msgspec.structs.replace(self.bed.config, socket=str(self.socket))
        self.service = self.make(lambda: self.bed.recorder)

    def make(self, prepare: Callable[[], Recorder]) -> Service:
        return Service(self.config, prepare, monotonic_ns=self.bed.clock, retry_s=0.0)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Box"]:
        serving = asyncio.create_task(self.service.run())
        await until(lambda: self.socket.exists() or serving.done())
        try:
            yield self
        finally:
            self.service.stop()
            await serving

    async def ask(self, do: str, **fields: Any) -> Any:
        asked = partial(ask, self.socket, do, timeout_s=LONGEST_S, **fields)
        return msgspec.json.decode(await asyncio.to_thread(asked))

    async def start(self) -> SessionStatus:
        return msgspec.convert(await self.ask("start"), SessionStatus)

    async def status(self) -> Status:
        return msgspec.convert(await self.ask("status"), Status)

    async def refusal(self, do: str, **fields: Any) -> Refused:
        with pytest.raises(Refused) as refused:
            await self.ask(do, **fields)
        assert "\n" not in str(refused.value)
        return refused.value

    async def tick_until(self, seconds: float) -> None:
        """Move the clock on, a tick of the service at a time."""
        while self.bed.clock() < self.bed.at(seconds):
            self.bed.clock.advance(1.0)
            await self.ticked()

    async def ticked(self) -> None:
        """The ticker has gone round since the clock was moved."""
        polls = self.bed.boards[1].polls
        await until(lambda: self.bed.boards[1].polls > polls)


def events_of(path: Path) -> list[tuple[str, str]]:
    with SessionReader(path) as session:
        return session.query("SELECT kind, text FROM event ORDER BY rowid")


def only_session(box: Box) -> Path:
    [path] = box.bed.config.sessions_path.rglob("*.antiphon")
    return path
