"""A gate: something is amiss; whoever goes on all the same says why, and that is stored."""

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Label

from tui.language import N_, _

REASONS = (N_("it cannot be better today"), N_("there is no time"), N_("only a trial"))
LONGEST_REASON = 200


class GateDialog(ModalScreen[str | None]):
    """Asks why; gives the reason, or None to stay. `doubts` are sentences."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)")]

    def __init__(self, doubts: Sequence[str]) -> None:
        super().__init__()
        self._doubts = doubts

    def compose(self) -> ComposeResult:
        """What is amiss, the usual reasons with their keys, and room for another."""
        numbered = "\n".join(f"{key}  {_(reason)}" for key, reason in enumerate(REASONS, start=1))
        with Vertical(classes="dialog"):
            yield Label(_("Go on all the same?"), classes="title")
            yield Label("\n".join(f"{doubt}." for doubt in self._doubts), markup=False)
            yield Label(_("It cannot be mended afterwards. Why go on? It is written down."))
            yield Label(numbered, classes="reasons", markup=False)
            yield Input(id="reason", max_length=LONGEST_REASON, compact=True)
            keys = _("1 2 3  or type why, then Enter     Esc  not yet")
            yield Label(keys, classes="keys")

    def on_input_changed(self, event: Input.Changed) -> None:
        """A number alone is one of the usual reasons."""
        if event.value in ("1", "2", "3"):
            self.dismiss(REASONS[int(event.value) - 1])

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Without a reason it is not passed."""
        if event.value.strip():
            self.dismiss(event.value.strip())
