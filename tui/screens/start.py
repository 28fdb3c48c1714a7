"""The last page before a recording: what was agreed to, what else has to run, and who it is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widget import Widget

from recorder.wire.messages import Status
from recorder.wire.past import KnownPair
from tui.language import N_, _
from tui.screens.dialogs import Tick
from tui.screens.page import EVERYWHERE, Page, Seen
from tui.signs import PLAIN, QUIET, WARN, WARNING, WELL
from tui.widgets.line import Paragraph, Part
from tui.wording import DAY, disk, time_of_day

FEW_DISK_HOURS = 4.0
PRACTICE = N_("For practice: it is neither copied nor counted.")
VIDEO, SHARE = N_("both agreed to video"), N_("both agreed to sharing the data")


@dataclass(frozen=True, slots=True)
class Plan:
    """A session that may be started.

    Attributes:
        patient, therapist: their codes; "" of a session for practice.
        known: what was agreed to by the two the last time; None when they are new together.
        passed: what is amiss, and why it is started all the same.
    """

    patient: str = ""
    therapist: str = ""
    known: KnownPair | None = None
    passed: Sequence[str] = ()

    @property
    def is_practice(self) -> bool:
        """Whether it is nobody's."""
        return not self.patient


class Consent(NamedTuple):
    """What both have agreed to: eeg, video, share."""

    streams: tuple[str, ...]


class StartPage(Page[Consent | None]):
    """Gives what was agreed to when Enter starts it; None to go back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "begin", "start", key_display="Enter", priority=True),
        Binding("escape", "dismiss(None)", "back", key_display="Esc"),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
        *EVERYWHERE,
    ]
    AUTO_FOCUS = "#video"

    def __init__(self, plan: Plan) -> None:
        super().__init__()
        self._plan = plan
        agreed = plan.known.consent if plan.known else ()
        self._ticks = [
            Tick(_(VIDEO), "video" in agreed, id="video", compact=True),
            Tick(_(SHARE), "share" in agreed, id="share", compact=True),
        ]
        self._who = Paragraph(id="title")
        self._checks = Paragraph(id="checks")

    def body(self) -> list[Widget]:
        """Who it is, the boxes, the check-list."""
        return [Vertical(self._who, *self._ticks, self._checks, id="start")]

    def tell(self, seen: Seen) -> None:
        """The check-list is of now."""
        self._who.show(
            (f"{title_of(self._plan)}\n", f"bold {PLAIN}"), (_carried(self._plan), QUIET)
        )
        if seen.status is not None:
            self._checks.show("\n", *_lines(checks(seen.status)), *_passed(self._plan.passed))

    def action_begin(self) -> None:
        """Start it, with what is ticked."""
        ticked = [box.id for box in self._ticks if box.value and box.id]
        self.dismiss(Consent(("eeg", *ticked)))


def title_of(plan: Plan) -> str:
    """Who is recorded, for the how manieth time."""
    if plan.is_practice:
        return _(PRACTICE)
    number = plan.known.sessions + 1 if plan.known else 1
    title = _("Record {patient} with {therapist}, session {n}. Enter starts.")
    return title.format(patient=plan.patient, therapist=plan.therapist, n=number)


def _carried(plan: Plan) -> str:
    """Where the ticks come from: they are confirmed by starting."""
    if plan.known is None:
        ticks = _("space ticks what both have agreed to; both have to have agreed to the recording")
        return f"{ticks}\n"
    as_agreed = _("as agreed on {date}: space changes it, Enter confirms it")
    return as_agreed.format(date=time_of_day(plan.known.last, DAY)) + "\n"


@dataclass(frozen=True, slots=True)
class Check:
    """Something that has to run beside the caps; `is_well` None when only a person can see it."""

    text: str
    is_well: bool | None


def checks(status: Status) -> list[Check]:
    """What there is to check on this machine."""
    found = [
        Check(
            _("disk: room for {time}").format(time=disk(status.disk_hours)),
            status.disk_hours >= FEW_DISK_HOURS,
        )
    ]
    trigger = status.trigger
    if trigger.rates_hz:
        found.append(Check(_("camera's pulses: they come in"), is_well=True))
    elif trigger.fault:
        found.append(Check(_("camera's pulses: this machine cannot see them"), is_well=False))
    elif trigger.kind:
        text = _("camera's pulses: none yet: start the camera, look at the wire")
        found.append(Check(text, is_well=False))
    if status.camera:
        text = _("camera: is its cap off, and does it see both? It is started with the recording")
        found.append(Check(text, is_well=None))
    elif trigger.kind:
        found.append(Check(_("camera: does it run, and does it see both?"), is_well=None))
    return found


def _lines(found: Sequence[Check]) -> Iterator[Part]:
    for check in found:
        shape, style = _LOOKS[check.is_well]
        yield f"{shape} {check.text}\n", style


def _passed(texts: Sequence[str]) -> Iterator[Part]:
    for text in texts:
        yield f"{WARNING} {text}\n", WARN


_LOOKS = {True: ("●", WELL), False: (WARNING, f"bold {WARN}"), None: ("○", PLAIN)}
