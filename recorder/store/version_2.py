"""The second step of the schema: see recorder/store/schema.py."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database

MEASURE_BATCH = """
CREATE TABLE measure_batch (
    t_ns INTEGER NOT NULL,                -- centre of the windows
    series TEXT NOT NULL,                 -- JSON arrays of one length, null: no value
    value TEXT NOT NULL,
    clean TEXT NOT NULL,
    percentile TEXT                       -- NULL: none at all
) STRICT"""

# Any program with SQLite's JSON functions, built in since 3.38, sees the table there was.
MEASURE_VIEW = """
CREATE VIEW measure AS
SELECT each.value AS series, batch.t_ns AS t_ns,
       json_extract(batch.value, '$[' || each.key || ']') AS value, -- NULL: too little clean data
       json_extract(batch.clean, '$[' || each.key || ']') AS clean, -- share of clean samples, 0..1
       json_extract(batch.percentile, '$[' || each.key || ']') AS percentile -- of its own chance
FROM measure_batch AS batch, json_each(batch.series) AS each"""

BATCHES_OF_VERSION_1 = """
INSERT INTO measure_batch (t_ns, series, value, clean, percentile)
SELECT t_ns, json_group_array(series), json_group_array(value), json_group_array(clean),
       iif(count(percentile), json_group_array(percentile), NULL)
FROM measure GROUP BY t_ns ORDER BY min(rowid)"""

# Written out in each row, as a repair knows a row by its columns.
CHANNEL_KIND = (
    "ALTER TABLE channel ADD COLUMN kind TEXT NOT NULL DEFAULT 'eeg'",
    "UPDATE channel SET kind = 'eeg'",
)


def version_2(database: "Database") -> None:
    """All values of an instant in one row: half the bytes, and a twentieth of the rows.

    `measure` becomes a view with the columns that the table had. `session.blocks` tells a repair
    how many there were, `channel.kind` what a channel measures: eeg, eog, ecg and so on.
    """
    for statement in (MEASURE_BATCH, BATCHES_OF_VERSION_1, "DROP TABLE measure", MEASURE_VIEW):
        database.execute(statement)
    for statement in CHANNEL_KIND:
        database.execute(statement)
    database.execute("ALTER TABLE session ADD COLUMN blocks INTEGER")  # NULL: not ended
    database.execute("PRAGMA user_version = 2")
