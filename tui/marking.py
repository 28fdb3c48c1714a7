"""Marks by key: of the time of the press, kept while no service answers, taken back, put right."""

from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

import msgspec
from textual.app import App

from recorder.settings.measures import REST_BEGINS
from recorder.wire.messages import Mark, Marks, Noted
from tui.language import N_, _, plural
from tui.screens.baseline import BaselineScreen
from tui.screens.dialogs import NoteDialog, Question
from tui.screens.marks import BeginDialog, Edit, LabelDialog, MarkList, PieceDialog
from tui.screens.session import SessionScreen
from tui.wording import clock

# A key that is held down repeats; nobody means that.
HELD_S = 0.3
# Marks that wait for a service that is away: as many as anybody makes until it is back.
KEPT_MARKS = 100
# What recorder.privacy.names looks for.
HELD = (
    N_("a name"),
    N_("a date, as of birth"),
    N_("a telephone number"),
    N_("an e-mail address"),
)

Answer = TypeVar("Answer", bound=msgspec.Struct)


class Ask(Protocol):
    """Asks the service; None when there is no answer, and then a notice has said why."""

    async def __call__(self, do: str, answer: type[Answer], **fields: Any) -> Answer | None:
        """The answer to `do`."""


class Say(Protocol):
    """Says something for a while, where it can be read."""

    def __call__(self, text: str, *, is_grave: bool = False) -> None:
        """Say it."""


@dataclass(frozen=True, slots=True)
class Begins:
    """What begins and ends, and names of pieces to choose from; as in the configuration."""

    intervals: Sequence[str]
    music: Sequence[str] = ()


class Marking:
    """What the keys for marks do."""

    def __init__(
        self,
        app: App[None],
        view: SessionScreen,
        ask: Ask,
        say: Say,
        begins: Begins,
        monotonic: Callable[[], float],
    ) -> None:
        self._app = app
        self._view = view
        self._ask = ask
        self._say = say
        self._begins = begins
        self._monotonic = monotonic
        self._pressed: tuple[str, float] = ("", -HELD_S)
        self._kept: deque[tuple[str, str, float]] = deque(maxlen=KEPT_MARKS)

    def press(self, label: str) -> None:
        """Mark this moment, once for a key that is held; kept while no service answers."""
        now_s = self._monotonic()
        before, before_s = self._pressed
        self._pressed = label, now_s
        if before == label and now_s - before_s < HELD_S:
            return
        if not self._view.missed_id:
            self._run(self._mark(label))
            return
        self._kept.append((self._view.missed_id, label, now_s))
        kept = _("{mark}: kept, and handed in when the service is back ({n})")
        self._say(kept.format(mark=_marked(label), n=len(self._kept)))

    def hand_in(self) -> None:
        """A session is on again: hand in what was marked meanwhile, if it is the same one."""
        session, kept = self._view.session, [*self._kept]
        self._kept.clear()
        own = [it for it in kept if session is not None and _is_same(session.id, it[0])]
        for _session, label, pressed_s in own:
            self._run(self._mark(label, self._monotonic() - pressed_s))
        if others := len(kept) - len(own):
            said = plural(
                "{n} mark was for a session that has ended: not stored",
                "{n} marks were for a session that has ended: not stored",
                others,
            )
            self._say(said, is_grave=True)

    def note(self) -> None:
        """Ask for a text to write into the session; its time is that of this key."""
        self._write(partial(self._note, self._monotonic()))

    def withdraw(self) -> None:
        """Take back what was done last."""
        self._run(self._withdraw())

    def list(self) -> None:
        """Show what was marked, to put it right."""
        self._run(self._list())

    def begin_or_end(self) -> None:
        """Ask what begins or ends now."""
        self._run(self._begin_or_end(self._monotonic()))

    def baseline(self, seconds: float, ring: Callable[[], None]) -> None:
        """Guide through a baseline of so many seconds; `ring` is heard at its end."""
        if self._view.session is None:
            self._say(_("nothing is being recorded: a baseline belongs to a session"))
            return
        shares = self._view.clean_shares
        page = BaselineScreen(seconds, shares, self._mark_baseline, ring, self._monotonic)
        self._app.push_screen(page, self._end_baseline)

    async def _mark_baseline(self, label: str) -> bool:
        return await self._ask("mark", Noted, label=label) is not None

    def _end_baseline(self, outcome: str | None) -> None:
        if outcome == "broken off":
            self._run(self._break_off())

    async def _break_off(self) -> None:
        """What has begun and did not end was no baseline: its mark is taken back."""
        told = await self._ask("marks", Marks)
        begun = [mark for mark in told.marks if mark.label == REST_BEGINS] if told else []
        if begun and await self._ask("withdraw", Mark, kind="mark", mark=begun[-1].id):
            self._say(_("baseline broken off: its mark is taken back"))

    async def _mark(self, label: str, ago_s: float = 0.0) -> None:
        """Ask at once: the service takes the time."""
        mark = await self._ask("mark", Noted, label=label, ago_s=ago_s)
        if mark is not None:
            self._confirm(_marked(mark.label), mark)

    def _write(self, ask: "Written", text: str = "") -> None:
        """Have a text typed, and written down by `ask`; what was typed is not lost."""

        def typed(text: str | None) -> None:
            if text is not None:
                self._run(ask(text))

        self._app.push_screen(NoteDialog(text), typed)

    async def _note(self, pressed_s: float, text: str, *, is_sure: bool = False) -> None:
        again = partial(self._note, pressed_s)
        ago_s = self._monotonic() - pressed_s
        note = await self._ask("note", Noted, label=text, ago_s=ago_s, ask_first=not is_sure)
        if note is None:
            self._write(again, text)
        elif note.is_stored:
            self._say(_("note at {time}").format(time=clock(note.t_s)))
        else:
            self._doubt(note, partial(again, is_sure=True), partial(self._write, again))

    def _doubt(
        self, noted: Noted, sure: "Written", change: Callable[[str], object] | None = None
    ) -> None:
        """Ask about a name before it is written down."""

        def answered(answer: str | None) -> None:
            if answer == "yes":
                self._run(sure(noted.label))
            elif change is not None:
                change(noted.label)

        text = _("It looks as if it held {what}: '{text}'. Codes only, please.").format(
            what=_held(noted), text=noted.label
        )
        title, yes, no = _("Write it down all the same?"), _("write it"), _("change it")
        question = Question(title, text, yes=yes, no=no)
        self._app.push_screen(question, answered)

    async def _withdraw(self) -> None:
        taken = await self._ask("withdraw", Mark)
        if taken is None:
            return
        goes_on = taken.kind == "interval" and not taken.is_on
        self._say(_fate(taken, _("has not ended") if goes_on else _("taken back")))

    async def _list(self) -> None:
        told = await self._ask("marks", Marks)
        if told is not None:
            self._app.push_screen(MarkList(told.marks), self._edit)

    def _edit(self, edit: Edit | None) -> None:
        if edit is None:
            return
        if edit.do == "label":
            self._app.push_screen(LabelDialog(edit.mark.label), partial(self._relabel, edit.mark))
        elif edit.do == "earlier":
            self._run(self._correct(edit.mark, edit.mark.label, edit.earlier_s))
        else:
            self._run(self._take_back(edit.mark))

    def _relabel(self, mark: Mark, label: str | None) -> None:
        if label is not None:
            self._run(self._correct(mark, label))

    async def _correct(
        self, mark: Mark, label: str, earlier_s: float = 0.0, *, is_sure: bool = False
    ) -> None:
        of = {"kind": mark.kind, "mark": mark.id}
        doubts = not is_sure and label != mark.label
        fields = {"label": label, "earlier_s": earlier_s, "ask_first": doubts}
        told = await self._ask("correct", Noted, **of, **fields)
        if told is not None and not told.is_stored:
            self._doubt(told, partial(self._correct, mark, is_sure=True))
            return
        if told is not None:
            now = _("{mark} now, at {time}")
            self._say(now.format(mark=told.label or _("mark"), time=clock(told.t_s)))
        await self._list()

    async def _take_back(self, mark: Mark) -> None:
        if await self._ask("withdraw", Mark, kind=mark.kind, mark=mark.id) is not None:
            self._say(_fate(mark, _("taken back")))
        await self._list()

    async def _begin_or_end(self, pressed_s: float) -> None:
        told = await self._ask("marks", Marks)
        if told is None:
            return
        on = [mark for mark in told.marks if mark.is_on]
        chosen = partial(self._chosen, pressed_s)
        self._app.push_screen(BeginDialog(on, self._begins.intervals), chosen)

    def _chosen(self, pressed_s: float, choice: tuple[str, str] | None) -> None:
        if choice is None:
            return
        do, label = choice
        if do == "end":
            self._run(self._end(pressed_s, label))
        elif label.endswith(":"):
            self._app.push_screen(
                PieceDialog(self._begins.music), partial(self._named, pressed_s, label)
            )
        else:
            self._run(self._begin(pressed_s, label, is_sure=True))

    def _named(self, pressed_s: float, label: str, name: str | None) -> None:
        if name is not None:
            whole = f"{label} {name}" if name else label.rstrip(":")
            self._run(self._begin(pressed_s, whole))

    async def _begin(self, pressed_s: float, label: str, *, is_sure: bool = False) -> None:
        ago_s = self._monotonic() - pressed_s
        told = await self._ask("begin", Noted, label=label, ago_s=ago_s, ask_first=not is_sure)
        if told is None:
            return
        if told.is_stored:
            begins = _("{what} begins at {time}")
            self._say(begins.format(what=told.label, time=clock(told.t_s)))
        else:
            self._doubt(told, partial(self._begin, pressed_s, is_sure=True))

    async def _end(self, pressed_s: float, label: str) -> None:
        ended = await self._ask("end", Mark, label=label, ago_s=self._monotonic() - pressed_s)
        if ended is not None and ended.end_s is not None:
            ends = _("{what} ends at {time}")
            self._say(ends.format(what=ended.label, time=clock(ended.end_s)))

    def _confirm(self, what: str, noted: Noted) -> None:
        """Say that it is written down, and what should not be in it."""
        text = _("{mark} at {time}").format(mark=what, time=clock(noted.t_s))
        if noted.warnings:
            looks = _("it looks as if it held {what}: codes only, please")
            text += "\n" + looks.format(what=_held(noted))
        self._say(text, is_grave=bool(noted.warnings))

    def _run(self, work: Awaitable[None]) -> None:
        self._app.run_worker(work)


Written = Callable[[str], Awaitable[None]]


def _marked(label: str) -> str:
    return _("mark {label}").format(label=label).rstrip()


def _fate(mark: Mark, fate: str) -> str:
    """What has become of a mark."""
    text = _("{mark} at {time}: {fate}")
    return text.format(mark=mark.label or _("mark"), time=clock(mark.t_s), fate=fate)


def _held(noted: Noted) -> str:
    """What a text looks as if it held: see recorder.privacy.names."""
    return _(" and ").join(_(warning) for warning in noted.warnings)


def _is_same(one: str, other: str) -> bool:
    """Whether two ids are of parts of one session: recorder/store/catalog.py makes them."""
    return one.split("-")[:2] == other.split("-")[:2]
