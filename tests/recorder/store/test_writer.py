import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from recorder.store import files
from recorder.store.check import verify
from recorder.store.reader import SessionReader
from recorder.store.rows import EventRow, MarkerRow, QualityRow
from recorder.store.writer import SessionWriter
from tests.recorder import session_files
from tests.recorder.session_files import START_NS, block

END_NS = START_NS + 60 * 10**9


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "20261123T040000Z-1f3a.antiphon"


@pytest.fixture
def writer(path: Path) -> Iterator[SessionWriter]:
    writer = session_files.start(path)
    yield writer
    writer.close(END_NS)


def rows_in(path: Path, table: str) -> int:
    with closing(sqlite3.connect(path)) as db:
        return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_header_is_on_disk_before_anything_is_recorded(writer: SessionWriter, path: Path) -> None:
    # immutable: SQLite looks at the main file alone, as after a loss of the log beside it
    with closing(sqlite3.connect(f"{path.as_uri()}?immutable=1", uri=True)) as db:
        assert db.execute("SELECT id, state FROM session").fetchall() == [(path.stem, "recording")]
        assert db.execute("SELECT count(*) FROM channel").fetchone() == (6,)


def test_the_file_is_written_so_that_no_returned_commit_can_be_lost(writer: SessionWriter) -> None:
    settings = {
        name: writer._file.connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys", "journal_size_limit")
    }
    assert settings == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "journal_size_limit": -1,
    }


def test_a_session_file_is_not_readable_by_everyone(writer: SessionWriter, path: Path) -> None:
    assert path.stat().st_mode & 0o007 == 0


def test_an_existing_file_is_never_overwritten(path: Path) -> None:
    path.write_bytes(b"something of somebody")
    with pytest.raises(FileExistsError):
        session_files.start(path)
    assert path.read_bytes() == b"something of somebody"


def test_a_header_that_contradicts_itself_leaves_no_file(path: Path) -> None:
    bad = session_files.header()
    object.__setattr__(bad, "boards", (bad.boards[0], bad.boards[0]))
    with pytest.raises(OSError, match="cannot be made"):
        SessionWriter.create(path, bad)
    assert list(path.parent.iterdir()) == []


def test_a_recorder_killed_while_it_made_a_file_leaves_nothing_that_looks_like_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    monkeypatch.setattr("recorder.store.files.insert_header", killed)
    with pytest.raises(Killed):
        session_files.start(path)
    assert not path.exists()
    monkeypatch.undo()
    session_files.start(path).close(END_NS)
    assert list(path.parent.iterdir()) == [path]


def test_what_is_put_is_read_back(writer: SessionWriter, path: Path) -> None:
    rows = [block(0, 0), block(1, 0), block(0, 50)]
    for row in rows:
        assert writer.put(row)
    assert writer.flush(10.0)
    with SessionReader(path) as session:
        for board_id in (0, 1):
            mine = [row for row in rows if row.board == board_id]
            counts = np.concatenate([s.counts for s in session.samples(board_id)])
            assert np.array_equal(counts, np.concatenate([row.counts for row in mine]))


def test_saved_time_is_the_newest_arrival_of_a_returned_commit(writer: SessionWriter) -> None:
    saved = [writer.saved_t_ns]
    newest = block(1, 500)
    for rows in ([newest, block(0, 400)], [block(0, 450)]):  # the last is older than what is saved
        for row in rows:
            writer.put(row)
        assert writer.flush(10.0)
        saved.append(writer.saved_t_ns)
    assert saved == [None, int(newest.arrival_ns[-1]), int(newest.arrival_ns[-1])]


@pytest.mark.parametrize(
    "row", [MarkerRow(START_NS, "shift"), EventRow(START_NS, "session", "stopped")]
)
def test_a_marker_is_saved_without_being_asked_for(
    writer: SessionWriter, row: MarkerRow | EventRow
) -> None:
    writer.put(block(0, 0))
    writer.put(row)
    with writer._changed:
        saved = writer._changed.wait_for(lambda: writer.saved_t_ns is not None, timeout=10.0)
    assert saved, "its period is 30 s, so only the marker can have woken it"


def test_rows_are_saved_by_the_period_alone(path: Path) -> None:
    writer = SessionWriter.create(path, session_files.header(), period_s=0.05)
    writer.put(block(0, 0))
    with writer._changed:
        assert writer._changed.wait_for(lambda: writer.saved_t_ns is not None, timeout=10.0)
    writer.close(END_NS)


def test_commit_saves_now_and_does_not_wait(writer: SessionWriter) -> None:
    writer.put(block(0, 0))
    writer.commit()
    with writer._changed:
        assert writer._changed.wait_for(lambda: writer.saved_t_ns is not None, timeout=10.0)


def test_closed_file_is_one_plain_file(path: Path) -> None:
    writer = session_files.start(path)
    writer.put(block(0, 0))
    writer.close(END_NS)
    assert list(path.parent.iterdir()) == [path]
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert db.execute("SELECT state, ended_t_ns FROM session").fetchall() == [
            ("closed", END_NS)
        ]
    assert rows_in(path, "block") == 1


def test_closing_twice_is_harmless_and_later_rows_are_not_taken(path: Path) -> None:
    writer = session_files.start(path)
    writer.close(END_NS)
    writer.close(END_NS + 1)
    assert not writer.put(block(0, 0))
    with SessionReader(path) as session:
        assert session.ended_t_ns == END_NS


def test_what_is_left_is_whole_and_can_be_resumed(path: Path) -> None:
    writer = session_files.start(path)
    for number in range(3):
        assert writer.put(block(0, 50 * number))
    writer.leave()
    assert not writer.put(block(0, 150))
    with SessionReader(path) as session:
        assert session.state == "recording"
    assert rows_in(path, "block") == 3
    with pytest.raises(ValueError, match="restart of the machine"):
        session_files.resume(path, "another boot")
    session_files.resume(path, "boot").close(END_NS)
    assert list(path.parent.iterdir()) == [path]
    assert verify(path).state == "closed"


def test_leaving_a_disk_that_refuses_says_so_and_keeps_what_was_saved(path: Path) -> None:
    writer = session_files.start(path)
    writer._file.connection.execute("PRAGMA busy_timeout = 20")
    writer.put(block(0, 0))
    assert writer.flush(10.0)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writer.put(block(0, 50))
        with pytest.raises(OSError, match="another program has the file"):
            writer.leave(timeout_s=0.2)
        other.execute("ROLLBACK")
    assert rows_in(path, "block") == 1


def test_many_rows_at_once_are_all_saved_in_order(path: Path) -> None:
    writer = session_files.start(path)
    for number in range(10_000):
        assert writer.put(QualityRow(number, number % 2, 0, "good", 0.01, 40.0))
    writer.close(END_NS)
    with closing(sqlite3.connect(path)) as db:
        times = [t_ns for (t_ns,) in db.execute("SELECT t_ns FROM quality ORDER BY rowid")]
    assert times == list(range(10_000))


def test_a_stalled_disk_fills_the_queue_and_never_blocks_the_caller(path: Path) -> None:
    writer = SessionWriter.create(path, session_files.header(), queue_bytes=64 << 10)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        taken = [writer.put(block(0, 50 * number)) for number in range(100)]
        writer.commit()
        other.execute("ROLLBACK")
    kept = taken.count(True)
    assert taken == [True] * kept + [False] * (100 - kept)
    assert 10 < kept < 60
    writer.close(END_NS)
    assert rows_in(path, "block") == kept


def test_two_minutes_of_two_boards_fit_into_the_queue(path: Path) -> None:
    writer = session_files.start(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for second in range(120):
            for board_id in (0, 1):
                assert all(
                    writer.put(block(board_id, 250 * second + 25 * part, 25)) for part in range(10)
                )
            assert all(writer.put(QualityRow(second, 0, 0, "good", 0.1, 9.0)) for _ in range(16))
        other.execute("ROLLBACK")
    writer.close(END_NS)
    assert rows_in(path, "block") == 2400


def test_an_error_is_told_and_forgotten_when_it_is_over(writer: SessionWriter, path: Path) -> None:
    writer._file.connection.execute("PRAGMA busy_timeout = 20")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writer.put(block(0, 0))
        assert not writer.flush(0.2)
        told = [(writer.error, writer.saved_t_ns)]
        other.execute("ROLLBACK")
    assert writer.flush(10.0)
    told.append((writer.error, writer.saved_t_ns))
    saved_t_ns = int(block(0, 0).arrival_ns[-1])
    assert told == [("cannot save: another program has the file", None), (None, saved_t_ns)]


def test_a_close_that_cannot_save_says_so_and_leaves_what_was_saved(path: Path) -> None:
    writer = session_files.start(path)
    writer._file.connection.execute("PRAGMA busy_timeout = 20")
    writer.put(block(0, 0))
    assert writer.flush(10.0)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writer.put(block(0, 50))
        with pytest.raises(OSError, match="another program has the file"):
            writer.close(END_NS, timeout_s=0.2)
        other.execute("ROLLBACK")
    with SessionReader(path) as session:
        assert session.state == "recording"
    assert rows_in(path, "block") == 1


def test_what_a_close_could_not_save_is_saved_as_soon_as_it_can_be(path: Path) -> None:
    writer = session_files.start(path)
    writer._file.connection.execute("PRAGMA busy_timeout = 20")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        writer.put(block(0, 0))
        for _ in range(2):
            with pytest.raises(OSError, match="another program has the file"):
                writer.close(END_NS, timeout_s=0.2)
        other.execute("ROLLBACK")
    writer.close(END_NS + 1)
    assert (rows_in(path, "block"), verify(path).state) == (1, "closed")
    assert list(path.parent.iterdir()) == [path]


def test_a_file_is_ours_before_it_has_its_name_and_no_other_program_can_refuse_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare, others = files.prepare_to_write, []

    def when_another_locks_it(connection: sqlite3.Connection) -> None:
        with pytest.raises(BlockingIOError):
            others.append(files.hold(path))
        prepare(connection)

    monkeypatch.setattr(files, "prepare_to_write", when_another_locks_it)
    session_files.start(path).close(END_NS)
    assert others == []


@pytest.mark.parametrize("step", ["prepare_to_write", "sync_directory"])
def test_a_start_that_fails_leaves_nothing(
    path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(f"recorder.store.files.{step}", fail)
    with pytest.raises(OSError, match="No space left"):
        session_files.start(path)
    assert list(path.parent.iterdir()) == []


def test_one_impossible_row_does_not_hold_up_the_others(writer: SessionWriter, path: Path) -> None:
    writer.put(QualityRow(1, 77, 0, "good", None, None))  # no such board
    writer.put(MarkerRow(2, "x", provenance="rumour"))
    writer.put(MarkerRow(2**70, "x"))
    writer.put(MarkerRow(3, "shift"))
    writer.put(QualityRow(4, 1, 0, "good", None, None))
    assert writer.flush(10.0)
    assert writer.error is None
    assert (rows_in(path, "quality"), rows_in(path, "marker")) == (1, 1)
    with SessionReader(path) as session:
        refused = session.query("SELECT text FROM event WHERE kind = 'refused' ORDER BY rowid")
    assert len(refused) == 3
    assert "FOREIGN KEY" in refused[-1][0]
    assert verify(path).notes[-1].startswith("3 rows could not be stored")


def test_a_block_of_an_unknown_board_or_width_is_the_callers_mistake(writer: SessionWriter) -> None:
    with pytest.raises(ValueError, match="board 7"):
        writer.put(block(7, 0))
    narrow = block(0, 0)
    object.__setattr__(narrow, "counts", narrow.counts[:, :2])
    with pytest.raises(ValueError, match=r"board 0: a block of \(2, 2\)"):
        writer.put(narrow)


def test_numpy_scalars_are_stored_as_numbers(writer: SessionWriter, path: Path) -> None:
    writer.put(QualityRow(np.int64(5), np.int32(1), 0, "good", np.float32(0.5), None))  # type: ignore[arg-type]
    assert writer.flush(10.0)
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT t_ns, board, mains_share FROM quality").fetchall() == [
            (5, 1, 0.5)
        ]


def test_a_program_that_reads_does_not_stop_the_close(path: Path) -> None:
    writer = session_files.start(path)
    writer._file.connection.execute("PRAGMA busy_timeout = 20")
    with SessionReader(path) as session:
        assert session.state == "recording"
        writer.close(END_NS)
        assert session.state == "closed"
    session_files.interrupt(path)
    assert list(path.parent.iterdir()) == [path]
    with SessionReader(path) as session:
        assert (session.state, session.ended_t_ns) == ("closed", END_NS)


def test_readers_and_the_writer_do_not_hinder_each_other(writer: SessionWriter, path: Path) -> None:
    problems: list[str] = []

    def read() -> None:
        for _ in range(20):
            with SessionReader(path) as session:
                for samples in session.samples(0):
                    if len(samples.index) != 50:
                        problems.append(f"{len(samples.index)} samples")

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(100):
        writer.put(block(0, 50 * number))
        writer.commit()
    assert writer.flush(10.0)
    reader.join()
    assert not problems
    assert writer.error is None
