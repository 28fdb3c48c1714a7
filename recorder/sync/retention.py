"""Which finished sessions may be deleted here, and their deletion.

A session goes only when all of this holds:
    it has ended, is certainly older than asked for, and is not the newest one;
    of each of its files every destination gave a receipt for the file as it is now, unless it was
    for practice;
    the file here still has the receipt's hash, and so has, asked now, the destination's copy;
    it is not damaged, unless that is admitted.
That a session is missing from some list is never a reason.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from recorder.durable import sync_directory
from recorder.failure import Refused
from recorder.store.beside import everything_of, notes_file_of, notes_files_of, videos_of
from recorder.store.catalog import Entry
from recorder.store.files import DONE
from recorder.store.fit import damage_of
from recorder.sync.delivery import Place
from recorder.sync.finished import files_to_copy, finished, is_plain, may_travel, seal

DAY_NS = 86_400_000_000_000


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether one session may be deleted.

    Attributes:
        id: the session.
        path: its file.
        bytes: what its deletion gives back.
        kept_because: the first reason to keep it; "" when it may go.
        is_damaged: whether that is the reason.
    """

    id: str
    path: Path
    bytes: int
    kept_because: str
    is_damaged: bool = False


def verdicts(
    sessions: Path,
    places: Sequence[Place],
    *,
    older_than_days: float,
    utc_ns: int,
    damaged: bool = False,
) -> Iterator[Verdict]:
    """Look at every finished session, oldest first; the destinations are asked last.

    Args:
        sessions: the directory of the session files.
        places: every destination; with none, nothing may go.
        older_than_days: how long ago a session must have ended.
        utc_ns: now.
        damaged: whether also damaged ones may go.

    Raises:
        Failure: a destination cannot be asked.
    """
    entries = finished(sessions)
    newest = next((it for it in reversed(entries) if not it.practice), None)
    for entry in entries:
        reason = "it is the newest" if entry is newest else ""
        reason = reason or _too_young(entry, older_than_days, utc_ns)
        try:
            if not entry.practice:  # there are no copies of it
                reason = reason or _not_safe_elsewhere(entry, places)
        except Refused as no:
            reason = str(no)
        damage = [] if reason or damaged else damage_of(entry.path)
        reason = reason or "".join(f"it is damaged: {text}" for text in damage[:1])
        size = sum(file.stat().st_size for file in _all_of(entry.path))
        yield Verdict(entry.id, entry.path, size, reason, is_damaged=bool(damage))


def delete(path: Path) -> None:
    """Delete a session with all that belongs to it, its own file last.

    A power cut leaves a session that can be judged again, not remains that nobody would find.

    Raises:
        OSError: a file cannot be deleted.
    """
    for file in reversed(_all_of(path)):
        file.unlink()
    for place in {path.parent, path.parent.parent} if path.parent.name == DONE else {path.parent}:
        sync_directory(place)


def _all_of(path: Path) -> list[Path]:
    return [*everything_of(path), *videos_of(path)]


def _too_young(entry: Entry, older_than_days: float, utc_ns: int) -> str:
    if entry.ended_utc_ns is None:
        return "its date is not certain: no time server was heard in that session"
    days = (utc_ns - entry.ended_utc_ns) / DAY_NS
    return "" if days > older_than_days else f"it is {max(days, 0.0):.0f} days old"


def _not_safe_elsewhere(entry: Entry, places: Sequence[Place]) -> str:
    path = entry.path
    if not places:
        return "there is no destination that could have it"
    if (videos := videos_of(path)) and not may_travel(entry):
        return f"{videos[0].name} is copied nowhere: not everybody has agreed to video"
    if videos and not any(place.videos for place in places):
        return f"{videos[0].name} is copied nowhere: no destination takes videos"
    if not all(map(is_plain, [notes_file_of(path), *notes_files_of(path)])):
        return "its notes are being written"
    reasons = (_not_safe_at(path, place) for place in places)
    return next((reason for reason in reasons if reason), "")


def _not_safe_at(path: Path, place: Place) -> str:
    where = place.link.address
    for file in files_to_copy(path, videos=None if place.videos else ()):
        receipt = place.receipts.of(file)
        if receipt is None:
            return f"no receipt for {file.name} from {where}"
        if seal(file).sha256 != receipt.sha256:
            return f"{file.name} is not what {where} has"
        if place.link.hashes_of(list(receipt.held), receipt.bytes) != receipt.held:
            return f"{where} does not have {file.name} any more as it was"
    return ""
