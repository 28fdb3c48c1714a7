"""Tombstones: which sessions were erased here, so that their copies elsewhere are erased, too.

<sessions>/tombstones/<id>.json    which, when and why, and where its copies are gone since when

Never whose session it was. A tombstone stays for ever: a copy of the session may turn up again.
"""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from recorder.durable import as_json, write_all

TOMBSTONES = "tombstones"

# Becomes part of file names and of commands at a destination.
SessionId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}\Z")]
Why = Literal["session", "person", "retention", "unknown"]


class Tombstone(msgspec.Struct, frozen=True):
    """That a session was erased.

    Attributes:
        id: the session.
        why: `session` when this one was to be erased, `person` when all of a person were,
            `retention` when all that were too old were;
            `unknown` of a tombstone that cannot be read any more.
        when: UTC, as this machine believed.
        gone: of each destination that has said so, when its copies were gone.
    """

    id: SessionId
    why: Why
    when: str
    gone: dict[str, str] = {}

    @property
    def inscription(self) -> str:
        """What the destinations are told, as one line of JSON: all but who else has been told."""
        return msgspec.json.encode({"id": self.id, "why": self.why, "when": self.when}).decode()


def tombstones(sessions: Path) -> list[Tombstone]:
    """All tombstones, oldest session first. A damaged one still says which session it is about."""
    paths = sorted((sessions / TOMBSTONES).glob("[!.]*.json"))
    found = (_read(path) for path in paths)
    return [tombstone for tombstone in found if tombstone is not None]


def store(sessions: Path, *new: Tombstone) -> None:
    """Write tombstones, in place of the sessions' earlier ones; on disk when this returns.

    Raises:
        OSError: they cannot be written.
    """
    write_all({sessions / TOMBSTONES / f"{it.id}.json": as_json(it) for it in new})


def can_be_told(session_id: str) -> bool:
    """Whether a tombstone, and with it a destination, can be told of a session of this name."""
    try:
        return bool(msgspec.convert(session_id, SessionId))
    except msgspec.ValidationError:
        return False


def has_tombstone(sessions: Path, session_id: str) -> bool:
    """Whether the session was erased here."""
    return (sessions / TOMBSTONES / f"{session_id}.json").exists()


def of(sessions: Path, session_id: str) -> Tombstone | None:
    """The tombstone of one session, if there is any."""
    file = sessions / TOMBSTONES / f"{session_id}.json"
    return _read(file) if file.exists() else None


def confirm(sessions: Path, tombstone: Tombstone, address: str, when: str) -> None:
    """Write down that the copies at a destination are gone. Raises OSError when it cannot."""
    gone = {**tombstone.gone, address: when}
    store(sessions, msgspec.structs.replace(tombstone, gone=gone))


def _read(path: Path) -> Tombstone | None:
    """The tombstone, or at least its name; None of what is none of ours."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Tombstone)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        pass
    try:
        return Tombstone(msgspec.convert(path.stem, SessionId), "unknown", "")
    except msgspec.ValidationError:
        return None
