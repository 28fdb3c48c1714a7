"""The one screen: is it recording, are both people's data good, what unfolds between them."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Resize
from textual.message import Message
from textual.screen import Screen

from recorder.settings.board import ROLES
from recorder.wire.messages import Recent, SessionStatus, Status, Trace
from tui.feed import MeasuresArrived, ServiceSilent, ServiceUnclear, StatusArrived
from tui.gaps import Gaps
from tui.language import N_, _
from tui.pace import Pace
from tui.patch import Patch
from tui.screens.page import EXPLORATORY, Seen, message, name_keys
from tui.signs import PLAIN, QUIET
from tui.steady import Steady
from tui.verdict import Judge, Level
from tui.widgets.asymmetry import LEAST_ROWS, MOST_ROWS, AsymmetryView
from tui.widgets.board import BoardView
from tui.widgets.headline import Headline
from tui.widgets.keys import Keys
from tui.widgets.line import Line, Paragraph
from tui.widgets.mark_keys import MarkKeys
from tui.widgets.synchrony import SynchronyView
from tui.widgets.traces import CAPTION_ROWS, TraceView
from tui.wording import clock, shift_times, shortened

FRAMES_PER_S = 5.0
# The service speaks every second; so much silence is no accident. With LOOK_S, within 3 s.
SILENT_S = 2.4
LOOK_S = 0.5
# A bell that nobody heard is rung again.
BELL_S = 15.0
SAID_S, GRAVE_S = 4.0, 8.0
KEPT_SAID = 50
KEPT_MARKS = 300
HANGS = N_("the service does not answer")
GONE = N_("no service")
# And as often it tells the measures; older ones are not shown as if they were new.
MEASURES_SILENT_S = 5.0
# A session that is older has measures that this screen has not seen.
LATE_S = 10.0
FOOT_GAP = 2
# From so many rows on there are enough of them for a strip that is easy to read.
ROOMY = 16
ROOMY_LEAST = 4
BY_ITSELF = N_(
    "The recorder is started again by itself, and resumes the session.\n"
    "If this stays for a minute, call the technician{telephone}.   a: heard\n\n"
)
HIDDEN = N_("measures hidden, h shows them")


class Grave(Message):
    """Nothing is recorded although a session is on: somebody has to hear of it."""

    def __init__(self, words: str) -> None:
        super().__init__()
        self.words = words


class Back(Message):
    """A service answers again that was missed while a session was on."""


class Late(Message):
    """A session had been on for a while when this screen first heard of it."""


class Looked(Message):
    """The screen has looked how it stands."""

    def __init__(self, seen: Seen) -> None:
        super().__init__()
        self.seen = seen


class Middle(Vertical):
    """Traces and asymmetry: channels are equally high, the rows left over go to the asymmetry."""

    def __init__(self) -> None:
        super().__init__()
        self._channels = 1

    def set_channels(self, channels: int) -> None:
        """Make room for so many traces of each person."""
        if channels and channels != self._channels:
            self._channels = channels
            self._share(self.size.height)

    def on_resize(self, event: Resize) -> None:
        """Share out the rows anew."""
        self._share(event.size.height)

    def _share(self, height: int) -> None:
        least = ROOMY_LEAST if height >= ROOMY else LEAST_ROWS
        each = max(1, (height - CAPTION_ROWS - least) // self._channels)
        spare = height - CAPTION_ROWS - each * self._channels
        self.query_one("#asymmetry").styles.height = max(least, min(MOST_ROWS, spare))


class SessionScreen(Screen[None]):
    """Shows what the service says; the app does what the keys ask for.

    Attributes:
        reachable: whether the service answers.
        telephone: whom to call, "" when that is not known.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,escape,s,S", "app.caps", "caps", key_display="Enter"),
        Binding("space,m,M", "app.mark('')", "mark", key_display="space"),
        Binding("u,U", "app.withdraw", "take back"),
        Binding("n,N", "app.note", "note"),
        Binding("x,X", "app.stop", "stop"),
        Binding("w,W", "app.confirm", "who is who", show=False),
        Binding("a,A", "hear", "heard", show=False),
        Binding("h,H", "hide", "measures"),
        Binding("up", "enlarge(1)", show=False),
        Binding("down", "enlarge(-1)", show=False),
        Binding("0", "enlarge(0)", show=False),
        Binding("right", "hurry(1)", show=False),
        Binding("left", "hurry(-1)", show=False),
        Binding("t,T", "app.technician", "figures"),
        Binding("question_mark,f1", "app.help", "help", key_display="?"),
        Binding("q,Q", "app.leave", "leave"),
        Binding("i,I", "app.interval", "begins/ends"),
        Binding("l,L", "app.list", "list marks"),
        Binding("b,B", "app.baseline", "baseline"),
        *(Binding(f"{key}", f"app.mark_listed({key})", show=False) for key in range(1, 10)),
    ]
    AUTO_FOCUS = ""

    def __init__(
        self,
        socket: Path,
        marks: Sequence[str],
        monotonic: Callable[[], float] = time.monotonic,
        frames_per_s: float = FRAMES_PER_S,
    ) -> None:
        super().__init__()
        name_keys(self)
        self._socket = socket
        self._monotonic = monotonic
        self._pace = Pace(frames_per_s, monotonic)
        self._frame: asyncio.TimerHandle | None = None
        self._status: Status | None = None
        self._news_s = self._measured_s = monotonic()
        self._judge = Judge()
        self._steady = Steady()
        self._gaps, self._gap = Gaps(), ""
        self._known_id = ""
        self._silence = GONE
        self._rung_s: float | None = None  # when the bell was rung last; None while all is well
        self._is_heard = False
        self._said_until_s: float | None = None
        self.said: deque[str] = deque(maxlen=KEPT_SAID)
        self.reachable = False
        self.telephone = ""
        patch = Patch(self)
        self._headline = Headline(patch)
        self._waiting = Paragraph(id="waiting")
        self._boards = {role: BoardView(role, patch) for role in ROLES}
        self._traces = TraceView(ROLES, patch, monotonic=monotonic)
        self._marks_s: deque[float] = deque(maxlen=KEPT_MARKS)
        self._asymmetry = [AsymmetryView(role, patch, self._marks_s) for role in ROLES]
        self._middle = Middle()
        self._shifts = Line(patch, id="shifts")
        self._synchrony = SynchronyView(patch)
        self._exploratory = Line(patch, id="exploratory")
        self._file = Line(patch, id="file")
        self._mark_keys = MarkKeys(patch, marks)

    @property
    def session(self) -> SessionStatus | None:
        """The session that is being recorded, as far as the service tells just now."""
        return self._status.session if self._status and self.reachable else None

    @property
    def missed_id(self) -> str:
        """The session that was on when the service was last heard, while it is not; else ""."""
        session = self._status.session if self._status and self._silence else None
        return "" if session is None else session.id

    def clean_shares(self) -> dict[str, float | None]:
        """How much of the last 10 s of each person was clean, as far as is known."""
        boards = self._status.boards if self._status and self.reachable else []
        return {board.role: board.clean_share for board in boards}

    def say(self, text: str, *, is_grave: bool = False) -> None:
        """Say `text` for a while, in the row of the mark keys: never over anything that counts."""
        self.said.append(text)
        self._mark_keys.say(*message(text, is_grave=is_grave))
        self._said_until_s = self._monotonic() + (GRAVE_S if is_grave else SAID_S)

    def sweep(self, span_s: float) -> None:
        """Have traces take so long from edge to edge."""
        self._traces.sweep(span_s)

    def steady(self, status: Status) -> Status:
        """A status with contacts as they have been for a while."""
        return self._steady.look(status, self._monotonic())

    def compose(self) -> ComposeResult:
        """From what must work first to what comes out of it; the keys are always in sight."""
        yield self._headline
        yield self._waiting
        with Horizontal(id="boards"):
            yield from self._boards.values()
        with self._middle:
            yield self._traces
            with Horizontal(id="asymmetry"):
                yield from self._asymmetry
        yield self._shifts
        yield self._synchrony
        with Horizontal(id="foot"):
            yield self._exploratory
            yield self._file
        yield self._mark_keys
        yield Keys()

    def on_mount(self) -> None:
        """Begin with what is known: the keys, and that nothing has been heard yet."""
        self._exploratory.show(_(EXPLORATORY))
        self._mark_keys.show_keys()
        self._show_waiting(self._no_answer())
        self._show_verdict()
        self.set_interval(LOOK_S, self._look_for_news)

    def on_status_arrived(self, message: StatusArrived) -> None:
        """Show what the service is doing."""
        before = self._status
        self._news_s = self._monotonic()
        was_missed = self.missed_id
        status = self.steady(message.status)
        self._status, self.reachable, self._silence = status, True, ""
        self.remove_class("-unreachable")
        self._show_verdict(status)
        self._show_status(status)
        self._follow_marks(before, status)
        if was_missed:
            self.post_message(Back())
        if gap := self._gaps.look(status):
            self._gap = gap
            self.say(gap, is_grave=True)
        self._note_late(status.session)

    def _follow_marks(self, before: Status | None, now: Status) -> None:
        """Draw what was marked where it is; what was taken back was most likely the last."""
        if now.session is None or not (more := _marked_since(before, now)):
            return
        if more > 0:
            self._traces.mark(now.session.last_marker)
            self._marks_s.append(now.session.elapsed_s)
        elif self._marks_s:
            self._marks_s.pop()

    def _note_late(self, session: SessionStatus | None) -> None:
        """Once a session."""
        if session is not None and session.id != self._known_id:
            self._known_id = session.id
            self._marks_s.clear()
            if session.elapsed_s > LATE_S:
                self.post_message(Late())

    def recall(self, recent: Recent) -> None:
        """Take in what was measured before this screen looked."""
        self._marks_s.extendleft(reversed(recent.marks_s))
        for view in self._asymmetry:
            view.recall(recent.asymmetry)

    def take(self, trace: Trace) -> None:
        """Hand new points to their person's traces, and see to it that a frame paints them."""
        self._traces.extend(trace)
        if self._frame is None:
            loop = asyncio.get_running_loop()
            self._frame = loop.call_later(self._pace.wait_s(), self._draw_frame)

    def on_measures_arrived(self, message: MeasuresArrived) -> None:
        """Show each person's own measures, and those between the two."""
        self._measured_s = self._monotonic()
        measures = message.measures
        for view in self._asymmetry:
            view.show_measures(measures)
        self._show_shifts(shift_times(measures.shifts, measures.t_s))
        age_s = self.session.elapsed_s - measures.t_s if self.session else None
        self._synchrony.show(measures, age_s)

    def on_service_silent(self, message: ServiceSilent) -> None:
        """Take the figures away: none of them is true any more."""
        self.reachable = False
        self._silence = GONE
        self._show_verdict()
        self._show_waiting(f"{self._no_answer()}{message.why and f': {_(message.why)}'}")

    def on_service_unclear(self, message: ServiceUnclear) -> None:
        """Say that screen and service do not understand each other."""
        text = _("the service sent something this screen cannot read: {what}")
        self.say(text.format(what=message.text), is_grave=True)

    @property
    def asks_who(self) -> bool:
        """Whether the service asks who is who."""
        alarms = self._status.alarms if self._status and self.reachable else []
        return any(alarm.kind == "who_is_who" for alarm in alarms)

    def action_hear(self) -> None:
        """The alarm was heard: no more bell, no more blinking; it stands until it is over."""
        self._is_heard = True
        self._show_verdict()

    def action_enlarge(self, rungs: int) -> None:
        """Draw waves larger or smaller; 0 as they fit."""
        self._traces.enlarge(rungs)

    def action_hurry(self, steps: int) -> None:
        """Sweep faster or slower."""
        self._traces.hurry(steps)

    def action_hide(self) -> None:
        """Hide the measures, or show them again."""
        self.toggle_class("-hidden")
        exploratory = _(EXPLORATORY)
        words = f"{_(HIDDEN)} · {exploratory}" if self.has_class("-hidden") else exploratory
        self._exploratory.show(words)

    def _draw_frame(self) -> None:
        self._frame = None
        if self._traces.is_attached:
            with self._pace.frame():
                self._traces.draw()

    def _look_for_news(self) -> None:
        now_s = self._monotonic()
        if self._frame is None:
            self._traces.draw()
        if self._status and self.reachable and now_s - self._news_s > SILENT_S:
            self._silence = HANGS
            self._show_waiting(_("{what} at {place}").format(what=_(HANGS), place=self._socket))
        self._show_verdict()
        if self._said_until_s is not None and now_s >= self._said_until_s:
            self._said_until_s = None
            self._mark_keys.show_keys()
        if now_s - self._measured_s > MEASURES_SILENT_S:
            self._show_shifts("")
            self._synchrony.forget()
            for view in self._asymmetry:
                view.forget()

    def _show_verdict(self, status: Status | None = None) -> None:
        now_s = self._monotonic()
        verdict = self._judge.look(status, now_s, _(self._silence))
        is_grave = verdict.level is Level.NOT
        self.set_class(is_grave, "-grave")
        if is_grave and self._gap and self._gap in self._mark_keys.text:
            self._mark_keys.show_keys()  # what was recorded again is so no more
        if not is_grave:
            self._rung_s, self._is_heard = None, False
        elif not self._is_heard and (self._rung_s is None or now_s - self._rung_s >= BELL_S):
            self._rung_s = now_s
            self.post_message(Grave(verdict.words))
        is_lit = not is_grave or self._is_heard or int(now_s) % 2 == 0
        self._headline.judge(verdict, is_lit=is_lit)
        silent_s = now_s - self._news_s
        seen = Seen(self._status, verdict, is_lit, self.reachable, silent_s, now_s)
        self.post_message(Looked(seen))

    def _show_shifts(self, text: str) -> None:
        self._shifts.set_class(bool(text), "-some")
        self._shifts.show(text)

    def _show_status(self, status: Status) -> None:
        self._headline.show(status)
        session = status.session
        boards = {board.role: board for board in status.boards}
        codes = {"patient": session.patient, "therapist": session.therapist} if session else {}
        missing_s = session.missing_s if session else {}
        for role, view in self._boards.items():
            view.show(boards.get(role), codes.get(role, ""), missing_s.get(role, 0.0))
        self._middle.set_channels(max((len(b.contacts) for b in status.boards), default=0))
        room = self.size.width - len(self._exploratory.text) - FOOT_GAP
        file = shortened(session.file, room) if session else _("no file open")
        self._file.show((file, QUIET))

    def _show_waiting(self, why: str) -> None:
        """Nothing but this and the verdict is shown: no other figure is true any more."""
        self.add_class("-unreachable")
        self._headline.forget()
        grave = self._judge.is_on
        calm = _("{why}; trying again").format(why=why)
        self._waiting.show(
            (self._by_itself() if grave else "", "bold"),
            (calm, PLAIN),
            (self._last_seen(), QUIET),
        )

    def _by_itself(self) -> str:
        return _(BY_ITSELF).format(telephone=self.telephone and f": {self.telephone}")

    def _no_answer(self) -> str:
        return _("no service answers at {place}").format(place=self._socket)

    def _last_seen(self) -> str:
        """What was being recorded when the service was last heard."""
        session = self._status.session if self._status else None
        if session is None:
            return ""
        codes, at = f"{session.patient} · {session.therapist}", clock(session.elapsed_s)
        seen = _("last seen: recording {codes} at {time}, saved up to {saved}")
        text = seen.format(codes=codes, time=at, saved=clock(session.saved_s))
        return f"\n\n{text}\n{session.file}"


def _marked_since(before: Status | None, now: Status) -> int:
    """How much more somebody has marked, here or elsewhere; below 0 where it was taken back."""
    if before is None or before.session is None or now.session is None:
        return 0
    same = before.session.id == now.session.id
    return now.session.markers - before.session.markers if same else 0
