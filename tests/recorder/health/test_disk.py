"""How long a recording can go on, whether one may begin, and when a part ends."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.health.disk import (
    ASSUMED_BYTES_PER_S,
    BROKEN_AFTER_S,
    CLOSING_BYTES,
    LOW_HOURS,
    MEASURED_AFTER_S,
    RESERVE_BYTES,
    RESUME_S,
    RETRY_S,
    DiskLevel,
    GrowthRate,
    PartStep,
    PartTurns,
    Room,
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


def test_growth_is_assumed_until_it_has_been_measured() -> None:
    growth = GrowthRate()
    for second in range(0, int(MEASURED_AFTER_S), 10):
        growth.observe(s(second), 1_000_000 + 5_000 * second)
        assert growth.bytes_per_s == ASSUMED_BYTES_PER_S
    growth.observe(s(MEASURED_AFTER_S), 1_000_000 + 5_000 * int(MEASURED_AFTER_S))
    assert growth.bytes_per_s == 5_000


def test_a_file_that_does_not_grow_tells_nothing() -> None:
    growth = GrowthRate()
    growth.observe(0, 1_000_000)
    growth.observe(s(1e6), 1_000_000)
    assert growth.bytes_per_s == ASSUMED_BYTES_PER_S


def test_a_full_disk_ends_the_part_while_it_can_be_closed() -> None:
    turns = PartTurns()
    assert turns.step(0, PLENTY, recording=True, error="") is PartStep.GO_ON
    assert turns.step(1, room(CLOSING_BYTES, RATE), recording=True, error="") is PartStep.END
    assert turns.step(1, room(RESERVE_BYTES, RATE), recording=True, error="") is PartStep.END


@pytest.mark.parametrize("error", ["", "disk full"])
def test_a_disk_without_room_to_close_the_part_is_waited_for(error: str) -> None:
    turns = PartTurns()
    assert turns.step(1, EMPTY, recording=True, error=error) is PartStep.GO_ON
    later = turns.step(s(BROKEN_AFTER_S + 1), EMPTY, recording=True, error=error)
    assert later is (PartStep.END if error else PartStep.GO_ON)


def test_an_error_ends_the_part_when_it_has_lasted() -> None:
    turns = PartTurns()
    for second in range(int(BROKEN_AFTER_S)):
        assert turns.step(s(second), PLENTY, recording=True, error="EIO") is PartStep.GO_ON
    assert turns.step(s(BROKEN_AFTER_S), PLENTY, recording=True, error="EIO") is PartStep.END


def test_an_error_that_goes_away_is_forgotten() -> None:
    turns = PartTurns()
    turns.step(0, PLENTY, recording=True, error="EIO")
    turns.step(s(90), PLENTY, recording=True, error="")
    assert turns.step(s(120), PLENTY, recording=True, error="EIO") is PartStep.GO_ON
    assert turns.step(s(219), PLENTY, recording=True, error="EIO") is PartStep.GO_ON


def test_the_next_part_waits_for_room_and_not_for_a_byte() -> None:
    turns = PartTurns()
    scarce = room(RESERVE_BYTES + round(RESUME_S * RATE) - 10, RATE)
    enough = room(RESERVE_BYTES + round(RESUME_S * RATE) + 10, RATE)
    assert turns.step(s(100), EMPTY, recording=False, error="") is PartStep.GO_ON
    assert turns.step(s(110), scarce, recording=False, error="") is PartStep.GO_ON
    assert turns.step(s(120), enough, recording=False, error="") is PartStep.BEGIN


def test_a_part_that_cannot_be_made_is_tried_again_but_not_at_every_tick() -> None:
    turns = PartTurns()
    steps = [turns.step(s(at / 20), PLENTY, recording=False, error="") for at in range(20 * 60)]
    assert steps.count(PartStep.BEGIN) == 60 / RETRY_S


@given(levels=st.lists(st.sampled_from([room(CLOSING_BYTES, RATE), PLENTY]), max_size=50))
def test_parts_end_and_begin_in_turn(levels: list[Room]) -> None:
    """Whatever the disk does, a part is only ended while one is open, and begun while none is."""
    turns, recording = PartTurns(), True
    for second, found in enumerate(levels):
        step = turns.step(s(20 * second), found, recording=recording, error="")
        assert step is not (PartStep.BEGIN if recording else PartStep.END)
        recording = {PartStep.END: False, PartStep.BEGIN: True}.get(step, recording)
        assert recording == (found is PLENTY)
