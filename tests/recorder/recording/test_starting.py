import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hardware.board import Block, BoardFault, BoardInfo, BoardState, FaultKind, Gap
from hardware.cyton.board import CytonBoard
from recorder import __version__, wall_clock
from recorder.recording.leftovers import Leftovers
from recorder.recording.recorder import Recorder
from recorder.recording.session import Session
from recorder.recording.starting import begin, make_wearers, prepare
from recorder.settings.board import BoardSettings
from recorder.settings.file import Config
from recorder.store.check import verify
from recorder.store.files import files_of
from recorder.store.finish import unclean_stops
from recorder.store.reader import SessionReader
from recorder.store.rows import FrameRow, Row
from recorder.store.writer import SessionWriter
from recorder.wearers.whose import Whose
from tests.recorder import session_files
from tests.recorder.bedside import PEOPLE, Bedside
from tests.recorder.bounded import wait_until
from tests.recorder.scripted_board import INFO, Air, Clock, ScriptedBoard, eeg
from tests.recorder.session_files import START_NS, block, gap, knot

KILLED_S = 8.0
BACK_S = 12.0


def copy_growing(growing: Path, directory: Path) -> Path:
    """What a power cut or `kill -9` would leave of a file that is being written."""
    directory.mkdir(exist_ok=True)
    for file in files_of(growing):
        if not file.name.endswith("-shm"):
            shutil.copy(file, directory / file.name)
    return directory / growing.name


def left_with(directory: Path, rows: list[Row]) -> Path:
    """A session of this boot that holds `rows` and was never ended."""
    growing = directory / "growing"
    growing.mkdir(parents=True)
    path = growing / "20261123T040000Z-1f3a.antiphon"
    header = session_files.header(path.stem, wall_clock.boot_id())
    writer = SessionWriter.create(path, header, period_s=30.0)
    for row in rows:
        assert writer.put(row)
    assert writer.flush(10.0)
    left = copy_growing(path, directory / "sessions")
    writer.close(START_NS)
    return left


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """What a service that recorded 8 s and was then killed has left."""
    bed = Bedside(tmp_path / "growing")
    bed.stream_both(KILLED_S)
    session = bed.start()
    bed.run_until(5.0)
    bed.recorder.mark("music starts")
    bed.run_until(KILLED_S + 0.5)
    bed.recorder.mark("shift")
    wait_until(lambda: session.saved_s > KILLED_S - 0.1)
    left = copy_growing(session.path, tmp_path / "sessions")
    bed.stop()
    return left


def resumed(path: Path) -> Session:
    session = back(path.parent).detach()
    assert session is not None
    return session


def back(directory: Path, after_s: float = BACK_S, within_s: float = 3600.0) -> Recorder:
    """The service is back, so long after the session was begun."""
    config = Config(sessions=str(directory), resume_within_s=within_s)
    return prepare(config, lambda: START_NS + round(after_s * 1e9))


def ended(path: Path) -> Path:
    """Where a session file is when the service has put it away."""
    Leftovers(path.parent, list).clear()
    return path.parent / "done" / path.name


def test_nothing_is_begun_while_two_boards_are_heard_where_one_should_be(tmp_path: Path) -> None:
    bed = Bedside(tmp_path)
    text = "two boards on one channel"
    bed.boards[1].plan_state(bed.at(1.0), BoardState.LOST, text, FaultKind.CROWDED)
    bed.boards[1].plan_state(bed.at(3.0), BoardState.STREAMING)
    bed.run_until(2.0)
    with pytest.raises(BoardFault, match=f"therapist: {text}"):
        bed.start()
    assert list(tmp_path.iterdir()) == []
    bed.run_until(4.0)
    bed.start()
    bed.stop()


def test_a_killed_session_is_resumed_in_the_same_file(left: Path) -> None:
    before = verify(left)
    session = resumed(left)
    assert session.path == left
    assert session.past.next_segments == (1, 1)
    assert (session.markers, session.last_marker) == (2, "shift")
    assert session.elapsed_s == session.saved_s == pytest.approx(KILLED_S, abs=0.1)

    bed = Bedside(left.parent)
    bed.air = tuple(Air(eeg(3), first_segment=one) for one in session.past.next_segments)
    bed.clock.advance(BACK_S)
    bed.recorder.attach(session)
    bed.stream_both(16.0, begin_s=BACK_S)
    bed.run_until(BACK_S + 15.0)
    bed.recorder.mark("music ends")
    assert bed.stop() == left

    after = verify(ended(left))
    assert (after.state, after.problems) == ("closed", ())
    added = sum(board.tally.samples for board in bed.boards)
    assert after.counts["samples"] == before.counts["samples"] + added
    assert added > 7000
    with SessionReader(ended(left)) as file:
        assert [file.segments(board) for board in (0, 1)] == [[0, 1], [0, 1]]
        gaps = [(one.board, one.segment, one.n, one.cause) for one in file.gaps()]
        spans_s = [(one.end_ns - one.begin_ns) * 1e-9 for one in file.gaps()]
        labels = [(marker.id, marker.label) for marker in file.markers()]
        series = [one.id for one in file.series()]
        measured = {one.series.id for one in file.measures() if len(one.t_ns)}
    assert gaps == [(0, 1, 0, "restart"), (1, 1, 0, "restart")]
    assert spans_s == [pytest.approx(BACK_S - KILLED_S, abs=0.1)] * 2
    assert labels == [(1, "music starts"), (2, "shift"), (3, "music ends")]
    assert series == list(range(1, len(series) + 1))
    assert measured == set(series)
    assert len(series) == 2 * session.past.next_series_id - 2


def test_boards_resume_with_the_segment_after_the_newest(left: Path) -> None:
    recorder = back(left.parent)
    assert recorder.session is not None
    assert [type(wearer.board) for wearer in recorder.wearers] == [CytonBoard, CytonBoard]
    assert recorder.session.past.next_segments == (1, 1)
    recorder.session.close(recorder.session.past.newest_ns)


def test_a_segment_of_which_only_a_gap_or_a_knot_was_saved_is_not_used_again(
    tmp_path: Path,
) -> None:
    rows: list[Row] = [block(0, 0), block(1, 0), gap(0, 0, 0, segment=3)]
    rows.append(replace(knot(1, 0, t_ns=START_NS, period_ns=4e6), segment=5))
    session = resumed(left_with(tmp_path, rows))
    assert session.past.next_segments == (4, 6)
    session.close(START_NS)


def test_a_session_that_holds_nothing_yet_begins_with_its_first_segment(tmp_path: Path) -> None:
    session = resumed(left_with(tmp_path, []))
    assert session.past.next_segments == (0, 0)
    assert session.past.newest_ns == START_NS
    assert (session.markers, session.past.next_series_id) == (0, 1)
    session.close(START_NS)


def test_nobody_is_asked_who_is_who_in_a_session_that_holds_nothing_yet(
    tmp_path: Path, left: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remembered: list[object] = []
    monkeypatch.setattr(Whose, "remember", lambda _, known: remembered.append(known))
    for path in (left_with(tmp_path / "begun", []), left):
        resumed(path).close(START_NS + 20 * 10**9)
    assert len(remembered) == 1


def test_markers_that_were_taken_back_do_not_stop_new_ones(tmp_path: Path) -> None:
    """The file numbers markers; an undo is one of them."""
    path = left_with(tmp_path, session_files.usual_rows())
    session = resumed(path)
    assert (session.markers, session.last_marker) == (1, "music, ends")
    session.mark(START_NS + 4 * 10**9, "after")
    session.close(START_NS + 5 * 10**9)
    assert verify(ended(path)).problems == ()
    with SessionReader(ended(path)) as file:
        assert [marker.label for marker in file.markers()] == ["music, ends", "after"]


def test_a_session_of_another_boot_ends_as_interrupted(
    left: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wall_clock, "boot_id", lambda: "another boot")
    assert back(left.parent).session is None
    assert verify(ended(left)).state == "interrupted"
    assert not list(left.parent.glob("*.antiphon*"))


def test_a_session_that_was_ended_is_only_put_away(tmp_path: Path) -> None:
    path = session_files.write(tmp_path / "ended.antiphon", session_files.usual_rows())
    before = path.read_bytes()
    assert back(tmp_path).session is None
    assert path.read_bytes() == before
    assert verify(ended(path)).state == "closed"
    assert unclean_stops(tmp_path) == 0


@pytest.mark.parametrize(("after_s", "is_resumed"), [(60.0, True), (70.0, False)])
def test_a_session_is_resumed_only_for_so_long(
    left: Path, after_s: float, is_resumed: bool
) -> None:
    session = back(left.parent, after_s, within_s=60.0).detach()
    assert (session is not None) == is_resumed
    if session is not None:
        session.close(session.past.newest_ns)
    assert verify(ended(left)).state == ("closed" if is_resumed else "interrupted")


def test_of_several_that_were_left_all_but_the_newest_are_ended(left: Path) -> None:
    older = copy_growing(left, left.parent / "older")
    with closing(sqlite3.connect(older)) as file:
        file.execute("UPDATE session SET id = '20200101T000000Z-0000'")
        file.commit()
    older = older.rename(left.with_name("20200101T000000Z-0000.antiphon"))
    session = resumed(left)
    assert verify(ended(older)).state == "interrupted"
    assert unclean_stops(left.parent) == 1
    session.close(session.past.newest_ns)
    assert verify(ended(left)).state == "closed"


def test_each_service_that_died_in_mid_session_is_counted_and_written_down(left: Path) -> None:
    again = copy_growing(left, left.parent / "again")
    session = resumed(left)
    session.close(session.past.newest_ns)
    with SessionReader(ended(left)) as file:
        told = file.query("SELECT text FROM event WHERE kind = 'recovery'")
    assert told == [("the service had died 4.0 s before",)]
    ended(left).unlink()
    for suffix in ("", "-wal"):
        shutil.move(f"{again}{suffix}", f"{left}{suffix}")
    resumed(left).close(START_NS + 20 * 10**9)
    assert unclean_stops(left.parent) == 2


def test_what_was_half_made_is_swept_up(left: Path) -> None:
    stray = left.with_name("20300101T000000Z-0000.antiphon.new")
    stray.write_bytes(b"half")
    resumed(left).close(START_NS + 20 * 10**9)
    assert not stray.exists()


@pytest.mark.parametrize(
    "other", [{"kind": "cyton-daisy"}, {"rate_hz": 125.0}, {"aux_labels": ("x",)}, {"channels": 4}]
)
def test_another_board_ends_the_session_and_none_of_its_samples_are_recorded(
    left: Path, other: dict[str, Any]
) -> None:
    boards = (INFO, replace(INFO, **other))
    session = resumed_with(left, boards)
    for place, info in enumerate(boards):
        for _, event in Air(info=info, first_segment=1).stretch(START_NS + 12 * 10**9, range(50)):
            if isinstance(event, Block):
                session.take_block(place, event)
            elif isinstance(event, Gap):
                session.take_gap(place, event)
    assert session.stranger.startswith("the therapist's board is not the one")
    before = verify(left).counts["samples"]
    session.close(START_NS + 13 * 10**9)
    assert verify(ended(left)).problems == ()
    assert verify(ended(left)).counts["samples"] == before + 50


def resumed_with(left: Path, infos: tuple[BoardInfo, BoardInfo]) -> Session:
    """The session, when these boards are there."""
    recorder = back(left.parent)
    session = recorder.detach()
    assert session is not None
    for wearer, info in zip(recorder.wearers, infos, strict=True):
        wearer.board = ScriptedBoard(Clock(), info=info)
        wearer.board.open()
    return session


def test_a_damaged_file_does_not_keep_the_service_from_starting(left: Path) -> None:
    damaged = left.with_name("20300101T000000Z-0000.antiphon")
    damaged.write_bytes(left.read_bytes()[:5000])
    session = resumed(left)
    assert session.path == left
    session.close(session.past.newest_ns)


@pytest.mark.parametrize("content", [b"", b"torn", b"SQLite format 3\0" + bytes(5000)])
def test_what_is_no_session_file_is_left_alone_with_a_warning(
    left: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    strange = left.with_name("20300101T000000Z-0000.antiphon")
    strange.write_bytes(content)
    session = resumed(left)
    session.close(session.past.newest_ns)
    assert strange.read_bytes() == content
    names = {path.name for path in left.parent.iterdir()}
    assert names == {strange.name, "unclean-stops", left.name}
    assert f"left alone: {strange}: not a session file" in caplog.text


@pytest.mark.parametrize(("after_s", "is_resumed"), [(BACK_S, True), (7200.0, False)])
def test_an_interrupted_session_is_opened_once_and_handed_on(
    left: Path, monkeypatch: pytest.MonkeyPatch, after_s: float, is_resumed: bool
) -> None:
    opened: list[str] = []
    connect = sqlite3.connect

    def counted(database: Any, **how: Any) -> sqlite3.Connection:
        opened.append(str(database))
        connection: sqlite3.Connection = connect(database, **how)
        return connection

    monkeypatch.setattr(sqlite3, "connect", counted)
    session = back(left.parent, after_s).detach()
    assert [name for name in opened if left.name in name] == [f"{left.as_uri()}?mode=rw"]
    assert (session is not None) == is_resumed
    if session is not None:
        session.mark(START_NS + 10**10, "after")
        session.close(START_NS + 2 * 10**10)
    assert verify(ended(left)).problems == ()


@pytest.mark.parametrize("damage", ["UPDATE gap SET segment = 'x'", "UPDATE frame SET seq = 'x'"])
def test_a_number_that_damage_has_made_a_text_is_a_warning(
    tmp_path: Path, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    """SQLite would not write it; what a card makes of a page, it reads."""
    path = left_with(tmp_path, [gap(0, 0, 5), FrameRow("camera", 7, START_NS)])
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA writable_schema = ON")
        file.execute("UPDATE sqlite_schema SET sql = replace(sql, ') STRICT', ')')")
        file.commit()
    with closing(sqlite3.connect(path)) as file:
        file.execute(damage)
        file.commit()
    assert back(path.parent).session is None
    assert "left alone: invalid literal for int() with base 10: 'x'" in caplog.text


def test_no_directory_is_no_session(tmp_path: Path) -> None:
    recorder = prepare(Config(sessions=str(tmp_path / "none")))
    assert recorder.session is None
    assert recorder.measures is None


def test_ports_and_mains_are_those_of_the_configuration() -> None:
    config = Config(patient=BoardSettings(port="/dev/a"), therapist=BoardSettings(port="/dev/b"))
    wearers = make_wearers(config)
    assert [(one.role, one.status(None).port) for one in wearers] == [
        ("patient", "/dev/a"),
        ("therapist", "/dev/b"),
    ]


def test_a_new_session_says_what_is_recorded(tmp_path: Path) -> None:
    therapists = BoardSettings(reference="A1", channels=("F3", "V"), kinds={"V": "eog"})
    bed = Bedside(tmp_path, config=Config(therapist=therapists))
    session = bed.start()
    bed.stop()
    with SessionReader(session.path) as file:
        header = file.header
    assert session.path == tmp_path / f"{header.id}.antiphon"
    assert (header.boot_id, header.software_version) == (wall_clock.boot_id(), __version__)
    assert header.started_t_ns == bed.at(0)
    assert {person.role: person.code for person in header.persons} == {
        "patient": "P01",
        "therapist": "T01",
    }
    patient, therapist = header.boards
    assert (patient.id, patient.role, len(patient.channels)) == (0, "patient", 8)
    assert (therapist.id, therapist.role) == (1, "therapist")
    assert [(one.label, one.kind, one.reference) for one in therapist.channels] == [
        ("F3", "eeg", "A1"),
        ("V", "eog", "A1"),
    ]
    assert therapist.channels[0].scale == bed.boards[1].open().uv_per_count


@pytest.mark.parametrize("fault", ["", "/dev/ttyUSB1: no such port"])
def test_a_board_that_was_never_seen_is_named(tmp_path: Path, fault: str) -> None:
    bed = Bedside(tmp_path / "sessions", known=(True, False))
    bed.boards[1].plan_state(bed.at(0), BoardState.LOST, fault)
    bed.recorder.tick()
    with pytest.raises(BoardFault, match=f"the therapist's board.*{fault or 'still opening'}"):
        begin(bed.config, bed.recorder.wearers, PEOPLE, bed.clock())
    assert not (tmp_path / "sessions").exists()
