"""After an erasure: where anything of the sessions remains, on this machine and elsewhere.

What was exported is looked for where it was exported to. A directory that is not there, such as on
a stick that somebody has pulled out, is named, too: nobody can tell what is in it.
"""

import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from recorder.failure import EX_IOERR, EX_UNAVAILABLE
from recorder.privacy.disclosures import exported_to
from recorder.settings.destination import is_at, is_remote
from recorder.sync.holdings import NAMED_AFTER
from recorder.sync.receipts import RECEIPTS, address_in, receipt_files
from recorder.sync.tombstones import TOMBSTONES, can_be_told, of

COHORT: Final = "cohort.json"  # in a folder with results of many sessions, none named after one
VERSIONS = (
    "old versions and a trash there may keep, encrypted, what is erased: empty them, "
    "by rclone cleanup or at whoever runs it"
)
WORD = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Remnant:
    """One place that still has something of an erased session.

    Attributes:
        id: the session.
        where: a file here, a directory that it was exported into, or a destination with its
            address.
        why: what keeps it there, and what to do about it.
        code: the exit code that goes with it; 0 of what the next sync erases by itself, and of what
            cannot be seen.
    """

    id: str
    where: str
    why: str
    code: int = 0


def census(
    directory: Path, session_ids: Collection[str], configured: Collection[str]
) -> list[Remnant]:
    """Everything that is left of these sessions; `configured` are the addresses of destinations."""
    return [*_here(directory, session_ids), *elsewhere(directory, session_ids, configured)]


def elsewhere(
    directory: Path, session_ids: Collection[str], configured: Collection[str]
) -> list[Remnant]:
    """What is left of these sessions where an erasure here does not reach."""
    return [*_exported(directory, session_ids), *_copies(directory, session_ids, configured)]


def _here(directory: Path, session_ids: Collection[str]) -> Iterator[Remnant]:
    """Whatever carries one of the ids in its name, however deep."""
    wanted = set(session_ids)
    for place, folders, files in os.walk(directory):
        if place == str(directory):  # these say that there was a session, nothing of what it was
            folders[:] = set(folders) - {RECEIPTS, TOMBSTONES}
        for name in (*folders, *files):
            for found in sorted(_named(name) & wanted):
                path = Path(place, name).relative_to(directory)
                yield Remnant(found, str(path), "it is still on this machine", EX_IOERR)


def _named(name: str) -> set[str]:
    """The sessions that a name may be about: ours by its beginning, others' by any word in it."""
    named = NAMED_AFTER.fullmatch(name)
    return {*WORD.findall(name), *((named[1],) if named else ())}


def _exported(directory: Path, session_ids: Collection[str]) -> Iterator[Remnant]:
    """The directories that they were exported into, but for those where nothing of them is left."""
    by_hand = "it was exported there: delete it by hand, and what has been made of it"
    in_results = "its numbers were put there: antiphon cohort makes the results without it"
    not_seen = "it was exported there, and there is no such directory now: see to it"
    for place, there in sorted(exported_to(directory).items()):
        names = _names_in(Path(place))
        for one in sorted(there & set(session_ids)):
            if names is None:
                yield Remnant(one, place, not_seen)
            elif any(name.lstrip(".").startswith((f"{one}_", f"{one}.")) for name in names):
                yield Remnant(one, place, by_hand, EX_UNAVAILABLE)
            elif COHORT in names:
                yield Remnant(one, place, in_results)


def _names_in(directory: Path) -> list[str] | None:
    """What is in a directory; None when it cannot be seen."""
    try:
        return [path.name for path in directory.iterdir()]
    except OSError:
        return None


def _copies(
    directory: Path, session_ids: Collection[str], configured: Collection[str]
) -> Iterator[Remnant]:
    """The destinations that gave a receipt, and have not said since that their copies are gone."""
    receipts = receipt_files(directory)
    for session_id in session_ids:
        tombstone = of(directory, session_id) if can_be_told(session_id) else None
        told = tombstone.gone if tombstone else {}
        places = {(file.parent.name, address_in(file)) for file in receipts.get(session_id, ())}
        for name, address in sorted(places):
            if address not in told:
                why, code = _fate(session_id, address, configured)
                yield Remnant(session_id, f"{name} ({address})", why, code)
            if is_remote(address):
                yield Remnant(session_id, f"{name} ({address})", VERSIONS)


def _fate(session_id: str, address: str, configured: Collection[str]) -> tuple[str, int]:
    """What becomes of a copy."""
    if not can_be_told(session_id):
        return "no tombstone can carry this name: delete the copy there by hand", EX_UNAVAILABLE
    if not any(is_at(address, one) for one in configured):
        why = "it is not configured any more: configure it and sync, or delete the copy by hand"
        return why, EX_UNAVAILABLE
    return "the next antiphon sync erases the copy", 0
