"""The small dialogs: codes before a start, a note's text, questions that Enter cannot answer."""

from typing import ClassVar, NamedTuple

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Checkbox, Input, Label

from recorder.settings.values import Code
from tui.signs import WARNING

CODE_HINT = "1 to 16 letters, digits, - or _, no - first: a code, never a name"
NOTE_LENGTH = 500


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
            yield Label("Who is who?", classes="title")
            yield Label("Both boards were away, and may have been exchanged.")
            yield Label("Leave this with Esc, tap the patient's board, and read above")
            yield Label("whose port was tapped: the patient's, or the therapist's.")
            keys = "s  the patient's: as before   e  the therapist's: exchanged   Esc  not now"
            yield Label(keys, classes="keys")


class Agreed(NamedTuple):
    """Who is recorded, by codes, and what both have agreed to: eeg, video, share."""

    patient: str
    therapist: str
    consent: tuple[str, ...]


class Tick(Checkbox):
    """A box that is empty until it is ticked; Textual's own differs in its colour only."""

    BUTTON_INNER = "[ ]"

    def on_checkbox_changed(self) -> None:
        """Draw the cross, or take it away."""
        self.BUTTON_INNER = "[x]" if self.value else "[ ]"
        self.refresh()


class StartDialog(ModalScreen[Agreed | None]):
    """Asks for the two codes and for what was agreed to; gives that, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)"),
        Binding("enter", "begin", priority=True),  # where the cursor is on a box, too
    ]

    def __init__(self, contacts: str) -> None:
        super().__init__()
        self._contacts = contacts

    def compose(self) -> ComposeResult:
        """The codes, filled in, so that Enter alone begins; and how the electrodes are now."""
        with Vertical(classes="dialog"):
            yield Label("Start a session", classes="title")
            yield Label("patient's code")
            yield Input("P01", id="patient-code", max_length=16, compact=True)
            yield Label("therapist's code")
            yield Input("T01", id="therapist-code", max_length=16, compact=True)
            yield Label(CODE_HINT, id="complaint", markup=False)
            yield Tick("both agreed to video", id="video", compact=True)
            yield Tick("both agreed to sharing the data", id="share", compact=True)
            yield Label(self._contacts, markup=False)
            keys = "Enter  start   Tab  next   space  tick   Esc  not now"
            yield Label(keys, classes="keys")

    def action_begin(self) -> None:
        """Start when both codes will do; say which one does not."""
        codes = [self.query_one(f"#{role}-code", Input) for role in ("patient", "therapist")]
        wrong = next((code for code in codes if not _is_code(code.value)), None)
        if wrong is None:
            ticked = [box.id for box in self.query(Tick) if box.value and box.id]
            self.dismiss(Agreed(codes[0].value, codes[1].value, ("eeg", *ticked)))
            return
        complaint = self.query_one("#complaint", Label)
        complaint.update(f"{WARNING} {wrong.value!r} will not do: {CODE_HINT}")
        complaint.add_class("-wrong")
        wrong.focus()


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
            yield Label("Note", classes="title")
            yield Input(self._text, id="note-text", max_length=NOTE_LENGTH, compact=True)
            yield Label("its time is that of the key n; no names, please")
            yield Label("F1 to F9 mark as 1 to 9 do, F10 as space")
            yield Label("Enter  save     Esc  not now", classes="keys")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """An empty note is none."""
        self.dismiss(event.value.strip() or None)


def _is_code(text: str) -> bool:
    try:
        msgspec.convert(text, Code)
    except msgspec.ValidationError:
        return False
    return True
