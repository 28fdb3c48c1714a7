"""Who: the patient first, then the therapist, by codes that were used here or a new one."""

from typing import ClassVar, NamedTuple

import msgspec
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from recorder.settings.values import Code
from recorder.wire.past import KnownPerson, People
from tui.language import N_, _, plural
from tui.screens.page import EVERYWHERE, Page
from tui.signs import PLAIN, QUIET
from tui.widgets.line import Paragraph
from tui.wording import time_of_day

CODE_HINT = N_("1 to 16 letters, digits, - or _, no - first: a code, never a name")
TITLE = N_("Who is the {role}?")
HOW = N_("Arrows choose, Enter takes; or type a code, a new one too.")
CHOOSE = N_("choose a code, or type one")


class Pair(NamedTuple):
    """Both codes."""

    patient: str
    therapist: str


class CodeGiven(Message):
    """A code was given on `page`: whoever can asks the service whether it will do."""

    def __init__(self, page: "WhoPage", role: str, code: str) -> None:
        super().__init__()
        self.page = page
        self.role = role
        self.code = code


class WhoPage(Page[Pair | None]):
    """Gives both codes, or None. `people` are as the service tells."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back", key_display="Esc"),
        Binding("down", "choose(1)", show=False),
        Binding("up", "choose(-1)", show=False),
        *EVERYWHERE,
    ]
    AUTO_FOCUS = "#code"

    def __init__(self, people: People) -> None:
        super().__init__()
        self._people = people
        self._patient = ""
        self._title = Paragraph(id="title")
        self._code = Input(id="code", max_length=16, compact=True)
        self._list = OptionList(id="codes", compact=True)
        self._list.can_focus = False

    @property
    def _role(self) -> str:
        return "therapist" if self._patient else "patient"

    def body(self) -> list[Widget]:
        """The question, a line to type on, the codes."""
        return [Vertical(self._title, self._code, self._list, id="who")]

    def on_mount(self) -> None:
        """Ask for the patient."""
        super().on_mount()
        self._ask()

    def action_choose(self, step: int) -> None:
        """Move to the next code, or the one before."""
        if step > 0:
            self._list.action_cursor_down()
        else:
            self._list.action_cursor_up()

    def action_back(self) -> None:
        """From the therapist to the patient, from the patient to the caps."""
        if self._patient:
            self._patient = ""
            self._ask()
        else:
            self.dismiss(None)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show the codes that begin like what was typed."""
        self._show_codes(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the code that is chosen, or else the one that was typed."""
        at = self._list.highlighted
        code = event.value.strip()
        if at is not None:
            code = self._list.get_option_at_index(at).id or ""
        self._take(code)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A click takes a code, too."""
        self._take(event.option_id or "")

    def _take(self, code: str) -> None:
        if not code:
            self.say(_(CHOOSE))
        elif not _is_code(code):
            text = _("'{code}' will not do: {hint}").format(code=code, hint=_(CODE_HINT))
            self.say(text, is_grave=True)
        elif code.casefold() == self._patient.casefold():
            text = _("{code} is the {role}'s code already: give each their own")
            self.say(text.format(code=code, role=_("patient")), is_grave=True)
        else:
            self.post_message(CodeGiven(self, self._role, code))

    def accept(self, code: str) -> None:
        """The code will do: go on."""
        if self._patient:
            self.dismiss(Pair(self._patient, code))
            return
        self._patient = code
        self._ask()

    def _ask(self) -> None:
        self._title.show(
            (_(TITLE).format(role=_(self._role)), f"bold {PLAIN}"), (f"\n{_(HOW)}\n", QUIET)
        )
        if self._patient:
            self.say(f"{_('patient')} {self._patient}")
        else:
            self.say("")
        self._code.value = ""
        self._show_codes("")

    def _show_codes(self, begin: str) -> None:
        known = [it for it in self._people.people if it.role == self._role]
        fitting = [it for it in known if it.code.casefold().startswith(begin.casefold())]
        self._list.clear_options()
        self._list.add_options([Option(line_of(it), id=it.code) for it in fitting])
        exact = [k for k, it in enumerate(fitting) if it.code.casefold() == begin.casefold()]
        if fitting and not begin and self._patient:
            exact = [0]  # the therapist is who was here last; a patient is never chosen beforehand
        self._list.highlighted = exact[0] if exact else None


def line_of(person: KnownPerson) -> str:
    """A code, how often it was here, and when last."""
    sessions = plural("{n} session", "{n} sessions", person.sessions)
    last = f"{_('last')} {time_of_day(person.last)}" if person.last else ""
    return f"{person.code:<18}{sessions:<14}{last}".rstrip()


def _is_code(text: str) -> bool:
    try:
        msgspec.convert(text, Code)
    except msgspec.ValidationError:
        return False
    return True
