"""A site in which everything is that may be in one."""

import sqlite3
from contextlib import closing
from pathlib import Path

from recorder.privacy.withdrawal import withdraw
from recorder.store.note_rows import ConsentRow
from recorder.store.notes import open_notes
from recorder.sync.tombstones import Tombstone, store
from tests.cohort.people import Meeting, id_of
from tests.recorder import session_files
from tests.recorder.cohort.here import meet

FLIPPED = 40_000


def dyad(number: int) -> str:
    """The id of the session of a dyad."""
    return id_of(Meeting(number, 1, 3))


def bad_site(site: Path) -> Path:
    """Two good sessions, two damaged, three withdrawn in one way or another, and strangers."""
    _, _, damaged, torn, erased, withdrawn, lost = meet(site, range(7))
    content = bytearray(damaged.read_bytes())
    content[FLIPPED] ^= 1
    damaged.write_bytes(content)
    torn.write_bytes(torn.read_bytes()[:5000])
    store(site, Tombstone(erased.stem, "person", "2026-11-01T10:00:00Z"))
    store(site, Tombstone("20251231T100000Z-dead", "session", "2026-11-02T10:00:00Z"))
    withdraw(withdrawn, "patient", "eeg", 1)
    with open_notes(lost) as notes:
        notes.add(ConsentRow("patient", "transcript", given=True, author="X", made_utc_ns=1))
    lost.unlink()
    (site / "nothing.antiphon").touch()
    (site / "letter.antiphon").write_text("Dear colleague, " * 20)
    with closing(sqlite3.connect(site / "other.antiphon")) as other:
        other.execute("CREATE TABLE session (id)")
        other.commit()
    session_files.write(site / "20260105T100000Z-0001.antiphon", [])
    return site
