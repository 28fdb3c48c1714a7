"""One person's column: the board, the contacts, the live traces and the frontal asymmetry."""

import time
from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.containers import Vertical

from recorder.messages import BoardStatus, Measure, Trace
from tui.signs import BOARD, PLAIN, QUIET, WARNING, sign
from tui.widgets.asymmetry import AsymmetryView
from tui.widgets.contacts import Contacts
from tui.widgets.line import Line
from tui.widgets.traces import TraceView
from tui.wording import lost_share, number, share


class PersonColumn(Vertical):
    """Everything about the person with `role`, the patient or the therapist."""

    def __init__(self, role: str, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__(id=role)
        self.role = role
        self.traces = TraceView(monotonic=monotonic)

    def compose(self) -> ComposeResult:
        """From what must work first to what comes out of it."""
        yield Line(classes="board")
        yield Line(classes="fault")
        yield Contacts()
        yield self.traces
        yield AsymmetryView(self.role)

    def show_board(self, board: BoardStatus | None, code: str) -> None:
        """Show the board's state; None when the service knows of no board for this person."""
        name = (f"{self.role.upper()} {code}".rstrip(), f"bold {PLAIN}")
        line = self.query_one(".board", Line)
        if board is None:
            line.show(name, (f"\n{WARNING} no board is known for this person", QUIET))
            self._show_fault("")
            self.query_one(Contacts).show([])
            return
        state = sign(BOARD, board.state)
        clean = f"   clean {share(board.clean_share)}\n"
        line.show(name, "  ", (f"{state.shape} {state.word}", state.style), clean, _figures(board))
        self._show_fault(board.fault)
        self.query_one(Contacts).show(board.contacts)

    def show_measures(self, t_s: float, values: Sequence[Measure]) -> None:
        """Show this person's own measures."""
        self.query_one(AsymmetryView).show_measures(t_s, values)

    def extend(self, trace: Trace) -> None:
        """Take in new points of the traces."""
        self.traces.extend(trace)

    def _show_fault(self, fault: str) -> None:
        line = self.query_one(".fault", Line)
        line.display = bool(fault)
        line.show(f"{WARNING} {fault}")


def _figures(board: BoardStatus) -> str:
    """The measured rate, how well the board's clock is known, and what was lost on the way."""
    lost = share(lost_share(board.lost, board.samples))
    sigma = number(board.sigma_ms, 1, "ms")
    return f"{number(board.rate_hz, 2, 'Hz')}  clock ±{sigma}  lost {lost}"
