"""A session whose disk fills up or fails: one part ends, the next begins when there is room again.

    part 1  <id>      ──▶ no room, or errors that last ──▶ <id>.waits ──▶ closed, put away
            nothing is recorded; boards stream on, measures and screen go on, an alarm says so;
            a service that begins meanwhile waits on
    part 2  <id>-2    ◀── room again; it begins with a gap of each board, cause `disk`

A session is also ended when another board than its own comes back: then no part follows.
"""

import logging
import time
from collections.abc import Callable, Iterator
from enum import StrEnum

from recorder.health.disk import ASSUMED_BYTES_PER_S, DiskLevel, Room, free_bytes, room
from recorder.recording import decisions, starting
from recorder.recording.endings import Endings
from recorder.recording.recorder import Recorder
from recorder.recording.session import Session
from recorder.recording.waiting import Ended, recall
from recorder.settings.file import Config
from recorder.store.catalog import first_id
from recorder.store.files import SUFFIX, size_of
from recorder.store.headers import SessionHeader
from recorder.store.reader import SessionReader
from recorder.store.writer import CLOSE_TIMEOUT_S
from recorder.wire.messages import Alarm

# The disk is looked at this often: others would have to write 60 MiB in between to surprise us.
LOOK_S = 1.0
# A disk that has refused for long gets no more than this to take what waits for it.
GIVEN_UP_S = 2.0
# The next part begins when there is room for so much.
RESUME_S = 600.0
# With less than this a file cannot be counted upon to be closed: better to wait with it open.
CLOSING_BYTES = 8 << 20
# From then on the session's own growth is known well: its log grows in steps.
MEASURED_AFTER_S = 300.0
# Longer than a card's pauses, shorter than what the writer's queue rides out.
BROKEN_AFTER_S = 100.0
RETRY_S = 10.0

log = logging.getLogger("antiphon")


class PartStep(StrEnum):
    """What is to be done with the file of the running session."""

    NOTHING = "nothing"
    END = "end"
    BEGIN = "begin"


class Parts:
    """The parts of the session that `recorder` records.

    Whoever owns the recorder calls `look` about every LOOK_S and does what it says: END is `end`,
    then `close` in a thread; BEGIN is `begin` in a thread, then `Recorder.attach`.

    Attributes:
        room: on the disk, as it was when last looked at.
        ended: the part that came last, while the session waits for room; else None.
        endings: the parts that are to be closed, until they are.
    """

    def __init__(
        self,
        config: Config,
        recorder: Recorder,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self.ended: Ended | None = None
        self.endings = Endings(monotonic_ns)
        self._config = config
        self._recorder = recorder
        self._monotonic_ns = monotonic_ns
        self._rules = PartRules()
        self._growth = GrowthRate()
        self._growing: Session | None = None
        self._recorded_s = 0.0
        self._begun_ns: dict[str, int] = {}  # of the newest session, by the id of its first part
        self.room = self._look_at_disk()

    def look(self) -> PartStep:
        """Look at the disk; what is to be done with the file of the session."""
        self.room = self._look_at_disk()
        session = self._recorder.session
        self._follow(session)
        if session is not None and session.stranger:
            return PartStep.END
        if session is None and self.ended is None:
            return PartStep.NOTHING
        is_recording, error = session is not None, session.disk_error if session else ""
        return self._rules.step(
            self._monotonic_ns(), self.room, recording=is_recording, error=error
        )

    def end(self) -> Session | None:
        """Record nothing more into the part; it is still to be closed."""
        session = self._recorder.detach()
        if session is None:
            return None
        self._recorded_s += session.recorded_s
        why = session.stranger or session.disk_error or "there is no room on the disk"
        session.log(self._monotonic_ns(), "disk", f"this part ends: {why}")
        log.error("%s ends: %s", session.id, why)
        self.ended = None if session.stranger else session
        return session

    def close(self, session: Session) -> None:
        """Close the part, cleanly if the disk lets it; else it is tried again. Blocks so long."""
        patience_s = GIVEN_UP_S if session.disk_error else CLOSE_TIMEOUT_S
        try:
            if self.ended is not None:
                decisions.decide(session.path, decisions.WAITS)
        except OSError as error:
            log.warning("that it waits for room is not on disk: %s", error)
        try:
            self.endings.close(session, patience_s)
        except OSError as error:
            log.error("not closed until there is room: %s", error)

    def begin(self) -> Session | None:
        """Make the next part, having tried again what could not be closed before. Blocks.

        None when the session was stopped meanwhile, or the disk does not take the part yet.
        """
        ended = self.ended
        if ended is None:
            return None
        self.endings.retry()
        try:
            session = starting.begin_part(
                self._config, self._recorder.wearers, ended, self._monotonic_ns()
            )
        except OSError as error:
            log.warning("the next part cannot begin yet: %s", error)
            return None
        self.ended = None
        self.forget_note(ended)
        log.info("recording %s", session.path)
        return session

    def recall(self) -> None:
        """Wait on for room, if the service before did. Blocks."""
        found = recall(self._config, self._monotonic_ns())
        if self._recorder.session is None:
            self.ended = found
        elif found is not None:
            self.forget_note(found)

    def forget(self) -> Ended | None:
        """No part follows; the one that came last, if one would have."""
        ended, self.ended = self.ended, None
        return ended

    def forget_note(self, ended: Ended) -> None:
        """Nobody waits any more, also after a restart. Blocks. Raises OSError."""
        decisions.forget(self._config.sessions_path / f"{ended.id}{SUFFIX}", decisions.WAITS)

    @property
    def bytes_per_s(self) -> float:
        """How fast a session grows here."""
        return self._growth.bytes_per_s

    @property
    def recorded_s(self) -> float:
        """What has been recorded in all parts, seconds."""
        session = self._recorder.session
        return self._recorded_s + (session.recorded_s if session is not None else 0.0)

    def whole_s(self, part: Ended) -> float:
        """How long ago the first part of its session began; that goes on while it waits for room.

        Reads the first part's file once, when an earlier service has begun it.
        """
        begun_ns = part.header.started_t_ns
        until_s = part.elapsed_s
        if part is self.ended:
            until_s = (self._monotonic_ns() - begun_ns) * 1e-9
        return (begun_ns - self._first_ns(part)) * 1e-9 + until_s

    def _first_ns(self, part: Ended) -> int:
        """When the session began of which this is a part; as far as this boot knows."""
        first = first_id(part.id)
        if first not in self._begun_ns:
            self._begun_ns = {first: self._read_first_ns(first, part.header)}
        return self._begun_ns[first]

    def _read_first_ns(self, first: str, header: SessionHeader) -> int:
        if first == header.id:
            return header.started_t_ns
        try:
            with SessionReader(self._config.sessions_path / f"{first}{SUFFIX}") as file:
                begun = file.header
        except (OSError, ValueError):
            return header.started_t_ns
        same_boot = begun.boot_id == header.boot_id
        return begun.started_t_ns if same_boot else header.started_t_ns

    def alarms(self) -> Iterator[Alarm]:
        """What is wrong with the room on the disk now, and what has not ended."""
        self.room = self._look_at_disk()  # people are told sooner than `look` comes round
        yield from self.endings.alarms()
        if self.ended is not None:
            yield Alarm("waiting_for_room")
        elif self.room.level is DiskLevel.FULL:
            yield Alarm("disk_full")
        elif self.room.level is DiskLevel.LOW:
            yield Alarm("disk_low", numbers={"hours": self.room.hours})

    def _look_at_disk(self) -> Room:
        return room(free_bytes(self._config.sessions_path), self._growth.bytes_per_s)

    def _follow(self, session: Session | None) -> None:
        """Measure how fast the session's file grows."""
        if session is None:
            return
        if session is not self._growing:
            self._growing, self._growth = session, GrowthRate(self._growth.bytes_per_s)
        self._growth.observe(self._monotonic_ns(), size_of(session.path))


class GrowthRate:
    """How fast a session's file grows, from its size now and then."""

    def __init__(self, bytes_per_s: float = ASSUMED_BYTES_PER_S) -> None:
        """`bytes_per_s` is what to believe until it has been measured."""
        self.bytes_per_s = bytes_per_s
        self._first: tuple[int, int] | None = None

    def observe(self, t_ns: int, size_bytes: int) -> None:
        """The file, and what lies beside it, had this size at `t_ns`."""
        if self._first is None:
            self._first = t_ns, size_bytes
        first_ns, first_bytes = self._first
        seconds, grown = (t_ns - first_ns) * 1e-9, size_bytes - first_bytes
        if seconds >= MEASURED_AFTER_S and grown > 0:
            self.bytes_per_s = grown / seconds


class PartRules:
    """Decides when the file of a session is ended because of the disk, and when the next begins.

    A disk that fills up ends a part while there is still what closing it takes. When it cannot be
    written at all (an error, or somebody has taken the reserve, too), the part ends only after
    BROKEN_AFTER_S: until then the writer's queue rides it out, and nothing is lost.
    """

    def __init__(self) -> None:
        self._broken_since_ns: int | None = None
        self._next_try_ns = 0

    def step(self, now_ns: int, room: Room, *, recording: bool, error: str) -> PartStep:
        """What to do now.

        Args:
            now_ns: CLOCK_MONOTONIC.
            room: as just looked at.
            recording: whether a part is open; else the session waits for room.
            error: of the writer of that part, "" when it saves.
        """
        if recording:
            is_full = room.level is DiskLevel.FULL and room.free_bytes >= CLOSING_BYTES
            is_over = self._is_broken(now_ns, error) or is_full
            return PartStep.END if is_over else PartStep.NOTHING
        self._broken_since_ns = None
        if now_ns < self._next_try_ns or room.hours * 3600 < RESUME_S:
            return PartStep.NOTHING
        self._next_try_ns = now_ns + round(RETRY_S * 1e9)
        return PartStep.BEGIN

    def _is_broken(self, now_ns: int, error: str) -> bool:
        if not error:
            self._broken_since_ns = None
            return False
        if self._broken_since_ns is None:
            self._broken_since_ns = now_ns
        return now_ns - self._broken_since_ns >= BROKEN_AFTER_S * 1e9
