"""What the signs and keys mean, in words; on `?` from the session's page."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Label

from tui.signs import BOARD, CONTACT, Sign

KEYS = (
    ("Enter", "the next step; Esc goes back"),
    ("space", "mark this moment; 1 to 9 mark it with a label"),
    ("u", "take back what was marked last"),
    ("l", "what was marked: put it right, take it back"),
    ("i", "something begins or ends: music, talking"),
    ("b", "baseline: both rest with eyes closed, and its end can be heard"),
    ("n", "note: its time is that of this key; F1 to F9 mark meanwhile"),
    ("x, then y", "stop the recording; no single key does"),
    ("w", "who is who, when that is asked"),
    ("h", "hide the measures, or show them again"),
    ("o", "sessions that were recorded here"),
    ("t", "the technician's figures"),
    ("F2", "light or dark"),
    ("a", "heard: no more bell; what is wrong stays in sight"),
    ("q", "leave the screen; the recording goes on"),
)
BAR = (
    ("●", "REC", "both people are recorded, and it is safe on the disk"),
    ("◐", "REC, but", "recorded, but something spoils it: the words say what"),
    ("✕", "NOT RECORDING", "nothing is being saved: the words say why, and for how long"),
    ("○", "IDLE", "nothing is recorded, and nothing is meant to be"),
)
CONTACTS = {
    "good": "good",
    "noisy": "noisy: sit still a moment; cables and chargers away",
    "flat": "flat: press it on, check the plug",
    "railed": "off, no contact: part the hair, add gel, check the plug",
    "no data": "no data",
}
BOARDS = {
    "streaming": "all is well",
    "stalled": "for a moment: it is waited for",
    "lost": "plug the receiver in, switch the board on",
    "held": "it is back, and nobody knows whose it is: w",
}
CHANCE = "62 of 100: more alike than in 62 of 100 shuffles of these two people's own data"


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
        with VerticalScroll(classes="dialog help"):
            yield Label("What the signs and keys mean", classes="title")
            yield _table([(f"{shape} {word}", text) for shape, word, text in BAR])
            yield _table(KEYS)
            yield _table([(f"{key}", label) for key, label in enumerate(self._marks, start=1)])
            yield _table([(_contact(CONTACT[it]), text) for it, text in CONTACTS.items()])
            yield _table(
                [(f"{BOARD[it].shape} {BOARD[it].word}", text) for it, text in BOARDS.items()]
            )
            yield Label(CHANCE, markup=False)
            yield Label("Esc  back", classes="keys")


def _contact(sign: Sign) -> str:
    return f"{sign.shape}{sign.letter}"


def _table(rows: Sequence[tuple[str, str]]) -> Label:
    lines = (f"{what:<17}{text}" for what, text in rows)
    return Label("\n".join(lines) + "\n", markup=False)
