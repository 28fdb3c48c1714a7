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
from textual.app import App
from textual.binding import Binding, BindingType
from textual.filter import LineFilter
from textual.screen import Screen
from textual.theme import Theme

from recorder.failure import Refused
from recorder.settings.file import Config
from recorder.wire.lines import ServiceUnreachable
from recorder.wire.messages import SessionStatus, Status
from tui.feed import ANSWER_S, Feed
from tui.glyphs import OtherSigns, Table, table_for
from tui.keyboard import take_any_key
from tui.language import language_of, speak
from tui.marking import Begins, Marking
from tui.screens.dialogs import Agreed, Question, StartDialog, WhoDialog
from tui.screens.help import HelpScreen
from tui.screens.session import Back, Grave, SessionScreen, doubts_of
from tui.signs import BAD, PLAIN, QUIET, WARN, WELL
from tui.wording import clock

MOST_MARKS = 9
DEFAULTS = Config()
# Actions that change something: their keys are not there on a screen that only shows.
CHANGING = (
    *("start", "stop", "mark", "mark_listed", "note", "withdraw", "list", "interval"),
    *("baseline", "confirm"),
)
# What such a screen may ask.
HARMLESS = ("status", "marks")
# From so many columns or rows on, the style sheet's class applies.
WIDTHS = [(0, "-narrow"), (72, "-wide")]
HEIGHTS = [(0, "-short"), (30, "-tall")]
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
# Making or closing a session's file may take long on a worn card.
FILE_S = 60.0

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
    """

    sound: Sequence[str] = ()
    glyphs: Table | None = None
    begins: Begins = field(default_factory=lambda: Begins(DEFAULTS.intervals))
    baseline_s: float = DEFAULTS.screen.baseline_s
    blind: bool = False
    has_terminal: Callable[[], bool] = lambda: True
    read_only: bool = False


class AntiphonApp(App[None]):
    """The screen of the service at `socket`; `marks` are the labels of the keys 1 to 9."""

    TITLE = "antiphon"
    CSS_PATH = "antiphon.tcss"
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+q,ctrl+c", "leave", show=False, priority=True),
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
        self._is_last = is_last
        self._marks = tuple(marks[:MOST_MARKS])
        self._view = SessionScreen(socket, self._marks, monotonic)
        self._feed = Feed(socket, self._view.post_message, self._view.take)
        self._leave_question: Question | None = None
        self._marking = Marking(self, self._view, self._ask, around.begins, monotonic)
        self.register_theme(NIGHT)
        self.theme = NIGHT.name

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """On a screen that only shows, nothing can be changed."""
        return not (self._around.read_only and action in CHANGING)

    def get_default_screen(self) -> Screen[None]:
        """There is one screen."""
        return self._view

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Also the one that draws by the signs that this terminal has."""
        return [*super().get_line_filters(), *self._other_signs]

    def on_mount(self) -> None:
        """Connect, and stay connected."""
        if self._around.blind:
            self.call_after_refresh(self._view.action_hide)
        self.run_worker(self._feed.run())
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

    def action_start(self) -> None:
        """Ask for the codes, unless a session is on already."""
        session = self._view.session
        if session is not None:
            self._say(f"already recording {session.patient} · {session.therapist}")
            return
        self.push_screen(StartDialog(self._view.contact_summary()), self._begin_start)

    def action_mark(self, label: str) -> None:
        """Mark this moment."""
        self._marking.press(label)

    def on_back(self, _back: Back) -> None:
        """A session is on again: hand in what was marked meanwhile."""
        self._marking.hand_in()

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

    def action_note(self) -> None:
        """Ask for a text to write into the session; its time is that of this key."""
        self._marking.note()

    def action_help(self) -> None:
        """What the signs and keys mean."""
        self.push_screen(HelpScreen(self._marks))

    def action_stop(self) -> None:
        """Ask whether the recording shall end; one key alone never ends it."""
        session = self._view.session
        if session is None:
            self._say("nothing is being recorded" if self._view.reachable else "no service answers")
            return
        text = f"{_called(session)}. It cannot be taken up again."
        question = Question("Stop the recording?", text, yes="stop it", no="go on recording")
        self.push_screen(question, partial(self._begin_stop, session.id))

    def action_confirm(self) -> None:
        """Ask who is who, if that is not known."""
        if not self._view.asks_who:
            self._say("it is known who is who" if self._view.reachable else "no service answers")
            return
        self.push_screen(WhoDialog(), self._begin_confirm)

    def action_leave(self) -> None:
        """Leave the screen; while recording, ask first and say that the recording goes on."""
        session = self._view.session
        if session is None or (self.screen is self._leave_question and not self._is_last):
            self._leave("yes")
            return
        if self.screen is self._leave_question:
            return  # it would end the recording, which no key held down may
        fate = "ends with the screen" if self._is_last else "goes on"
        text = f"The recording {fate}: {_called(session)}."
        self._leave_question = Question("Leave the screen?", text, yes="leave", no="stay")
        self.push_screen(self._leave_question, self._leave)

    def _leave(self, answer: str | None) -> None:
        if answer != "yes":
            return
        session = self._view.session
        if session is None or self._is_last:
            self.exit()
            return
        goes_on = f"the recording goes on: {_called(session)}; `antiphon ui` shows it again"
        self.exit(message=Text(goes_on))

    def _begin_start(self, agreed: Agreed | None) -> None:
        if agreed is not None:
            self.run_worker(self._start_unless_in_doubt(agreed))

    async def _start_unless_in_doubt(self, agreed: Agreed) -> None:
        """By what the service says now: what the screen shows may be a second old."""
        status = await self._ask("status", Status)
        if status is None:
            return
        if not (doubts := doubts_of(status)):
            await self._start(agreed)
            return
        text = f"{'. '.join(doubts)}. That cannot be mended afterwards."
        question = Question("Start all the same?", text, yes="start all the same", no="not yet")
        self.push_screen(question, partial(self._begin_in_doubt, agreed))

    def _begin_in_doubt(self, agreed: Agreed, answer: str | None) -> None:
        if answer == "yes":
            self.run_worker(self._start(agreed))

    def _begin_stop(self, session_id: str, answer: str | None) -> None:
        if answer == "yes":
            self.run_worker(self._stop(session_id))

    def _begin_confirm(self, answer: str | None) -> None:
        if answer is not None:
            self.run_worker(self._confirm_who(answer))

    async def _confirm_who(self, answer: str) -> None:
        if await self._ask("confirm", Status, label=answer) is not None:
            self._say("as before" if answer == "same" else "exchanged: each board moves over")

    async def _start(self, agreed: Agreed) -> None:
        session = await self._ask("start", SessionStatus, FILE_S, **agreed._asdict())
        if session is not None:
            self._say(f"recording {session.patient} · {session.therapist}\n{session.file}")

    async def _stop(self, session_id: str) -> None:
        session = await self._ask("stop", SessionStatus, FILE_S, session=session_id)
        if session is not None:
            self._say(f"stopped at {clock(session.elapsed_s)}\n{session.file}")

    async def _ask(
        self, do: str, answer: type[Answer], within_s: float = ANSWER_S, **fields: Any
    ) -> Answer | None:
        """The service's answer; None when there is none, and then a notice says why."""
        if self._around.read_only and do not in HARMLESS:
            self._say("this screen only shows: it was begun with --read-only", is_grave=True)
            return None
        try:
            reply = await self._feed.ask(do, within_s, **fields)
            return msgspec.json.decode(reply, type=answer | None)
        except Refused as no:
            self._say(str(no), is_grave=True)
        except ServiceUnreachable as silence:
            self._say(f"{do}: {silence}", is_grave=True)
        except msgspec.MsgspecError as odd:
            self._say(f"{do}: the answer cannot be read: {odd}", is_grave=True)
        return None

    def _say(self, text: str, *, is_grave: bool = False) -> None:
        self._view.say(text, is_grave=is_grave)


def run(
    socket: Path, config: Config = DEFAULTS, *, is_last: bool = False, read_only: bool = False
) -> int:
    """Show the screen until its user leaves; returns the exit code.

    With `read_only` no key changes anything. `is_last` says that the service ends when this screen
    does, as in the demo.

    The screen is drawn on stderr and keys are read from stdin, both of which must be a terminal.
    """
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        sys.stderr.write("antiphon: the screen needs a terminal; `antiphon status` does not\n")
        return os.EX_USAGE
    take_any_key()
    speak(language_of(config.screen.language, os.environ))
    glyphs = table_for(os.environ, sys.stderr.encoding)
    around = Around(
        config.screen.sound,
        glyphs,
        Begins(config.intervals, config.music),
        config.screen.baseline_s,
        blind=config.screen.blind,
        has_terminal=sys.stdin.isatty,
        read_only=read_only,
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
