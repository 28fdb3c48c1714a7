"""The last minutes of asymmetry and the marks in them, for a screen that comes late, from the file.

Nothing of it is kept in memory for that.
"""

from pathlib import Path

from recorder.failure import EX_IOERR, Refused, words
from recorder.store.reader import SessionReader
from recorder.wire.messages import Course, Recent

# As far back as a screen shows it; there may be other instruments' rows in between.
RECENT_S = 300.0
NEWEST_ROWS = 1200
MEASURE, ERROR, BAND = "faa", "faa_se", "alpha"
NEWEST = """
SELECT each.value, batch.t_ns, json_extract(batch.value, '$[' || each.key || ']')
FROM measure_batch AS batch JOIN series_list ON series_list.id = batch.list,
     json_each(series_list.series) AS each
WHERE batch.rowid > (SELECT max(rowid) FROM measure_batch) - ?
  AND each.value IN (SELECT id FROM series WHERE name = ? AND band = ?)"""

Times = dict[int, float]  # what there is, by t_ns


def recent(path: Path) -> Recent:
    """What the file at `path` holds of the last RECENT_S. Blocks.

    Raises:
        Refused: the file cannot be read.
    """
    try:
        with SessionReader(path) as session:
            values, errors = (_newest(session, name) for name in (MEASURE, ERROR))
            begun_ns = session.header.started_t_ns
            marked_ns = [row.t_ns for row in session.markers()]
            marked_ns += [row.begin_ns for row in session.interval_rows()]
    except (OSError, ValueError) as error:
        raise Refused(words(error), EX_IOERR) from error
    newest_ns = max((t_ns for found in values.values() for t_ns in found), default=0)
    since_ns = newest_ns - round(RECENT_S * 1e9)
    return Recent(
        [
            _course(*whose, found, errors.get(whose, {}), begun_ns, since_ns)
            for whose, found in values.items()
        ],
        [_session_s(t_ns, begun_ns) for t_ns in sorted(marked_ns) if t_ns >= since_ns],
    )


def _newest(session: SessionReader, name: str) -> dict[tuple[str, str], Times]:
    """The newest values of a measure, by who and where."""
    series = {
        it.id: (it.persons[0], "-".join(it.channels)) for it in session.series() if it.persons
    }
    found: dict[tuple[str, str], Times] = {}
    for key, t_ns, value in session.query(NEWEST, NEWEST_ROWS, name, BAND):
        if value is not None:
            found.setdefault(series[key], {})[t_ns] = value
    return found


def _course(
    who: str, where: str, values: Times, errors: Times, begun_ns: int, since_ns: int
) -> Course:
    points = [
        (_session_s(t_ns, begun_ns), value, errors.get(t_ns))
        for t_ns, value in sorted(values.items())
        if t_ns >= since_ns
    ]
    return Course(who, where, points)


def _session_s(t_ns: int, begun_ns: int) -> float:
    return round((t_ns - begun_ns) * 1e-9, 3)
