"""What was typed by mistake is gone from the session, from its notes, and from the copies."""

from pathlib import Path

import pytest

from recorder.privacy.striking import strike, typed
from recorder.store.beside import sha256_of, stored_sha256
from recorder.store.check import verify
from recorder.store.note_files import merge
from recorder.store.note_rows import STRUCK, NoteMarkerRow, TranscriptRow
from recorder.store.notes import open_notes
from recorder.store.reader import SessionReader
from tests.recorder import session_files
from tests.recorder.command_line import Shell
from tests.recorder.privacy.withdrawn import ID, MADE_NS, make

LAUGHS = "P01 laughs at t01"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = make(tmp_path / "sessions")
    with open_notes(path, "0badcafe") as notes:
        notes.add(NoteMarkerRow(5, "Frau Huber sings", "rater", "R1", 0))
        notes.add(TranscriptRow(6, 7, "patient", "I am Frau Huber", "asr", 0))
        notes.add(NoteMarkerRow(8, "stays", "rater", "R1", 0))
    return path


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(capsys, monkeypatch)


def everything(path: Path) -> bytes:
    return b"".join(it.read_bytes() for it in path.parent.iterdir() if it.is_file())


def test_a_text_is_gone_from_the_session_and_all_else_stays(path: Path) -> None:
    before = [it.text for it in typed(path)]
    strike(path, [it for it in typed(path) if it.text == LAUGHS], MADE_NS)
    assert [it.text for it in typed(path)] == [it for it in before if it != LAUGHS]
    assert LAUGHS.encode() not in everything(path)
    assert verify(path).problems == ()
    assert stored_sha256(path) == sha256_of(path)
    with SessionReader(path) as session:
        assert STRUCK in [it.label for it in session.markers()]
        assert [(it.what, it.role) for it in session.redactions()] == [("struck", "")]


def test_a_text_is_gone_from_the_notes_and_the_session_is_not_touched(path: Path) -> None:
    before = path.read_bytes()
    strike(path, [it for it in typed(path) if "Huber" in it.text], MADE_NS)
    assert b"Huber" not in everything(path)
    assert path.read_bytes() == before
    assert verify(path).problems == ()
    with open_notes(path, "0badcafe") as notes:
        assert [it.label for it in notes.read(NoteMarkerRow)] == [STRUCK, "stays"]
        notes.add(NoteMarkerRow(9, "new", "rater", "R1", 0))
    assert verify(path).problems == ()


def test_what_is_struck_here_does_not_come_back_from_the_other_side(
    path: Path, tmp_path: Path
) -> None:
    ours = path.with_name(f"{ID}.m0badcafe.notes")
    theirs = tmp_path / ours.name
    with open_notes(path, "0badcafe") as notes:
        notes.add(NoteMarkerRow(10, "only there", "rater", "R1", 0))
    theirs.write_bytes(ours.read_bytes())
    strike(path, [it for it in typed(path) if "Huber" in it.text], MADE_NS)
    assert merge(ours, theirs, path) == (False, True)
    assert b"Huber" not in ours.read_bytes()
    with open_notes(path, "0badcafe") as notes:
        assert [it.text for it in notes.read(TranscriptRow)] == [STRUCK]


def test_what_is_struck_there_and_not_here_is_told_and_nothing_is_brought_back(
    path: Path, tmp_path: Path
) -> None:
    ours = path.with_name(f"{ID}.m0badcafe.notes")
    before = ours.read_bytes()
    strike(path, [it for it in typed(path) if "Huber" in it.text], MADE_NS)
    theirs = tmp_path / ours.name
    theirs.write_bytes(ours.read_bytes())
    ours.write_bytes(before)
    with pytest.raises(ValueError, match="struck out there"):
        merge(ours, theirs, path)
    assert ours.read_bytes() == before


def test_marks_are_listed_and_struck_by_number_or_text(path: Path, shell: Shell) -> None:
    where = ("--sessions", path.parent.parent)
    listed = shell("strike", ID, "--json", *where).json["texts"]
    [number] = [one["number"] for one in listed if one["text"] == LAUGHS]
    ran = shell("strike", ID, number, *where)
    assert (ran.code, ran.out) == (0, f"{number:>3}  {LAUGHS}  would be\n")
    assert LAUGHS.encode() in everything(path)
    assert shell("strike", ID, number, "--apply", *where).code == 0
    assert LAUGHS.encode() not in everything(path)
    assert (
        len(shell("strike", ID, "--text", "huber", "--apply", "--json", *where).json["texts"]) == 2
    )
    assert b"Huber" not in everything(path)


@pytest.mark.parametrize(
    ("words", "code"),
    [(("--apply",), 64), (("99", "--apply"), 66), (("--text", "nobody"), 66), (("0",), 64)],
)
def test_what_cannot_be_meant_is_refused(
    path: Path, shell: Shell, words: tuple[str, ...], code: int
) -> None:
    before = everything(path)
    assert shell.failure("strike", ID, *words, "--sessions", path.parent.parent)[0] == code
    assert everything(path) == before


def test_while_it_is_recorded_nothing_is_struck(tmp_path: Path, shell: Shell) -> None:
    writer = session_files.start(tmp_path / f"{ID}.antiphon")
    try:
        assert writer.flush(10.0)
        words = ("strike", ID, "--text", "x", "--apply", "--sessions", tmp_path)
        assert shell.failure(*words)[0] == 75
    finally:
        writer.close(session_files.START_NS)
