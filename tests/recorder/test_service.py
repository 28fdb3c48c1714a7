import asyncio
import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hardware.board import BoardState
from recorder.beside.companions import Companion
from recorder.config import Camera, Config
from recorder.control import ControlClient, RequestRefused, ServiceUnreachable, ask
from recorder.failure import Failure
from recorder.health.disk import RESERVE_BYTES
from recorder.messages import Measures, SessionStatus, Status, Trace
from recorder.recorder import Recorder
from recorder.service import Service
from recorder.store.check import verify
from recorder.store.reader import SessionReader
from tests.recorder.bedside import Bedside
from tests.recorder.bounded import run, until

BAD_CODES = ["Anna Müller", "x" * 17, "P 01", "P01\n", "../P01", "P.01", "é"]


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
        asked = partial(ask, self.socket, do, **fields)
        return msgspec.json.decode(await asyncio.to_thread(asked))

    async def start(self) -> SessionStatus:
        return msgspec.convert(await self.ask("start"), SessionStatus)

    async def status(self) -> Status:
        return msgspec.convert(await self.ask("status"), Status)

    async def refusal(self, do: str, **fields: str) -> RequestRefused:
        with pytest.raises(RequestRefused) as refused:
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


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


def events_of(path: Path) -> list[tuple[str, str]]:
    with SessionReader(path) as session:
        return session.query("SELECT kind, text FROM event ORDER BY rowid")


def only_session(box: Box) -> Path:
    [path] = box.bed.config.sessions_path.rglob("*.antiphon")
    return path


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


@pytest.mark.parametrize("code", BAD_CODES)
@pytest.mark.parametrize("role", ["patient", "therapist"])
def test_what_is_no_code_is_refused_and_nothing_is_made(box: Box, role: str, code: str) -> None:
    async def test() -> None:
        async with box.running():
            refused = await box.refusal("start", **{role: code})
            assert refused.code == 64
            assert "never names" in str(refused)
            assert code not in str(refused)
        assert not box.bed.config.sessions_path.exists()

    run(test())


@pytest.mark.parametrize("code", ["P", "x" * 16, "P-01_b"])
def test_codes_are_letters_digits_and_dashes(box: Box, code: str) -> None:
    async def test() -> None:
        async with box.running():
            assert (await box.ask("start", patient=code))["patient"] == code

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
    return [alarm for alarm in status.alarms if alarm.startswith(("patient", "therapist"))]


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


def test_a_tick_that_fails_is_written_down_and_ticking_goes_on(
    box: Box, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tick, failures = box.bed.recorder.tick, iter([ArithmeticError("a hop went wrong")])

    def fail_once() -> None:
        if (error := next(failures, None)) is not None and box.bed.recorder.session is not None:
            raise error
        tick()

    box.bed.stream_both(3.0)

    async def test() -> None:
        async with box.running():
            await box.start()
            monkeypatch.setattr(box.bed.recorder, "tick", fail_once)
            await box.tick_until(4)
        path = only_session(box)
        assert ("fault", "ticker: ArithmeticError: a hop went wrong") in events_of(path)
        report = verify(path)
        assert (report.problems, report.counts["samples"]) == ((), 1500)
        assert "ticker failed" in caplog.text

    run(test())


def test_a_session_is_closed_even_if_no_tick_succeeds(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise ArithmeticError("every hop goes wrong")

    async def break_it() -> None:
        async with box.running():
            await box.start()
            monkeypatch.setattr(box.bed.recorder, "tick", fail)
            await box.ask("mark", label="still here")

    async def test() -> None:
        with pytest.raises(ArithmeticError):
            await break_it()
        assert verify(only_session(box)).state == "closed"
        assert all(board.closed for board in box.bed.boards)

    run(test())


def test_no_client_stops_the_ticker(box: Box) -> None:
    async def test() -> None:
        async with box.running():
            for line in (b"\xff\n", b"{}\n", b'{"do": "mark"}\n', b"x" * 100_000, b'{"do":'):
                _, writer = await asyncio.open_unix_connection(box.socket)
                writer.write(line)
                await box.ticked()
                writer.close()
            assert (await box.status()).state == "idle"

    run(test())


def test_a_board_that_was_never_seen_is_named(tmp_path: Path) -> None:
    box = Box(tmp_path, known=(True, False))
    box.bed.boards[1].stays_unknown = True
    fault = "/dev/ttyUSB1: no board answers: is it on?"
    box.bed.boards[1].plan_state(box.bed.at(0), BoardState.LOST, fault)

    async def test() -> None:
        async with box.running():
            await box.ticked()
            refused = await box.refusal("start")
            assert refused.code == 69
            assert str(refused) == f"the therapist's board has not been seen yet: {fault}"
            assert (await box.status()).session is None

    run(test())


def test_a_file_that_cannot_be_made_is_refused_and_may_be_tried_again(box: Box) -> None:
    sessions = box.bed.config.sessions_path
    sessions.write_text("in the way")

    async def test() -> None:
        async with box.running():
            refused = await box.refusal("start")
            assert refused.code == 73
            assert str(refused) == f"{sessions}: File exists"
            sessions.unlink()
            await box.start()

    run(test())


def test_a_mark_that_the_disk_cannot_take_is_refused(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def test() -> None:
        async with box.running():
            await box.start()
            with monkeypatch.context() as stalled:
                stalled.setattr("recorder.store.writer.SessionWriter.put", lambda *_: False)
                refused = await box.refusal("mark", label="shift")
            assert refused.code == 74
            assert (await box.ask("mark", label="shift"))["label"] == "shift"

    run(test())


def test_a_mark_is_answered_only_when_it_is_on_disk_and_others_are_served_meanwhile(
    box: Box,
) -> None:
    async def test() -> None:
        async with box.running():
            started = await box.start()
            with closing(sqlite3.connect(started.file, isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")  # nobody else may write now
                marking = asyncio.create_task(box.ask("mark", label="shift"))
                await until(lambda: box.bed.recorder.session.markers == 1)  # type: ignore[union-attr]
                assert (await box.status()).session is not None
                assert not marking.done()
                other.execute("ROLLBACK")
            assert (await marking)["label"] == "shift"
            with SessionReader(Path(started.file)) as file:
                assert [marker.label for marker in file.markers()] == ["shift"]

    run(test())


def test_a_mark_that_does_not_come_to_disk_in_time_is_not_acknowledged(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recorder.requests.SAVED_WITHIN_S", 0.05)
    monkeypatch.setattr("recorder.session.Session.is_saved", lambda *_: False)

    async def test() -> None:
        async with box.running():
            await box.start()
            for do in ("mark", "note"):
                refused = await box.refusal(do, label="shift")
                assert refused.code == 74
                assert "not yet on disk" in str(refused)

    run(test())


def test_a_full_disk_ends_the_session_and_it_goes_on_in_a_part(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = [RESERVE_BYTES]
    monkeypatch.setattr("recorder.parts.LOOK_S", 0.01)
    monkeypatch.setattr("recorder.service.LOOK_S", 0.01)

    async def test() -> None:
        async with box.running():
            first = await box.start()
            with monkeypatch.context() as filled:
                filled.setattr("recorder.parts.free_bytes", lambda _: free[0])
                await until(lambda: box.bed.recorder.session is None)
                await box.ticked()
                assert "nothing is recorded" in (await box.status()).alarms[0]
                free[0] = 1 << 40
                await until(lambda: box.bed.recorder.session is not None)
                assert (await box.start()).id == f"{first.id}-2"
                free[0] = RESERVE_BYTES
                await until(lambda: box.bed.recorder.session is None)
                stopped = await box.ask("stop")
            assert stopped["id"] == f"{first.id}-2"
            assert await box.ask("stop") is None

    run(test())


def test_a_session_for_which_there_is_no_room_is_refused(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recorder.starting.free_bytes", lambda _: RESERVE_BYTES + 1)

    async def test() -> None:
        async with box.running():
            refused = await box.refusal("start")
            assert refused.code == 73
            assert "MiB free, this session needs" in str(refused)
        assert not box.bed.config.sessions_path.exists()

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


def whole_session(box: Box) -> Path:
    """The one session there is, put away or not."""
    [path] = box.bed.config.sessions_path.rglob("*.antiphon")
    return path


def test_who_did_what_stands_in_the_session_without_a_name(box: Box) -> None:
    async def test() -> None:
        async with box.running():
            await box.start()
            await box.ask("mark", label="shift")
            await box.ask("stop")

    run(test())
    me = f"uid {os.getuid()}, pid {os.getpid()}"
    told = [text for kind, text in events_of(whole_session(box)) if kind == "asked"]
    assert [text.partition(":")[2].strip() for text in told] == [me] * 3
    assert [text.partition(" ")[0].rstrip(":") for text in told] == ["start", "mark", "stop"]


def test_a_session_that_the_service_itself_ends_says_so(box: Box) -> None:
    async def test() -> None:
        async with box.running():
            await box.start()

    run(test())
    assert ("asked", "stop: the service itself") in events_of(whole_session(box))


def test_a_note_that_names_somebody_is_taken_with_a_warning(box: Box) -> None:
    async def test() -> None:
        async with box.running():
            await box.start()
            noted = await box.ask("note", label="Frau Schmidt, born 3.5.1948")
            assert noted["warnings"] == ["a name", "a date, as of birth"]
            assert "warnings" not in await box.ask("mark", label="shift")

    run(test())


@pytest.mark.parametrize(
    ("consent", "flags"),
    [(("eeg",), (True, False, False)), (("eeg", "video", "share"), (True, True, True))],
)
def test_what_was_agreed_to_stands_in_the_session(
    box: Box, consent: tuple[str, ...], flags: tuple[bool, ...]
) -> None:
    async def test() -> None:
        async with box.running():
            await box.ask("start", consent=consent)

    run(test())
    with SessionReader(whole_session(box)) as session:
        for person in session.header.persons:
            agreed = (person.consent_record, person.consent_video, person.consent_share)
            assert agreed == flags


def test_without_consent_to_the_eeg_nothing_is_recorded(box: Box) -> None:
    async def test() -> None:
        async with box.running():
            with pytest.raises(RequestRefused, match="nothing is recorded") as refused:
                await box.ask("start", consent=("video",))
            assert refused.value.code == 77

    run(test())
    assert list(box.bed.config.sessions_path.rglob("*.antiphon")) == []


@pytest.mark.parametrize(("consent", "films"), [(("eeg",), 0), (("eeg", "video"), 1)])
def test_the_camera_stays_off_without_consent_to_video(
    box: Box, monkeypatch: pytest.MonkeyPatch, consent: tuple[str, ...], films: int
) -> None:
    begun: list[Config] = []

    def companions(config: Config, *_: object) -> list[Companion]:
        begun.append(config)
        return []

    monkeypatch.setattr("recorder.recorder.companions", companions)
    camera = msgspec.structs.replace(box.config, camera=Camera(kind="usb"))
    monkeypatch.setattr(box.bed.recorder, "_config", camera)

    async def test() -> None:
        async with box.running():
            await box.ask("start", consent=consent)

    run(test())
    assert [bool(config.camera.kind) for config in begun] == [bool(films)]
    said = ("consent", "no consent to video: the camera was not started")
    assert (said in events_of(whole_session(box))) == (not films)


def test_a_group_that_is_not_there_is_an_error_of_the_configuration(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.config = msgspec.structs.replace(box.config, group="no-such-group")
    with pytest.raises(Failure, match="no-such-group") as failed:
        run(box.make(lambda: box.bed.recorder).run())
    assert failed.value.code == 78
