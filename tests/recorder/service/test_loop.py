"""What the service answers, and what it does to sessions."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hardware.board import BoardState
from recorder.measures.measuring import Measuring
from recorder.recording.interrupted import LEFT
from recorder.recording.recorder import Recorder
from recorder.recording.starting import prepare
from recorder.service import status
from recorder.store.check import verify
from recorder.store.finish import unclean_stops
from recorder.store.reader import SessionReader
from recorder.wire.client import ControlClient
from recorder.wire.lines import ServiceUnreachable
from recorder.wire.messages import Measures, Status, Trace
from recorder.wire.wording import in_words
from tests.recorder.bounded import run, until
from tests.recorder.served_box import Box, events_of, only_session


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def test_starting_twice_gives_the_same_session(box: Box) -> None:
    async def test() -> None:
        async with box.running():
            first = await box.ask("start", patient="P07", therapist="T02")
            again = await box.ask("start", patient="P08")
            both = await asyncio.gather(box.ask("start"), box.ask("start"))
            assert {one["id"] for one in (first, again, *both)} == {first["id"]}
            assert (again["patient"], again["therapist"]) == ("P07", "T02")
        assert only_session(box).stem == first["id"]

    run(test())


def test_two_who_start_at_once_start_one_session(box: Box) -> None:
    async def test() -> None:
        async with box.running():
            both = await asyncio.gather(box.ask("start"), box.ask("start"))
            assert both[0]["id"] == both[1]["id"]
        assert verify(only_session(box)).state == "closed"

    run(test())


def test_stopping_twice_says_null_the_second_time(box: Box) -> None:
    async def test() -> None:
        async with box.running():
            assert await box.ask("stop") is None
            started = await box.start()
            stopped = await box.ask("stop")
            assert stopped["id"] == started.id
            assert verify(Path(stopped["file"])).state == "closed"
            assert await box.ask("stop") is None

    run(test())


@pytest.mark.parametrize("do", ["mark", "note"])
def test_there_is_nothing_to_mark_without_a_session(box: Box, do: str) -> None:
    async def test() -> None:
        async with box.running():
            refused = await box.refusal(do, label="shift")
            assert refused.code == 69
            assert "start one first" in str(refused)

    run(test())


def test_marks_and_notes_say_when_they_were(box: Box) -> None:
    async def test() -> None:
        async with box.running():
            await box.start()
            box.bed.clock.advance(2.5)
            assert await box.ask("mark", label="shift") == {"t_s": 2.5, "label": "shift"}
            box.bed.clock.advance(1.0)
            assert await box.ask("note", label="door") == {"t_s": 3.5, "label": "door"}
            status = await box.status()
            assert status.session is not None
            assert (status.session.markers, status.session.last_marker) == (1, "shift")
        assert ("note", "door") in events_of(only_session(box))

    run(test())


def test_what_is_told_later_is_about_when_it_was(box: Box) -> None:
    async def test() -> None:
        async with box.running():
            await box.start()
            box.bed.clock.advance(5.0)
            assert await box.ask("mark", label="shift", ago_s=2.0) == {"t_s": 3.0, "label": "shift"}
            assert await box.ask("note", label="door", ago_s=4.5) == {"t_s": 0.5, "label": "door"}
            refused = await box.refusal("mark", label="early", ago_s=6.0)
            assert (refused.code, str(refused)) == (69, "6 s ago nothing was recorded yet")
            refused = await box.refusal("mark", label="odd", ago_s=-1.0)
            assert refused.code == 64
        with SessionReader(only_session(box)) as session:
            [mark] = session.markers()
        assert mark.made_t_ns is not None
        assert mark.made_t_ns - mark.t_ns == 2_000_000_000

    run(test())


def test_stop_stops_the_session_that_is_meant_and_no_other(box: Box) -> None:
    async def test() -> None:
        async with box.running():
            session = await box.start()
            refused = await box.refusal("stop", session="20200101T000000Z-0000")
            assert refused.code == 75
            assert "has ended already" in str(refused)
            assert (await box.status()).session is not None
            assert (await box.ask("stop", session=f"{session.id}-2"))["id"] == session.id

    run(test())


def test_an_unknown_request_is_refused_by_name(box: Box) -> None:
    async def test() -> None:
        async with box.running():
            refused = await box.refusal("strat")
            assert (refused.code, "strat" in str(refused)) == (64, True)

    run(test())


def test_the_state_follows_the_session_and_the_boards(box: Box) -> None:
    for board in box.bed.boards:
        board.plan_state(box.bed.at(0), BoardState.STREAMING)
    gone = "/dev/ttyUSB0: unplugged: put it back"
    box.bed.boards[0].plan_state(box.bed.at(5), BoardState.LOST, gone)
    box.bed.boards[1].plan_state(box.bed.at(8), BoardState.STALLED, "no data")

    async def test() -> None:
        async with box.running():
            await box.ticked()
            assert (await box.status()).state == "idle"
            await box.start()
            assert (await box.status()).state == "recording"
            await box.tick_until(6)
            degraded = await box.status()
            assert (degraded.state, _of_boards(degraded)) == ("degraded", [f"patient: {gone}"])
            await box.tick_until(9)
            assert (await box.status()).state == "no data"

    run(test())


def _of_boards(status: Status) -> list[str]:
    """The boards' alarms: the health of the machine that runs the tests is not the test's."""
    return [in_words(alarm) for alarm in status.alarms if alarm.role]


def test_subscribers_are_told_what_goes_on(box: Box) -> None:
    box.bed.stream_both(30.0)
    told: dict[str, Any] = {}

    async def test() -> None:
        async with box.running():
            client = await ControlClient.connect(box.socket)

            async def listen() -> None:
                kinds = {"status": Status, "traces": Trace, "measures": Measures}
                async for push in client.pushes():
                    told[push.topic] = msgspec.json.decode(push.body, type=kinds[push.topic])

            listening = asyncio.create_task(listen())
            await client.ask("subscribe", topics=("status", "traces", "measures"))
            await box.tick_until(6)
            await until(lambda: len(told) == 3)
            client.close()
            await listening
        assert told["status"].state == "idle"
        assert len(told["traces"].uv) == 8
        assert told["measures"].values

    run(test())


async def _read(client: ControlClient) -> None:
    async for _ in client.pushes():
        pass


def test_what_nobody_asked_for_is_neither_built_nor_named(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    box.bed.stream_both(30.0)
    built: list[str] = []
    named, described = Measuring.named, status.describe

    def name(self: Measuring, start_ns: int | None) -> Measures | None:
        built.append("measures")
        return named(self, start_ns)

    def describe(*about: Any) -> Status:
        built.append("status")
        return described(*about)

    async def test() -> None:
        async with box.running():
            monkeypatch.setattr(Measuring, "named", name)
            monkeypatch.setattr("recorder.service.loop.describe", describe)
            await box.start()
            await box.ask("mark", label="a")
            await box.tick_until(8)
            assert built == []
            await box.status()
            assert built == ["status"]
            client = await ControlClient.connect(box.socket)
            listening = asyncio.create_task(_read(client))
            await client.ask("subscribe", topics=("measures",))
            await box.tick_until(10)
            client.close()
            await listening
            assert set(built[1:]) == {"measures"}
        with SessionReader(only_session(box)) as session:
            [(values,)] = session.query("SELECT count(*) FROM measure")
        assert values

    run(test())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_service_in_order(box: Box, number: signal.Signals) -> None:
    async def test() -> None:
        async with box.running():
            await box.start()
            os.kill(os.getpid(), number)
            await until(lambda: not box.socket.exists())
        assert verify(only_session(box)).state == "closed"
        assert all(board.closed for board in box.bed.boards)

    run(test())


def test_a_service_that_makes_way_leaves_its_session_to_the_next(box: Box) -> None:
    box.bed.stream_both(2.0)

    async def test() -> None:
        async with box.running():
            await box.start()
            await box.ask("mark", label="before")
            box.bed.clock.advance(3.0)  # and no tick before the end
            os.kill(os.getpid(), signal.SIGUSR1)
            await until(lambda: not box.socket.exists())
        assert all(board.closed for board in box.bed.boards)

    run(test())
    path = only_session(box)
    report = verify(path)
    assert (report.state, report.problems, report.counts["samples"]) == ("recording", (), 1000)
    assert ("session", LEFT) in events_of(path)
    recorder = prepare(box.config, box.bed.clock)
    assert recorder.session is not None
    assert (recorder.session.path, recorder.session.last_marker) == (path, "before")
    recorder.session.close(box.bed.clock())
    assert unclean_stops(box.config.sessions_path) == 0


def test_a_service_without_a_session_makes_way(box: Box) -> None:
    async def test() -> None:
        async with box.running():
            os.kill(os.getpid(), signal.SIGUSR1)
            await until(lambda: not box.socket.exists())

    run(test())
    assert not list(box.bed.config.sessions_path.rglob("*.antiphon"))


def test_what_the_boards_still_hold_at_the_end_is_recorded(box: Box) -> None:
    box.bed.stream_both(2.0)

    async def test() -> None:
        async with box.running():
            await box.start()
            box.bed.clock.advance(3.0)  # and no tick before the end
        assert verify(only_session(box)).counts["samples"] == 1000

    run(test())


def test_a_second_service_touches_nothing(box: Box) -> None:
    def touch() -> Recorder:
        raise AssertionError("the box is not ours")

    async def test() -> None:
        async with box.running():
            with pytest.raises(BlockingIOError, match="another antiphon service"):
                await box.make(touch).run()
            assert (await box.status()).state == "idle"
        with pytest.raises(ServiceUnreachable):
            await box.ask("status")

    run(test())
