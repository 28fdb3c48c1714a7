"""One person's board: what it is doing, how well it is timed, and how its electrodes are."""

from textual.app import ComposeResult
from textual.containers import Vertical

from recorder.wire.messages import BoardStatus
from tui.patch import Patch
from tui.signs import BOARD, PLAIN, WARN, WARNING, sign
from tui.widgets.contacts import Contacts
from tui.widgets.line import Line, Paragraph
from tui.wording import lost_share, number, share, signed

NO_BOARD = f"\n{WARNING} no board is known for this person"


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

    def show(self, board: BoardStatus | None, code: str, fault: str) -> None:
        """Show the board's state; None when the service knows of no board for this person.

        `fault` is why it is not used, "" when it is.
        """
        name = (f"{self._role.upper()} {code}".rstrip(), f"bold {PLAIN}")
        if board is None:
            self._board.show(name, (NO_BOARD, WARN))
        else:
            state = sign(BOARD, board.state)
            word = (f"{state.shape} {state.word}", state.style)
            is_heard = board.state == "streaming"  # what was measured before is no news
            clean = f"  clean {share(board.clean_share)}\n" if is_heard else "\n"
            self._board.show(name, "  ", word, clean, _figures(board) if is_heard else "")
        self._fault.display = bool(fault)
        self._fault.show(f"{WARNING} {fault}")
        self._contacts.show(board.contacts if board else [])


def _figures(board: BoardStatus) -> str:
    """The measured rate, how well the board's clock is known, what was lost; more if it fits."""
    lost = share(lost_share(board.lost, board.samples))
    sigma = number(board.sigma_ms, 1, "ms")
    again = f"  re-locked {board.relocks} x" if board.relocks else ""
    off = "" if board.rate_ppm is None else f"  {signed(board.rate_ppm, 0)} ppm"
    return f"{number(board.rate_hz, 2, 'Hz')}  clock ±{sigma}  lost {lost}{again}{off}"
