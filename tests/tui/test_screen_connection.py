"""The feed and the screen when the service comes, goes, hangs, or speaks another tongue."""

import asyncio
import os
from pathlib import Path

import msgspec
import pytest
from textual.message import Message

from recorder.wire.lines import ServiceUnreachable
from recorder.wire.messages import Measures, Request, Trace
from recorder.wire.server import ControlServer
from tests.tui.scripted_service import ScriptedService, faa, idle, recording, trace
from tests.tui.watching import Watch, until, watching
from tui.app import AntiphonApp, Around
from tui.feed import (
    FIRST_WAIT_S,
    LONGEST_WAIT_S,
    Feed,
    MeasuresArrived,
    ServiceSilent,
    ServiceUnclear,
    StatusArrived,
)
from tui.screens.ready import ReadyPage
from tui.widgets.line import Line, Paragraph


class Inbox:
    """Takes the feed's messages; tests wait for what they need."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.traces: list[Trace] = []
        self._came = asyncio.Event()

    def post(self, message: Message) -> None:
        self.messages.append(message)
        self._came.set()

    def take(self, trace: Trace) -> None:
        self.traces.append(trace)

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
            task = asyncio.create_task(Feed(service.path, inbox.post, inbox.take).run())
            await inbox.holds(StatusArrived)
            service.say(trace("patient", [[1.0, 2.0]]))
            service.say(Measures(1.0, [faa("patient", 0.1)]))
            await inbox.holds(MeasuresArrived)
            task.cancel()
        assert inbox.kinds() == [StatusArrived, MeasuresArrived]
        assert [trace.uv for trace in inbox.traces] == [[[1.0, 2.0]]]

    asyncio.run(scenario())


def test_the_feed_finds_a_service_that_comes_back(tmp_path: Path) -> None:
    async def scenario() -> None:
        inbox = Inbox()
        task = asyncio.create_task(Feed(tmp_path / "s", inbox.post, inbox.take).run())
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

        task = asyncio.create_task(
            Feed(tmp_path / "none", inbox.post, inbox.take, sleep=sleep).run()
        )
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
            task = asyncio.create_task(Feed(service.path, inbox.post, inbox.take).run())
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
        task = asyncio.create_task(Feed(tmp_path / "s", inbox.post, inbox.take).run())
        await inbox.holds(ServiceSilent, 2)
        task.cancel()
        server.close()
        assert ServiceUnclear in inbox.kinds()

    asyncio.run(scenario())


async def refusal(feed: Feed, within_s: float = 0.05) -> str:
    """Why a mark was not made."""
    with pytest.raises(ServiceUnreachable) as silence:
        await feed.ask("mark", within_s, label="")
    return str(silence.value)


def test_asking_fails_in_words_when_nobody_answers(tmp_path: Path) -> None:
    connected, hung = asyncio.Event(), asyncio.Event()

    async def answer(request: Request) -> None:
        connected.set()
        await hung.wait()

    async def scenario() -> list[str]:
        feed = Feed(tmp_path / "s", Inbox().post, Inbox().take)
        said = [await refusal(feed)]
        server = ControlServer(tmp_path / "s", answer)
        await server.start()
        task = asyncio.create_task(feed.run())
        await connected.wait()
        said.append(await refusal(feed))
        asking = asyncio.create_task(refusal(feed, 5.0))
        await asyncio.sleep(0)
        await server.stop()
        said.append(await asking)
        task.cancel()
        hung.set()
        return said

    assert asyncio.run(scenario()) == [
        "no service answers",
        "no answer within 0 s: it may have been done all the same",
        "the service went away",
    ]


def test_only_the_newest_status_and_measures_are_worth_showing() -> None:
    status, measures = StatusArrived(idle()), MeasuresArrived(Measures(1.0, []))

    assert status.can_replace(StatusArrived(recording()))
    assert measures.can_replace(MeasuresArrived(Measures(2.0, [])))
    assert not status.can_replace(measures)


def test_without_a_service_nothing_is_offered_and_after_a_minute_there_is_whom_to_call(
    tmp_path: Path,
) -> None:
    now_s = [50.0]

    async def scenario() -> None:
        around = Around(telephone="0123 456", settle_s=0.0)
        app = AntiphonApp(tmp_path / "s", monotonic=lambda: now_s[0], around=around)
        async with app.run_test(size=(80, 24)) as pilot:
            page = app._view

            def steps() -> str:
                return "".join(it.text for it in app.screen.query(Paragraph))

            await until(pilot, lambda: "○ The recorder is starting (0 s)" in steps(), steps)
            now_s[0] += 61.0
            await until(pilot, lambda: "Call the technician:\n     0123\xa0456" in steps(), steps)
            await pilot.press("enter", "s", "g")
            assert isinstance(app.screen, ReadyPage)
            async with ScriptedService(tmp_path / "s") as service:
                service.status = recording()
                await until(pilot, lambda: app.screen is page, steps)
                assert "12:37" in app.screen.query_one("#facts", Line).text

    asyncio.run(scenario())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open any socket")
def test_a_socket_that_is_not_ours_is_told(tmp_path: Path) -> None:
    async def scenario() -> str:
        inbox = Inbox()
        async with ScriptedService(tmp_path / "s") as service:
            service.path.chmod(0)
            task = asyncio.create_task(Feed(service.path, inbox.post, inbox.take).run())
            await inbox.holds(ServiceSilent)
            task.cancel()
        assert isinstance(inbox.messages[0], ServiceSilent)
        return inbox.messages[0].why

    assert asyncio.run(scenario()) == "this user may not open it"


def test_a_session_that_went_on_shows_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with watching(tmp_path, recording(), size=(80, 24)) as watch:
            await watch.service.stop()
            last = "last seen: recording P01 · T01 at 12:37, saved up to 12:36"
            await watch.sees("trying again", last, "call the technician")
            await watch.sees("✕ NOT RECORDING for 0 s: no service", "P01 · T01")
            assert "● REC" not in watch.visible()
            async with ScriptedService(watch.service.path) as restarted:
                restarted.status = recording(elapsed_s=800.0, saved_s=799.0)
                await watch.sees("● REC", "13:20", "saved up to 13:19")

    asyncio.run(scenario())


def test_a_service_that_hangs_is_not_shown_as_recording(tmp_path: Path) -> None:
    now_s = [50.0]

    async def scenario() -> None:
        async with watching(tmp_path, recording(), monotonic=lambda: now_s[0]) as watch:
            now_s[0] += 4.0
            await watch.sees("✕ NOT RECORDING for 4 s: the service does not answer", "P01 · T01")
            assert "sends" not in watch.visible()  # these figures are old
            watch.service.say(recording())
            await watch.sees("● REC", "sends")
            assert "NOT RECORDING" not in watch.visible()

    asyncio.run(scenario())


def test_a_service_of_another_version_is_told_in_a_notice(tmp_path: Path) -> None:
    class Stranger(msgspec.Struct):
        role: list[str] = []

    async def scenario(watch: Watch) -> None:
        watch.service.say_raw("traces", Stranger())
        await watch.until(watch.notices)
        assert "this screen cannot read: traces: " in watch.notices()[0]

    async def watched() -> None:
        async with watching(tmp_path, recording()) as watch:
            await scenario(watch)

    asyncio.run(watched())
