"""Is it recorded? One answer for the whole screen, from what is safe on disk and nothing else.

nothing is wanted ──▶ IDLE
a session is on:   saved goes on, nothing spoils it      ──▶ REC
                   saved goes on, but ...                ──▶ REC, but ...
                   saved stands still, whatever the rest ──▶ NOT RECORDING for 12 s: why
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from recorder.wire.messages import SessionStatus, Status
from tui.language import N_, _
from tui.wording import length

# A commit a second is usual, and one may be late; where more is missing, nothing is being saved.
STANDS_S: Final = 4.0
DISK_STANDS_S: Final = 2.0  # where the disk itself says that it takes nothing
BEHIND_S: Final = 3.0
# What spoils a recording that goes on, worst first; {role} is filled in.
SPOILS: Final = {
    "disk_error": N_("the disk refuses"),
    "disk_full": N_("disk full"),
    "nothing_usable": N_("{role}: nothing usable"),
    "caps_off": N_("caps off? still recording: x stops"),
    "radio_crowded": N_("{role}: another board on this channel"),
    "packets_taken": N_("{role}: packets are taken away"),
    "radio_loss": N_("{role}: weak radio"),
    "saving_behind": N_("saving is behind"),
    "disk_low": N_("little room on the disk"),
    "clock_unsure": N_("{role}: times are unsure"),
}
# Why nothing is saved although a session is on and the service answers, likewise.
STOPS: Final = {
    "file_gone": N_("the file is gone"),
    "waiting_for_room": N_("disk full"),
    "disk_full": N_("disk full"),
    "disk_error": N_("the disk refuses"),
    "who_is_who": N_("who is who? press w"),
    "stood_still": N_("the computer stood still"),
}
DISK: Final = {"disk_full", "disk_error"}
OUT: Final = {"stalled": N_("no data"), "lost": N_("board lost"), "held": N_("whose board?")}


class Level(Enum):
    """How it stands, from calm to grave."""

    IDLE = "idle"
    REC = "rec"
    BUT = "but"
    NOT = "not"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer.

    Attributes:
        level: how it stands.
        words: REC and so on, in one line.
        session: the one that is on, or was when the service was heard last.
    """

    level: Level
    words: str
    session: SessionStatus | None


class Judge:
    """Watches what is saved of the session that is on.

    `look` is to be called with each status, and every half second.
    """

    def __init__(self) -> None:
        self._status: Status | None = None
        self._saved: tuple[str, float] | None = None
        self._grew_s = 0.0

    @property
    def is_on(self) -> bool:
        """Whether a session is on, or was when the service was last heard."""
        return self._status is not None and self._status.session is not None

    def look(self, status: Status | None, now_s: float, silence: str = "") -> Verdict:
        """The verdict now.

        Args:
            status: that just came; None when nothing has come since.
            now_s: by the screen's own clock.
            silence: why the service is not heard; "" while it is.
        """
        if status is not None:
            self._take(status, now_s)
        known = self._status
        session = known.session if known is not None else None
        if known is None or session is None:
            return Verdict(Level.IDLE, _("IDLE"), None)
        why = silence or _why_not(known, now_s - self._grew_s)
        if why:
            words = _("NOT RECORDING for {time}: {why}")
            words = words.format(time=length(now_s - self._grew_s), why=why)
            return Verdict(Level.NOT, words, session)
        but = _but(known, session)
        return Verdict(
            Level.BUT if but else Level.REC,
            _("REC, but {what}").format(what=but) if but else _("REC"),
            session,
        )

    def _take(self, status: Status, now_s: float) -> None:
        self._status = status
        session = status.session
        saved = None if session is None else (session.id, session.saved_s)
        if saved != self._saved:
            self._saved, self._grew_s = saved, now_s


def _why_not(status: Status, stands_s: float) -> str:
    """Why nothing is being saved; "" while it is."""
    kinds = [alarm.kind for alarm in status.alarms]
    told = next((_(words) for kind, words in STOPS.items() if kind in kinds), "")
    if status.state == "waiting for room":
        return told or _(STOPS["waiting_for_room"])
    if status.state == "no data":
        return _("who is who? press w") if "who_is_who" in kinds else _("no data from either board")
    if "file_gone" in kinds:
        return _(STOPS["file_gone"])
    waits_s = DISK_STANDS_S if DISK & set(kinds) else STANDS_S
    return (told or _("nothing is saved")) if stands_s > waits_s else ""


def _but(status: Status, session: SessionStatus) -> str:
    """What spoils the recording most; "" when nothing does."""
    out = [board for board in status.boards if board.state in OUT]
    if out:
        return f"{_(out[0].role)}: {_(OUT[out[0].state])}"
    if status.state == "degraded":
        return _("one person's data is missing")
    if status.state != "recording":  # of another version of the service
        return status.state or _("in no known state")
    found = {alarm.kind: alarm.role for alarm in reversed(status.alarms)}
    spoilt = next((kind for kind in SPOILS if kind in found), "")
    if spoilt:
        return _(SPOILS[spoilt]).format(role=_(found[spoilt]))
    return _("saving is behind") if session.elapsed_s - session.saved_s > BEHIND_S else ""
