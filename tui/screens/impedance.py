"""The contact of every electrode in kilo-ohm, measured site after site."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget

from recorder.settings.board import ROLES
from recorder.wire.messages import Impedance
from tui.language import N_, _
from tui.screens.page import EVERYWHERE, Page, Seen
from tui.signs import BAD, DOUBT, PLAIN, QUIET, WELL
from tui.widgets.line import Paragraph, Part
from tui.wording import beside

VERDICTS = {
    "good": ("●", WELL, N_("good")),
    "poor": ("▲", DOUBT, N_("poor: more gel")),
    "bad": ("✕", f"bold {BAD}", N_("no contact: part the hair, more gel, check the plug")),
}
SECONDS_EACH = 3
ENDING = N_("It ends after this site ...")
QUIET_PLEASE = N_("Sit still. About {seconds} s to go. Esc ends it.")
ALL_DONE = N_("Measured. Esc goes back; i measures again.")
AGAIN = N_("To do again, worst first: {sites}")
ALL_GOOD = N_("All contacts are good.")


class ImpedancePage(Page[None]):
    """`sites` are the labels of each person's electrodes, by role."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "app.end_impedance", "end", key_display="Esc"),
        Binding("i,I", "app.impedance", "again"),
        *EVERYWHERE,
    ]

    def __init__(self, sites: dict[str, list[str]]) -> None:
        super().__init__()
        self._sites = sites
        self._found: dict[tuple[str, str], Impedance] = {}
        self._why: dict[str, str] = {}
        self.is_over = False
        self.is_ending = False
        self._title = Paragraph(id="title")
        self._sides = {role: Paragraph(classes="side") for role in ROLES}

    def body(self) -> list[Widget]:
        """Both people side by side."""
        return [self._title, Horizontal(*self._sides.values(), id="sides")]

    def tell(self, seen: Seen) -> None:
        """Show what is known by now."""
        self._title.show(*self._heading())
        for role, side in self._sides.items():
            side.show(*self._lines(role))

    def take(self, contact: Impedance) -> None:
        """A site was measured."""
        self._found[contact.role, contact.label] = contact
        self._refresh()

    def fail(self, role: str, why: str) -> None:
        """Nothing more is measured of this person."""
        self._why[role] = why
        self._refresh()

    def end(self) -> None:
        """It is ending: the present site is measured yet."""
        self.is_ending = True
        self._refresh()

    def finish(self) -> None:
        """All is measured that will be."""
        self.is_over = True
        self._refresh()

    def _refresh(self) -> None:
        if self.seen is not None and self.is_mounted:
            self.tell(self.seen)

    def _next(self) -> tuple[str, str] | None:
        """The site that is measured now."""
        waiting = (
            (role, label)
            for role in ROLES
            if role not in self._why
            for label in self._sites.get(role, [])
            if (role, label) not in self._found
        )
        return None if self.is_over else next(waiting, None)

    def _heading(self) -> Iterator[Part]:
        yield f"{_('Contacts in kilo-ohm')}\n", f"bold {PLAIN}"
        if self.is_over:
            yield f"{again(list(self._found.values()))}\n", PLAIN
            yield f"{_(ALL_DONE)}\n", QUIET
            return
        left = sum(len(sites) for sites in self._sites.values()) - len(self._found)
        text = _(ENDING if self.is_ending else QUIET_PLEASE)
        yield f"{text.format(seconds=SECONDS_EACH * left)}\n", QUIET

    def _lines(self, role: str) -> Iterator[Part]:
        yield f"{_(role).upper()}\n", f"bold {PLAIN}"
        if why := self._why.get(role):
            yield f"{why}\n", f"bold {BAD}"
        for label in self._sites.get(role, []):
            contact = self._found.get((role, label))
            if contact is not None:
                yield from site_line(contact, self.room // len(ROLES) - 1)
            elif (role, label) == self._next():
                yield f"{label:<5} {_('... is measured')}\n", f"bold {PLAIN}"
            else:
                yield f"{label:<5} {'-' if self.is_over else ''}\n", QUIET


def site_line(contact: Impedance, room: int) -> Iterator[Part]:
    """A site with its value and what to do, in `room` columns."""
    shape, style, words = VERDICTS.get(contact.verdict, VERDICTS["bad"])
    value = "" if contact.kohm is None else f"{contact.kohm:.0f} kΩ"
    site = f"{contact.label:<5} {value:>8} "
    yield site, PLAIN
    yield f"{beside(f'{site}{shape} ', _(words), room)}\n"[len(site) :], style


def again(found: Sequence[Impedance]) -> str:
    """What is to be done again, the worst first."""
    wrong = [it for it in found if it.verdict != "good"]
    wrong.sort(key=lambda it: -(float("inf") if it.kohm is None else it.kohm))
    if not wrong:
        return _(ALL_GOOD) if found else ""
    return _(AGAIN).format(sites=", ".join(f"{_(it.role)} {it.label}" for it in wrong))
