"""The tables of a session file.

    application_id  0x414E5450 ("ANTP")      user_version  the number of the newest step in STEPS

FORMAT.md beside this says what is in each table, for who has the file and not this program.
Every `t_ns`, `begin_ns`, `end_ns` is CLOCK_MONOTONIC of the boot named in `session`; time of day is
in `clock_utc` only. Rows are appended and never changed, but for the one row of `session`. The
growing tables have no index: an index, or a key that is not in the order of arrival, would make
each commit rewrite a page per board and per series (measured: 8 to 14 times the bytes with 80
series keyed by series first), and that wears a memory card out.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from recorder.store.ledger import LEDGER, enter_all

if TYPE_CHECKING:
    from sqlite_utils import Database
    from sqlite_utils.migrations import Migrations

APPLICATION_ID = 0x414E5450
# Two block rows of 0.6 s seldom share a page of 4096, which stays half empty. Measured with two
# boards and 72 series, 4096 / 8192 / 16384: the file grows by 56 / 40 / 38 MB an hour, and
# 191 / 250 / 358 MB an hour are written.
PAGE_BYTES = 8192
PROVENANCE = "CHECK (provenance IN ('live', 'post', 'rater', 'interview'))"
Steps = Mapping[int, Sequence[str]]

SCHEMA = (
    """CREATE TABLE session (
    id TEXT PRIMARY KEY,
    created_utc_ns INTEGER NOT NULL,      -- as the machine believed it
    boot_id TEXT NOT NULL,                -- the boot whose CLOCK_MONOTONIC is in every t_ns
    box TEXT NOT NULL,                    -- name of the machine that recorded it, '': it has none
    software_version TEXT NOT NULL,
    template TEXT NOT NULL,
    practice INTEGER NOT NULL,            -- 1: nobody's session, neither copied nor counted
    planned_duration_s REAL,              -- NULL: open-ended
    state TEXT NOT NULL DEFAULT 'recording'
        CHECK (state IN ('recording', 'closed', 'interrupted')),
    started_t_ns INTEGER NOT NULL,
    ended_t_ns INTEGER,                   -- NULL while recording
    clock_synchronised INTEGER NOT NULL,  -- time of day was disciplined when the session started
    blocks INTEGER                        -- id of the newest when it ended, NULL while recording
) STRICT""",
    """CREATE TABLE person (
    role TEXT PRIMARY KEY,
    code TEXT NOT NULL,
    consent_record INTEGER NOT NULL,
    consent_video INTEGER NOT NULL,
    consent_share INTEGER NOT NULL
) STRICT""",
    """CREATE TABLE board (
    id INTEGER PRIMARY KEY,
    role TEXT NOT NULL UNIQUE REFERENCES person (role),
    kind TEXT NOT NULL,
    port TEXT NOT NULL,
    serial TEXT NOT NULL,
    firmware TEXT NOT NULL,
    provenance TEXT NOT NULL,             -- recorded; of what was imported: counts, text ...
    nominal_rate_hz REAL NOT NULL,        -- the true one is in clock_fit
    uv_per_count REAL NOT NULL,
    rail_counts INTEGER NOT NULL,
    aux_labels TEXT NOT NULL              -- JSON array: the columns of block.aux
) STRICT""",
    """CREATE TABLE channel (
    board INTEGER NOT NULL REFERENCES board (id),
    idx INTEGER NOT NULL,                 -- column of block.payload
    label TEXT NOT NULL,
    kind TEXT NOT NULL,                   -- what it measures: eeg, eog, ecg ...
    unit TEXT NOT NULL,
    scale REAL NOT NULL,                  -- value = count * scale
    reference TEXT NOT NULL,
    delay_s REAL NOT NULL,                -- what was at t stands at the sample of t + delay_s
    PRIMARY KEY (board, idx)
) STRICT, WITHOUT ROWID""",
    """CREATE TABLE block (
    id INTEGER PRIMARY KEY,
    board INTEGER NOT NULL REFERENCES board (id),
    segment INTEGER NOT NULL,             -- a stretch between (re)starts of the board's stream
    first_index INTEGER NOT NULL,         -- unwrapped index of the first sample in the segment
    n INTEGER NOT NULL,
    codec INTEGER NOT NULL,               -- see recorder/store/codec.py
    crc32 INTEGER NOT NULL,
    late INTEGER NOT NULL,                -- came after later samples, fills a hole
    arrivals BLOB NOT NULL,               -- (index, t_ns) of each read
    payload BLOB NOT NULL,                -- counts, n x channels
    aux BLOB NOT NULL
) STRICT""",
    """CREATE TABLE gap (
    board INTEGER NOT NULL REFERENCES board (id),
    segment INTEGER NOT NULL,
    first_index INTEGER NOT NULL,
    n INTEGER NOT NULL,                   -- 0: time without data, between segments
    cause TEXT NOT NULL,
    begin_ns INTEGER NOT NULL,
    end_ns INTEGER NOT NULL
) STRICT""",
    """CREATE TABLE clock_fit (
    board INTEGER NOT NULL REFERENCES board (id),
    segment INTEGER NOT NULL,
    idx INTEGER NOT NULL,                 -- this sample
    t_ns INTEGER NOT NULL,                -- was taken at this time
    period_ns REAL NOT NULL,              -- and the next ones this far apart
    delay_ns REAL NOT NULL,
    sigma_ns REAL NOT NULL,
    provisional INTEGER NOT NULL          -- the clock had not settled
) STRICT""",
    """CREATE TABLE clock_utc (
    t_ns INTEGER NOT NULL,
    utc_ns INTEGER NOT NULL,
    synchronised INTEGER NOT NULL
) STRICT""",
    """CREATE TABLE edge (
    source TEXT NOT NULL,
    seq INTEGER NOT NULL,
    t_ns INTEGER NOT NULL,
    level INTEGER NOT NULL
) STRICT""",
    """CREATE TABLE frame (
    camera TEXT NOT NULL,
    seq INTEGER NOT NULL,
    t_ns INTEGER NOT NULL
) STRICT""",
    f"""CREATE TABLE marker (
    id INTEGER PRIMARY KEY,
    t_ns INTEGER NOT NULL,
    label TEXT NOT NULL,
    provenance TEXT NOT NULL {PROVENANCE},
    source TEXT NOT NULL,                 -- the foot switch, pin or stream that made it, '': a key
    undoes INTEGER REFERENCES marker (id), -- this row takes that marker back
    made_t_ns INTEGER                     -- NULL: made after the session
) STRICT""",
    f"""CREATE TABLE interval (
    id INTEGER PRIMARY KEY,
    begin_ns INTEGER NOT NULL,
    end_ns INTEGER,                       -- NULL: it was not over
    label TEXT NOT NULL,
    provenance TEXT NOT NULL {PROVENANCE},
    source TEXT NOT NULL,
    undoes INTEGER REFERENCES interval (id),
    ends INTEGER REFERENCES interval (id), -- this row takes the place of that one, which is over
    made_t_ns INTEGER,
    CHECK (end_ns >= begin_ns)
) STRICT""",
    """CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    unit TEXT NOT NULL,                   -- '': it has none
    formula TEXT NOT NULL,
    band TEXT NOT NULL,
    low_hz REAL NOT NULL,
    high_hz REAL NOT NULL,
    persons TEXT NOT NULL,                -- JSON array of one role or two
    channels TEXT NOT NULL,               -- JSON array, in the order of the formula
    window_s REAL NOT NULL,
    hop_s REAL NOT NULL,
    taps_hash TEXT NOT NULL,
    delay_s REAL NOT NULL,
    reference TEXT NOT NULL,
    software_version TEXT NOT NULL,
    mains_hz REAL,                        -- what was taken for the mains; NULL: not computed here
    missing TEXT NOT NULL                 -- what was done about missing samples
) STRICT""",
    # All values of an instant in one row: half the bytes, and a twentieth of the rows.
    """CREATE TABLE series_list (
    id INTEGER PRIMARY KEY,
    series TEXT NOT NULL UNIQUE           -- JSON array of series.id
) STRICT""",
    """CREATE TABLE measure_batch (
    t_ns INTEGER NOT NULL,                -- centre of the windows
    list INTEGER NOT NULL REFERENCES series_list (id),
    value TEXT NOT NULL,                  -- JSON array, as long as the list; null: no value
    clean TEXT NOT NULL,                  -- the same, or its beginning, to be repeated
    percentile TEXT                       -- the same as value; NULL: none at all
) STRICT""",
    """CREATE TABLE quality (
    t_ns INTEGER NOT NULL,
    board INTEGER NOT NULL REFERENCES board (id),
    channel INTEGER NOT NULL,             -- channel.idx
    state TEXT NOT NULL,
    mains_share REAL,
    peak_to_peak_uv REAL
) STRICT""",
    """CREATE TABLE impedance (
    t_ns INTEGER NOT NULL,
    board INTEGER NOT NULL REFERENCES board (id),
    channel INTEGER NOT NULL,
    kohm REAL
) STRICT""",
    """CREATE TABLE event (
    t_ns INTEGER NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT""",
    """CREATE TABLE redaction (
    made_utc_ns INTEGER NOT NULL,
    what TEXT NOT NULL,                   -- eeg, video, share; struck: a text
    role TEXT NOT NULL,                   -- of the person; '': of a text
    replaced_sha256 TEXT NOT NULL         -- of the file as it was before
) STRICT""",
    LEDGER,
    """CREATE VIEW marker_live AS
SELECT id, t_ns, label, provenance, made_t_ns FROM marker
WHERE undoes IS NULL
  AND id NOT IN (SELECT undoes FROM marker WHERE undoes IS NOT NULL)""",
    """CREATE VIEW measure AS
SELECT each.value AS series, batch.t_ns AS t_ns,
       json_extract(batch.value, '$[' || each.key || ']') AS value, -- NULL: too little clean data
       json_extract(batch.clean, '$[' || (each.key % json_array_length(batch.clean)) || ']')
           AS clean,                                                -- share of clean samples, 0..1
       json_extract(batch.percentile, '$[' || each.key || ']') AS percentile -- of its own chance
FROM measure_batch AS batch JOIN series_list ON series_list.id = batch.list,
     json_each(series_list.series) AS each""",
    """CREATE VIEW measure_named AS
SELECT measure.t_ns, series.name, series.band, series.persons, series.channels,
       measure.value, measure.clean, measure.percentile
FROM measure JOIN series ON series.id = measure.series""",
    """CREATE VIEW loss_per_board AS
SELECT board.id AS board, board.role,
       COALESCE(kept.samples, 0) AS samples,
       COALESCE(missing.samples, 0) AS lost,
       COALESCE(kept.late, 0) AS late,
       COALESCE(kept.segments, 0) AS segments
FROM board
LEFT JOIN (SELECT board, SUM(n) AS samples, SUM(n * late) AS late,
                  COUNT(DISTINCT segment) AS segments
           FROM block GROUP BY board) AS kept ON kept.board = board.id
LEFT JOIN (SELECT board, SUM(n) AS samples FROM gap GROUP BY board) AS missing
       ON missing.board = board.id""",
    f"PRAGMA application_id = {APPLICATION_ID}",
)

# By the version that each makes, in order: a later one alters what an earlier one made. Versions up
# to 4 were tried out before the format was settled; no file of them is read.
STEPS: Steps = {5: SCHEMA}
VERSION = max(STEPS)


def make_tables(connection: sqlite3.Connection) -> None:
    """Make the tables of a new file; its ledger is to be begun by whoever fills them.

    Raises:
        sqlite3.Error: the file cannot be written.
    """
    take_steps(connection, "antiphon", STEPS)


def begin_ledger(connection: sqlite3.Connection) -> None:
    """Enter all that is in a file whose ledger is still empty.

    Raises:
        sqlite3.Error: the file cannot be written.
    """
    connection.execute("BEGIN IMMEDIATE")
    if not connection.execute("SELECT id FROM ledger LIMIT 1").fetchall():
        enter_all(connection)
    connection.execute("COMMIT")


def take_steps(connection: sqlite3.Connection, name: str, steps: Steps) -> None:
    """Take those of `steps`, statements each, that a file of the kind `name` has not seen yet.

    Each step is one transaction. Loads sqlite-utils (0.3 s) only when there is something to do.

    Raises:
        sqlite3.Error: the file cannot be written.
    """
    if connection.execute("PRAGMA user_version").fetchone()[0] >= max(steps):
        return
    from sqlite_utils import Database
    from sqlite_utils.migrations import Migrations

    migrations = Migrations(name)
    for version, statements in steps.items():
        _add_step(migrations, version, statements)
    migrations.apply(Database(connection, recursive_triggers=False, execute_plugins=False))


def _add_step(migrations: "Migrations", version: int, statements: Sequence[str]) -> None:
    @migrations(name=f"version_{version}")
    def step(database: "Database") -> None:
        for statement in (*statements, f"PRAGMA user_version = {version}"):
            database.execute(statement)
