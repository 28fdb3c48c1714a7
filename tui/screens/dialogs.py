"""The small dialogs: a note's text, questions that Enter cannot answer; and a box to tick."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Checkbox, Input, Label

from tui.language import N_, _, people

NOTE_LENGTH = 500
WHO_KEYS = N_("s  the {patient}'s: as before\ne  the {therapist}'s: exchanged\nEsc  not now")
HOW_TO_TELL = N_(
    "Leave this with Esc, tap the {patient}'s board, and read above whose port was tapped:"
    " the {patient}'s, or the {therapist}'s."
)


class Question(ModalScreen[str]):
    """A question with grave consequences: y says "yes", Esc and n say "no", Enter nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y,Y", "dismiss('yes')"),
        Binding("n,N,escape", "dismiss('no')"),
    ]

    def __init__(self, title: str, text: str, *, yes: str, no: str) -> None:
        super().__init__()
        self._title = title
        self._text = text
        self._keys = f"y  {yes}     Esc  {no}"

    def compose(self) -> ComposeResult:
        """What will happen, and the two keys."""
        with Vertical(classes="dialog"):
            yield Label(self._title, classes="title", markup=False)
            yield Label(self._text, markup=False)
            yield Label(self._keys, classes="keys", markup=False)


class WhoDialog(ModalScreen[str | None]):
    """Asks who is who; gives "same", "exchanged" or None. Enter answers nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s,S", "dismiss('same')"),
        Binding("e,E", "dismiss('exchanged')"),
        Binding("escape", "dismiss(None)"),
    ]

    def compose(self) -> ComposeResult:
        """What to do, what to look at, and the keys."""
        with Vertical(classes="dialog"):
            yield Label(_("Who is who?"), classes="title")
            yield Label(_("Both boards were away, and may have been exchanged."))
            yield Label(people(HOW_TO_TELL))
            yield Label(people(WHO_KEYS), classes="keys")


class Tick(Checkbox):
    """A box that is empty until it is ticked; Textual's own differs in its colour only."""

    BUTTON_INNER = "[ ]"

    def on_mount(self) -> None:
        """Begin as it is."""
        self.on_checkbox_changed()

    def on_checkbox_changed(self) -> None:
        """Draw the cross, or take it away."""
        self.BUTTON_INNER = "[x]" if self.value else "[ ]"
        self.refresh()


class NoteDialog(ModalScreen[str | None]):
    """Asks for a note's text; gives None when there is none. Marks can be made meanwhile."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)"),
        *(Binding(f"f{key}", f"app.mark_listed({key})") for key in range(1, 10)),
        Binding("f10", "app.mark('')"),
    ]

    def __init__(self, text: str = "") -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        """One line to write on."""
        with Vertical(classes="dialog"):
            yield Label(_("Note"), classes="title")
            yield Input(self._text, id="note-text", max_length=NOTE_LENGTH, compact=True)
            yield Label(_("its time is that of the key n; no names, please"))
            yield Label(_("F1 to F9 mark as 1 to 9 do, F10 as space"))
            yield Label(_("Enter  save     Esc  not now"), classes="keys")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """An empty note is none."""
        self.dismiss(event.value.strip() or None)
