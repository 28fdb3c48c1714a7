"""Which sessions are older than they may be (`retention_days`): offered for erasure, no more."""

from dataclasses import dataclass, field
from pathlib import Path

from recorder import wall_clock
from recorder.failure import EX_TEMPFAIL, Failure
from recorder.store.catalog import sessions
from recorder.store.files import session_of
from recorder.store.fit import damage_of
from recorder.sync.retention import DAY_NS


@dataclass(frozen=True, slots=True)
class Expired:
    """What a retention period says of the sessions here, oldest first.

    Attributes:
        ids: those that ended longer ago, by the names of their files.
        undated: those of which it is not certain when they were; they are kept.
    """

    ids: list[str] = field(default_factory=list)
    undated: list[str] = field(default_factory=list)


def expired(directory: Path, days: float, utc_ns: int) -> Expired:
    """The sessions that ended more than `days` before now; none when that is 0, for ever.

    What is being recorded has no age yet.
    """
    found = Expired()
    for entry in sessions(directory) if days else ():
        if entry.state == "recording":
            continue
        if entry.ended_utc_ns is None:
            found.undated.append(session_of(entry.path))
        elif utc_ns - entry.ended_utc_ns > days * DAY_NS:
            found.ids.append(session_of(entry.path))
    return found


def without_damaged(directory: Path, found: Expired) -> Expired:
    """As found, but for files that are not as written: their dates may be damaged, too."""
    paths = {session_of(entry.path): entry.path for entry in sessions(directory)}
    damaged = [one for one in found.ids if one in paths and damage_of(paths[one])]
    ids = [one for one in found.ids if one not in damaged]
    return Expired(ids, found.undated + damaged)


def require_time_of_day() -> None:
    """See that this machine knows how old anything is.

    Raises:
        Failure: nothing disciplines its time of day.
    """
    if not wall_clock.synchronised():
        text = "this machine's time of day is not synchronised, so that no age is known"
        raise Failure(f"{text}: nothing was done; see antiphon doctor", EX_TEMPFAIL)
