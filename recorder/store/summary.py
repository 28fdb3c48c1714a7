"""A session in a few numbers, for people and for --json."""

from typing import Any

from recorder.store.calendar import begun
from recorder.store.coverage import Coverage, coverages
from recorder.store.elapsed import missing_s
from recorder.store.files import size_of
from recorder.store.headers import BoardHeader, SessionHeader
from recorder.store.reader import SessionReader
from recorder.store.rows import GapRow


def summarise(session: SessionReader, header: SessionHeader | None = None) -> dict[str, Any]:
    """What `antiphon show` prints: plain values, durations in seconds, unknown as None.

    `header` is another one than the file's own: channels may be called otherwise since.

    Raises:
        ValueError: the file is damaged.
    """
    header, pairs = header or session.header, session.clock_pairs()
    begun_utc_ns, begun_is_certain = begun(pairs, header.started_t_ns)
    covered = zip(header.boards, coverages(session), strict=True)
    return {
        "id": header.id,
        "state": session.state,
        "created_utc_ns": header.created_utc_ns,  # as the machine believed at the start
        "begun_utc_ns": begun_utc_ns,  # as all that it came to know says
        "begun_is_certain": begun_is_certain,
        "duration_s": (session.ended_t_ns - header.started_t_ns) / 1e9,
        "box": header.box,
        "template": header.template,
        "software_version": header.software_version,
        "persons": {person.role: person.code for person in header.persons},
        "boards": [_summarise_board(session, board, one) for board, one in covered],
        "markers": len(session.markers()),
        "size_bytes": size_of(session.path),
    }


def _summarise_board(
    session: SessionReader, board: BoardHeader, covered: Coverage
) -> dict[str, Any]:
    loss = "SELECT samples, lost, late, segments FROM loss_per_board WHERE board = ?"
    [counted] = session.query(loss, board.id)
    return {
        "role": board.role,
        "kind": board.kind,
        "serial": board.serial,
        "channels": [{"label": it.label, "kind": it.kind} for it in board.channels],
        **dict(zip(("samples", "lost", "late", "segments"), counted, strict=True)),
        "nominal_rate_hz": board.nominal_rate_hz,
        "rate_hz": _measured_rate_hz(session, board.id),
        "gaps": _summarise_gaps(session, board),
        "there_s": covered.there_s,
        "missing_s": covered.missing_s,
        "good": covered.good,
        "usable": covered.usable,
    }


def _summarise_gaps(session: SessionReader, board: BoardHeader) -> dict[str, dict[str, float]]:
    """By cause: how many, of how many samples, how long; of a gap of time only that is known."""
    started_ns, ended_ns = session.header.started_t_ns, session.ended_t_ns
    causes: dict[str, list[GapRow]] = {}
    for gap in session.gaps():
        if gap.board == board.id:
            causes.setdefault(gap.cause, []).append(gap)
    return {
        cause: {
            "times": len(gaps),
            "samples": sum(gap.n for gap in gaps),
            "seconds": sum(missing_s(gap, board, started_ns, ended_ns) for gap in gaps),
        }
        for cause, gaps in sorted(causes.items())
    }


def _measured_rate_hz(session: SessionReader, board_id: int) -> float | None:
    """From the first to the last settled knot of the newest settled segment."""
    ends = session.query(
        "SELECT max(idx) - min(idx), max(t_ns) - min(t_ns) FROM clock_fit"
        " WHERE board = ? AND NOT provisional GROUP BY segment ORDER BY segment DESC",
        board_id,
    )
    rates = (samples * 1e9 / span_ns for samples, span_ns in ends if span_ns)
    return next(rates, None)
