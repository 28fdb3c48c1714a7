"""The tables of a session file.

    application_id  0x414E5450 ("ANTP")      user_version  the number of the newest step in STEPS

Every `t_ns`, `begin_ns`, `end_ns` is CLOCK_MONOTONIC of the boot named in `session`; time of day is
in `clock_utc` only. Rows are appended and never changed, but for the one row of `session`. The
growing tables have no index: an index, or a key that is not in the order of arrival, would make
each commit rewrite a page per board and per series (measured: 8 to 14 times the bytes with 80
series keyed by series first), and that wears a memory card out.
"""

import sqlite3
from collections.abc import Sequence
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

VERSION_1 = (
    """CREATE TABLE session (
    id TEXT PRIMARY KEY,
    created_utc_ns INTEGER NOT NULL,      -- as the machine believed it
    boot_id TEXT NOT NULL,                -- the boot whose CLOCK_MONOTONIC is in every t_ns
    software_version TEXT NOT NULL,
    template TEXT NOT NULL,
    planned_duration_s REAL,              -- NULL: open-ended
    state TEXT NOT NULL DEFAULT 'recording'
        CHECK (state IN ('recording', 'closed', 'interrupted')),
    started_t_ns INTEGER NOT NULL,
    ended_t_ns INTEGER,                   -- NULL while recording
    clock_synchronised INTEGER NOT NULL   -- time of day was disciplined when the session started
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
    nominal_rate_hz REAL NOT NULL,        -- the true one is in clock_fit
    uv_per_count REAL NOT NULL,
    rail_counts INTEGER NOT NULL,
    aux_labels TEXT NOT NULL              -- JSON array: the columns of block.aux
) STRICT""",
    """CREATE TABLE channel (
    board INTEGER NOT NULL REFERENCES board (id),
    idx INTEGER NOT NULL,                 -- column of block.payload
    label TEXT NOT NULL,
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
    """CREATE TABLE marker (
    id INTEGER PRIMARY KEY,
    t_ns INTEGER NOT NULL,
    label TEXT NOT NULL,
    provenance TEXT NOT NULL CHECK (provenance IN ('live', 'post', 'rater')),
    undoes INTEGER REFERENCES marker (id), -- this row takes that marker back
    made_t_ns INTEGER                     -- NULL: made after the session
) STRICT""",
    """CREATE TABLE interval (
    id INTEGER PRIMARY KEY,
    begin_ns INTEGER NOT NULL,
    end_ns INTEGER NOT NULL,
    label TEXT NOT NULL,
    provenance TEXT NOT NULL CHECK (provenance IN ('live', 'post', 'rater')),
    undoes INTEGER REFERENCES interval (id),
    made_t_ns INTEGER
) STRICT""",
    """CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
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
    software_version TEXT NOT NULL
) STRICT""",
    """CREATE TABLE measure (
    series INTEGER NOT NULL REFERENCES series (id),
    t_ns INTEGER NOT NULL,                -- centre of the window
    value REAL,                           -- NULL: not enough clean data
    clean REAL,                           -- share of clean samples, 0 to 1
    percentile REAL                       -- within this pair's own chance level
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
    """CREATE VIEW marker_live AS
SELECT id, t_ns, label, provenance, made_t_ns FROM marker
WHERE undoes IS NULL
  AND id NOT IN (SELECT undoes FROM marker WHERE undoes IS NOT NULL)""",
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

# All values of an instant in one row: half the bytes, and a twentieth of the rows. `measure` is a
# view with the columns that the table had, for any program with SQLite's JSON functions (built in
# since 3.38). `session.blocks` tells a repair how many there were, `channel.kind` what a channel
# measures: eeg, eog, ecg and so on. A repair knows a row by its columns: what is new is written out
# in old rows, too.
VERSION_2 = (
    """CREATE TABLE measure_batch (
    t_ns INTEGER NOT NULL,                -- centre of the windows
    series TEXT NOT NULL,                 -- JSON arrays of one length, null: no value
    value TEXT NOT NULL,
    clean TEXT NOT NULL,
    percentile TEXT                       -- NULL: none at all
) STRICT""",
    """INSERT INTO measure_batch (t_ns, series, value, clean, percentile)
SELECT t_ns, json_group_array(series), json_group_array(value), json_group_array(clean),
       iif(count(percentile), json_group_array(percentile), NULL)
FROM measure GROUP BY t_ns ORDER BY min(rowid)""",
    "DROP TABLE measure",
    """CREATE VIEW measure AS
SELECT each.value AS series, batch.t_ns AS t_ns,
       json_extract(batch.value, '$[' || each.key || ']') AS value, -- NULL: too little clean data
       json_extract(batch.clean, '$[' || each.key || ']') AS clean, -- share of clean samples, 0..1
       json_extract(batch.percentile, '$[' || each.key || ']') AS percentile -- of its own chance
FROM measure_batch AS batch, json_each(batch.series) AS each""",
    "ALTER TABLE channel ADD COLUMN kind TEXT NOT NULL DEFAULT 'eeg'",
    "UPDATE channel SET kind = 'eeg'",
    "ALTER TABLE session ADD COLUMN blocks INTEGER",  # NULL: not ended
)

# What was done about missing samples before the file said so.
LEFT_OUT = "left out"
# `series.mains_hz` tells what was taken for the mains, NULL in older files; `series.missing` what
# was done about missing samples.
VERSION_3 = (
    "ALTER TABLE series ADD COLUMN mains_hz REAL",
    f"ALTER TABLE series ADD COLUMN missing TEXT NOT NULL DEFAULT '{LEFT_OUT}'",
    f"UPDATE series SET missing = '{LEFT_OUT}'",  # noqa: S608
)

# What all rows are checked by. What is in an older file is entered as it is then.
VERSION_4 = (LEDGER,)

# Made only in a file that something was taken out of: see recorder/store/redaction.py.
REDACTION = """CREATE TABLE IF NOT EXISTS redaction (
    made_utc_ns INTEGER NOT NULL,
    what TEXT NOT NULL,                   -- eeg, video, share; struck: a text
    role TEXT NOT NULL,                   -- of the person; '': of a text
    replaced_sha256 TEXT NOT NULL         -- of the file as it was before
) STRICT"""

# In order; a later step alters what an earlier one made, and files of any age open.
STEPS = (VERSION_1, VERSION_2, VERSION_3, VERSION_4)
VERSION = len(STEPS)


def migrate(connection: sqlite3.Connection, version: int = VERSION) -> None:
    """Bring a new or older session file to `version`; nothing to do for one that is there already.

    Raises:
        sqlite3.Error: the file cannot be written.
    """
    make_tables(connection, version)
    if version == VERSION:
        begin_ledger(connection)


def make_tables(connection: sqlite3.Connection, version: int = VERSION) -> None:
    """As `migrate`, of a new file: its ledger is to be begun by whoever fills the tables.

    Raises:
        sqlite3.Error: the file cannot be written.
    """
    take_steps(connection, "antiphon", STEPS[:version])


def begin_ledger(connection: sqlite3.Connection) -> None:
    """Enter all that is in a file to which a ledger has just been given.

    Raises:
        sqlite3.Error: the file cannot be written.
    """
    connection.execute("BEGIN IMMEDIATE")
    if not connection.execute("SELECT id FROM ledger LIMIT 1").fetchall():
        enter_all(connection)
    connection.execute("COMMIT")


def take_steps(connection: sqlite3.Connection, name: str, steps: Sequence[Sequence[str]]) -> None:
    """Take those of `steps`, statements each, that a file of the kind `name` has not seen yet.

    Each step is one transaction. Loads sqlite-utils (0.3 s) only when there is something to do.

    Raises:
        sqlite3.Error: the file cannot be written.
    """
    if connection.execute("PRAGMA user_version").fetchone()[0] >= len(steps):
        return
    from sqlite_utils import Database
    from sqlite_utils.migrations import Migrations

    migrations = Migrations(name)
    for version, statements in enumerate(steps, start=1):
        _add_step(migrations, version, statements)
    migrations.apply(Database(connection, recursive_triggers=False, execute_plugins=False))


def _add_step(migrations: "Migrations", version: int, statements: Sequence[str]) -> None:
    @migrations(name=f"version_{version}")
    def step(database: "Database") -> None:
        for statement in (*statements, f"PRAGMA user_version = {version}"):
            database.execute(statement)
