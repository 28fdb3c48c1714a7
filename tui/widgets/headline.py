"""The first lines of the screen: is it recording, since when, and is it safe on the disk?"""

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.renderables.digits import DIGITS, DIGITS3X3_BOLD

from recorder.wire.messages import SessionStatus, Status
from tui.her_words import told
from tui.language import _, plural
from tui.patch import Patch
from tui.signs import WARNING
from tui.verdict import Level, Verdict
from tui.widgets.line import Line, Paragraph, Part
from tui.wording import clock, disk

# A commit a second is normal; this much unsaved data is a reason to look at the disk.
UNSAVED_S = 3.0
FEW_DISK_HOURS = 4.0
DIGIT_ROWS = DIGIT_WIDTH = 3
# Without colour, too, what is grave is not taken for what is well, from across the room.
SHAPES = {Level.IDLE: "○", Level.REC: "●", Level.BUT: "◐", Level.NOT: "✕✕✕"}
# From so many rows of the terminal on, this has three of them.
TALL_ROWS = 30


class Headline(Vertical):
    """State, time, codes, what is saved, over the full width in one colour; the alarms in words.

    Attributes:
        verdict: what is shown.
    """

    def __init__(self, patch: Patch) -> None:
        super().__init__()
        self.verdict = Verdict(Level.IDLE, "", None)
        self._judged: tuple[Verdict, bool, bool] | None = None
        self._state = Line(patch, id="state")
        self._digits = Line(patch, id="digits")
        self._facts = Line(patch, id="facts")
        self._alarms = Paragraph(id="alarms")

    def compose(self) -> ComposeResult:
        """The digits take three rows; the style sheet hides them where rows are scarce."""
        with Horizontal(id="headline"):
            yield self._state
            yield self._digits
            yield self._facts
        yield self._alarms

    def judge(self, verdict: Verdict, *, is_lit: bool) -> None:
        """Show the verdict; `is_lit` is false in the dark half of a blink."""
        tall = self._is_tall
        if (now := (verdict, is_lit, tall)) == self._judged:
            return
        self._judged, self.verdict = now, verdict
        for level in Level:
            self.set_class(level is verdict.level, f"-{level.value}")
        self.set_class(not is_lit, "-dark")
        self._state.show(_with_shape(verdict, is_tall=tall))
        session = verdict.session
        self._digits.show(_big(clock(_whole_s(session) if session else 0)))
        if verdict.level is Level.NOT and session is not None:
            codes = f"{session.patient} · {session.therapist}"
            self._facts.show(f"\n{codes}" if tall else f" {clock(_whole_s(session))}  {codes}")

    def show(self, status: Status) -> None:
        """Show what goes with the verdict: codes, what is saved, room, marks, alarms."""
        tall = self._is_tall
        if self.verdict.level is not Level.NOT:
            self._facts.show(*(_three_lines(status) if tall else _one_line(status)))
        alarms = told(status.alarms)
        self._alarms.set_class(bool(alarms), "-some")
        self._alarms.show("   ".join(f"{WARNING} {alarm}" for alarm in alarms))

    def forget(self) -> None:
        """Take the alarms away: nobody knows whether they stand, or how much room there is."""
        self._alarms.remove_class("-some")
        if self.verdict.level is Level.IDLE:
            self._facts.show(f" {_('nothing is being recorded')}")

    @property
    def _is_tall(self) -> bool:
        """A page that has just come has no class yet that says so."""
        return self.app.size.height >= TALL_ROWS


def _with_shape(verdict: Verdict, *, is_tall: bool) -> str:
    """The words beside their shape; what is grave has it in every row."""
    shape = SHAPES[verdict.level]
    edge = f" {shape}" if verdict.level is Level.NOT else ""
    line = f" {shape} {verdict.words} "
    return f"{edge}\n{line}\n{edge}" if is_tall else line


def _big(time: str) -> str:
    """A clock's figures and colons, three rows high."""
    places = [DIGIT_ROWS * DIGITS.index(figure) for figure in time]
    rows = (
        "".join(DIGITS3X3_BOLD[place + row].ljust(DIGIT_WIDTH) for place in places)
        for row in range(DIGIT_ROWS)
    )
    return "\n".join(rows)


def _whole_s(session: SessionStatus) -> float:
    """Of the whole session; a service of before this version tells only that of the part."""
    return max(session.whole_s, session.elapsed_s)


def _one_line(status: Status) -> list[Part]:
    room = _room(status.disk_hours)
    session = status.session
    if session is None:
        return [f" {_('nothing is being recorded')}{_by_itself(status)}  ", room]
    time = (f" {clock(_whole_s(session))}", "bold")
    codes = f"{session.patient} · {session.therapist}"
    return [time, f"  {codes}  ", _saved(session), "  ", room, f"  {_marks(session.markers)}"]


def _three_lines(status: Status) -> list[Part]:
    room = _room(status.disk_hours)
    session = status.session
    if session is None:
        return [f"{_('nothing is being recorded')}{_by_itself(status)}\n", room]
    last = f", {_('last')}: {session.last_marker}" if session.last_marker else ""
    codes = f"{_('patient')} {session.patient} · {_('therapist')} {session.therapist}\n"
    practice = f" · {_('for practice')}" if session.practice else ""
    marks = f"\n{_marks(session.markers)}{last}{practice}"
    return [codes, _saved(session), " · ", room, marks]


def _by_itself(status: Status) -> str:
    """What the box waits for, to record without anybody asking."""
    return "" if status.unattended in ("", "off") else f" · {_('by itself')}: {status.unattended}"


def _saved(session: SessionStatus) -> Part:
    """Up to where the data is safe, and a warning when that falls behind."""
    text = _("saved up to {time}").format(time=clock(session.saved_s))
    behind_s = session.elapsed_s - session.saved_s
    if behind_s <= UNSAVED_S:
        return text
    return f"{WARNING} {text}, {_('{n:.0f} s behind').format(n=behind_s)}", "bold"


def _room(hours: float) -> Part:
    text = _("disk {time} left").format(time=disk(hours))
    return text if hours >= FEW_DISK_HOURS else (f"{WARNING} {text}", "bold")


def _marks(count: int) -> str:
    return plural("{n} mark", "{n} marks", count)
