"""Session files with random bytes changed: errors are the documented ones, memory stays bounded."""

import sqlite3
import tracemalloc
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recorder.store.check import verify
from recorder.store.reader import SessionReader
from recorder.store.repair import repair
from recorder.store.summary import summarise
from tests.recorder import session_files

# The file has 41 blocks of 2 kB; a reader of one at a time needs no more than this.
MEMORY_BYTES = 48 << 20
fuzzed = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
damages = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.binary(min_size=1, max_size=12)),
    min_size=1,
    max_size=30,
)


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("usual") / "s.antiphon"
    return session_files.write(path, session_files.usual_rows()).read_bytes()


def put_damage(content: bytes, damage: list[tuple[float, bytes]], path: Path) -> None:
    """Write other bytes at those places, given as shares of the length."""
    damaged = bytearray(content)
    for share, noise in damage:
        place = int(share * len(content))
        damaged[place : place + len(noise)] = noise
    path.write_bytes(damaged[: len(content)])


def within_memory(work: Callable[[], object]) -> None:
    tracemalloc.start()
    try:
        work()
        assert tracemalloc.get_traced_memory()[1] < MEMORY_BYTES
    finally:
        tracemalloc.stop()


def read_all(path: Path) -> None:
    """Everything a reader offers; each part may find its own damage."""
    with suppress(ValueError, OSError), SessionReader(path) as session:
        parts: list[Callable[[], Any]] = [
            *(lambda: session.header, lambda: session.state, lambda: session.ended_t_ns),
            *(session.gaps, session.markers, session.series, lambda: summarise(session)),
            *(lambda: list(session.measures()), lambda: list(session.samples(0))),
            *(lambda: session.segments(1), lambda: session.arrivals(1, 0)),
            lambda: session.times_ns(0, 0, np.arange(1000)),
        ]
        for part in parts:
            with suppress(ValueError):
                part()


@fuzzed
@given(damage=damages)
def test_a_damaged_file_is_read_with_value_errors_only(
    usual: bytes, tmp_path: Path, damage: list[tuple[float, bytes]]
) -> None:
    put_damage(usual, damage, tmp_path / "d.antiphon")
    within_memory(lambda: read_all(tmp_path / "d.antiphon"))


@fuzzed
@given(damage=damages)
def test_a_damaged_file_is_verified_without_any_error(
    usual: bytes, tmp_path: Path, damage: list[tuple[float, bytes]]
) -> None:
    put_damage(usual, damage, tmp_path / "d.antiphon")
    within_memory(lambda: verify(tmp_path / "d.antiphon"))


@fuzzed
@given(damage=damages)
def test_a_damaged_file_is_repaired_or_refused(
    usual: bytes, tmp_path: Path, damage: list[tuple[float, bytes]]
) -> None:
    path, new = tmp_path / "d.antiphon", tmp_path / "new.antiphon"
    put_damage(usual, damage, path)
    with suppress(ValueError):
        within_memory(lambda: repair(path, new))
        with closing(sqlite3.connect(new)) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        new.unlink()
