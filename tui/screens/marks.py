"""The list of marks, where they are put right; and what begins and ends: music, talking."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.suggester import SuggestFromList
from textual.widgets import Input, Label, OptionList
from textual.widgets.option_list import Option

from recorder.wire.messages import Mark
from tui.language import N_, _
from tui.wording import clock

LABEL_LENGTH = 100
EARLIER_S = 10.0
SOURCES = (N_("foot switch"), N_("button"))  # of recorder.companions.buttons


@dataclass(frozen=True, slots=True)
class Edit:
    """What is to become of a mark: `do` is label, earlier or withdraw."""

    do: str
    mark: Mark
    earlier_s: float = 0.0


class MarkList(ModalScreen[Edit | None]):
    """The marks, the newest chosen; gives what is to become of one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,l,L,q", "dismiss(None)"),
        Binding("minus", "edit('earlier')"),
        Binding("u,U,delete,backspace", "edit('withdraw')"),
    ]

    def __init__(self, marks: Sequence[Mark]) -> None:
        super().__init__()
        self._marks = marks

    def compose(self) -> ComposeResult:
        """A line a mark, and the keys."""
        with Vertical(classes="dialog list"):
            yield Label(_("Marks"), classes="title")
            if not self._marks:
                yield Label(_("nothing has been marked yet"))
            yield OptionList(*(Option(_line(mark)) for mark in self._marks), markup=False)
            keys = _("Enter  other label   -  {n:.0f} s earlier   u  take back   Esc  done")
            yield Label(keys.format(n=EARLIER_S), classes="keys", markup=False)

    def on_mount(self) -> None:
        """The newest is most likely the one that is meant."""
        options = self.query_one(OptionList)
        options.highlighted = len(self._marks) - 1 if self._marks else None
        options.focus()

    def on_option_list_option_selected(self, _chosen: OptionList.OptionSelected) -> None:
        """Enter, or a click."""
        self.action_edit("label")

    def action_edit(self, do: str) -> None:
        """Give what is to become of the mark that is chosen."""
        chosen = self.query_one(OptionList).highlighted
        if chosen is not None:
            earlier_s = EARLIER_S if do == "earlier" else 0.0
            self.dismiss(Edit(do, self._marks[chosen], earlier_s))


class LabelDialog(ModalScreen[str | None]):
    """Asks what a mark shall be called; gives None where it stays as it is."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)")]
    TITLE_TEXT = N_("Another label")

    def __init__(self, label: str) -> None:
        super().__init__()
        self._label = label

    def compose(self) -> ComposeResult:
        """One line to write on."""
        with Vertical(classes="dialog"):
            yield Label(_(self.TITLE_TEXT), classes="title", markup=False)
            yield Input(self._label, id="label-text", max_length=LABEL_LENGTH, compact=True)
            yield Label(_("no names of people, please"))
            yield Label(_("Enter  save     Esc  not now"), classes="keys")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Also an empty one: a mark needs no label."""
        self.dismiss(event.value.strip())


class PieceDialog(LabelDialog):
    """Asks for the name of what begins, such as a piece of music; gives "" for none.

    The names that are known are completed as they are typed.
    """

    TITLE_TEXT = N_("What is it called?")

    def __init__(self, names: Sequence[str] = ()) -> None:
        super().__init__("")
        self._names = names

    def compose(self) -> ComposeResult:
        """One line to write on, and the names that are known."""
        with Vertical(classes="dialog"):
            yield Label(_(self.TITLE_TEXT), classes="title")
            complete = SuggestFromList(self._names, case_sensitive=False)
            yield Input(id="label-text", max_length=LABEL_LENGTH, compact=True, suggester=complete)
            yield Label(" · ".join(self._names), markup=False)
            known = _("Enter  begins     right  complete     Esc  not now")
            unknown = _("Enter  begins     Esc  not now")
            yield Label(known if self._names else unknown, classes="keys")


class BeginDialog(ModalScreen[tuple[str, str] | None]):
    """Asks what begins or ends now; gives begin or end, and the label."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,i,I", "dismiss(None)"),
        *(Binding(f"{key}", f"choose({key})", show=False) for key in range(1, 10)),
    ]

    def __init__(self, on: Sequence[Mark], labels: Sequence[str]) -> None:
        super().__init__()
        ends = [("end", mark.label, _ends(mark)) for mark in on]
        names = {mark.label for mark in on}
        begins = [
            ("begin", label, _("{what} begins").format(what=label.rstrip(":")))
            for label in labels
            if label not in names
        ]
        self._choices = [*ends, *begins]

    def compose(self) -> ComposeResult:
        """What can end, then what can begin, by number."""
        with Vertical(classes="dialog list"):
            yield Label(_("What begins or ends now?"), classes="title")
            lines = (
                f"{key}  {text}" for key, (_do, _label, text) in enumerate(self._choices, start=1)
            )
            yield OptionList(*lines, markup=False)
            keys = _("its time is that of the key i     Esc  nothing")
            yield Label(keys, classes="keys")

    def on_mount(self) -> None:
        """Enter takes nothing that was not chosen."""
        self.query_one(OptionList).focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter, or a click."""
        self.action_choose(event.option_index + 1)

    def action_choose(self, number: int) -> None:
        """Take what has this number."""
        if number <= len(self._choices):
            do, label, _text = self._choices[number - 1]
            self.dismiss((do, label))


def _ends(mark: Mark) -> str:
    text = _("{what} ends, on since {time}")
    return text.format(what=mark.label, time=clock(mark.t_s))


def _line(mark: Mark) -> str:
    label = mark.label or _("mark")
    source = f"  ({_(mark.source)})" if mark.source else ""
    if mark.kind == "mark":
        return f"{clock(mark.t_s):>8}            {label}{source}"
    until = f"{_('on'):<8}" if mark.end_s is None else f"{clock(mark.end_s):<8}"
    return f"{clock(mark.t_s):>8} - {until} {label}{source}"
