"""The parts of a session: ended for want of room, resumed when there is some."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.board import BoardState
from recorder.health.disk import ASSUMED_BYTES_PER_S, RESERVE_BYTES, DiskLevel, Room, room
from recorder.recording.rollover import (
    BROKEN_AFTER_S,
    CLOSING_BYTES,
    MEASURED_AFTER_S,
    RESUME_S,
    RETRY_S,
    GrowthRate,
    PartRules,
    Parts,
    PartStep,
)
from recorder.recording.session import Session
from recorder.store.catalog import part_id, part_number
from recorder.store.check import verify
from recorder.store.reader import SessionReader
from recorder.wire.wording import in_words
from tests.recorder.bedside import Bedside

PLENTY = 1 << 40
RATE = 10_000.0
NO_ROOM = room(0, RATE)
ROOMY = room(PLENTY, RATE)


def s(seconds: float) -> int:
    return round(seconds * 1e9)


@dataclass
class Disk:
    """What is free on it."""

    free: int = PLENTY

    def __call__(self, _: Path) -> int:
        return self.free


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk()
    monkeypatch.setattr("recorder.recording.rollover.free_bytes", disk)
    return disk


@pytest.fixture
def bed(tmp_path: Path) -> Iterator[Bedside]:
    bed = Bedside(tmp_path)
    bed.stream_both(60.0)
    yield bed
    if bed.recorder.session is not None:
        bed.stop()


def parts_of(bed: Bedside) -> Parts:
    return Parts(bed.config, bed.recorder, bed.clock)


def turn(bed: Bedside, parts: Parts) -> PartStep:
    """What the service does about once a second."""
    step = parts.look()
    if step is PartStep.END:
        ended = parts.end()
        assert ended is not None
        parts.close(ended)
    elif step is PartStep.BEGIN and (session := parts.begin()) is not None:
        bed.recorder.attach(session)
    return step


def disk_gaps(path: Path) -> list[tuple[int, int, float]]:
    with SessionReader(path) as session:
        return [
            (gap.board, gap.n, (gap.end_ns - gap.begin_ns) * 1e-9)
            for gap in session.gaps()
            if gap.cause == "disk"
        ]


def events_of(path: Path, kind: str) -> list[str]:
    with SessionReader(path) as session:
        return [text for (text,) in session.query("SELECT text FROM event WHERE kind = ?", kind)]


def test_a_disk_that_fills_up_is_told_before_it_is_looked_at_again(
    bed: Bedside, disk: Disk
) -> None:
    parts = parts_of(bed)
    assert list(parts.alarms()) == []
    disk.free = 0
    [alarm] = parts.alarms()
    assert alarm.kind == "disk_full"


def test_a_full_disk_ends_the_part_cleanly_and_the_next_goes_on_when_there_is_room(
    bed: Bedside, disk: Disk
) -> None:
    parts, first = parts_of(bed), bed.start()
    bed.run_until(10.0)
    assert turn(bed, parts) is PartStep.NOTHING
    disk.free = RESERVE_BYTES
    assert turn(bed, parts) is PartStep.END
    assert verify(first.path).state == "closed"
    assert parts.room.level is DiskLevel.FULL
    [alarm] = parts.alarms()
    assert alarm.kind == "waiting_for_room"

    bed.run_until(30.0)
    assert turn(bed, parts) is PartStep.NOTHING
    assert bed.boards[0].state is BoardState.STREAMING or bed.recorder.measures is not None
    disk.free = PLENTY
    assert turn(bed, parts) is PartStep.BEGIN
    second = bed.recorder.session
    assert second is not None
    assert (second.id, second.codes) == (f"{first.id}-2", first.codes)
    assert list(parts.alarms()) == []
    bed.run_until(40.0)
    assert parts.recorded_s == pytest.approx(20.0, abs=0.3)
    path = bed.stop()
    assert (verify(path).problems, verify(path).state) == ((), "closed")
    gaps = disk_gaps(path)
    assert [gap[:2] for gap in gaps] == [(0, 0), (1, 0)]
    assert [gap[2] for gap in gaps] == pytest.approx([20.0, 20.0], abs=0.3)
    [told] = events_of(path, "disk")
    assert told.startswith(f"part 2, after {first.id}: nothing was recorded for 20 s")
    assert events_of(first.path, "disk") == ["this part ends: there is no room on the disk"]


def test_the_clock_of_a_session_goes_on_through_all_of_its_parts(bed: Bedside, disk: Disk) -> None:
    parts, first = parts_of(bed), bed.start()
    bed.run_until(10.0)
    assert parts.whole_s(first) == pytest.approx(first.elapsed_s)
    disk.free = RESERVE_BYTES
    turn(bed, parts)
    bed.run_until(30.0)
    assert parts.whole_s(first) == pytest.approx(30.0, abs=0.3)
    disk.free = PLENTY
    turn(bed, parts)
    bed.run_until(40.0)
    second = bed.recorder.session
    assert second is not None
    for seen_by in (parts, parts_of(bed)):  # also by a service that has not seen the first part
        assert seen_by.whole_s(second) == pytest.approx(40.0, abs=0.3)
    [there] = bed.config.sessions_path.rglob(first.path.name)
    there.unlink()
    assert parts_of(bed).whole_s(second) < 31.0  # of a first part that is gone nothing is known


def test_all_samples_are_in_a_part_or_in_the_time_between(bed: Bedside, disk: Disk) -> None:
    parts, first = parts_of(bed), bed.start()
    bed.run_until(5.0)
    disk.free = CLOSING_BYTES
    turn(bed, parts)
    disk.free = PLENTY
    turn(bed, parts)
    bed.run_until(10.0)
    second = bed.stop()
    ends = []
    for path in (first.path, second):
        with SessionReader(path) as session:
            blocks = list(session.blocks(0))
        ends.append((blocks[0].first_index, blocks[-1].first_index + len(blocks[-1])))
    assert ends[0][1] == ends[1][0]  # ended and begun between two ticks: nothing is missing


def test_room_for_a_moment_is_not_enough(bed: Bedside, disk: Disk) -> None:
    parts = parts_of(bed)
    bed.start()
    bed.run_until(2.0)
    disk.free = CLOSING_BYTES
    turn(bed, parts)
    disk.free = RESERVE_BYTES + round((RESUME_S - 10) * parts.bytes_per_s)
    assert turn(bed, parts) is PartStep.NOTHING
    assert bed.recorder.session is None


def test_a_part_that_cannot_be_made_is_tried_again(
    bed: Bedside, disk: Disk, tmp_path: Path
) -> None:
    parts, first = parts_of(bed), bed.start()
    bed.run_until(2.0)
    disk.free = CLOSING_BYTES
    turn(bed, parts)
    in_the_way = tmp_path / f"{part_id(first.id, 2)}.antiphon"
    in_the_way.mkdir()
    disk.free = PLENTY
    assert turn(bed, parts) is PartStep.BEGIN
    assert bed.recorder.session is None
    in_the_way.rmdir()
    assert turn(bed, parts) is PartStep.NOTHING  # not at once
    bed.run_until(15.0)
    assert turn(bed, parts) is PartStep.BEGIN
    assert bed.recorder.session is not None


def test_a_disk_that_refuses_is_ridden_out_for_a_while_and_then_left(
    bed: Bedside, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    parts, first = parts_of(bed), bed.start()
    bed.run_until(5.0)
    with monkeypatch.context() as refusing:
        refusing.setattr("recorder.store.writer.SessionWriter.error", "cannot save: I/O error")
        disk.free = 0  # a read-only disk: even then what waits is not given up at once
        assert turn(bed, parts) is PartStep.NOTHING
        bed.clock.advance(BROKEN_AFTER_S - 1)
        assert turn(bed, parts) is PartStep.NOTHING
        bed.clock.advance(1.0)
        assert turn(bed, parts) is PartStep.END
        assert turn(bed, parts) is PartStep.NOTHING
    assert events_of(first.path, "disk") == ["this part ends: cannot save: I/O error"]
    disk.free = PLENTY
    assert turn(bed, parts) is PartStep.BEGIN


def test_a_part_that_could_not_be_closed_is_ended_before_the_next_begins(
    bed: Bedside, disk: Disk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(session: Session, t_ns: int, *, patience_s: float) -> None:
        raise OSError(30, "Read-only file system")

    parts, first = parts_of(bed), bed.start()
    bed.run_until(5.0)
    disk.free = CLOSING_BYTES
    with monkeypatch.context() as broken:
        broken.setattr(Session, "close", refuse)
        turn(bed, parts)
    assert verify(first.path).state == "recording"
    disk.free = PLENTY
    turn(bed, parts)
    assert verify(first.path).state == "closed"
    assert bed.recorder.session is not None


def test_another_board_ends_the_session_and_no_part_follows(bed: Bedside, disk: Disk) -> None:
    parts, first = parts_of(bed), bed.start()
    bed.run_until(5.0)
    settings = msgspec.structs.replace(bed.recorder.wearers[1].settings, reference="A1")
    bed.recorder.wearers[1].settings = settings  # as good as another amplifier
    bed.stream(1, 61.0, range(100))
    bed.run_until(63.0)
    assert turn(bed, parts) is PartStep.END
    assert turn(bed, parts) is PartStep.NOTHING
    assert (bed.recorder.session, parts.ended) == (None, None)
    assert "the therapist's board is not the one" in events_of(first.path, "disk")[0]


def test_a_service_that_begins_while_a_session_waits_for_room_waits_on(
    bed: Bedside, disk: Disk, tmp_path: Path
) -> None:
    parts, first = parts_of(bed), bed.start()
    bed.run_until(3.0)
    bed.recorder.mark("shift")
    disk.free = RESERVE_BYTES
    turn(bed, parts)
    again = parts_of(bed)
    again.recall()
    waiting = again.ended
    assert waiting is not None
    assert waiting is not first
    assert (waiting.id, waiting.codes, waiting.path) == (first.id, first.codes, first.path)
    assert (waiting.markers, waiting.last_marker) == (1, "shift")
    assert waiting.saved_s == pytest.approx(first.saved_s)
    assert [alarm.kind for alarm in again.alarms()] == ["waiting_for_room"]
    disk.free = PLENTY
    assert turn(bed, again) is PartStep.BEGIN
    assert bed.recorder.session is not None
    assert bed.recorder.session.id == f"{first.id}-2"
    assert not list(tmp_path.glob("*.waits"))


@pytest.mark.parametrize("ends", ["stopped", "late"])
def test_what_waits_no_more_is_not_waited_for_after_a_restart(
    bed: Bedside, disk: Disk, tmp_path: Path, ends: str
) -> None:
    parts, first = parts_of(bed), bed.start()
    bed.run_until(3.0)
    disk.free = RESERVE_BYTES
    turn(bed, parts)
    assert [note.stem for note in tmp_path.glob("*.waits")] == [first.id]
    if ends == "stopped":
        ended = parts.forget()
        assert ended is not None
        parts.forget_note(ended)
    else:
        bed.clock.advance(bed.config.resume_within_s + 10.0)
    again = parts_of(bed)
    again.recall()
    assert again.ended is None
    assert not list(tmp_path.glob("*.waits"))


def test_a_stop_in_between_is_a_stop(bed: Bedside, disk: Disk) -> None:
    parts, first = parts_of(bed), bed.start()
    bed.run_until(2.0)
    disk.free = CLOSING_BYTES
    turn(bed, parts)
    assert parts.forget() is first
    disk.free = PLENTY
    assert turn(bed, parts) is PartStep.NOTHING
    assert parts.begin() is None
    assert parts.forget() is None


@pytest.mark.parametrize(("hours", "word"), [(3.0, ""), (1.4, "room for 1.4 h"), (0.0, "full")])
def test_the_room_is_told_before_it_is_gone(
    bed: Bedside, disk: Disk, hours: float, word: str
) -> None:
    parts = parts_of(bed)
    disk.free = RESERVE_BYTES + round(hours * 3600 * parts.bytes_per_s)
    parts.look()
    assert [word in in_words(alarm) for alarm in parts.alarms()] == [True] * bool(word)


def test_ids_of_parts_sort_behind_one_another() -> None:
    first = "20261123T040000Z-1f3a"
    second, third = part_id(first, 2), part_id(part_id(first, 2), 3)
    assert (second, third) == (f"{first}-2", f"{first}-3")
    assert [part_number(one) for one in (first, second, third)] == [1, 2, 3]
    assert sorted([third, first, second]) == [first, second, third]


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
    rules = PartRules()
    assert rules.step(0, ROOMY, recording=True, error="") is PartStep.NOTHING
    assert rules.step(1, room(CLOSING_BYTES, RATE), recording=True, error="") is PartStep.END
    assert rules.step(1, room(RESERVE_BYTES, RATE), recording=True, error="") is PartStep.END


@pytest.mark.parametrize("error", ["", "disk full"])
def test_a_disk_without_room_to_close_the_part_is_waited_for(error: str) -> None:
    rules = PartRules()
    assert rules.step(1, NO_ROOM, recording=True, error=error) is PartStep.NOTHING
    later = rules.step(s(BROKEN_AFTER_S + 1), NO_ROOM, recording=True, error=error)
    assert later is (PartStep.END if error else PartStep.NOTHING)


def test_an_error_ends_the_part_when_it_has_lasted() -> None:
    rules = PartRules()
    for second in range(int(BROKEN_AFTER_S)):
        assert rules.step(s(second), ROOMY, recording=True, error="EIO") is PartStep.NOTHING
    assert rules.step(s(BROKEN_AFTER_S), ROOMY, recording=True, error="EIO") is PartStep.END


def test_an_error_that_goes_away_is_forgotten() -> None:
    rules = PartRules()
    rules.step(0, ROOMY, recording=True, error="EIO")
    rules.step(s(90), ROOMY, recording=True, error="")
    assert rules.step(s(120), ROOMY, recording=True, error="EIO") is PartStep.NOTHING
    assert rules.step(s(219), ROOMY, recording=True, error="EIO") is PartStep.NOTHING


def test_the_next_part_waits_for_room_and_not_for_a_byte() -> None:
    rules = PartRules()
    scarce = room(RESERVE_BYTES + round(RESUME_S * RATE) - 10, RATE)
    enough = room(RESERVE_BYTES + round(RESUME_S * RATE) + 10, RATE)
    assert rules.step(s(100), NO_ROOM, recording=False, error="") is PartStep.NOTHING
    assert rules.step(s(110), scarce, recording=False, error="") is PartStep.NOTHING
    assert rules.step(s(120), enough, recording=False, error="") is PartStep.BEGIN


def test_a_part_that_cannot_be_made_is_tried_again_but_not_at_every_tick() -> None:
    rules = PartRules()
    steps = [rules.step(s(at / 20), ROOMY, recording=False, error="") for at in range(20 * 60)]
    assert steps.count(PartStep.BEGIN) == 60 / RETRY_S


@given(levels=st.lists(st.sampled_from([room(CLOSING_BYTES, RATE), ROOMY]), max_size=50))
def test_parts_end_and_begin_in_turn(levels: list[Room]) -> None:
    """Whatever the disk does, a part is only ended while one is open, and begun while none is."""
    rules, recording = PartRules(), True
    for second, found in enumerate(levels):
        step = rules.step(s(20 * second), found, recording=recording, error="")
        assert step is not (PartStep.BEGIN if recording else PartStep.END)
        recording = {PartStep.END: False, PartStep.BEGIN: True}.get(step, recording)
        assert recording == (found is ROOMY)
