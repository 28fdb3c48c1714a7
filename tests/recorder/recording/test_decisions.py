"""What people have decided is done, however often it fails and whatever dies meanwhile."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from recorder.recording import decisions
from recorder.recording.endings import RETRY_S, Endings
from recorder.recording.interrupted import take_over
from recorder.recording.leftovers import Leftovers
from recorder.recording.session import Session
from recorder.settings.file import Config
from recorder.store.check import verify
from recorder.store.files import WRITING
from recorder.store.writer import SessionWriter
from recorder.sync.tombstones import Tombstone, store
from recorder.wire.wording import in_words
from tests.recorder import session_files
from tests.recorder.bedside import Bedside
from tests.recorder.bounded import run, until, wait_until
from tests.recorder.served_box import Box, only_session

LATER_NS = session_files.START_NS + 10**9


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite itself waits for a locked file for no time worth mentioning."""
    monkeypatch.setattr("recorder.store.files.WRITING", ("busy_timeout = 20", *WRITING[1:]))


@contextmanager
def locked(path: Path | str) -> Iterator[None]:
    """Another program writes into the file; nobody waits long for it to come to an end."""
    with pytest.MonkeyPatch.context() as patch, closing(connect(path)) as other:
        patch.setattr("recorder.recording.endings.CLOSE_TIMEOUT_S", 0.5)
        patch.setattr("recorder.recording.endings.AGAIN_S", 0.1)
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def connect(path: Path | str) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None)


def told(endings: Endings) -> list[str]:
    return [in_words(alarm) for alarm in endings.alarms()]


def stop(endings: Endings, bed: Bedside) -> Session:
    session = bed.recorder.detach()
    assert session is not None
    with pytest.raises(OSError, match="another program has the file"):
        endings.stop(session)
    return session


def test_a_stop_that_fails_is_an_alarm_and_tried_again_until_it_is_done(tmp_path: Path) -> None:
    bed = Bedside(tmp_path)
    bed.stream_both(5.0)
    session, endings = bed.start(), Endings(bed.clock)
    bed.run_until(6.0)
    with locked(session.path):
        stop(endings, bed)
        assert (tmp_path / f"{session.id}.stop").exists()
        [words] = told(endings)
        assert words.startswith(f"{session.id} is stopped, but its file is not closed yet: ")
        assert "another program has the file" in words
        assert endings.is_due()
        endings.retry()
        assert not endings.is_due()
        bed.clock.advance(RETRY_S)
        assert endings.is_due()
    endings.retry()
    assert told(endings) == []
    assert not endings.is_due()
    report = verify(session.path)
    assert (report.problems, report.state) == ((), "closed")
    assert report.counts["samples"] == 2500
    assert not (tmp_path / f"{session.id}.stop").exists()


def test_a_session_that_was_stopped_is_not_resumed_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "20261123T040000Z-1f3a.antiphon"
    writer = session_files.start(path)
    writer.put(session_files.block(0, 0))
    decisions.decide(path, decisions.STOP)
    writer.leave()
    assert resumed(tmp_path) is None
    assert verify(path).state == "interrupted"
    assert resumed(tmp_path) is None
    Leftovers(tmp_path, list).clear()
    assert verify(tmp_path / "done" / path.name).state == "interrupted"
    assert not list(tmp_path.glob("*.stop"))


def test_an_erased_session_is_not_recorded_on(tmp_path: Path) -> None:
    path = tmp_path / "20261123T040000Z-1f3a.antiphon"
    session_files.start(path).leave()
    store(tmp_path, Tombstone(path.stem, "session", "2026-11-23T05:00:00Z"))
    assert resumed(tmp_path) is None


def test_a_copy_of_a_session_is_not_recorded_on(tmp_path: Path) -> None:
    path = tmp_path / "20261123T040000Z-1f3a.antiphon"
    session_files.start(path).leave()
    path.rename(tmp_path / "copy.antiphon")
    assert resumed(tmp_path) is None


def test_of_two_files_of_a_session_the_one_with_more_of_it_is_resumed(tmp_path: Path) -> None:
    path = tmp_path / "20261123T040000Z-1f3a.antiphon"
    session_files.start(path).leave()
    path.rename(tmp_path / "20261123T040000Z-1f3a.rescued.antiphon")
    writer = session_files.start(path)
    writer.put(session_files.block(0, 0))
    writer.leave()
    assert resumed(tmp_path) == path


def test_the_last_part_is_resumed_and_not_the_first(tmp_path: Path) -> None:
    """In the order of names it is the first; and the clock may have been set back since."""
    first, second = "20261123T040000Z-1f3a", "20261123T040000Z-1f3a-2"
    for name, later_ns in ((first, 0), (second, 5)):
        header = session_files.header(name)
        header = replace(header, started_t_ns=header.started_t_ns + later_ns)
        SessionWriter.create(tmp_path / f"{name}.antiphon", header).leave()
    assert resumed(tmp_path) == tmp_path / f"{second}.antiphon"
    assert verify(tmp_path / f"{first}.antiphon").state == "interrupted"


def resumed(directory: Path) -> Path | None:
    """The file that the next service records into, if it does; it has let go of it again."""
    found = take_over(Config(sessions=str(directory)), LATER_NS)
    if found is None:
        return None
    found.writer.leave()
    return found.writer.path


@pytest.fixture(autouse=True)
def this_boot(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recorder.wall_clock.boot_id", lambda: "boot")


def test_the_service_says_that_it_has_stopped_and_closes_the_file_when_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recorder.service.loop.LOOK_S", 0.01)
    box = Box(tmp_path)

    async def test() -> None:
        async with box.running():
            started = await box.start()
            with locked(started.file):
                refused = await box.refusal("stop")
                assert "stopped, but not closed yet, which is tried again by itself" in str(refused)
                status = await box.status()
                assert (status.state, "not_closed" in {it.kind for it in status.alarms}) == (
                    "idle",
                    True,
                )
                assert await box.ask("stop") is None
            box.bed.clock.advance(RETRY_S)
            assert box.bed.recorder.session is None
            await until(lambda: not told(box.service._parts.endings))
            assert "not_closed" not in {it.kind for it in (await box.status()).alarms}
        assert verify(only_session(box)).state == "closed"

    run(test())


def test_a_start_while_the_last_session_is_not_closed_begins_the_next(tmp_path: Path) -> None:
    box = Box(tmp_path)

    async def test() -> None:
        async with box.running():
            first = await box.start()
            with locked(first.file):
                await box.refusal("stop")
                second = await box.start()
                assert second.id != first.id
        assert {verify(path).state for path in tmp_path.rglob("*.antiphon")} == {"closed"}

    run(test())


def test_a_stop_is_on_disk_before_the_file_is_touched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bed = Bedside(tmp_path)
    session = bed.start()
    seen: list[bool] = []
    close = Session.close

    def look(session: Session, t_ns: int, *, patience_s: float) -> None:
        seen.append(decisions.is_decided(session.path, decisions.STOP))
        close(session, t_ns, patience_s=patience_s)

    monkeypatch.setattr(Session, "close", look)
    bed.recorder.detach()
    Endings(bed.clock).stop(session)
    assert seen == [True]


def test_a_stop_that_cannot_be_written_down_is_written_down_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bed = Bedside(tmp_path)
    session, endings = bed.start(), Endings(bed.clock)

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with locked(session.path):
        with monkeypatch.context() as full:
            full.setattr("recorder.recording.decisions.write_whole", refuse)
            stop(endings, bed)
        assert not decisions.is_decided(session.path, decisions.STOP)
        endings.retry()
        assert decisions.is_decided(session.path, decisions.STOP)
    endings.retry()
    wait_until(lambda: verify(session.path).state == "closed")
