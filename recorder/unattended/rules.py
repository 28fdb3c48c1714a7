"""Recording without anybody at the keyboard: when to start, to split, to stop. No I/O here.

    mode caps      both boards stream and both caps are on for `start_after_s`   ─▶ start
                   neither cap is on for `stop_after_s`                          ─▶ stop
    mode window    a window is open and both boards stream ─▶ start;   it closes ─▶ stop
    both           `split_minutes` have been recorded ─▶ split: one session ends, the next begins

A session that a person has started is never touched, and one that a person has stopped is not begun
again at once: first the caps must have been off, or the window closed, also when the service was
restarted in between. One cap is enough to go on:
what is lost by stopping too early is lost for good. The box's time zone is read at each look. As
long as the time of day was never synchronised no window opens, so that nothing is recorded that
nobody asked for, and none closes, so that a session that is running goes on.
"""

from dataclasses import dataclass
from datetime import tzinfo
from enum import StrEnum
from typing import Literal

from recorder import wall_clock
from recorder.settings.unattended import UnattendedSettings
from recorder.settings.windows import parse
from recorder.unattended.caps import Caps

# An action that could not be done is tried again after this.
RETRY_S = 10.0
# Caps that are off for as long as this were taken off, not bumped into.
RELEASE_S = 30.0

Running = Literal["", "attended", "unattended"]


class Step(StrEnum):
    """What is to be done."""

    NOTHING = "nothing"
    START = "start"
    SPLIT = "split"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Decision:
    """What is to be done, and why, or what is waited for; "" before something is tried again."""

    step: Step
    reason: str


@dataclass(frozen=True, slots=True)
class Scene:
    """What decides.

    Attributes:
        streaming: whether both boards stream.
        caps: which are on.
        running: who began the session that is being recorded; "" when none is.
        recorded_s: how long that session is.
        ended: how often people have ended a session: one may begin and end between two looks.
        waits_for_room: whether the session is resumed as soon as the disk has room.
        utc_ns: time of day, as recorder.wall_clock tells it.
        synchronised: whether something disciplines the time of day.
    """

    streaming: bool
    caps: Caps
    running: Running
    recorded_s: float
    ended: int
    waits_for_room: bool
    utc_ns: int
    synchronised: bool


class Unattended:
    """Decides for one box; ask it about once a second."""

    def __init__(
        self, settings: UnattendedSettings, zone: tzinfo | None = None, *, held: bool = False
    ) -> None:
        """`zone` is that of the windows; None is the box's own. `held` is what `is_held` was."""
        self._settings = settings
        self._windows = [parse(text) for text in settings.windows]
        self._zone = zone
        self._ready, self._idle, self._released = Stretch(), Stretch(), Stretch()
        self._running: Running = ""
        self._ended = 0
        self._ends_by_itself = False
        self._is_held = held
        self._clock_was_right: bool | None = None  # not looked yet
        self._not_before_ns = 0

    @property
    def is_held(self) -> bool:
        """Whether a person has said stop, and nothing is begun before people have left."""
        return self._is_held

    @property
    def lacks_time(self) -> bool:
        """Whether windows are waited for, and the time of day was never to be believed."""
        return self._settings.mode == "window" and self._clock_was_right is False

    def hold(self) -> None:
        """A person says stop."""
        self._is_held, self._released = True, Stretch()

    def decide(self, now_ns: int, scene: Scene) -> Decision:
        """What is to be done at `now_ns` (CLOCK_MONOTONIC).

        Whoever asks does it, or finds that it cannot be done; then it is asked for again.
        """
        if self._settings.mode == "off":
            return Decision(Step.NOTHING, "off")
        self._clock_was_right = self._clock_was_right or scene.synchronised
        if scene.waits_for_room:
            return Decision(Step.NOTHING, "waits for room on the disk")
        self._follow(now_ns, scene)
        if scene.running == "attended":
            decision = Decision(Step.NOTHING, "a person has started the session that is running")
        elif scene.running:
            decision = self._while_running(now_ns, scene)
        else:
            decision = self._while_idle(now_ns, scene)
        return self._acted(now_ns, decision)

    def _follow(self, now_ns: int, scene: Scene) -> None:
        """See a session end that was not ended here, and people taking their caps off."""
        is_gone = self._running and not scene.running and not self._ends_by_itself
        if is_gone or scene.ended != self._ended:
            self.hold()
        if scene.running != self._running:
            self._ends_by_itself = False
        self._running, self._ended = scene.running, scene.ended
        if self._settings.mode == "caps":
            is_released = self._released.lasts_s(now_ns, not scene.caps.both) >= RELEASE_S
        else:
            is_released = self._is_open(scene) is False
        self._is_held = self._is_held and not is_released

    def _while_running(self, now_ns: int, scene: Scene) -> Decision:
        self._ready = Stretch()
        is_over, patience_s, why = self._end(scene)
        idle_s = self._idle.lasts_s(now_ns, is_over)
        if is_over and idle_s >= patience_s:
            return Decision(Step.STOP, why)
        if not is_over and 0 < self._settings.split_minutes * 60 <= scene.recorded_s:
            return Decision(Step.SPLIT, f"{self._settings.split_minutes:g} minutes are recorded")
        return Decision(Step.NOTHING, "records")

    def _while_idle(self, now_ns: int, scene: Scene) -> Decision:
        self._idle = Stretch()
        lacking = self._lacking(scene)
        ready_s = self._ready.lasts_s(now_ns, not lacking)
        if self._is_held:
            until = "the caps were off once" if self._settings.mode == "caps" else "the next window"
            return Decision(Step.NOTHING, f"a person has ended the session: waits until {until}")
        if lacking:
            return Decision(Step.NOTHING, f"waits {lacking}")
        if self._settings.mode == "window":
            return Decision(Step.START, "a window is open")
        if ready_s < self._settings.start_after_s:
            return Decision(Step.NOTHING, "both caps are on: about to start")
        return Decision(Step.START, "both caps are on")

    def _lacking(self, scene: Scene) -> str:
        """What is missing for a start; "" when nothing is."""
        if self._settings.mode == "window" and not self._is_open(scene):
            if not self._clock_was_right:
                return "for the time of day: windows need a synchronised clock"
            return f"for {' or '.join(self._settings.windows)}"
        if not scene.streaming:
            return "until both boards stream"
        if self._settings.mode == "caps" and not scene.caps.both:
            missing = [role for role in ("patient", "therapist") if not getattr(scene.caps, role)]
            return f"for the cap of {' and '.join(missing)}"
        return ""

    def _end(self, scene: Scene) -> tuple[bool, float, str]:
        """Whether there is nothing more to record, how long that must last, and what it is."""
        if self._settings.mode == "window":
            return self._is_open(scene) is False, 0.0, "the window has closed"
        patience_s = self._settings.stop_after_s
        return not scene.caps.any, patience_s, f"no cap was on for {patience_s:.0f} s"

    def _is_open(self, scene: Scene) -> bool | None:
        """Whether a window is open; None as long as the time of day is not to be believed."""
        if not self._clock_was_right:
            return None
        moment = wall_clock.local_time(scene.utc_ns, self._zone)
        return any(window.holds(moment) for window in self._windows)

    def _acted(self, now_ns: int, decision: Decision) -> Decision:
        """Give a decision out only as often as it may be tried."""
        if decision.step is Step.NOTHING:
            return decision
        if now_ns < self._not_before_ns:
            return Decision(Step.NOTHING, "")
        self._not_before_ns = now_ns + round(RETRY_S * 1e9)
        self._ends_by_itself = decision.step is Step.STOP
        return decision


class Stretch:
    """For how long something has held."""

    def __init__(self) -> None:
        self._since_ns: int | None = None

    def lasts_s(self, now_ns: int, holds: bool) -> float:  # noqa: FBT001
        """Seconds since it began to hold, 0 when it does not."""
        if not holds:
            self._since_ns = None
            return 0.0
        if self._since_ns is None:
            self._since_ns = now_ns
        return (now_ns - self._since_ns) * 1e-9
