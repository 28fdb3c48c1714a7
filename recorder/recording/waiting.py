"""A session that waits for room on the disk: its last part is closed, and the next is to come."""

from dataclasses import dataclass
from pathlib import Path

from recorder import wall_clock
from recorder.recording import decisions
from recorder.recording.session import Session
from recorder.settings.file import Config
from recorder.store.files import SUFFIX, where_it_is
from recorder.store.headers import SessionHeader
from recorder.store.reader import SessionReader


@dataclass(frozen=True, slots=True)
class EndedPart:
    """The part that came last, of an earlier service: what is told of it, and the next one needs.

    As in `Session`, which it stands for.
    """

    path: Path
    header: SessionHeader
    newest_saved_ns: int
    elapsed_s: float
    markers: int
    last_marker: str
    missing_s: dict[str, float]

    @property
    def id(self) -> str:
        """Of the part."""
        return self.header.id

    @property
    def codes(self) -> dict[str, str]:
        """Of both people, by role."""
        return {person.role: person.code for person in self.header.persons}

    @property
    def saved_s(self) -> float:
        """How much of the part is on disk: all of it."""
        return self.elapsed_s


Ended = Session | EndedPart


def recall(config: Config, now_ns: int) -> EndedPart | None:
    """The session that waited for room when the last service ended, if it is still to be resumed.

    Not of an earlier boot, and only for as long as an interrupted one is resumed.
    """
    found = None
    for session_id in sorted(decisions.waiting(config.sessions_path)):
        path = config.sessions_path / f"{session_id}{SUFFIX}"
        part = None if decisions.is_over(path) else _read(path)
        is_late = part is None or now_ns - part.newest_saved_ns > config.resume_within_s * 1e9
        if part is None or is_late or part.header.boot_id != wall_clock.boot_id():
            decisions.forget(path, decisions.WAITS)
        else:
            found = part
    return found


def _read(path: Path) -> EndedPart | None:
    path = where_it_is(path)
    try:
        with SessionReader(path) as file:
            header, newest_ns, ended_ns = file.header, file.newest_t_ns(), file.ended_t_ns
            labels = [marker.label for marker in file.markers()]
    except (OSError, ValueError):
        return None
    elapsed_s = (ended_ns - header.started_t_ns) * 1e-9
    missing_s = {board.role: 0.0 for board in header.boards}
    last = labels[-1] if labels else ""
    return EndedPart(path, header, newest_ns, elapsed_s, len(labels), last, missing_s)
