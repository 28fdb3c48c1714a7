"""The alarms: what is wrong now, and each told once when it begins and once when it ends.

An alarm is data from where it is found to where people read it; recorder/wire/wording.py says it in
words. While it stands it is an entry of the status. When it begins, and when it ends, there is one
line in the log and one event row in the session's file, if one is recorded.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from dsp.clock import ClockFit
from recorder.recording.impairments import Impairments
from recorder.recording.recorder import Recorder
from recorder.recording.rollover import Parts
from recorder.recording.session import Session
from recorder.wire.messages import Alarm
from recorder.wire.wording import in_words

LOOK_S = 0.5
EVENT = "alarm"
SAVED_ALARM_S = 3.0
PAUSE_TOLD_NS = 10_000_000_000
SIGMA_ALARM_MS = 4.0

log = logging.getLogger("antiphon")

_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class _Told:
    alarm: Alarm
    session: str  # the id of the session that knows of it; "" when none was recorded


class Alarms:
    """Those that stand, of one service."""

    def __init__(self) -> None:
        self._told: dict[_Key, _Told] = {}

    @property
    def standing(self) -> list[Alarm]:
        """All that stand, in the order in which they were found last."""
        return [told.alarm for told in self._told.values()]

    def observe(self, now_ns: int, found: Iterable[Alarm], session: Session | None) -> None:
        """Take in all that is wrong at `now_ns`; tell what has begun and what has ended."""
        before, self._told = self._told, {}
        for alarm in found:
            old = before.pop(_key(alarm), None)
            since_ns = now_ns if old is None else old.alarm.since_ns
            standing = msgspec.structs.replace(alarm, since_ns=since_ns)
            self._told[_key(alarm)] = _begun(standing, old, session, now_ns)
        for old in before.values():
            _tell(f"over: {in_words(old.alarm)}", session, now_ns, logging.INFO)


def _key(alarm: Alarm) -> _Key:
    """What makes it the same alarm although its numbers move."""
    return alarm.kind, alarm.role, alarm.of


def _begun(alarm: Alarm, old: _Told | None, session: Session | None, now_ns: int) -> _Told:
    """Told in the log when it is new, and in each session that does not know of it yet."""
    here = "" if session is None else session.id
    if old is None:
        _tell(in_words(alarm), session, now_ns, logging.WARNING)
    elif session is not None and old.session != here:
        session.log(now_ns, EVENT, in_words(alarm))
    return _Told(alarm, here)


def _tell(text: str, session: Session | None, now_ns: int, level: int) -> None:
    log.log(level, "alarm: %s", text)
    if session is not None:
        session.log(now_ns, EVENT, text)


def found(recorder: Recorder, parts: Parts, impairments: Impairments) -> Iterator[Alarm]:
    """What is wrong now with the boards, the room they are in, the recording and its disk."""
    for wearer in recorder.wearers:
        yield from wearer.alarms()
    yield from impairments.alarms(recorder)
    yield from recorder.whose.alarms()
    now_ns = recorder.now_ns
    yield from _standing_still(recorder, now_ns)
    yield from recorder.mains.alarms()
    yield from parts.alarms()
    if recorder.session is not None:
        yield from _saving(recorder.session, now_ns - _woken_ns(recorder))
        yield from _timing(recorder)
        yield from recorder.session.companions.alarms()


def _standing_still(recorder: Recorder, now_ns: int) -> Iterator[Alarm]:
    """Nothing was read from any board for a while: it is one pause, whoever noticed it."""
    newest = max(
        (wearer.board.tally for wearer in recorder.wearers), key=lambda it: it.pause_end_ns
    )
    if newest.pause_end_ns > now_ns - PAUSE_TOLD_NS:
        yield Alarm("stood_still", numbers={"paused_s": newest.paused_s})


def _woken_ns(recorder: Recorder) -> int:
    """When the last pause of the readers ended; 0 before the first."""
    return max(wearer.board.tally.pause_end_ns for wearer in recorder.wearers)


def _saving(session: Session, awake_ns: int) -> Iterator[Alarm]:
    if gone := session.writer.gone:
        yield Alarm("file_gone", detail=gone)
    elif rescued := session.writer.rescued:
        yield Alarm("file_rescued", of=session.path.name, detail=rescued)
    if session.disk_error:
        yield Alarm("disk_error", detail=session.disk_error)
    behind_s = session.elapsed_s - session.saved_s
    if behind_s > SAVED_ALARM_S and awake_ns > SAVED_ALARM_S * 1e9:
        yield Alarm("saving_behind", numbers={"behind_s": behind_s})


def _timing(recorder: Recorder) -> Iterator[Alarm]:
    """Time that cannot be trusted: only while it is recorded."""
    for wearer in recorder.wearers:
        fit = wearer.lane.clock.fit if wearer.lane is not None else None
        if fit is not None and _is_unsure(fit):
            yield Alarm("clock_unsure", wearer.role, numbers={"sigma_ms": fit.sigma_ns * 1e-6})
    for source, silent_s in recorder.triggers.rates.stopped(recorder.now_ns).items():
        yield Alarm("trigger_silent", of=source, numbers={"silent_s": silent_s})
    for paths in recorder.triggers.opposed():
        yield Alarm("levels_opposed", of=paths)
    for name, fault in recorder.buttons.faults.items():
        yield Alarm("button_fault", of=name, detail=fault)
    if recorder.triggers.fault:
        yield Alarm("trigger_fault", detail=recorder.triggers.fault)


def _is_unsure(fit: ClockFit) -> bool:
    return fit.sigma_ns * 1e-6 > SIGMA_ALARM_MS and not fit.provisional
