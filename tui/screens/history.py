"""The sessions that were recorded here, the newest first; each opens its done page."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widget import Widget
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from recorder.wire.past import SessionLine, SessionLines
from tui.language import N_, _, plural
from tui.screens.page import EVERYWHERE, Page
from tui.signs import PLAIN, QUIET
from tui.widgets.line import Paragraph
from tui.wording import clock, share, time_of_day

NONE = N_("No session has been recorded here yet.")
HOW = N_("Type a code or a date to search, arrows choose, Enter opens, Esc goes back.")
STATES = {
    "interrupted": N_("cut short"),
    "unreadable": N_("damaged"),
    "recording": N_("being recorded"),
}


class HistoryPage(Page[str | None]):
    """Gives the id of the session that is to be shown, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "back", key_display="Esc"),
        Binding("down", "choose(1)", show=False),
        Binding("up", "choose(-1)", show=False),
        *EVERYWHERE,
    ]
    AUTO_FOCUS = "#search"

    def __init__(self, told: SessionLines) -> None:
        super().__init__()
        self._told = told
        self._title = Paragraph(id="title")
        self._search = Input(id="search", compact=True)
        self._list = OptionList(id="sessions", compact=True)
        self._list.can_focus = False

    def body(self) -> list[Widget]:
        """What is searched for, and what was found."""
        return [Vertical(self._title, self._search, self._list, id="history")]

    def on_mount(self) -> None:
        """Show all of them."""
        super().on_mount()
        older = self._told.older
        more = plural("{n} older one is not listed.", "{n} older ones are not listed.", older)
        how = _(HOW if self._told.sessions else NONE) + (f" {more}" if older else "")
        self._title.show((f"{_('Sessions')}\n", f"bold {PLAIN}"), (f"{how}\n", QUIET))
        self._show("")

    def action_choose(self, step: int) -> None:
        """Move to the next session, or the one before."""
        if step > 0:
            self._list.action_cursor_down()
        else:
            self._list.action_cursor_up()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show those in which it stands."""
        self._show(event.value)

    def on_input_submitted(self, _event: Input.Submitted) -> None:
        """Open the one that is chosen."""
        at = self._list.highlighted
        if at is not None:
            self.dismiss(self._list.get_option_at_index(at).id)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """A click opens one, too."""
        self.dismiss(event.option_id)

    def _show(self, searched: str) -> None:
        lines = [(line_of(it), it.id) for it in self._told.sessions]
        wanted = searched.casefold()
        found = [Option(text, id=one) for text, one in lines if wanted in text.casefold()]
        self._list.clear_options()
        self._list.add_options(found)
        self._list.highlighted = 0 if found else None


def line_of(session: SessionLine) -> str:
    """When, who, how long, the usable shares, marks, where copies are."""
    begun = f"{time_of_day(session.begun) or '?':<16}{' ' if session.is_certain else '?'}"
    codes = " · ".join(code or "-" for code in session.codes)
    duration = "?" if session.duration_s is None else clock(session.duration_s)
    usable = " ".join(share(part) for part in session.usable)
    marks = "" if session.marks is None else plural("{n} mark", "{n} marks", session.marks)
    copied = _("for practice") if session.practice else ", ".join(session.copies)
    state = _(STATES.get(session.state, ""))
    end = f"{marks:<9} {copied or _('not copied')} {state}"
    return f"{begun} {codes:<13} {duration:>7}  {usable:<10} {end}".rstrip()
