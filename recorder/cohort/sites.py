"""Which sessions there are, site by site, and which of them are out of the question at once.

A site is a directory of sessions as the recorder or `sync` leaves it. Of each session it is known
who is in it, when it was, and whether it may be used; nothing of its samples is read here.

    foreign      no session file, though it is called like one
    empty        a file of no bytes, or a session without samples
    damaged      it cannot be read
    recording    it has not ended
    practice     it is nobody's session
    twice        the same session lies here a second time
    withdrawn    it was erased, or somebody has taken the EEG back; not a failure
    unshared     for sharing only: somebody has not agreed to that; not a failure
    failed       anything else; told when it was analysed (job.py)
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from recorder.failure import EX_NOINPUT, EX_USAGE, Failure
from recorder.privacy.consent import refusing
from recorder.settings.board import ROLES
from recorder.store.beside import NOTES, notes_files_of
from recorder.store.catalog import Entry, sessions
from recorder.store.files import APPLICATION_ID_AT, DONE
from recorder.store.note_rows import ConsentRow
from recorder.store.notes import ReadNotes
from recorder.store.reader import SessionReader
from recorder.store.schema import APPLICATION_ID
from recorder.sync.tombstones import tombstones

Kind = Literal[
    "used",
    "foreign",
    "empty",
    "damaged",
    "recording",
    "practice",
    "twice",
    "withdrawn",
    "unshared",
    "failed",
]
FAILURES: Final = ("foreign", "empty", "damaged", "failed")
NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
SHARE, EEG = "share", "eeg"


@dataclass(frozen=True, slots=True)
class Site:
    """A directory of sessions, and what it is called in the results."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class Seen:
    """A session as it was found.

    Attributes:
        site: its name.
        id: of the session; of a file that cannot be read, its name.
        kind: whether it is used, or why not.
        why: the same in a line; "" while nothing is wrong.
        path: of its file; None of one that is gone.
        begun_utc_ns: when it was begun, as far as is known.
        codes: of patient and therapist, "" where there is none.
    """

    site: str
    id: str
    kind: Kind
    why: str = ""
    path: Path | None = None
    begun_utc_ns: int = 0
    codes: tuple[str, ...] = ("", "")

    def but(self, kind: Kind, why: str) -> "Seen":
        """The same, out of the question."""
        return replace(self, kind=kind, why=why)


def sites_of(words: Iterable[str]) -> tuple[Site, ...]:
    """The sites of DIR or NAME=DIR each.

    Raises:
        Failure: there is no such directory, a name cannot be one of a directory, or two are alike.
    """
    found = [_site(word) for word in words]
    names = [it.name for it in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        text = f"two sites would be called {twice[0]}: name them, as in {twice[0]}-2=DIR"
        raise Failure(text, EX_USAGE)
    return tuple(found)


def _site(word: str) -> Site:
    name, given, place = word.partition("=")
    path = Path(place) if given and not Path(word).is_dir() else Path(word)
    if not path.is_dir():
        raise Failure(f"{path}: no such directory", EX_NOINPUT)
    name = name if path == Path(place) and given else path.resolve().name
    if not NAME.fullmatch(name):
        raise Failure(f"{name!r} cannot name a site: give it another, as in SITE={path}", EX_USAGE)
    return Site(name, path)


def seen_in(site: Site, *, for_sharing: bool) -> Iterator[Seen]:
    """All sessions of a site, those that are gone, too.

    Raises:
        OSError: the directory cannot be read.
    """
    erased = {it.id: it for it in tombstones(site.path)}
    there = set()
    for entry in sessions(site.path):
        there |= {entry.id, entry.path.stem}
        if gone := erased.get(entry.id) or erased.get(entry.path.stem):
            why = f"erased {gone.when} ({gone.why}), but its file is still there"
            yield Seen(site.name, entry.id, "withdrawn", why, entry.path)
        else:
            yield _seen(site, entry, for_sharing=for_sharing)
    for session_id, gone in erased.items():
        if session_id not in there:
            yield Seen(site.name, session_id, "withdrawn", f"erased {gone.when} ({gone.why})")
    for session_id in sorted(_left_alone(site) - there - set(erased)):
        yield Seen(site.name, session_id, "withdrawn", "its notes are there, its file is gone")


def _left_alone(site: Site) -> set[str]:
    """Sessions of which there are notes."""
    places = (site.path, site.path / DONE)
    return {it.name.split(".")[0] for place in places for it in place.glob(f"[!.]*{NOTES}")}


def _seen(site: Site, entry: Entry, *, for_sharing: bool) -> Seen:
    codes = dict(zip(entry.roles, entry.codes, strict=False))
    both = tuple(codes.get(role, "") for role in ROLES)
    found = Seen(site.name, entry.id, "used", "", entry.path, entry.created_utc_ns or 0, both)
    if entry.state == "unreadable":
        return found.but(*_unreadable(entry))
    if entry.state == "recording":
        return found.but("recording", "it has not ended")
    if entry.practice:
        return found.but("practice", "it was for practice, and is nobody's")
    agreed = dict(zip(entry.roles, entry.consent, strict=False))
    if back := [role for role in agreed if EEG not in agreed[role]]:
        return found.but("withdrawn", f"EEG taken back: {' and '.join(back)}")
    if for_sharing and (not_shared := _not_shared(entry, agreed)):
        return found.but("unshared", f"no consent to sharing: {' and '.join(not_shared)}")
    return found


def _unreadable(entry: Entry) -> tuple[Kind, str]:
    """Of what kind a file is that no session can be read of."""
    with entry.path.open("rb") as file:
        head = file.read(APPLICATION_ID_AT + 4)
    if not head:
        return "empty", "a file of no bytes"
    if head[APPLICATION_ID_AT:] != APPLICATION_ID.to_bytes(4, "big"):
        return "foreign", "not a session file"
    return "damaged", entry.problem.removeprefix(f"{entry.path}: ")


def _not_shared(entry: Entry, agreed: dict[str, tuple[str, ...]]) -> list[str]:
    """Who has not agreed that the session is given to others, or has taken that back since."""
    back: tuple[str, ...] = ()
    if notes_files_of(entry.path):
        with SessionReader(entry.path) as reader:
            back = refusing(ReadNotes(reader).read(ConsentRow), SHARE)
    return [role for role in agreed if SHARE not in agreed[role] or role in back]


def once_each(found: Iterable[Seen]) -> list[Seen]:
    """Of the same session in two places only the first is used."""
    first: dict[str, Seen] = {}
    told = []
    for it in found:
        before = first.setdefault(it.id, it) if it.kind == "used" else it
        if before is not it:
            it = it.but("twice", f"the same session as in {before.site}")  # noqa: PLW2901
        told.append(it)
    return told
