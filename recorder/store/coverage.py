"""How much of a session each person's board was there for, and how much of that is of use.

there     the session's time that no gap is about: see elapsed.py, by which all of it is in
          samples or in gaps
good      share of the contact checks of EEG channels, every 5 s, that found good contact
          (dsp/quality.py); without those that had too few samples to judge
usable    share of the session's time there, times `good`
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dsp.quality import ContactState
from recorder.store.elapsed import missing_s
from recorder.store.headers import BoardHeader
from recorder.store.reader import SessionReader
from recorder.store.rows import GapRow


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of one person.

    Attributes:
        role: whose.
        duration_s: of the session, so far.
        missing_s: by cause.
        good: 0 to 1; None when no contact was judged.
    """

    role: str
    duration_s: float
    missing_s: dict[str, float]
    good: float | None

    @property
    def there_s(self) -> float:
        """Seconds with samples."""
        return max(0.0, self.duration_s - sum(self.missing_s.values()))

    @property
    def usable(self) -> float | None:
        """0 to 1; None when it is not known."""
        if self.good is None or self.duration_s <= 0:
            return None
        return self.there_s / self.duration_s * self.good


def coverages(session: SessionReader, more: Sequence[GapRow] = ()) -> list[Coverage]:
    """Of everybody with a board; `more` are gaps that are about to be written.

    Raises:
        ValueError: the file is damaged there.
    """
    started_ns, ended_ns = session.header.started_t_ns, session.ended_t_ns
    gaps = [*session.gaps(), *more]
    checks = session.query("SELECT board, channel, state, count(*) FROM quality GROUP BY 1, 2, 3")
    return [
        Coverage(
            board.role,
            (ended_ns - started_ns) / 1e9,
            _missing_s(board, gaps, started_ns, ended_ns),
            _good(board, checks),
        )
        for board in session.boards()
    ]


def _missing_s(
    board: BoardHeader, gaps: list[GapRow], started_ns: int, ended_ns: int
) -> dict[str, float]:
    found: dict[str, float] = {}
    for gap in gaps:
        if gap.board == board.id:
            length_s = missing_s(gap, board, started_ns, ended_ns)
            found[gap.cause] = found.get(gap.cause, 0.0) + length_s
    return dict(sorted(found.items()))


def _good(board: BoardHeader, checks: Sequence[tuple[int, int, str, int]]) -> float | None:
    of_eeg = {place for place, channel in enumerate(board.channels) if channel.kind == "eeg"}
    judged = [
        (state, times)
        for board_id, channel, state, times in checks
        if board_id == board.id and channel in of_eeg and state != ContactState.NO_DATA
    ]
    good = sum(times for state, times in judged if state == ContactState.GOOD)
    in_all = sum(times for _, times in judged)
    return good / in_all if in_all else None
