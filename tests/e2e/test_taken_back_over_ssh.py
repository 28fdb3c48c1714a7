"""What is taken back or struck out here is replaced at a real sshd, when a sync gets there."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from recorder.store.check import verify
from recorder.store.note_rows import NoteMarkerRow
from recorder.store.notes import open_notes
from recorder.store.rows import MarkerRow
from tests.e2e.synced_box import NEW, Box, sha256
from tests.e2e.synced_box import finish as leave_hash
from tests.recorder import session_files
from tests.recorder.sync.workstation import CAN_RUN, WHY_NOT

pytestmark = pytest.mark.skipif(not CAN_RUN, reason=WHY_NOT)

NAME = b"Frau Huber"


@pytest.fixture
def named(box: Box) -> Box:
    """A box with a session in which a name was typed, in a mark and in the notes; synced."""
    box.big.unlink()
    rows = [*session_files.usual_rows(), MarkerRow(session_files.START_NS, "Frau Huber laughs")]
    session_files.write(box.big, rows)
    leave_hash(box.big)
    with open_notes(box.big, "0badcafe") as notes:
        notes.add(NoteMarkerRow(5, "Frau Huber sings", "rater", "R1", 0))
    assert box.sync()[0] == 0
    assert in_bytes(box.far.inbox, NAME)
    return box


def in_bytes(directory: Path, word: bytes) -> list[str]:
    """The files of a session in which a word stands."""
    files = [path for path in directory.rglob(f"*{NEW}*") if path.is_file()]
    return sorted(path.name for path in files if word in path.read_bytes())


@contextmanager
def away(box: Box) -> Iterator[None]:
    """The workstation's directory is not there for a while."""
    aside = box.far.directory / "away"
    shutil.move(box.far.inbox, aside)
    try:
        yield
    finally:
        shutil.move(aside, box.far.inbox)


def old_copies(box: Box) -> list[str]:
    ran = box.shell(*box.words("consent", NEW, "--json"))
    assert ran.code == 0
    return list(ran.json["old_copies"])


def require_replaced(box: Box) -> None:
    """That all of the session there is what is here, and sound; nothing else is there."""
    ours = [path for path in box.big.parent.glob(f"{NEW}*") if path.is_file()]
    theirs = box.far.inbox.glob(f"*{NEW}*")
    assert {path.name: sha256(path) for path in theirs} == {it.name: sha256(it) for it in ours}
    assert verify(box.far.inbox / box.big.name).problems == ()


def test_what_somebody_takes_back_is_gone_from_the_workstation_when_it_can_be_reached(
    named: Box,
) -> None:
    assert in_bytes(named.far.inbox, b"P01") == [named.big.name]
    before = sha256(named.big)
    words = ("--role", "patient", "--withdraw", "eeg", "--apply")
    code, stdout, _ = named.run(*named.words("consent", NEW, *words))
    assert code == 0
    assert f"{named.far.inbox}: antiphon sync replaces it" in stdout
    assert sha256(named.big) != before
    for _ in range(2):
        with away(named):
            code, text = named.failure()
            assert (code, "antiphon: ward: " in text) == (73, True)
            assert len(old_copies(named)) == 1
        assert sha256(named.far.inbox / named.big.name) == before
    assert named.sync()[0] == 0
    require_replaced(named)
    assert in_bytes(named.far.inbox, b"P01") == []
    assert old_copies(named) == []
    named.far.line.again()
    assert named.sync() == (0, "ward  nothing to copy\n", "")


def test_what_is_struck_out_is_gone_from_the_workstation_when_it_can_be_reached(
    named: Box,
) -> None:
    words = ("--text", "huber", "--apply")
    code, stdout, _ = named.run(*named.words("strike", NEW, *words))
    assert (code, stdout.splitlines()[-1].startswith("the old file is still at ")) == (0, True)
    assert in_bytes(named.sessions, NAME) == []
    with away(named):
        assert named.failure()[0] == 73
        assert len(old_copies(named)) == 1
    assert len(in_bytes(named.far.inbox, NAME)) == 2
    assert named.sync()[0] == 0
    require_replaced(named)
    assert in_bytes(named.far.inbox, NAME) == []
    assert old_copies(named) == []


def test_a_cut_while_the_copy_is_replaced_leaves_one_of_both_whole(named: Box) -> None:
    before = sha256(named.far.inbox / named.big.name)
    assert named.run(*named.words("strike", NEW, "--text", "huber", "--apply"))[0] == 0
    for sent_bytes in (3_000, 9_000, 15_000):
        named.far.line.again()
        named.far.line.when(sent_bytes, named.far.line.cut)
        assert named.sync()[0] == 75
        assert sha256(named.far.inbox / named.big.name) in (before, sha256(named.big))
    named.far.line.again()
    assert named.sync()[0] == 0
    require_replaced(named)


@pytest.mark.parametrize("text", ["laughs", "sings"])  # in the session, in its notes
def test_a_name_struck_out_that_a_forgotten_workstation_still_has_is_69(
    named: Box, text: str
) -> None:
    words = named.words("strike", NEW, "--text", text, "--apply")
    file = named.directory / "antiphon.toml"
    file.write_text(file.read_text().replace("127.0.0.1", "elsewhere"))
    code, _, complaint = named.run(*words)
    assert code == 69
    assert f"still at {named.far.fields()['user']}@127.0.0.1:" in complaint
    assert "it is not configured any more" in complaint
