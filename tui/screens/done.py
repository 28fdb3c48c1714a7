"""Done: what was recorded, whether it is saved and whole, and where it is."""

import re
from collections.abc import Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Input, Label

from recorder.wire.past import PastSession, Recorded, Written
from tui.language import N_, _, people, plural
from tui.screens.page import EVERYWHERE, SCROLLED, Page
from tui.signs import BAD, PLAIN, QUIET, WARN, WARNING, WELL
from tui.widgets.line import Paragraph, Part
from tui.wording import beside, clock, share, time_of_day

LOOKING = N_("The session is being looked up ...")
COMMENT_LENGTH = 500
# Less is a few lost packets.
LEAST_MISSING_S = 1.0
# Why samples are missing: the causes of hardware.board.GapCause.
CAUSES = {
    "radio": N_("weak radio"),
    "half": N_("weak radio"),
    "taken": N_("another program read along"),
    "silence": N_("the board was silent"),
    "no_answer": N_("the board did not answer"),
    "unplugged": N_("the receiver was unplugged"),
    "unconfirmed": N_("nobody knew whose board it was"),
    "overrun": N_("the computer was too busy"),
    "crowded": N_("two boards where one should be"),
    "restart": N_("the recorder was restarted"),
    "disk": N_("the disk took nothing"),
}
WHOSE_KEYS = N_("p  the {patient}     t  the {therapist}     Esc  not now")
MOMENT = re.compile(r"(?:(\d{1,2}):(?=\d\d:))?(\d{1,3}):([0-5]\d)\s+(\S.*)", re.ASCII)
BASELINE = ("baseline starts", "baseline ends")
LISTED = 12


class AskAgain(Message):
    """The page of a session wants to know how it stands by now."""

    def __init__(self, page: "DonePage") -> None:
        super().__init__()
        self.page = page


class DonePage(Page[None]):
    """The session called `session_id`; `tell_session` shows what the service says of it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,escape", "dismiss(None)", "go on", key_display="Enter"),
        Binding("c,C", "app.comment", "comment"),
        Binding("i,I", "app.interview", "interview"),
        Binding("o,O", "app.history", "sessions"),
        *EVERYWHERE,
    ]
    AUTO_FOCUS = SCROLLED
    LOOK_S = 2.0

    def __init__(self, session_id: str) -> None:
        super().__init__()
        self.session_id = session_id
        self._text = Paragraph(id="done")
        self._is_final = False

    def body(self) -> list[Widget]:
        """All of it can be scrolled."""
        return [self._text]

    def on_mount(self) -> None:
        """Ask, and again until it is put away."""
        super().on_mount()
        self._text.show(_(LOOKING))
        self._look()
        self.set_interval(self.LOOK_S, self._look)

    def _look(self) -> None:
        if not self._is_final:
            self.post_message(AskAgain(self))

    def look_again(self) -> None:
        """Something about it has changed."""
        self._is_final = False
        self._look()

    def tell_session(self, past: PastSession) -> None:
        """Show what is known of it."""
        self._is_final = past.is_put_away
        self._text.show(*told(past, self.room))


class CommentDialog(ModalScreen[str | None]):
    """Asks for a comment on a session; gives None when there is none."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)")]

    def compose(self) -> ComposeResult:
        """One line to write on."""
        with Vertical(classes="dialog"):
            yield Label(_("Comment on this session"), classes="title")
            yield Input(id="comment", max_length=COMMENT_LENGTH, compact=True)
            yield Label(_("it is kept beside the session; no names, please"))
            yield Label(_("Enter  save     Esc  not now"), classes="keys")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """An empty comment is none."""
        self.dismiss(event.value.strip() or None)


class InterviewDialog(ModalScreen[str | None]):
    """Asks whose interview it is; gives the role or None. Enter answers nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("p,P", "dismiss('patient')"),
        Binding("t,T", "dismiss('therapist')"),
        Binding("escape", "dismiss(None)"),
    ]

    def compose(self) -> ComposeResult:
        """What it is, and the keys."""
        with Vertical(classes="dialog"):
            yield Label(_("Interview"), classes="title")
            yield Label(_("Moments that one of the two tells of afterwards."))
            yield Label(people(WHOSE_KEYS), classes="keys")


class MomentDialog(ModalScreen[Written | None]):
    """Asks for a moment that `role` tells of: its time in the session, and what it was."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)")]

    def __init__(self, role: str) -> None:
        super().__init__()
        self._role = role

    def compose(self) -> ComposeResult:
        """One line to write on."""
        with Vertical(classes="dialog"):
            title = _("A moment that the {who} tells of").format(who=_(self._role))
            yield Label(title, classes="title")
            yield Input(id="moment", max_length=COMMENT_LENGTH, compact=True)
            yield Label(
                _("its time, then what it was: 12:40 the song; no names, please"), id="complaint"
            )
            yield Label(_("Enter  save, and the next one     Esc  no more"), classes="keys")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Nothing ends it; what has no time is asked for again."""
        if not event.value.strip():
            self.dismiss(None)
        elif moment := moment_of(event.value):
            self.dismiss(moment)
        else:
            self.query_one("#complaint").add_class("-wrong")


def moment_of(line: str) -> Written | None:
    """A time, as m:ss or h:mm:ss, and words; None when it is not that."""
    if not (found := MOMENT.fullmatch(line.strip())):
        return None
    hours, minutes, seconds, words = found.groups()
    return Written(3600.0 * int(hours or 0) + 60 * int(minutes) + int(seconds), words)


def told(past: PastSession, room: int) -> Iterator[Part]:
    """A session in a few sentences, the most important first, in `room` columns."""
    line = past.line
    codes = _(" and ").join(code or _("(taken out)") for code in line.codes)
    duration = "?" if line.duration_s is None else clock(line.duration_s)
    yield _("{codes}, {time} long").format(codes=codes, time=duration), f"bold {PLAIN}"
    yield f"   {time_of_day(line.begun)}{'' if line.is_certain else ' ?'}\n", QUIET
    if line.practice:
        yield f"{_('for practice: neither copied nor counted')}\n", QUIET
    if past.parts > 1:
        text = _("part {part} of {parts}: the disk was full in between")
        yield f"{text.format(part=past.part, parts=past.parts)}\n", WARN
    yield _safety(past)
    yield "\n\n"
    for person in past.people:
        yield _person(person, room)
    yield from _gaps(past)
    yield f"\n{_counts(past)}\n"
    yield _copies(past)
    yield "\n"
    for row in past.passed:
        yield f"{WARNING} {_('started all the same: {why}').format(why=row.text)}\n", WARN
    for text in past.comments:
        yield f"{_('comment: {text}').format(text=text)}\n", PLAIN
    yield from _written(past)


def _counts(past: PastSession) -> str:
    marks = plural("{n} mark", "{n} marks", len(past.marks))
    notes = plural("{n} note", "{n} notes", len(past.notes))
    baseline = _("baseline: yes") if _has_baseline(past) else _("baseline: no")
    return f"{marks}, {notes}, {baseline}"


def _safety(past: PastSession) -> Part:
    if past.damage:
        text = _("damaged: {what}: call the technician").format(what=past.damage[0])
        return f"{WARNING} {text}", f"bold {BAD}"
    if past.line.state == "interrupted":
        return f"● {_('saved up to a power cut or a crash; what is there is whole')}", WARN
    if not past.is_put_away:
        return f"● {_('saved; it is being checked ...')}", WELL
    return f"● {_('saved, and checked: whole')}", f"bold {WELL}"


def _person(person: Recorded, room: int) -> Part:
    usable = _("usable share {share}").format(share=share(person.usable))
    missing_s = sum(person.missing_s.values())
    lost = _(", {n:.0f} s missing").format(n=missing_s) + _why(person)
    lost = lost if missing_s >= LEAST_MISSING_S else ""
    return f"{beside(f'{_(person.role):<10} {person.code:<16} ', usable + lost, room)}\n"


def _why(person: Recorded) -> str:
    causes: dict[str, float] = {}
    for cause, seconds in person.missing_s.items():
        words = _(CAUSES.get(cause, cause))
        causes[words] = causes.get(words, 0.0) + seconds
    worst = sorted(causes.items(), key=lambda it: -it[1])
    return ": " + ", ".join(f"{words} {s:.0f} s" for words, s in worst if s >= LEAST_MISSING_S)


def _gaps(past: PastSession) -> Iterator[Part]:
    if past.gaps:
        longest = max(past.gaps, key=lambda gap: gap.length_s)
        text = _("the longest gap: {n:.0f} s at {time}, {who}, {why}").format(
            n=longest.length_s,
            time=clock(longest.t_s),
            who=_(longest.role),
            why=_(CAUSES.get(longest.cause, longest.cause)),
        )
        yield f"{text}\n", QUIET


def _has_baseline(past: PastSession) -> bool:
    marks = {mark.text for mark in past.marks}
    return all(label in marks for label in BASELINE)


def _copies(past: PastSession) -> Part:
    if past.line.practice:
        return ""
    waiting = [name for name in past.destinations if name not in past.line.copies]
    copied, waits = _("copied to {places}"), _("copy waiting: {places}")
    parts = [copied.format(places=", ".join(past.line.copies))] if past.line.copies else []
    parts += [waits.format(places=", ".join(waiting))] if waiting else []
    return "; ".join(parts) or _("no place for copies is set up here")


def _written(past: PastSession) -> Iterator[Part]:
    rows = [(it.t_s, it.text or _("mark")) for it in past.marks]
    rows += [(it.t_s, _("note: {text}").format(text=it.text)) for it in past.notes]
    tells = _("the {who} tells: {text}")
    for role, moments in past.interviews.items():
        rows += [(it.t_s, tells.format(who=_(role), text=it.text)) for it in moments]
    for t_s, text in sorted(rows)[:LISTED]:
        yield f"\n{clock(t_s):>8}  {text}", QUIET
    if len(rows) > LISTED:
        yield f"\n          {_('and {n} more').format(n=len(rows) - LISTED)}", QUIET
