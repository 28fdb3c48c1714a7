"""The terminal screen of antiphon: keys, requests, and how to leave without ending a recording."""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import msgspec
from rich.text import Text
from textual import events
from textual.app import App
from textual.binding import Binding, BindingType
from textual.filter import LineFilter
from textual.screen import Screen
from textual.theme import Theme
from textual.widgets import Input

from recorder.failure import Refused
from recorder.settings.file import Config
from recorder.wire.lines import ServiceUnreachable
from recorder.wire.messages import Recent, SessionStatus, Status
from tui.daylight import DAY, Daylight
from tui.feed import ANSWER_S, ContactMeasured, Feed, MeasuresArrived
from tui.flow import Flow
from tui.glyphs import CONSOLE, OtherSigns, Table, table_for
from tui.keyboard import take_any_key
from tui.language import N_, _, language_of, speak
from tui.marking import Begins, Marking
from tui.picture import SPAN_S, SPANS_S
from tui.screens.dialogs import NoteDialog, Question, WhoDialog
from tui.screens.done import AskAgain, CommentDialog
from tui.screens.help import HelpScreen
from tui.screens.session import Back, Grave, Late, Looked, SessionScreen
from tui.screens.who import CodeGiven
from tui.signs import BAD, PLAIN, QUIET, WARN, WELL
from tui.widgets.headline import TALL_ROWS
from tui.wording import clock

# Keys that were meant for the page before.
SETTLE_S = 0.3
MARK_KEYS = ("space", "m", "M", *map(str, range(1, 10)))
MOST_MARKS = 9
SLOW_FRAMES_PER_S, SLOW_SPAN_S = 2.0, SPANS_S[-1]
NO_SERVICE = N_("no service answers")
DEFAULTS = Config()
# Actions that change something: their keys are not there on a screen that only shows.
CHANGING = (
    *("who", "go_without", "practice", "impedance", "tap", "confirm", "stop"),
    *("mark", "mark_listed", "note", "withdraw", "list", "interval", "baseline"),
    *("comment", "interview"),
)
# What such a screen may ask.
HARMLESS = ("status", "marks", "people", "sessions", "session")
# From so many columns or rows on, the style sheet's class applies.
WIDTHS = [(0, "-narrow"), (72, "-wide")]
HEIGHTS = [(0, "-short"), (TALL_ROWS, "-tall")]
NIGHT = Theme(
    name="night",
    primary="#56b4e9",
    success=WELL,
    warning=WARN,
    error=BAD,
    foreground=PLAIN,
    background="#101418",
    surface="#161c22",
    panel="#1e262e",
    variables={"quiet": QUIET, "footer-background": "#1e262e", "footer-key-foreground": PLAIN},
)
WHILE_RECORDING = (
    *("mark", "mark_listed", "note", "withdraw", "list", "interval", "baseline", "stop"),
)
# Letters that do something, but where they are typed.
WHERE_NOTHING_IS_TYPED = ("technician", "help", "leave", "history")

Answer = TypeVar("Answer", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Around:
    """What is around the screen.

    Attributes:
        sound: the command, if any, that is heard when nothing is recorded although it should be,
            and at the end of a baseline.
        glyphs: signs that the terminal lacks, and what stands for them.
        begins: what begins and ends.
        baseline_s: how long a baseline lasts.
        blind: the measures are hidden at first.
        has_terminal: whether the terminal is still there.
        read_only: this screen only shows.
        telephone: whom to call when no service answers, "" when that is not known.
        settle_s: for how long a page that has just come takes no keys but marks.
        theme: how it begins, night or day.
        frames_per_s: how often traces are drawn, at most.
        span_s: how long it takes them to go from edge to edge.
        gates: what has to be well before a session.
    """

    sound: Sequence[str] = ()
    glyphs: Table | None = None
    begins: Begins = field(default_factory=lambda: Begins(DEFAULTS.intervals))
    baseline_s: float = DEFAULTS.screen.baseline_s
    blind: bool = False
    has_terminal: Callable[[], bool] = lambda: True
    read_only: bool = False
    telephone: str = ""
    settle_s: float = SETTLE_S
    theme: str = NIGHT.name
    frames_per_s: float = DEFAULTS.screen.frames_per_s
    span_s: float = SPAN_S
    gates: Sequence[str] = DEFAULTS.screen.gates


class AntiphonApp(App[None]):
    """The screen of the service at `socket`; `marks` are the labels of the keys 1 to 9."""

    TITLE = "antiphon"
    CSS_PATH = "antiphon.tcss"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q,ctrl+c", "leave_from_anywhere", show=False, priority=True),
        Binding("f2", "light", show=False),
    ]

    def __init__(
        self,
        socket: Path,
        *,
        marks: Sequence[str] = DEFAULTS.marks,
        monotonic: Callable[[], float] = time.monotonic,
        is_last: bool = False,
        around: Around = Around(),
    ) -> None:
        super().__init__()
        self._around = around
        self._other_signs = [] if around.glyphs is None else [OtherSigns(around.glyphs)]
        self.set_class(around.glyphs is CONSOLE, "-console")
        self._is_last = is_last
        self._marks = tuple(marks[:MOST_MARKS])
        self._view = SessionScreen(socket, self._marks, monotonic, around.frames_per_s)
        self._view.sweep(around.span_s)
        self._feed = Feed(socket, self._view.post_message, self._view.take)
        self._view.telephone = around.telephone
        self._works: tuple[bool, ...] = ()
        asks = self._ask, self._feed.ask_apart
        self._flow = Flow(self, self._view, *asks, around.telephone, around.gates)
        self._leave_question: Question | None = None
        self._forbidden = CHANGING if around.read_only else ()
        self._marking = Marking(self, self._view, self._ask, self._say, around.begins, monotonic)
        self._monotonic = monotonic
        self._opened_s, self._settle_s = -SETTLE_S, around.settle_s
        self.register_theme(NIGHT)
        self.register_theme(DAY)
        self.theme = around.theme

    def get_default_screen(self) -> Screen[None]:
        """There is one screen."""
        return self._view

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Also the one that draws by the signs that this terminal has."""
        own: list[LineFilter] = [Daylight()] if self.theme == DAY.name else []
        return [*super().get_line_filters(), *own, *self._other_signs]

    def action_light(self) -> None:
        """Light or dark."""
        self.theme = NIGHT.name if self.theme == DAY.name else DAY.name

    def on_mount(self) -> None:
        """Connect, and stay connected."""
        if self._around.blind:
            self.call_after_refresh(self._view.action_hide)
        self.run_worker(self._feed.run())
        self.screen_change_signal.subscribe(self, self._note_opening, immediate=True)
        self.set_interval(1.0, self._leave_without_terminal)

    def _leave_without_terminal(self) -> None:
        """End when the terminal has gone without a word: its keys would be read for ever."""
        if not self._around.has_terminal():
            self.exit(return_code=os.EX_IOERR)

    def on_grave(self, message: Grave) -> None:
        """Nothing is recorded although a session is on."""
        self._ring()

    def _ring(self) -> None:
        """With the terminal's bell, and the command for it."""
        self.bell()
        if self._around.sound:
            self.run_worker(_play(self._around.sound))

    def on_looked(self, looked: Looked) -> None:
        """Show the page that fits, and the keys that work on it."""
        if not self.screen_stack:
            return  # it ends
        self._flow.see(looked.seen)
        works = (self._view.session is not None, self._view.reachable, self._view.asks_who)
        if works != self._works:
            self._works = works
            self.screen.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Whether a key works now; the last line shows only those that do."""
        is_typing = isinstance(self.focused, Input)
        if action in (*self._forbidden, *(WHERE_NOTHING_IS_TYPED if is_typing else ())):
            return False
        is_on = bool(self._view.session or self._view.missed_id)
        match action:
            case recorded if recorded in WHILE_RECORDING:
                return is_on
            case "caps" | "traces":
                return not is_on
            case "who" | "practice" | "impedance" | "tap" | "go_without":
                return self._view.reachable and not is_on
            case "confirm":
                return self._view.asks_who
        return super().check_action(action, parameters)

    def on_code_given(self, given: CodeGiven) -> None:
        """Have the service say whether it will do."""
        self.run_worker(self._flow.look_at(given))

    def on_ask_again(self, asked: AskAgain) -> None:
        """Have the service tell of a session."""
        self.run_worker(self._flow.look_up(asked))

    def action_who(self) -> None:
        """From the caps to who it is."""
        self._flow.who()

    def action_go_without(self) -> None:
        """As `who`, although a board is not there."""
        self._flow.who()

    def action_practice(self) -> None:
        """A session that is neither copied nor counted."""
        self._flow.practise()

    def action_traces(self) -> None:
        """Look at the traces while nothing is recorded."""
        self._flow.traces()

    def action_caps(self) -> None:
        """Back to the caps."""
        self._flow.caps()

    async def action_history(self) -> None:
        """The sessions that were recorded here."""
        self.run_worker(self._flow.history())

    def action_technician(self) -> None:
        """Everything in figures."""
        self._flow.technician()

    def action_tap(self) -> None:
        """Find out which cap is whose."""
        self._flow.tap(self._monotonic)

    def action_impedance(self) -> None:
        """Measure the contacts in kilo-ohm."""
        self._flow.impedance()

    def action_end_impedance(self) -> None:
        """End that, or leave its page."""
        self._flow.end_impedance()

    def on_contact_measured(self, measured: ContactMeasured) -> None:
        """One electrode was measured."""
        self._flow.measured_contact(measured.contact)

    def on_measures_arrived(self, arrived: MeasuresArrived) -> None:
        """The technician's page shows them as they are."""
        self._flow.measured(arrived.measures)

    def action_comment(self) -> None:
        """Comment on the session in front."""
        self._flow.comment()

    def action_interview(self) -> None:
        """Write down what one of the two tells of the session in front."""
        self._flow.interview()

    def action_mark(self, label: str) -> None:
        """Mark this moment."""
        self._marking.press(label)

    def on_back(self, _back: Back) -> None:
        """A session is on again: hand in what was marked meanwhile."""
        self._marking.hand_in()

    def on_late(self, _late: Late) -> None:
        """Ask for what was measured before."""
        self.run_worker(self._recall())

    async def _recall(self) -> None:
        """A service of another version does not know it: then there is none."""
        with contextlib.suppress(Refused, ServiceUnreachable, msgspec.MsgspecError):
            told = await self._feed.ask("recent")
            self._view.recall(msgspec.json.decode(told, type=Recent))

    def action_withdraw(self) -> None:
        """Take back what was marked last."""
        self._marking.withdraw()

    def action_list(self) -> None:
        """Show what was marked, to put it right."""
        self._marking.list()

    def action_baseline(self) -> None:
        """Guide through a baseline."""
        self._marking.baseline(self._around.baseline_s, self._ring)

    def action_interval(self) -> None:
        """Ask what begins or ends now, such as music."""
        self._marking.begin_or_end()

    def action_mark_listed(self, key: int) -> None:
        """Mark this moment with the label of a number key."""
        if key <= len(self._marks):
            self.action_mark(self._marks[key - 1])
        else:
            self._say(_("this key has no label: space marks without one"))

    def action_note(self) -> None:
        """Ask for a text to write into the session; its time is that of this key."""
        self._marking.note()

    def action_help(self) -> None:
        """What the signs and keys mean."""
        self.push_screen(HelpScreen(self._marks))

    async def on_event(self, event: events.Event) -> None:
        """A key that was meant for the page before does nothing; marks are for every page."""
        if isinstance(event, events.Key) and self._is_early(event.key):
            return
        await super().on_event(event)

    def _is_early(self, key: str) -> bool:
        """Whether it was; what is typed on a line that was asked for is not."""
        is_mark = key in MARK_KEYS and self._view.session is not None
        is_typed = isinstance(self.screen, NoteDialog | CommentDialog)
        return not (is_mark or is_typed) and self._monotonic() - self._opened_s < self._settle_s

    def _note_opening(self, _opened: Screen[Any]) -> None:
        self._opened_s = self._monotonic()

    def action_stop(self) -> None:
        """Ask whether the recording shall end; one key alone never ends it."""
        session = self._view.session
        if session is None:
            self._say(_("nothing is being recorded") if self._view.reachable else _(NO_SERVICE))
            return
        text = _("{session}. It cannot be taken up again.").format(session=_called(session))
        yes, no = _("stop it"), _("go on recording")
        question = Question(_("Stop the recording?"), text, yes=yes, no=no)
        self.push_screen(question, partial(self._begin_stop, session.id))

    def action_confirm(self) -> None:
        """Ask who is who, if that is not known."""
        if not self._view.asks_who:
            self._say(_("it is known who is who") if self._view.reachable else _(NO_SERVICE))
            return
        self.push_screen(WhoDialog(), self._begin_confirm)

    def action_leave_from_anywhere(self) -> None:
        """As `leave`, where letters are typed, too."""
        self.action_leave()

    def action_leave(self) -> None:
        """Leave the screen; while recording, ask first and say that the recording goes on."""
        session = self._view.session
        if session is None or (self.screen is self._leave_question and not self._is_last):
            self._leave("yes")
            return
        if self.screen is self._leave_question:
            return  # it would end the recording, which no key held down may
        ends, goes_on = _("The recording ends with the screen"), _("The recording goes on")
        text = f"{ends if self._is_last else goes_on}: {_called(session)}."
        yes, no = _("leave"), _("stay")
        self._leave_question = Question(_("Leave the screen?"), text, yes=yes, no=no)
        self.push_screen(self._leave_question, self._leave)

    def _leave(self, answer: str | None) -> None:
        if answer != "yes":
            return
        session = self._view.session
        if session is None or self._is_last:
            self.exit()
            return
        goes_on = _("the recording goes on: {session}; `antiphon ui` shows it again")
        self.exit(message=Text(goes_on.format(session=_called(session))))

    def _begin_stop(self, session_id: str, answer: str | None) -> None:
        if answer == "yes":
            self.run_worker(self._flow.stop(session_id))

    def _begin_confirm(self, answer: str | None) -> None:
        if answer is not None:
            self.run_worker(self._confirm_who(answer))

    async def _confirm_who(self, answer: str) -> None:
        if await self._ask("confirm", Status, label=answer) is not None:
            same, other = _("as before"), _("exchanged: each board moves over")
            self._say(same if answer == "same" else other)

    async def _ask(
        self, do: str, answer: type[Answer], within_s: float = ANSWER_S, **fields: Any
    ) -> Answer | None:
        """The service's answer; None when there is none, and then a notice says why."""
        if self._around.read_only and do not in HARMLESS:
            self._say(_("this screen only shows: it was begun with --read-only"), is_grave=True)
            return None
        try:
            reply = await self._feed.ask(do, within_s, **fields)
            return msgspec.json.decode(reply, type=answer | None)
        except Refused as no:
            self._say(str(no), is_grave=True)
        except ServiceUnreachable as silence:
            self._say(f"{do}: {silence}", is_grave=True)
        except msgspec.MsgspecError as odd:
            text = _("{do}: the answer cannot be read: {odd}").format(do=do, odd=odd)
            self._say(text, is_grave=True)
        return None

    def _say(self, text: str, *, is_grave: bool = False) -> None:
        self._view.say(text, is_grave=is_grave)
        self._flow.say(text, is_grave=is_grave)


def run(
    socket: Path,
    config: Config = DEFAULTS,
    *,
    is_last: bool = False,
    read_only: bool = False,
    slow: bool = False,
) -> int:
    """Show the screen until its user leaves; returns the exit code.

    With `read_only` no key changes anything. `is_last` says that the service ends when this screen
    does, as in the demo. With `slow` little is drawn.

    The screen is drawn on stderr and keys are read from stdin, both of which must be a terminal.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        sys.stderr.write("antiphon: the screen needs a terminal; `antiphon status` does not\n")
        return os.EX_USAGE
    take_any_key()
    speak(language_of(config.screen.language, os.environ), config.screen.roles)
    glyphs = table_for(os.environ, sys.stderr.encoding)
    around = Around(
        config.screen.sound,
        glyphs,
        Begins(config.intervals, config.music),
        config.screen.baseline_s,
        blind=config.screen.blind or slow,
        has_terminal=sys.stdin.isatty,
        read_only=read_only,
        telephone=config.screen.telephone,
        theme=config.screen.theme,
        frames_per_s=SLOW_FRAMES_PER_S if slow else config.screen.frames_per_s,
        span_s=SLOW_SPAN_S if slow else SPAN_S,
        gates=config.screen.gates,
    )
    app = AntiphonApp(socket, marks=config.marks, is_last=is_last, around=around)
    try:
        app.run()
    finally:
        if not sys.stdin.isatty():  # Textual's thread would read the end of it for ever
            os._exit(os.EX_IOERR)
    return app.return_code or 0


async def _play(command: Sequence[str]) -> None:
    """Run the command that makes a sound; what it says or fails with must not touch the screen."""
    quiet = asyncio.subprocess.DEVNULL
    with contextlib.suppress(OSError):
        process = await asyncio.create_subprocess_exec(
            *command, stdin=quiet, stdout=quiet, stderr=quiet
        )
        await process.wait()


def _called(session: SessionStatus) -> str:
    return f"{session.patient} · {session.therapist}, {clock(session.elapsed_s)}"
