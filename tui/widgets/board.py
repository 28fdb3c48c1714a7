"""One person's board: what it is doing, how good the signal is, and how its electrodes are."""

from collections.abc import Iterator

from textual.app import ComposeResult
from textual.containers import Vertical

from recorder.wire.messages import BoardStatus
from tui.her_words import remedy
from tui.language import N_, _
from tui.patch import Patch
from tui.signs import BOARD, PLAIN, WARN, WARNING, sign
from tui.widgets.contacts import Contacts
from tui.widgets.line import Line, Paragraph, Part
from tui.wording import length, lost_share, share

# From so much on the radio is a matter to mend: deploy/README.md.
MUCH_LOST = 0.005
LEAST_MISSING_S = 1.0
NO_BOARD = N_("no board is known for this person")


class BoardView(Vertical):
    """The board of the person with `role`, the patient or the therapist."""

    def __init__(self, role: str, patch: Patch) -> None:
        super().__init__(id=role)
        self._role = role
        self._board = Line(patch, classes="board")
        self._fault = Paragraph(classes="fault")
        self._contacts = Contacts(patch)

    def compose(self) -> ComposeResult:
        """State and figures, a fault if there is one, the contacts."""
        yield self._board
        yield self._fault
        yield self._contacts

    def show(self, board: BoardStatus | None, code: str, missing_s: float = 0.0) -> None:
        """Show the board's state; None when the service knows of no board for this person.

        `missing_s` is how much of the session is not there.
        """
        name = (f"{_(self._role).upper()} {code}".rstrip(), f"bold {PLAIN}")
        if board is None:
            self._board.show(name, (f"\n{WARNING} {_(NO_BOARD)}", WARN))
        else:
            state = sign(BOARD, board.state)
            word = (f"{state.shape} {_(state.word)}", state.style)
            is_heard = board.state == "streaming"  # what was measured before is no news
            self._board.show(name, "  ", word, "\n", *_facts(board, missing_s, is_heard=is_heard))
        what_to_do = "" if board is None else remedy(self._role, board)
        self._fault.display = bool(what_to_do)
        self._fault.show(f"{WARNING} {what_to_do}")
        self._contacts.show(board.contacts if board else [])


def _facts(board: BoardStatus, missing_s: float, *, is_heard: bool) -> Iterator[Part]:
    """How good the signal is, what is missing, and what the radio loses where that is much."""
    if is_heard:
        yield _("signal quality {share}").format(share=share(board.clean_share))
    if missing_s >= LEAST_MISSING_S:
        missing = _("{time} missing").format(time=length(missing_s))
        yield f"{'  ' if is_heard else ''}{WARNING} {missing}", WARN
    if is_heard:
        lost = lost_share(board.lost, board.samples)
        if lost is not None and lost > MUCH_LOST:
            yield f"  {WARNING} {_('the radio loses {share}').format(share=share(lost))}", WARN
