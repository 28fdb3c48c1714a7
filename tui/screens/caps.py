"""Caps: how every electrode of both people is, and the one thing to do about it next."""

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from recorder.settings.board import ROLES
from recorder.settings.screen import ScreenSettings
from recorder.wire.messages import BoardStatus, Status
from tui.language import N_, _
from tui.screens.page import EVERYWHERE, Page, Seen
from tui.signs import QUIET, WARN, WARNING
from tui.widgets.contacts import hint
from tui.widgets.head import Head
from tui.widgets.line import Line, Paragraph

GATES = ScreenSettings().gates
NO_BOARD = N_("the board is not there")
NEXT = N_("Press Enter when the caps are well; wait a moment after each change.")
USABLE = ("good", "noisy")


class CapsPage(Page[None]):
    """Two heads; whoever looks at them has time, so that nothing flickers."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,s,S", "app.who", "go on", key_display="Enter"),
        Binding("i,I", "app.impedance", "contacts"),
        Binding("c,C", "app.tap", "tap test"),
        Binding("v,V", "app.traces", show=False),  # 80 columns hold no more
        Binding("p,P", "app.practice", "practise"),
        Binding("o,O", "app.history", "sessions"),
        *EVERYWHERE,
    ]

    def __init__(self) -> None:
        super().__init__()
        self._heads = {role: Head(role, self.patch) for role in ROLES}
        self._hints = {role: Paragraph(classes="sentence") for role in ROLES}

    def body(self) -> list[Widget]:
        """The heads side by side, a sentence below each, and what comes next."""
        sides = (Vertical(self._heads[role], self._hints[role], classes="side") for role in ROLES)
        next_step = Line(self.patch, id="next")
        next_step.show((_(NEXT), QUIET))
        return [Horizontal(*sides, id="sides"), next_step]

    def tell(self, seen: Seen) -> None:
        """Draw both heads."""
        boards = {board.role: board for board in seen.status.boards} if seen.status else {}
        for role in ROLES:
            board = boards.get(role)
            self._heads[role].show_contacts(board.contacts if board else [])
            is_there = board is not None and board.state == "streaming"
            self._hints[role].show(
                hint(board.contacts) if board and is_there else (f"{WARNING} {_(NO_BOARD)}", WARN)
            )


def doubts_of(status: Status, gates: Sequence[str] = GATES) -> list[str]:
    """Why a session that is started now would be worth less, in a sentence for each person."""
    boards = {board.role: board for board in status.boards}
    return [doubt for role in ROLES if (doubt := _doubt(role, boards.get(role), gates))]


def _doubt(role: str, board: BoardStatus | None, gates: Sequence[str]) -> str:
    if board is None or board.state != "streaming":
        text = _("The {role}'s board is not there") if "boards" in gates else ""
        return text.format(role=_(role))
    return _doubt_of_contacts(role, board) if "contacts" in gates else ""


def _doubt_of_contacts(role: str, board: BoardStatus) -> str:
    known = [contact for contact in board.contacts if contact.state != "no data"]
    if known and not any(contact.state in USABLE for contact in known):
        return _("The {role} has no usable channel").format(role=_(role))
    bad = " ".join(it.label for it in known if it.state not in USABLE)
    if not bad:
        return ""
    one, many = _("The {role}'s {sites} has no contact"), _("The {role}'s {sites} have no contact")
    return (one if len(bad.split()) == 1 else many).format(role=_(role), sites=bad)
