"""After an erasure: where anything of the sessions remains, on this machine and elsewhere."""

import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from recorder.failure import EX_IOERR, EX_UNAVAILABLE
from recorder.sync.holdings import NAMED_AFTER
from recorder.sync.receipts import RECEIPTS, address_in, receipt_files
from recorder.sync.tombstones import TOMBSTONES, can_be_told, of

WORD = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Remnant:
    """One place that still has something of an erased session.

    Attributes:
        id: the session.
        where: a file here, or a destination with its address.
        why: what keeps it there, and what to do about it.
        code: the exit code that goes with it; 0 of what the next sync erases by itself.
    """

    id: str
    where: str
    why: str
    code: int = 0


def census(
    directory: Path, session_ids: Collection[str], configured: Collection[str]
) -> list[Remnant]:
    """Everything that is left of these sessions; `configured` are the addresses of destinations."""
    return [*_here(directory, session_ids), *copies(directory, session_ids, configured)]


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


def copies(
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


def _fate(session_id: str, address: str, configured: Collection[str]) -> tuple[str, int]:
    """What becomes of a copy."""
    if not can_be_told(session_id):
        return "no tombstone can carry this name: delete the copy there by hand", EX_UNAVAILABLE
    if address not in configured:
        why = "it is not configured any more: configure it and sync, or delete the copy by hand"
        return why, EX_UNAVAILABLE
    return "the next antiphon sync erases the copy", 0
