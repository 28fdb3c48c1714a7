"""What the signs and keys mean, in words; on `?` from the session's page."""

from collections.abc import Iterator, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Label

from tui.language import N_, _
from tui.signs import BOARD, CONTACT, Sign
from tui.wording import beside

WIDTH, FRAME = 76, 8  # of the dialog: border, padding, and a bar to scroll it

KEYS = (
    ("Enter", N_("the next step; Esc goes back")),
    (N_("space"), N_("mark this moment; 1 to 9 mark it with a label")),
    ("u", N_("take back what was marked last")),
    ("l", N_("what was marked: put it right, take it back")),
    ("i", N_("something begins or ends: music, talking")),
    ("b", N_("baseline: both rest with eyes closed, and its end can be heard")),
    ("n", N_("note: its time is that of this key; F1 to F9 mark meanwhile")),
    (N_("x, then y"), N_("stop the recording; no single key does")),
    ("w", N_("who is who, when that is asked")),
    (N_("up down 0"), N_("waves larger or smaller; as they fit")),
    (N_("left right"), N_("traces slower or faster; dots above them are seconds")),
    ("h", N_("hide the measures, or show them again")),
    ("c", N_("tap test before a session: whose cap is whose")),
    ("v", N_("traces before a session; Enter goes back")),
    ("o", N_("sessions that were recorded here")),
    ("t", N_("the technician's figures")),
    ("F2", N_("light or dark")),
    ("a", N_("heard: no more bell; what is wrong stays in sight")),
    ("q", N_("leave the screen; the recording goes on")),
)
BAR = (
    ("●", N_("REC"), N_("both people are recorded, and it is safe on the disk")),
    ("◐", N_("REC, but"), N_("recorded, but something spoils it: the words say what")),
    ("✕", N_("NOT RECORDING"), N_("nothing is being saved: the words say why, and for how long")),
    ("○", N_("IDLE"), N_("nothing is recorded, and nothing is meant to be")),
)
CONTACTS = {
    "good": N_("good"),
    "noisy": N_("noisy: sit still a moment; cables and chargers away"),
    "flat": N_("flat: press it on, check the plug"),
    "railed": N_("off, no contact: part the hair, add gel, check the plug"),
    "no data": N_("no data"),
}
BOARDS = {
    "streaming": N_("all is well"),
    "stalled": N_("for a moment: it is waited for"),
    "lost": N_("plug the receiver in, switch the board on"),
    "held": N_("it is back, and nobody knows whose it is: w"),
}
CHANCE = N_("62 of 100: more alike than in 62 of 100 shuffles of these two people's own data")


class HelpScreen(ModalScreen[None]):
    """`marks` are the labels of the keys 1 to 9."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,f1,enter,q", "dismiss"),
    ]

    def __init__(self, marks: Sequence[str]) -> None:
        super().__init__()
        self._marks = marks

    def compose(self) -> ComposeResult:
        """The bar, the keys, the signs."""
        room = min(WIDTH, self.app.size.width) - FRAME
        with VerticalScroll(classes="dialog help"):
            yield Label(_("What the signs and keys mean"), classes="title")
            for rows in self._tables():
                yield Label(_table(rows, room), markup=False)
            yield Label(_(CHANCE), markup=False)
            yield Label(_("Esc  back"), classes="keys")

    def _tables(self) -> Iterator[Sequence[tuple[str, str]]]:
        yield [(f"{shape} {_(word)}", text) for shape, word, text in BAR]
        yield KEYS
        yield [(f"{key}", label) for key, label in enumerate(self._marks, start=1)]
        yield [(_contact(CONTACT[it]), text) for it, text in CONTACTS.items()]
        yield [(f"{BOARD[it].shape} {_(BOARD[it].word)}", text) for it, text in BOARDS.items()]


def _contact(sign: Sign) -> str:
    return f"{sign.shape}{sign.letter}"


def _table(rows: Sequence[tuple[str, str]], room: int) -> str:
    return "".join(beside(f"{_(what):<17}", _(text), room) + "\n" for what, text in rows)
