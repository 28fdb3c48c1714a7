"""A session in a few numbers, for people and for --json."""

from typing import Any

import numpy as np

from recorder.store.calendar import is_certain, utc_ns
from recorder.store.files import size_of
from recorder.store.headers import BoardHeader
from recorder.store.reader import SessionReader


def summarise(session: SessionReader) -> dict[str, Any]:
    """What `antiphon show` prints: plain values, durations in seconds, unknown as None.

    Raises:
        ValueError: the file is damaged.
    """
    header, pairs = session.header, session.clock_pairs()
    [begun_utc_ns] = utc_ns(pairs, np.array([header.started_t_ns], np.int64)).tolist()
    return {
        "id": header.id,
        "state": session.state,
        "created_utc_ns": header.created_utc_ns,  # as the machine believed at the start
        "begun_utc_ns": begun_utc_ns,  # as all that it came to know says
        "begun_is_certain": is_certain(pairs),
        "duration_s": (session.ended_t_ns - header.started_t_ns) / 1e9,
        "template": header.template,
        "software_version": header.software_version,
        "persons": {person.role: person.code for person in header.persons},
        "boards": [_summarise_board(session, board) for board in header.boards],
        "markers": len(session.markers()),
        "size_bytes": size_of(session.path),
    }


def _summarise_board(session: SessionReader, board: BoardHeader) -> dict[str, Any]:
    loss = "SELECT samples, lost, late, segments FROM loss_per_board WHERE board = ?"
    [counted] = session.query(loss, board.id)
    gaps = "SELECT cause, count(*), sum(n) FROM gap WHERE board = ? GROUP BY cause ORDER BY cause"
    return {
        "role": board.role,
        "kind": board.kind,
        "serial": board.serial,
        "channels": [{"label": it.label, "kind": it.kind} for it in board.channels],
        **dict(zip(("samples", "lost", "late", "segments"), counted, strict=True)),
        "nominal_rate_hz": board.nominal_rate_hz,
        "rate_hz": _measured_rate_hz(session, board.id),
        "gaps": {
            cause: {"times": times, "samples": lost_samples}
            for cause, times, lost_samples in session.query(gaps, board.id)
        },
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
