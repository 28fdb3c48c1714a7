"""What has left this machine, and what was erased on it: for who answers for the data.

A line of JSON each in `disclosures.jsonl` beside the sessions, in the order in which it happened;
none is ever changed or taken out. It holds no codes, so that it may outlive what it tells of.

    at         time of day, as this machine believed
    what       "exported", "copied" or "erased"
    session    the session's id
    to         directory or address; "" of what was erased
    by         the account that did it
"""

import getpass
import os
from pathlib import Path
from typing import Literal

import msgspec

from recorder.durable import sync_directory

FILE = "disclosures.jsonl"

What = Literal["exported", "copied", "erased"]


class Disclosure(msgspec.Struct, frozen=True):
    """One line."""

    at: str
    what: What
    session: str
    to: str
    by: str


def write_down(sessions: Path, at: str, what: What, *session_ids: str, to: str = "") -> None:
    """Add a line of each session; they are on disk when this returns.

    To be called before the thing is done.

    Raises:
        OSError: they cannot be written, or not all.
    """
    by = _account()
    told = [Disclosure(at, what, session_id, to, by) for session_id in session_ids]
    sessions.mkdir(mode=0o750, parents=True, exist_ok=True)
    with open(sessions / FILE, "ab", buffering=0) as out:
        is_new = out.tell() == 0
        torn = not is_new and not _ends(sessions / FILE)
        lines = b"\n" * torn + b"".join(msgspec.json.encode(it) + b"\n" for it in told)
        while lines:  # at once, for another process may write, too; in parts when the disk is full
            lines = lines[out.write(lines) :]
        os.fsync(out.fileno())
    if is_new:
        sync_directory(sessions)


def disclosures(sessions: Path, session: str = "") -> list[Disclosure]:
    """All lines, oldest first, or those of a session; a line that a power cut has torn is left out.

    Raises:
        OSError: it cannot be read.
    """
    try:
        lines = (sessions / FILE).read_bytes().splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return []
    found = [it for line in lines if (it := _decoded(line)) is not None]
    return [it for it in found if session in ("", it.session)]


def exported_to(sessions: Path) -> dict[str, set[str]]:
    """The directories that anything was exported into, each with the sessions.

    Raises:
        OSError: it cannot be read.
    """
    places: dict[str, set[str]] = {}
    for it in disclosures(sessions):
        if it.what == "exported":
            places.setdefault(it.to, set()).add(it.session)
    return places


def _decoded(line: bytes) -> Disclosure | None:
    try:
        return msgspec.json.decode(line, type=Disclosure)
    except msgspec.MsgspecError:
        return None


def _ends(file: Path) -> bool:
    """Whether its last line is whole."""
    with file.open("rb") as there:
        there.seek(-1, os.SEEK_END)
        return there.read() == b"\n"


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
