"""The sessions in a directory: one file each, `<id>.antiphon`, those put away in `done/`.

When a session was begun is told by its stored pairs of clocks (calendar.py). A box without a clock
of its own may record before it has heard a time server: such a session is dated by another one of
the same boot, of which CLOCK_MONOTONIC tells how far apart they are. Ids are made by what the
machine believed at the start, and are no dates.
"""

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from recorder.store.card import Card, card_of
from recorder.store.files import DONE, SUFFIX, size_of, where_it_is

# As new_session_id and part_id make them.
OWN_ID = re.compile(r"\d{8}T\d{6}Z-(?:[A-Za-z0-9][A-Za-z0-9_]{0,15}_)?[0-9a-f]{4}(-\d+)?")
LATEST = "latest"  # in the place of an id
UNKNOWN_NS = 1 << 63  # later than any date: what has none is listed last


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the list of sessions.

    Attributes:
        path: the file.
        id: the session, which is also the file's name.
        state: `recording`, `closed`, `interrupted`, or `unreadable`.
        created_utc_ns: when it was begun, as all that is known here says; None when unreadable, as
            are the others.
        duration_s: how long it is, so far.
        size_bytes: on disk, with what lies beside a growing file.
        problem: why it is unreadable, in one line, or "".
        created_is_certain: whether a time server was heard in that session or in its boot.
        codes, roles, consent, usable, marks, practice, box: as on its card (card.py).
    """

    path: Path
    id: str
    state: str
    created_utc_ns: int | None
    duration_s: float | None
    size_bytes: int
    problem: str = ""
    created_is_certain: bool = False
    codes: tuple[str, ...] = ()
    usable: tuple[float | None, ...] = ()
    marks: int | None = None
    roles: tuple[str, ...] = ()
    consent: tuple[tuple[str, ...], ...] = ()
    practice: bool = False
    box: str = ""

    @property
    def ended_utc_ns(self) -> int | None:
        """When it ended; None when that is not certain."""
        if self.created_utc_ns is None or self.duration_s is None or not self.created_is_certain:
            return None
        return self.created_utc_ns + round(self.duration_s * 1e9)


def sessions(directory: Path) -> list[Entry]:
    """All session files of `directory` and its `done/`, oldest first; none where there is none."""
    read = [(path, _read(path)) for path in _paths(directory)]
    best = _most_believable(card for _, card in read if isinstance(card, Card))
    entries = [_entry(path, card, best) for path, card in read]
    return sorted(entries, key=lambda entry: (_order_ns(entry), entry.path.name))


def find(directory: Path, id_or_path: str) -> Path:
    """The session file meant by a path, an id, the beginning of only one id, or LATEST.

    Raises:
        LookupError: there is none, or the beginning fits several.
    """
    path = where_it_is(Path(id_or_path))
    if path.is_file():
        return path
    paths = _paths(directory)
    if id_or_path == LATEST and paths:
        entries = sessions(directory)
        return ([entry for entry in entries if _order_ns(entry) < UNKNOWN_NS] or entries)[-1].path
    exact = [path for path in paths if path.stem == id_or_path]
    matching = exact or [path for path in paths if path.stem.startswith(id_or_path)]
    if len(matching) == 1:
        return matching[0]
    if not matching:
        raise LookupError(f"no session and no file is called {id_or_path!r} in {directory}")
    raise LookupError(f"{id_or_path!r} fits {len(matching)} sessions: give more of the id")


def unfinished(directory: Path) -> list[Path]:
    """Session files that are not put away, oldest first: they grow, or a crash has left them.

    None is opened: whoever means to do something with one finds out what it is.
    """
    return _files(directory)


def new_session_id(utc_ns: int, token: bytes, box: str = "") -> str:
    """An id that sorts by time: 20261123T040000Z-1f3a. `token` is two random bytes.

    The name of the box, if it has one, is in it: 20261123T040000Z-box_3_1f3a. So it is in the names
    of all files of the session, also of copies and exports, and no two boxes can make the same one.
    """
    moment = datetime.fromtimestamp(utc_ns // 1_000_000_000, UTC)
    where = f"{box.replace('-', '_')}_" if box else ""  # a hyphen stands before a part's number
    return f"{moment:%Y%m%dT%H%M%SZ}-{where}{token.hex()}"


def part_id(session_id: str, number: int) -> str:
    """The id of a later part of a session, which sorts behind the earlier ones: …-1f3a-2.

    `number` counts from 2; `session_id` is that of any part.
    """
    return f"{first_id(session_id)}-{number}"


def first_id(session_id: str) -> str:
    """The id of a session's first part, from that of any part."""
    return "-".join(session_id.split("-")[:2])


def part_number(session_id: str) -> int:
    """Which part of its session this is: 1 unless its id says otherwise."""
    words = session_id.split("-")
    return int(words[2]) if len(words) > 2 and words[2].isdecimal() else 1


def _paths(directory: Path) -> list[Path]:
    _require_open(directory)
    paths = _files(directory) + _files(directory / DONE)
    return sorted(paths, key=lambda path: path.name)


def _files(directory: Path) -> list[Path]:
    return sorted(path for path in directory.glob(f"*{SUFFIX}") if path.is_file())


def _require_open(directory: Path) -> None:
    """A directory that may not be looked into is not an empty one; newer Pythons' glob says so."""
    try:
        with os.scandir(directory):
            return
    except (FileNotFoundError, NotADirectoryError):
        return
    except PermissionError as error:
        reason = "only its owner and group may look: whoever joins the group logs in again"
        raise PermissionError(error.errno, reason, str(directory)) from error


def _read(path: Path) -> Card | str:
    """The card of a session, or why there is none."""
    try:
        return card_of(path)
    except (ValueError, OSError) as error:
        return str(error)


def _most_believable(cards: Iterable[Card]) -> dict[str, Card]:
    """The session of each boot that knew best what time of day it was: as calendar.py has it."""
    by_trust = sorted(cards, key=lambda card: (card.created_is_certain, card.started_t_ns))
    return {card.boot_id: card for card in by_trust}


def _entry(path: Path, card: Card | str, best: dict[str, Card]) -> Entry:
    size_bytes = size_of(path)
    if isinstance(card, str):
        return Entry(path, path.stem, "unreadable", None, None, size_bytes, problem=card)
    known = card if card.created_is_certain or not card.boot_id else best[card.boot_id]
    return Entry(
        path=path,
        id=card.id,
        state=card.state,
        created_utc_ns=known.created_utc_ns + card.started_t_ns - known.started_t_ns,
        duration_s=card.duration_s,
        size_bytes=size_bytes,
        created_is_certain=known.created_is_certain,
        codes=card.codes,
        usable=card.usable,
        marks=card.marks,
        roles=card.roles,
        consent=card.consent,
        practice=card.practice,
        box=card.box,
    )


def _order_ns(entry: Entry) -> int:
    """When it was begun; of one that cannot be read, as its name says."""
    if entry.created_utc_ns is not None:
        return entry.created_utc_ns
    try:
        named = datetime.strptime(entry.id[: len("20261123T040000Z")], "%Y%m%dT%H%M%SZ")
    except ValueError:
        return UNKNOWN_NS
    return round(named.replace(tzinfo=UTC).timestamp()) * 1_000_000_000
