"""Whether the time of a session is accounted for: by samples that came, or by gaps.

Which samples there are is known segment by segment, by their indexes (check.py). This is about the
time from the session's start to its end: nothing of it that is longer than UNTOLD_NS is in neither.
"""

from collections.abc import Iterable, Iterator

from recorder.store.headers import BoardHeader
from recorder.store.reader import SessionReader
from recorder.store.rows import GapRow

# As hardware.board has them. Of silence: nothing came, and who knew why is gone.
SILENCE, HALF = "silence", "half"
UNTOLD_NS = 500_000_000  # what was taken, and is still on its way when a session begins or ends

Stretch = tuple[int, int]  # from, to

_NEWEST_BLOCK = "SELECT id FROM block WHERE board = ? ORDER BY id DESC LIMIT 1"
_NEWEST_SEGMENT = """
SELECT coalesce(max(segment), -1) FROM (
    SELECT segment FROM block WHERE board = ?1
    UNION ALL SELECT segment FROM gap WHERE board = ?1)"""


def told_until_ns(session: SessionReader, board_id: int) -> int:
    """Up to when samples or gaps account for a board's time; the session's start without any.

    Raises:
        ValueError: the file is damaged there.
    """
    arrivals = [
        int(session.block(block_id).arrival_ns.max())
        for (block_id,) in session.query(_NEWEST_BLOCK, board_id)
    ]
    [(gaps_end_ns,)] = session.query("SELECT max(end_ns) FROM gap WHERE board = ?", board_id)
    return max([session.header.started_t_ns, *arrivals, int(gaps_end_ns or 0)])


def absence_s(stretch: Stretch, started_ns: int, ended_ns: int) -> float:
    """How much of a gap of time lies in the session, seconds."""
    begin_ns, end_ns = stretch
    return max(0, min(end_ns, ended_ns) - max(begin_ns, started_ns)) * 1e-9


def missing_s(gap: GapRow, board: BoardHeader, started_ns: int, ended_ns: int) -> float:
    """How long a gap is: its samples at the nominal rate, or its time in the session; seconds.

    None of a half is missing: the other half is there.
    """
    if gap.n:
        return 0.0 if gap.cause == HALF else gap.n / board.nominal_rate_hz
    return absence_s((gap.begin_ns, gap.end_ns), started_ns, ended_ns)


def last_gaps(session: SessionReader, ended_t_ns: int) -> list[GapRow]:
    """Return what is to be added to a session that ends then without its recorder.

    Raises:
        ValueError: the file is damaged.
    """
    return [
        GapRow(board.id, _next_segment(session, board.id), 0, 0, SILENCE, until_ns, end)
        for board in session.boards()
        for until_ns, end in [(told_until_ns(session, board.id), ended_t_ns)]
        if end - until_ns >= UNTOLD_NS
    ]


def untold(stretches: Iterable[Stretch], started_ns: int, ended_ns: int) -> Iterator[Stretch]:
    """Stretches from the start to the end that are in none of these, and too long to be nothing."""
    until_ns = started_ns
    for begin_ns, end_ns in [*sorted(stretches), (ended_ns, ended_ns)]:
        if begin_ns - until_ns >= UNTOLD_NS:
            yield until_ns, begin_ns
        until_ns = max(until_ns, end_ns)


def _next_segment(session: SessionReader, board_id: int) -> int:
    [(newest,)] = session.query(_NEWEST_SEGMENT, board_id)
    return int(newest) + 1
