"""The sessions in a directory: one file each, `<id>.antiphon`, those put away in `done/`."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from recorder.store.files import DONE, size_of, where_it_is
from recorder.store.reader import SessionReader

SUFFIX = ".antiphon"
OWN_ID = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{4}(-\d+)?")  # as new_session_id and part_id make them
LATEST = "latest"  # in the place of an id


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the list of sessions.

    Attributes:
        path: the file.
        id: the session, which is also the file's name.
        state: `recording`, `closed`, `interrupted`, or `unreadable`.
        created_utc_ns: when it was begun; None when unreadable, as are the others.
        duration_s: how long it is, so far.
        size_bytes: on disk, with what lies beside a growing file.
        problem: why it is unreadable, in one line, or "".
    """

    path: Path
    id: str
    state: str
    created_utc_ns: int | None
    duration_s: float | None
    size_bytes: int
    problem: str = ""


def sessions(directory: Path) -> list[Entry]:
    """All session files of `directory` and its `done/`, oldest first; none where there is none."""
    return [_entry(path) for path in _paths(directory)]


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
        return paths[-1]
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


def new_session_id(utc_ns: int, token: bytes) -> str:
    """An id that sorts by time: 20261123T040000Z-1f3a. `token` is two random bytes."""
    moment = datetime.fromtimestamp(utc_ns // 1_000_000_000, UTC)
    return f"{moment:%Y%m%dT%H%M%SZ}-{token.hex()}"


def part_id(session_id: str, number: int) -> str:
    """The id of a later part of a session, which sorts behind the earlier ones: …-1f3a-2.

    `number` counts from 2; `session_id` is that of any part.
    """
    return "-".join([*session_id.split("-")[:2], str(number)])


def part_number(session_id: str) -> int:
    """Which part of its session this is: 1 unless its id says otherwise."""
    words = session_id.split("-")
    return int(words[2]) if len(words) > 2 and words[2].isdecimal() else 1


def _paths(directory: Path) -> list[Path]:
    paths = _files(directory) + _files(directory / DONE)
    return sorted(paths, key=lambda path: path.name)


def _files(directory: Path) -> list[Path]:
    return sorted(path for path in directory.glob(f"*{SUFFIX}") if path.is_file())


def _entry(path: Path) -> Entry:
    size_bytes = size_of(path)
    try:
        with SessionReader(path) as session:
            header = session.header
            duration_s = (session.ended_t_ns - header.started_t_ns) / 1e9
            state = session.state
    except (ValueError, OSError) as error:
        return Entry(path, path.stem, "unreadable", None, None, size_bytes, problem=str(error))
    return Entry(path, header.id, state, header.created_utc_ns, duration_s, size_bytes)
