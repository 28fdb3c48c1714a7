"""The service while something fails: a tick, a board, the disk."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from hardware.board import BoardState
from recorder.failure import Failure
from recorder.health.disk import RESERVE_BYTES
from recorder.store.check import verify
from recorder.store.reader import SessionReader
from tests.recorder.bounded import run, until
from tests.recorder.served_box import Box, events_of, only_session


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


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
    monkeypatch.setattr("recorder.service.requests.SAVED_WITHIN_S", 0.05)
    monkeypatch.setattr("recorder.store.writer.SessionWriter.is_saved", lambda *_: False)

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
    monkeypatch.setattr("recorder.recording.rollover.LOOK_S", 0.01)
    monkeypatch.setattr("recorder.service.loop.LOOK_S", 0.01)

    async def test() -> None:
        async with box.running():
            first = await box.start()
            with monkeypatch.context() as filled:
                filled.setattr("recorder.recording.rollover.free_bytes", lambda _: free[0])
                await until(lambda: box.bed.recorder.session is None)
                await box.ticked()
                assert (await box.status()).alarms[0].kind == "waiting_for_room"
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
    monkeypatch.setattr("recorder.recording.starting.free_bytes", lambda _: RESERVE_BYTES + 1)

    async def test() -> None:
        async with box.running():
            refused = await box.refusal("start")
            assert refused.code == 73
            assert "MiB free, this session needs" in str(refused)
        assert not box.bed.config.sessions_path.exists()

    run(test())


def test_a_group_that_is_not_there_is_an_error_of_the_configuration(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.config = msgspec.structs.replace(box.config, group="no-such-group")
    with pytest.raises(Failure, match="no-such-group") as failed:
        run(box.make(lambda: box.bed.recorder).run())
    assert failed.value.code == 78
