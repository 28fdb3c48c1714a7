"""The tables of a session's notes; see recorder/store/notes.py."""

from typing import TYPE_CHECKING

from recorder.store.schema import Step

if TYPE_CHECKING:
    from sqlite_utils import Database

APPLICATION_ID = 0x414E544E

MARKED_BY = """
    label TEXT NOT NULL,
    provenance TEXT NOT NULL CHECK (provenance IN ('post', 'rater')),
    author TEXT NOT NULL,
    made_utc_ns INTEGER NOT NULL,"""
VERSION_1 = (
    "CREATE TABLE origin (session_id TEXT NOT NULL, session_sha256 TEXT NOT NULL) STRICT",
    """CREATE TABLE refit (
    board INTEGER NOT NULL, segment INTEGER NOT NULL, idx INTEGER NOT NULL, t_ns INTEGER NOT NULL,
    period_ns REAL NOT NULL, sigma_ns REAL NOT NULL, made_utc_ns INTEGER NOT NULL,
    method TEXT NOT NULL, version TEXT NOT NULL
) STRICT""",
    """CREATE TABLE alignment (
    camera TEXT NOT NULL, video_name TEXT NOT NULL, video_sha256 TEXT NOT NULL,
    offset_s REAL NOT NULL, drift_ppm REAL NOT NULL, residual_ms REAL NOT NULL,
    matched INTEGER NOT NULL, made_utc_ns INTEGER NOT NULL
) STRICT""",
    f"""CREATE TABLE marker (
    id INTEGER PRIMARY KEY, t_ns INTEGER NOT NULL,{MARKED_BY}
    undoes INTEGER REFERENCES marker (id)
) STRICT""",
    f"""CREATE TABLE interval (
    id INTEGER PRIMARY KEY, begin_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL,{MARKED_BY}
    undoes INTEGER REFERENCES interval (id), CHECK (end_ns >= begin_ns)
) STRICT""",
    """CREATE TABLE transcript (
    begin_ns INTEGER NOT NULL, end_ns INTEGER NOT NULL, speaker TEXT NOT NULL,
    text TEXT NOT NULL, source TEXT NOT NULL, made_utc_ns INTEGER NOT NULL
) STRICT""",
)


def version_1(database: "Database") -> None:
    """Make the tables of version 1."""
    for statement in VERSION_1:
        database.execute(statement)
    database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    database.execute("PRAGMA user_version = 1")


STEPS: tuple[Step, ...] = (version_1,)
