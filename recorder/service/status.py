"""What the recorder is doing, in the words of the control protocol."""

from recorder import __version__
from recorder.companions.triggers import TriggerWatch
from recorder.recording.recorder import Recorder
from recorder.recording.rollover import Parts
from recorder.recording.waiting import Ended
from recorder.wire.messages import Alarm, SessionStatus, Status, TriggerStatus


def describe(
    recorder: Recorder, parts: Parts, alarms: list[Alarm], unclean_stops: int = 0
) -> Status:
    """Everything a screen or a script needs to know now."""
    now_ns = recorder.now_ns
    boards = [
        wearer.status(recorder.clean_share(person))
        for person, wearer in enumerate(recorder.wearers)
    ]
    return Status(
        state=state_word(recorder, waits=parts.ended is not None),
        session=describe_session(recorder.session or parts.ended, parts),
        boards=boards,
        trigger=_trigger(recorder.triggers, now_ns),
        alarms=alarms,
        mains_hz=recorder.mains.found_hz,
        disk_free_mib=round(parts.room.free_bytes / 2**20, 1),
        disk_hours=round(parts.room.hours, 1),
        version=__version__,
        unclean_stops=unclean_stops,
    )


def describe_session(session: Ended | None, parts: Parts) -> SessionStatus | None:
    """The session being recorded; its elapsed time follows the data, not a clock on the wall."""
    if session is None:
        return None
    return SessionStatus(
        id=session.id,
        file=str(session.path),
        patient=session.codes["patient"],
        therapist=session.codes["therapist"],
        elapsed_s=round(session.elapsed_s, 3),
        saved_s=round(session.saved_s, 3),
        markers=session.markers,
        last_marker=session.last_marker,
        missing_s={role: round(seconds, 3) for role, seconds in session.missing_s.items()},
        whole_s=round(parts.whole_s(session), 3),
        practice=session.header.practice,
    )


def state_word(recorder: Recorder, *, waits: bool = False) -> str:
    """What it is doing: idle, waiting for room, recording, or degraded (one person's data missing).

    Or no data, when both are; `waits` tells that it is recorded on as soon as the disk has room.
    """
    if recorder.session is None:
        return "waiting for room" if waits else "idle"
    heard = [wearer.is_heard for wearer in recorder.wearers]
    if all(heard):
        return "recording"
    return "degraded" if any(heard) else "no data"


def _trigger(triggers: TriggerWatch, now_ns: int) -> TriggerStatus:
    anchoring = triggers.anchoring
    apart_ns = None if anchoring is None else anchoring.disagreement_ns
    return TriggerStatus(
        rates_hz=triggers.rates.rates_hz(now_ns),
        anchored=0 if anchoring is None else anchoring.anchored,
        tied=0 if anchoring is None else anchoring.tied,
        disagreement_ms=None if apart_ns is None else round(apart_ns * 1e-6, 3),
        fault=triggers.fault,
    )
