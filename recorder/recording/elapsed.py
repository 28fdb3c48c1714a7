"""Up to when a board's time in a session is accounted for: by samples, or by gaps.

A board tells of a stretch without data when it is back. One that is not back when the session ends
cannot, nor one that was never there; then the session tells of it.
"""

from hardware.board import FaultKind, GapCause, cause_of
from recorder.store.elapsed import UNTOLD_NS


class Elapsed:
    """Of one board.

    Attributes:
        until_ns: up to when its time is accounted for.
    """

    def __init__(self, until_ns: int, cause: str = "") -> None:
        """From `until_ns` on nothing has come yet, because of `cause` where that is known."""
        self.until_ns = until_ns
        self._cause = cause

    def hear(self, t_ns: int) -> None:
        """Samples came at `t_ns`, or a gap told of the time until then."""
        self.until_ns = max(self.until_ns, t_ns)
        self._cause = ""

    def catch_up(self, seconds: float, t_ns: int) -> None:
        """So much more is told of, at `t_ns`: what had waited tells no more than its own length."""
        if seconds:
            self.hear(min(self.until_ns + round(seconds * 1e9), t_ns))

    def lose(self, kind: FaultKind | None) -> None:
        """The board is lost; why it was first is why nothing comes."""
        self._cause = self._cause or cause_of(kind)

    def untold(self, t_ns: int) -> str:
        """Why nothing came until `t_ns`; "" when that is accounted for.

        Less than UNTOLD_NS may be on its way; but what is known to be missing is told.
        """
        silent_ns = t_ns - self.until_ns
        if silent_ns >= UNTOLD_NS:
            return self._cause or GapCause.SILENCE
        return self._cause if silent_ns > 0 else ""
