"""Notes of a box and of a workstation, with syncs between."""

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from recorder.store.beside import notes_files_of
from recorder.store.ledger import enter_all
from recorder.store.note_files import adopt, own_notes_file
from recorder.store.note_rows import NOTE_ROWS, NoteMarkerRow, NoteRow, TranscriptRow
from recorder.store.notes import open_notes
from recorder.sync.delivery import Outcome, Place, deliver_all, to_copy
from recorder.sync.notes import bring_together
from recorder.sync.receipts import Receipts
from recorder.sync.retention import DAY_NS, verdicts
from tests.recorder.sync.conftest import IDS
from tests.recorder.sync.directory_link import DirectoryLink

ID = IDS[0]
BOX, WARD = "aaaaaaaa", "bbbbbbbb"
LATER_NS = 1_795_406_400_000_000_000 + 100 * DAY_NS


@dataclass
class Sides:
    """The box's sessions, the workstation that is their destination, and all that was written."""

    sessions: Path
    link: DirectoryLink
    written: list[NoteRow] = field(default_factory=list)

    @property
    def place(self) -> Place:
        return Place(self.link, Receipts(self.sessions, "ward", self.link.address))

    def session(self, machine: str) -> Path:
        return (self.sessions if machine == BOX else self.link.place) / f"{ID}.antiphon"

    def sync(self) -> list[Outcome]:
        contained: dict[str, str] = {}
        outcomes = [*bring_together(self.sessions, self.place, contained, BOX)]
        paths = to_copy(self.sessions, self.place.receipts)
        return [*outcomes, *deliver_all(paths, self.place, contained=contained)]

    def add(self, machine: str, *rows: NoteRow) -> None:
        with open_notes(self.session(machine), machine) as notes:
            notes.add(*rows)
        self.written += rows

    def marks(self, machine: str) -> list[NoteMarkerRow]:
        with open_notes(self.session(machine), machine) as notes:
            return notes.read(NoteMarkerRow)

    def told(self, machine: str) -> Counter[str]:
        """What a reader is told there, but for the ids, which the files give."""
        with open_notes(self.session(machine), machine) as notes:
            return Counter(row.label for row in notes.read(NoteMarkerRow)) + Counter(
                row.text for row in notes.read(TranscriptRow)
            )

    def expected(self) -> Counter[str]:
        marks = (row for row in self.written if isinstance(row, NoteMarkerRow))
        live = [row.label for row in marks if row.undoes is None]
        lines = [row.text for row in self.written if isinstance(row, TranscriptRow)]
        return Counter(live) + Counter(lines)


@pytest.fixture
def sides(sessions: Path, link: DirectoryLink) -> Sides:
    sides = Sides(sessions, link)
    assert all(not one.problem for one in sides.sync())
    return sides


def mark(label: str, undoes: int | None = None) -> NoteMarkerRow:
    return NoteMarkerRow(len(label), label, "rater", "R1", 0, undoes=undoes)


@dataclass
class Meanwhile:
    """Somebody marks something there while files are under way, once."""

    sides: Sides
    label: str

    def __call__(self) -> None:
        if self.label:
            self.sides.add(WARD, mark(self.label))
            self.label = ""


def edit(sides: Sides, machine: str, number: int, rng: np.random.Generator) -> str:
    """One change there; the label of a mark that it took back, or ""."""
    marks = sides.marks(machine)
    if marks and rng.random() < 0.2:
        row = marks[int(rng.integers(len(marks)))]
        sides.add(machine, mark("undo", row.id))
        return row.label
    if rng.random() < 0.3:
        sides.add(machine, TranscriptRow(number, number + 1, "patient", f"l{number}", "asr", 0))
    else:
        sides.add(machine, mark(f"m{number}"))
    return ""


def test_of_two_hundred_edits_on_both_sides_with_syncs_between_no_row_is_lost(
    sides: Sides,
) -> None:
    rng = np.random.default_rng(1)
    taken_back: Counter[str] = Counter()
    for number in range(200):
        machine = BOX if rng.random() < 0.5 else WARD
        taken_back[edit(sides, machine, number, rng)] = 1
        if rng.random() < 0.2:
            sides.link.meanwhile = Meanwhile(sides, f"m{1000 + number}")
            sides.sync()
            sides.link.meanwhile = lambda: None
    assert all(not one.problem for one in [*sides.sync(), *sides.sync()])
    del taken_back[""]
    expected = sides.expected() - taken_back
    assert sides.told(BOX) == sides.told(WARD) == expected
    assert sides.sync() == []
    first = next(verdicts(sides.sessions, [sides.place], older_than_days=30, utc_ns=LATER_NS))
    assert (first.id, first.kept_because) == (ID, "")


def test_what_the_workstation_wrote_stays_there_when_the_box_writes_too(sides: Sides) -> None:
    sides.add(WARD, mark("there"))
    sides.add(BOX, mark("here"))
    assert {one.state for one in sides.sync()} == {"fetched", "copied", "already there"}
    assert sides.told(BOX) == sides.told(WARD) == Counter(["here", "there"])


def test_notes_of_before_are_read_on_both_sides_and_joined(sides: Sides) -> None:
    """A file of one name on both sides, changed on both since, with the same ids."""
    for machine in (BOX, WARD):
        path = sides.session(machine)
        with open_notes(path, machine) as notes:
            notes.add(mark("both"), mark(f"only {machine}"))
        with closing(sqlite3.connect(notes.path)) as db, db:
            db.execute("UPDATE marker SET id = rowid - (SELECT min(rowid) FROM marker) + 1")
            db.execute("DELETE FROM ledger")
            enter_all(db)
        notes.path.rename(path.with_suffix(".notes"))
    sides.written = [mark("both"), mark(f"only {BOX}"), mark(f"only {WARD}")]
    assert all(not one.problem for one in sides.sync())
    assert not sides.session(BOX).with_suffix(".notes").exists()
    sides.told(WARD)  # opens them
    assert all(not one.problem for one in [*sides.sync(), *sides.sync()])
    assert set(sides.told(BOX)) == set(sides.told(WARD)) == set(sides.expected())


def test_two_machines_of_one_name_still_lose_nothing(sides: Sides) -> None:
    """As when a card was copied: both write a file of one name."""
    for path, label in ((sides.session(BOX), "here"), (sides.session(WARD), "there")):
        with open_notes(path, BOX) as notes:
            notes.add(mark(label))
    assert all(not one.problem for one in [*sides.sync(), *sides.sync()])
    for path in (sides.session(BOX), sides.session(WARD)):
        with open_notes(path, BOX) as notes:
            assert {row.label for row in notes.read(NoteMarkerRow)} == {"here", "there"}


@pytest.mark.parametrize("damage", ["", "torn", "SQLite format 3\0" + "x" * 3000])
def test_damaged_notes_there_are_refused_and_those_here_stay(sides: Sides, damage: str) -> None:
    sides.add(WARD, mark("there"))
    sides.sync()
    own_notes_file(sides.session(WARD), WARD).write_text(damage)
    [refused] = [one for one in sides.sync() if one.problem]
    assert refused.state == "refused"
    assert sides.told(BOX) == Counter(["there"])


def change(notes: Path, label: str) -> None:
    """As a bit that has turned on the disk: it is sound as a database."""
    with closing(sqlite3.connect(notes)) as db, db:
        assert db.execute("UPDATE marker SET label = ?", (label,)).rowcount == 1


def test_damaged_notes_here_are_refused_and_replace_nothing_there(sides: Sides) -> None:
    sides.add(BOX, mark("as written"))
    sides.sync()
    ours = own_notes_file(sides.session(BOX), BOX)
    whole = ours.read_bytes()
    change(ours, "as damaged")
    for _ in range(2):
        refused = [one for one in sides.sync() if one.problem]
        assert {(one.name, one.code) for one in refused} == {(ours.name, 65)}
        assert "it is damaged" in refused[0].problem
        assert (sides.link.place / ours.name).read_bytes() == whole
        judged = verdicts(sides.sessions, [sides.place], older_than_days=30, utc_ns=LATER_NS)
        assert ID not in [it.id for it in judged if not it.kept_because]
    ours.write_bytes(whole)
    assert not [one for one in sides.sync() if one.problem]


def test_notes_there_with_changed_rows_are_refused_and_those_here_stay(sides: Sides) -> None:
    sides.add(WARD, mark("as written"))
    sides.sync()
    theirs = own_notes_file(sides.session(WARD), WARD)
    change(theirs, "as damaged")
    [refused] = [one for one in sides.sync() if one.problem]
    assert (refused.name, refused.state, refused.code) == (theirs.name, "refused", 65)
    assert sides.told(BOX) == Counter(["as written"])


def test_notes_of_another_recording_there_are_refused(sides: Sides) -> None:
    other = sides.link.place / f"{IDS[1]}.antiphon"
    with open_notes(other, WARD) as notes:
        notes.add(mark("not his"))
    notes.path.rename(own_notes_file(sides.session(WARD), WARD))
    [refused] = [one for one in sides.sync() if one.problem]
    assert "another recording" in refused.problem
    assert notes_files_of(sides.session(BOX)) == []


def test_adopting_leaves_what_is_no_notes_alone(sides: Sides) -> None:
    old = sides.session(BOX).with_suffix(".notes")
    old.write_text("shopping list" * 100)
    with pytest.raises(ValueError, match="no notes"):
        adopt(sides.session(BOX), BOX)
    assert old.exists()
    assert any(one.problem for one in sides.sync())


def test_every_kind_of_row_is_brought_together() -> None:
    assert set(NOTE_ROWS) == set(NoteRow.__args__)
