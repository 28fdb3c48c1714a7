"""Which clock a session's samples are told by: the one recorded with them, or a later refit."""

from collections.abc import Iterable
from typing import Final, Literal, get_args

from recorder.store.note_rows import RefitRow
from recorder.store.reader import SessionReader
from recorder.store.timeline import Timeline

Clock = Literal["best", "recorded", "refitted"]
CLOCKS: Final[tuple[str, ...]] = get_args(Clock)

_Segment = tuple[int, int]


class Clocks:
    """The timeline of each segment of a session.

    Args:
        session: which; to be open while timelines are asked for.
        refits: of all notes.
        clock: "recorded" as it was seen live; "refitted" by the newest refit in the notes; "best"
            the refitted one of every segment that has one.

    Raises:
        LookupError: a refitted clock is asked for and the notes have none.
        ValueError: there is no such clock.
    """

    def __init__(self, session: SessionReader, refits: Iterable[RefitRow], clock: str) -> None:
        if clock not in CLOCKS:
            raise ValueError(f"no such clock: {clock}; known: {', '.join(CLOCKS)}")
        self._session = session
        self._refits = {} if clock == "recorded" else _newest(refits)
        if clock == "refitted" and not self._refits:
            raise LookupError(
                f"{session.path}: no clock was refitted: antiphon refit {session.path}"
            )
        self.told = _told(self._refits)

    def timeline(self, board_id: int, segment: int) -> Timeline:
        """The clock of one segment.

        Raises:
            ValueError: the file holds nothing of this segment.
        """
        knots = self._refits.get((board_id, segment))
        if knots is None:
            return self._session.timeline(board_id, segment)
        return Timeline.from_knots([(row.idx, row.t_ns, row.period_ns, 0) for row in knots])


def _newest(refits: Iterable[RefitRow]) -> dict[_Segment, list[RefitRow]]:
    """The knots of the newest refit of each segment, by index."""
    newest: dict[_Segment, list[RefitRow]] = {}
    for row in sorted(refits, key=lambda it: (it.made_utc_ns, it.idx)):
        knots = newest.setdefault((row.board, row.segment), [])
        if knots and (knots[0].made_utc_ns, knots[0].method) != (row.made_utc_ns, row.method):
            knots.clear()
        knots.append(row)
    return newest


def _told(refits: dict[_Segment, list[RefitRow]]) -> str:
    methods = sorted({f"{rows[0].method}, antiphon {rows[0].version}" for rows in refits.values()})
    return f"refitted ({'; '.join(methods)})" if methods else "recorded"
