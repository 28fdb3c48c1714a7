"""How long a recording can go on, whether one may begin, and when a part ends."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.health.disk import (
    ASSUMED_BYTES_PER_S,
    LOW_HOURS,
    RESERVE_BYTES,
    DiskLevel,
    free_bytes,
    needed_bytes,
    refusal,
    room,
)

RATE = 10_000.0
EMPTY = room(0, RATE)
PLENTY = room(1 << 40, RATE)


def statvfs(free_blocks: int, *, flags: int = 0) -> os.statvfs_result:
    return os.statvfs_result((4096, 1024, 9, 8, free_blocks, 0, 0, 0, flags, 255))


def s(seconds: float) -> int:
    return round(seconds * 1e9)


def test_free_is_what_a_user_may_write_and_not_what_root_keeps(tmp_path: Path) -> None:
    assert free_bytes(tmp_path, lambda _: statvfs(5)) == 5 * 1024


def test_a_read_only_disk_has_no_room(tmp_path: Path) -> None:
    assert free_bytes(tmp_path, lambda _: statvfs(5, flags=os.ST_RDONLY)) == 0


def test_a_disk_that_does_not_answer_has_no_room(tmp_path: Path) -> None:
    def broken(_: Path) -> os.statvfs_result:
        raise OSError(5, "Input/output error")

    assert free_bytes(tmp_path, broken) == 0


def test_a_directory_that_is_not_there_yet_has_its_parents_room(tmp_path: Path) -> None:
    asked: list[Path] = []

    def remember(path: Path) -> os.statvfs_result:
        asked.append(path)
        return statvfs(1)

    assert free_bytes(tmp_path / "not" / "yet", remember) == 1024
    assert asked == [tmp_path]


def test_the_real_disk_answers(tmp_path: Path) -> None:
    assert 0 < free_bytes(tmp_path) <= os.statvfs(tmp_path).f_blocks * os.statvfs(tmp_path).f_frsize


@given(free=st.integers(0, 1 << 42), rate=st.floats(100, 1e7))
def test_hours_and_level_say_the_same(free: int, rate: float) -> None:
    found = room(free, rate)
    assert found.free_bytes == free
    assert (found.level is DiskLevel.FULL) == (free <= RESERVE_BYTES)
    assert (found.level is DiskLevel.OK) == (found.hours >= LOW_HOURS)
    recorded = found.hours * 3600 * rate
    assert recorded == pytest.approx(max(free - RESERVE_BYTES, 0))


@given(free=st.integers(0, 1 << 36), planned_s=st.floats(1, 86400) | st.none())
def test_a_session_that_may_begin_leaves_the_reserve(free: int, planned_s: float | None) -> None:
    needed = needed_bytes(planned_s, ASSUMED_BYTES_PER_S)
    assert (refusal(free, planned_s) == "") == (free >= needed)
    assert needed > RESERVE_BYTES


def test_a_refusal_names_both_figures_and_what_to_do() -> None:
    text = refusal(100 << 20, 3600, bytes_per_s=RATE)
    assert text == ""
    text = refusal(90 << 20, 3600, bytes_per_s=RATE)
    assert text.startswith("the disk has 90 MiB free, this session needs 98 MiB: free some space")


def test_only_whoever_has_planned_a_length_is_told_to_shorten_it() -> None:
    assert refusal(0, None).endswith(": free some space")
    assert refusal(0, 600.0).endswith(": free some space, or record for less time")
