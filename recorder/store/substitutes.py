"""What a repaired file needs besides its blocks: a whole header, and nothing that contradicts them.

Blocks have a checksum, other rows have none. So the blocks decide: a board that has blocks exists,
with as many channels as they hold; a gap where there is a block is none. A stand-in for a row that
is lost says `unknown` wherever a name would stand.
"""

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from recorder.settings.board import ROLES
from recorder.store import cross_rice, delta_zlib

UNKNOWN = "unknown"
MOST_COLUMNS = 64
LIKELY_COLUMNS = (8, 16)
USUAL_RATE_HZ = 250.0

CONTRADICTIONS = (
    "DELETE FROM session WHERE rowid > (SELECT min(rowid) FROM session)",
    "DELETE FROM channel WHERE board NOT IN (SELECT board FROM block) AND board NOT IN"
    " (SELECT id FROM board)",
    "DELETE FROM board WHERE id NOT IN (SELECT board FROM channel)"
    " AND id NOT IN (SELECT board FROM block)",
    "DELETE FROM gap WHERE n < 0 OR end_ns < begin_ns",
    "DELETE FROM gap WHERE n > 0 AND cause <> 'half' AND EXISTS (SELECT 1 FROM block"
    " WHERE block.board = gap.board AND block.segment = gap.segment"
    " AND block.first_index < gap.first_index + gap.n"
    " AND gap.first_index < block.first_index + block.n)",
    "DELETE FROM series_list WHERE NOT json_valid(series)",
    "DELETE FROM measure_batch WHERE NOT (json_valid(value)"
    " AND json_valid(clean) AND json_valid(coalesce(percentile, '[]')))",
)


def leave_out_contradictions(connection: sqlite3.Connection) -> int:
    """Delete what cannot be true beside the blocks; returns how many rows that were.

    Raises:
        sqlite3.Error: the file cannot be written.
    """
    return sum(connection.execute(statement).rowcount for statement in CONTRADICTIONS)


def leave_out_orphans(connection: sqlite3.Connection) -> int:
    """Delete rows that refer to what is not there; returns how many. Raises as the one above."""
    count = 0
    while orphans := connection.execute("PRAGMA foreign_key_check").fetchall():
        for table, row, _, _ in orphans:
            statement = f"DELETE FROM {table} WHERE rowid = ?"  # noqa: S608
            count += connection.execute(statement, (row,)).rowcount
    return count


def stand_in(connection: sqlite3.Connection, session_id: str) -> list[str]:
    """Put a stand-in where a header row is lost; returns what had to be, one line each.

    Raises:
        sqlite3.Error: the file cannot be written.
    """
    told = []
    if not connection.execute("SELECT id FROM session").fetchall():
        _stand_in_for_session(connection, session_id)
        told.append("session: lost")
    for (board,) in connection.execute("SELECT DISTINCT board FROM block").fetchall():
        told += _stand_in_for_board(connection, board)
    told += _stand_in_for_persons(connection)
    told += _stand_in_for_lists(connection)
    return told + _stand_in_for_series(connection)


def _stand_in_for_session(connection: sqlite3.Connection, session_id: str) -> None:
    connection.execute(
        "INSERT INTO session (id, created_utc_ns, boot_id, box, software_version, template,"
        " practice, started_t_ns, clock_synchronised) VALUES (?, 0, ?, '', ?, '', 0,"
        " coalesce((SELECT min(t_ns) FROM clock_fit), 0), 0)",
        (session_id, UNKNOWN, UNKNOWN),
    )


def _stand_in_for_board(connection: sqlite3.Connection, board: int) -> Iterator[str]:
    """The board row, and the channels that its blocks have."""
    [(n, payload, aux)] = connection.execute(
        "SELECT n, payload, aux FROM block WHERE board = ? LIMIT 1", (board,)
    )
    known = connection.execute("SELECT aux_labels FROM board WHERE id = ?", (board,)).fetchall()
    columns = _fitting(lambda k: delta_zlib.unpack([aux], n, k), range(MOST_COLUMNS))
    labels = [_labels(text) for (text,) in known]
    if not known:
        yield "board: lost"
        _insert_board(connection, board)
    if not labels or len(labels[0]) != columns:
        names = json.dumps([f"aux{number}" for number in range(1, columns + 1)])
        connection.execute("UPDATE board SET aux_labels = ? WHERE id = ?", (names, board))
    if _complete_channels(connection, board, lambda k: cross_rice.unpack([payload], n, k)):
        yield "channel: lost"


def _labels(text: str) -> list[Any]:
    try:
        labels = json.loads(text)
    except ValueError:
        return []
    return labels if isinstance(labels, list) and all(isinstance(it, str) for it in labels) else []


def _insert_board(connection: sqlite3.Connection, board: int) -> None:
    taken = [role for (role,) in connection.execute("SELECT role FROM board")]
    likely = (*ROLES[board : board + 1], *ROLES, f"{UNKNOWN} {board}")
    role = next(role for role in likely if role not in taken)
    values = (board, role, *[UNKNOWN] * 5, _rate_hz(connection, board), 1.0, 2**31 - 1, "[]")
    connection.execute(f"INSERT INTO board VALUES ({', '.join('?' * len(values))})", values)  # noqa: S608


def _rate_hz(connection: sqlite3.Connection, board: int) -> float:
    """The multiple of 125 Hz that is next to the knots' own, for Cytons have no other."""
    periods = [
        period_ns
        for (period_ns,) in connection.execute(
            "SELECT period_ns FROM clock_fit WHERE board = ? AND period_ns > 0", (board,)
        )
    ]
    rate_hz = 1e9 / float(np.median(periods)) if periods else USUAL_RATE_HZ
    return max(125.0, 125.0 * round(rate_hz / 125))


def _complete_channels(
    connection: sqlite3.Connection, board: int, unpack: Callable[[int], Any]
) -> bool:
    """Give a board as many channels as its blocks have; whether any was lost."""
    known = connection.execute("SELECT count(*) FROM channel WHERE board = ?", (board,))
    widths = (known.fetchone()[0], *LIKELY_COLUMNS, *range(1, MOST_COLUMNS))
    width = _fitting(unpack, widths)
    extra = "DELETE FROM channel WHERE board = ? AND idx NOT BETWEEN 0 AND ?"
    connection.execute(extra, (board, width - 1))
    missing = connection.executemany(
        "INSERT OR IGNORE INTO channel VALUES (?1, ?2, ?3, ?4, 'uV',"
        " (SELECT uv_per_count FROM board WHERE id = ?1), ?4, 0)",
        [(board, idx, f"{UNKNOWN} {idx + 1}", UNKNOWN) for idx in range(width)],
    )
    return missing.rowcount > 0


def _fitting(unpack: Callable[[int], Any], widths: Iterable[int]) -> int:
    """The first of `widths` with which a block can be unpacked; 0 when there is none."""
    for width in widths:
        try:
            unpack(width)
        except ValueError:
            continue
        return width
    return 0


def _stand_in_for_persons(connection: sqlite3.Connection) -> list[str]:
    lost = connection.execute(
        "INSERT INTO person SELECT role, ?, 1, 0, 0 FROM board"
        " WHERE role NOT IN (SELECT role FROM person)",
        (UNKNOWN,),
    )
    return ["person: lost"] if lost.rowcount else []


def _stand_in_for_lists(connection: sqlite3.Connection) -> list[str]:
    """Values of which it is lost what they are of are kept, each as of a series of its own."""
    lost = connection.execute(
        "SELECT list, max(json_array_length(value)) FROM measure_batch"
        " WHERE list NOT IN (SELECT id FROM series_list) GROUP BY list"
    ).fetchall()
    [(free,)] = connection.execute(
        "SELECT 1 + max(coalesce(max(id), 0), coalesce((SELECT max(one.value) FROM series_list,"
        " json_each(series_list.series) AS one WHERE one.type = 'integer'), 0)) FROM series"
    )
    for number, length in lost:
        series = json.dumps([*range(free, free + length)])
        connection.execute("INSERT INTO series_list VALUES (?, ?)", (number, series))
        free += length
    return [f"series_list: {len(lost)} lost"] if lost else []


def _stand_in_for_series(connection: sqlite3.Connection) -> list[str]:
    """Values without a definition are kept, as of an unknown one."""
    lost = connection.execute(
        "SELECT DISTINCT one.value FROM series_list, json_each(series_list.series) AS one"
        " WHERE one.value NOT IN (SELECT id FROM series)"
    ).fetchall()
    numbers = [key for (key,) in lost if isinstance(key, int)]
    for key in numbers:
        values = (
            *(key, UNKNOWN, "", UNKNOWN, "", 0, 0, "[]", "[]", 0, 0, "", 0, "", UNKNOWN),
            *(None, UNKNOWN),
        )
        connection.execute(f"INSERT INTO series VALUES ({', '.join('?' * len(values))})", values)  # noqa: S608
    return [f"series: {len(numbers)} lost"] if numbers else []
