"""What the lists of sessions tell of one that is put away, kept beside it: `done/.<id>.card`.

To open a session file takes milliseconds, and there may be thousands. A card counts only while the
file is the one that it was made of, by inode, length and times, and while its own checksum is
right. Of these no program can set the time of change: a file that was put back with its old date
has another. What no card notices is a bit that the disk has turned; whoever copies or checks a
session reads it and its hash. A card holds codes of persons: it goes when its session goes.
"""

import os
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from recorder.store.calendar import begun
from recorder.store.coverage import coverages
from recorder.store.files import DONE, SUFFIX
from recorder.store.headers import Person
from recorder.store.reader import SessionReader
from recorder.store.rows import GapRow

CARD = ".card"
FORMAT = 5

Identity = tuple[int, int, int, int, int]


class Card(msgspec.Struct, frozen=True):
    """A session in a line: as in recorder.store.catalog.Entry, with its date and persons.

    Attributes:
        created_utc_ns: its start, by its own pairs of clocks; `created_is_certain` when a server
            disciplined the time of day.
        boot_id: the boot whose CLOCK_MONOTONIC `started_t_ns` is of.
        codes: of its persons.
        roles: of each of `codes`.
        consent: what each of them has agreed to: eeg, video, share.
        practice: it is nobody's session, and neither copied nor counted.
        box: the machine that recorded it, "" where it has no name.
        usable: share of it that is of use, of each of `codes`, see coverage.py; None: not known.
        marks: how many were made while it was recorded; None when that cannot be read.
    """

    id: str
    state: str
    created_utc_ns: int
    created_is_certain: bool
    boot_id: str
    started_t_ns: int
    duration_s: float
    codes: tuple[str, ...]
    usable: tuple[float | None, ...]
    marks: int | None
    roles: tuple[str, ...] = ()
    consent: tuple[tuple[str, ...], ...] = ()
    practice: bool = False
    box: str = ""


class _Kept(msgspec.Struct, frozen=True):
    of: Identity
    card: Card


def card_of(path: Path) -> Card:
    """What the session file at `path` says of itself, by its card if there is a good one.

    Makes the card of a session that is put away; where that cannot be written, it does without.

    Raises:
        OSError, ValueError: see SessionReader.
    """
    if path.parent.name != DONE:
        return _read(path)
    identity = _identity(path)
    kept = _kept(path)
    if kept is not None and kept.of == identity:
        return kept.card
    card = _read(path)
    with suppress(OSError):
        _write(path, _Kept(identity, card))
    return card


def card_from(session: SessionReader, state: str = "", more: Sequence[GapRow] = ()) -> Card:
    """The card of an open session, or of what it will be in `state` and with `more` gaps.

    Raises:
        ValueError: it is damaged.
    """
    header = session.header
    created_utc_ns, is_certain = begun(session.clock_pairs(), header.started_t_ns)
    return Card(
        id=header.id,
        state=state or session.state,
        created_utc_ns=created_utc_ns,
        created_is_certain=is_certain,
        boot_id=header.boot_id,
        started_t_ns=header.started_t_ns,
        duration_s=(session.ended_t_ns - header.started_t_ns) / 1e9,
        codes=tuple(person.code for person in header.persons),
        usable=_usable(session, more),
        marks=_marks(session),
        roles=tuple(person.role for person in header.persons),
        consent=tuple(_agreed(person) for person in header.persons),
        practice=header.practice,
        box=header.box,
    )


def keep_card(path: Path, card: Card) -> None:
    """Write the card of a session that has just been put away at `path`; unless it cannot be."""
    with suppress(OSError):
        _write(path, _Kept(_identity(path), card))


def card_file_of(path: Path) -> Path:
    """Where the card of a session file is, when it has one."""
    return path.with_name(f".{path.name.removesuffix(SUFFIX)}{CARD}")


def sweep_cards(directory: Path) -> None:
    """Delete the cards whose sessions are gone: somebody deleted or moved them by hand.

    Raises:
        OSError: one cannot be deleted.
    """
    for card in (directory / DONE).glob(f".*{CARD}"):
        if not card.with_name(card.name[1:].removesuffix(CARD) + SUFFIX).exists():
            card.unlink(missing_ok=True)


def _read(path: Path) -> Card:
    with SessionReader(path) as session:
        return card_from(session)


def _usable(session: SessionReader, more: Sequence[GapRow]) -> tuple[float | None, ...]:
    """Of each person; that it is not known keeps no session from being listed and put away."""
    try:
        known = {one.role: one.usable for one in coverages(session, more)}
    except ValueError:
        known = {}
    return tuple(known.get(person.role) for person in session.header.persons)


def _agreed(person: Person) -> tuple[str, ...]:
    given = {
        "eeg": person.consent_record,
        "video": person.consent_video,
        "share": person.consent_share,
    }
    return tuple(stream for stream, is_given in given.items() if is_given)


def _marks(session: SessionReader) -> int | None:
    try:
        return len(session.markers())
    except ValueError:
        return None


def _identity(path: Path) -> Identity:
    stat = path.stat()
    return FORMAT, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def _kept(path: Path) -> _Kept | None:
    try:
        checksum, _, content = card_file_of(path).read_bytes().partition(b"\n")
        if checksum == _checksum(content):
            return msgspec.json.decode(content, type=_Kept)
    except (OSError, msgspec.MsgspecError):
        pass
    return None


def _write(path: Path, kept: _Kept) -> None:
    """In place and unhurried: a card that is torn has a wrong checksum, and is made again."""
    content = msgspec.json.encode(kept)
    descriptor = os.open(card_file_of(path), os.O_CREAT | os.O_TRUNC | os.O_WRONLY, 0o640)
    with open(descriptor, "wb") as card:
        card.write(_checksum(content) + b"\n" + content)


def _checksum(content: bytes) -> bytes:
    return b"%08x" % zlib.crc32(content)
