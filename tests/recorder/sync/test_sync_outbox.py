from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from recorder.failure import Refused
from recorder.store.note_rows import NoteMarkerRow
from recorder.store.notes import open_notes
from recorder.sync.delivery import Place, deliver_all
from recorder.sync.finished import seal
from recorder.sync.outbox import AS_IT_IS, Outbox
from recorder.sync.receipts import Receipts
from tests.recorder import session_files
from tests.recorder.sync.directory_link import DirectoryLink

pyrage = pytest.importorskip("pyrage")
ID = "20260101T080000Z-aaaa"


@pytest.fixture
def identity() -> Any:
    return pyrage.x25519.Identity.generate()


@pytest.fixture
def outbox(tmp_path: Path, identity: Any) -> Outbox:
    return Outbox(tmp_path / "outbox" / "ward", str(identity.to_public()))


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    return write_notes(tmp_path / f"{ID}.notes", "what was said")


def write_notes(path: Path, label: str) -> Path:
    """Real notes: damaged ones are not sealed."""
    with TemporaryDirectory() as directory:
        session = session_files.write(Path(directory) / f"{ID}.antiphon", [])
        with open_notes(session) as notes:
            notes.add(NoteMarkerRow(session_files.START_NS, label, "post", "R1", 1))
        path.write_bytes(notes.path.read_bytes())
    return path


def waiting(outbox: Outbox) -> list[Path]:
    return [path for path in outbox.directory.rglob("*") if path.is_file()]


def test_the_same_parcel_is_sent_until_it_is_thrown_away(outbox: Outbox, notes: Path) -> None:
    first, again = outbox.wrap(seal(notes)), outbox.wrap(seal(notes))
    assert first == again
    assert [first.path.name] == outbox.names_of(notes) == [f"{ID}.notes.age"]
    outbox.throw_away(notes)
    assert waiting(outbox) == []
    assert outbox.wrap(seal(notes)).sha256 != first.sha256


def test_a_file_that_changed_or_has_another_key_is_another_parcel(
    outbox: Outbox, notes: Path
) -> None:
    first = outbox.wrap(seal(notes))
    write_notes(notes, "what was said later")
    second = outbox.wrap(seal(notes))
    other = Outbox(outbox.directory, str(pyrage.x25519.Identity.generate().to_public()))
    third = other.wrap(seal(notes))
    assert len({first.sha256, second.sha256, third.sha256}) == 3
    assert waiting(outbox) == [third.path]


def test_a_half_made_parcel_is_not_sent(outbox: Outbox, notes: Path, identity: Any) -> None:
    parcel = outbox.wrap(seal(notes)).path
    parcel.rename(parcel.with_name(f"{parcel.name}.new")).write_bytes(b"half")
    again = outbox.wrap(seal(notes)).path
    assert pyrage.decrypt(again.read_bytes(), [identity]) == notes.read_bytes()
    assert waiting(outbox) == [again]


def test_no_room_for_a_parcel_refuses_the_file_and_leaves_nothing(
    outbox: Outbox, notes: Path, tmp_path: Path
) -> None:
    (tmp_path / "outbox").write_bytes(b"in the way")
    with pytest.raises(Refused) as refused:
        outbox.wrap(seal(notes))
    assert refused.value.code == 73


def test_without_a_key_things_leave_as_they_are(notes: Path) -> None:
    assert AS_IT_IS.wrap(seal(notes)) == seal(notes)
    assert AS_IT_IS.names_of(notes) == [notes.name]
    AS_IT_IS.throw_away(notes)
    assert notes.exists()


@pytest.fixture
def place(tmp_path: Path, outbox: Outbox) -> Place:
    (tmp_path / "ward").mkdir()
    link = DirectoryLink(tmp_path / "ward")
    return Place(link, Receipts(tmp_path, "ward", link.address, outbox.key), outbox=outbox)


def test_one_that_arrived_before_its_receipt_was_written_is_not_sent_again(
    tmp_path: Path, place: Place, outbox: Outbox
) -> None:
    path = session_files.write(tmp_path / f"{ID}.antiphon", [session_files.block(0, 0)])
    parcel = outbox.wrap(seal(path))
    (tmp_path / "ward" / parcel.path.name).write_bytes(parcel.path.read_bytes())
    [outcome] = deliver_all([path], place)
    assert outcome.state == "already there"
    receipt = place.receipts.of(path)
    assert receipt is not None
    assert receipt.held == {parcel.path.name: parcel.sha256}
    assert waiting(outbox) == []


def test_a_lost_receipt_replaces_the_copy_by_one_that_is_known(
    tmp_path: Path, place: Place, identity: Any
) -> None:
    path = session_files.write(tmp_path / f"{ID}.antiphon", [session_files.block(0, 0)])
    copy = tmp_path / "ward" / f"{path.name}.age"
    copy.write_bytes(b"cannot be told from here")
    [outcome] = deliver_all([path], place)
    assert outcome.state == "copied"
    assert pyrage.decrypt(copy.read_bytes(), [identity]) == path.read_bytes()


def test_a_plain_copy_is_no_encrypted_one_and_one_for_another_key_is_none_for_this(
    tmp_path: Path, place: Place
) -> None:
    path = session_files.write(tmp_path / f"{ID}.antiphon", [session_files.block(0, 0)])
    list(deliver_all([path], place))
    for key in ("", "age1other"):
        assert Receipts(tmp_path, "ward", place.link.address, key).of(path) is None
    assert place.receipts.of(path) is not None
