"""The feed and the screen when the service comes, goes, hangs, or speaks another tongue."""

import asyncio
from pathlib import Path

import msgspec
from textual.message import Message

from recorder.messages import Measures
from tests.tui.scripted_service import ScriptedService, faa, idle, recording, trace
from tests.tui.watching import MARKS, Watch, until, watching
from tui.app import AntiphonApp
from tui.feed import (
    FIRST_WAIT_S,
    LONGEST_WAIT_S,
    Feed,
    MeasuresArrived,
    ServiceSilent,
    ServiceUnclear,
    StatusArrived,
    TraceArrived,
)


class Inbox:
    """Takes the feed's messages; tests wait for what they need."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._came = asyncio.Event()

    def post(self, message: Message) -> None:
        self.messages.append(message)
        self._came.set()

    def kinds(self) -> list[type[Message]]:
        return [type(message) for message in self.messages]

    async def holds(self, kind: type[Message], count: int = 1) -> None:
        """Wait until `count` messages of a kind have come."""
        async with asyncio.timeout(5):
            while self.kinds().count(kind) < count:
                self._came.clear()
                await self._came.wait()


def test_every_topic_becomes_its_message(tmp_path: Path) -> None:
    async def scenario() -> None:
        inbox = Inbox()
        async with ScriptedService(tmp_path / "s") as service:
            task = asyncio.create_task(Feed(service.path, inbox.post).run())
            await inbox.holds(StatusArrived)
            service.say(trace("patient", [[1.0, 2.0]]))
            service.say(Measures(1.0, [faa("patient", 0.1)]))
            await inbox.holds(MeasuresArrived)
            task.cancel()
        assert inbox.kinds() == [StatusArrived, TraceArrived, MeasuresArrived]
        assert isinstance(inbox.messages[1], TraceArrived)
        assert inbox.messages[1].trace.uv == [[1.0, 2.0]]

    asyncio.run(scenario())


def test_the_feed_finds_a_service_that_comes_back(tmp_path: Path) -> None:
    async def scenario() -> None:
        inbox = Inbox()
        task = asyncio.create_task(Feed(tmp_path / "s", inbox.post).run())
        for turn in (1, 2):
            await inbox.holds(ServiceSilent, turn)
            async with ScriptedService(tmp_path / "s"):
                await inbox.holds(StatusArrived, turn)
        await inbox.holds(ServiceSilent, inbox.kinds().count(ServiceSilent) + 1)
        task.cancel()

    asyncio.run(scenario())


def test_the_feed_waits_longer_each_time_but_never_long(tmp_path: Path) -> None:
    waits_s: list[float] = []

    async def scenario() -> None:
        inbox = Inbox()

        async def sleep(seconds: float) -> None:
            waits_s.append(seconds)
            await asyncio.sleep(0)

        task = asyncio.create_task(Feed(tmp_path / "none", inbox.post, sleep=sleep).run())
        await inbox.holds(ServiceSilent, 9)
        task.cancel()

    asyncio.run(scenario())

    assert waits_s[:4] == [FIRST_WAIT_S * 2**k for k in range(4)]
    assert max(waits_s) == LONGEST_WAIT_S


def test_what_cannot_be_read_is_told_once_and_passed_over(tmp_path: Path) -> None:
    class Stranger(msgspec.Struct):
        state: int = 5

    async def scenario() -> None:
        inbox = Inbox()
        async with ScriptedService(tmp_path / "s") as service:
            task = asyncio.create_task(Feed(service.path, inbox.post).run())
            await inbox.holds(StatusArrived)
            for _ in range(3):
                service.say_raw("status", Stranger())
            service.say(recording())
            await inbox.holds(StatusArrived, 2)
            task.cancel()
        assert inbox.kinds() == [StatusArrived, ServiceUnclear, StatusArrived]

    asyncio.run(scenario())


def test_a_line_that_is_not_json_ends_the_connection_not_the_feed(tmp_path: Path) -> None:
    async def scenario() -> None:
        inbox = Inbox()

        async def babble(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b'{"topic": nonsense\n{"id": "x"}\n')
            await writer.drain()
            writer.close()

        server = await asyncio.start_unix_server(babble, tmp_path / "s")
        task = asyncio.create_task(Feed(tmp_path / "s", inbox.post).run())
        await inbox.holds(ServiceSilent, 2)
        task.cancel()
        server.close()
        assert ServiceUnclear in inbox.kinds()

    asyncio.run(scenario())


def test_asking_fails_in_words_when_nobody_answers(tmp_path: Path) -> None:
    async def never(_: Request) -> None:
        await asyncio.Event().wait()

    async def scenario() -> list[str]:
        inbox = Inbox()
        feed = Feed(tmp_path / "s", inbox.post)
        said = [await refusal(feed)]
        server = ControlServer(tmp_path / "s", never)
        await server.start()
        task = asyncio.create_task(feed.run())
        await connected(feed)
        said.append(await refusal(feed))
        asking = asyncio.create_task(refusal(feed, 5.0))
        await asyncio.sleep(0)
        await server.stop()
        said.append(await asking)
        task.cancel()
        return said

    assert asyncio.run(scenario()) == [
        "no service answers",
        "no answer within 0 s: it may have been done all the same",
        "the service went away",
    ]
