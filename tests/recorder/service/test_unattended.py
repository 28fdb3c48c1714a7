"""A box that records by itself, with its real files, on a clock that the test moves."""

import asyncio
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from hardware.board import BoardState
from recorder.recording.rollover import Parts
from recorder.recording.starting import begin
from recorder.service.succession import Succession
from recorder.service.unattended import TEMPLATE, ByItself
from recorder.settings.file import Config
from recorder.settings.unattended import UnattendedSettings
from recorder.store.catalog import sessions
from recorder.store.check import verify
from recorder.store.reader import SessionReader
from tests.recorder.bedside import PEOPLE, Bedside
from tests.recorder.bounded import run

SETTINGS = UnattendedSettings(mode="caps", start_after_s=5, stop_after_s=15, split_minutes=0.5)


class Ward:
    """A bedside where nobody is."""

    def __init__(self, directory: Path, settings: UnattendedSettings = SETTINGS) -> None:
        self.bed = Bedside(directory, config=Config(unattended=settings))
        self.parts = Parts(self.bed.config, self.bed.recorder, self.bed.clock)
        self.succession = Succession(self.bed.config, self.bed.recorder, self.parts, self.bed.clock)
        self.by_itself = ByItself(
            self.bed.config,
            self.bed.recorder,
            self.succession,
            monotonic_ns=self.bed.clock,
            utc_ns=lambda: 0,
            synchronised=lambda: False,
        )
        for board in self.bed.boards:
            board.plan_state(self.bed.at(0), BoardState.STREAMING)

    async def until(self, seconds: float) -> "Ward":
        """Goes on; what the boards send while a file is made is not waited for."""
        while self.bed.clock() < self.bed.at(seconds):
            self.bed.run_until((self.bed.clock() - self.bed.at(0)) * 1e-9 + 1.0)
            await self.by_itself.once()
        return self

    def files(self) -> list[Path]:
        """In the order in which they were begun: in simulated time they share a second."""
        return sorted((entry.path for entry in sessions(Path(self.bed.config.sessions))), key=begun)


def begun(path: Path) -> int:
    with SessionReader(path) as session:
        return session.header.started_t_ns


def story(path: Path) -> list[str]:
    with SessionReader(path) as session:
        return [text for (text,) in session.query("SELECT text FROM event WHERE kind='unattended'")]


def test_it_starts_splits_and_stops_and_no_sample_is_in_two_files_or_in_none(
    tmp_path: Path,
) -> None:
    async def test() -> None:
        ward = Ward(tmp_path)
        losses = {0: range(7000, 7040), 1: range(9000, 9001)}
        for person, lost in losses.items():
            ward.bed.stream(person, 0.0, [n for n in range(80 * 250) if n not in lost])
            ward.bed.boards[person].plan_state(ward.bed.at(80.5), BoardState.LOST)
        await ward.until(110)
        first, second, third = ward.files()
        assert ward.bed.recorder.session is None
        assert story(first) == ["start: both caps are on", "split: 0.5 minutes are recorded"]
        assert story(second) == ["split: 0.5 minutes are recorded"] * 2
        assert story(third)[-1] == "stop: no cap was on for 15 s"
        for person, lost in losses.items():
            accounts = Counter[int]()
            for path in (first, second, third):
                assert verify(path).ok
                with SessionReader(path) as session:
                    assert session.header.template == TEMPLATE
                    for block in session.blocks(person):
                        accounts.update(range(block.first_index, block.first_index + len(block)))
                    for gap in session.gaps():
                        if gap.board == person:
                            accounts.update(range(gap.first_index, gap.first_index + gap.n))
            assert set(accounts.values()) == {1}
            assert set(accounts) == set(range(min(accounts), 80 * 250))
            assert min(accounts) < 13 * 250
            assert set(lost) <= set(accounts)

    run(test())


def test_a_person_who_starts_takes_over(tmp_path: Path) -> None:
    async def test() -> None:
        ward = Ward(tmp_path)
        ward.bed.stream_both(120)
        await ward.until(20)
        by_itself = ward.bed.recorder.session
        assert by_itself is not None
        assert by_itself.header.template == TEMPLATE
        attended = await ward.succession.change(by_itself, PEOPLE)
        assert attended is not None
        await ward.until(70)
        assert await ward.succession.end() is attended
        await ward.until(110)
        assert await ward.succession.end() is None
        assert "waits until the caps were off once" in ward.by_itself.reason
        assert len(ward.files()) == 2

    run(test())


def test_a_person_who_starts_and_stops_at_once_has_quiet(tmp_path: Path) -> None:
    async def test() -> None:
        ward = Ward(tmp_path)
        ward.bed.stream_both(60)
        await ward.until(9)
        assert await ward.succession.change(None, PEOPLE) is not None
        await ward.succession.end()
        await ward.until(50)
        assert "waits until the caps were off once" in ward.by_itself.reason
        assert len(ward.files()) == 1

    run(test())


def test_a_stop_holds_also_after_a_restart_until_the_caps_were_off(tmp_path: Path) -> None:
    async def test() -> None:
        ward = Ward(tmp_path)
        ward.bed.stream_both(30.0)
        await ward.until(25)
        assert ward.bed.recorder.session is not None
        await ward.by_itself.hold()
        await ward.succession.end()

        restarted = Ward(tmp_path)
        restarted.bed.stream_both(30.0)
        await restarted.until(29)
        assert restarted.bed.recorder.session is None
        assert "a person has ended the session" in restarted.by_itself.reason
        for board in restarted.bed.boards:
            board.plan_state(restarted.bed.at(30.5), BoardState.LOST)
        await restarted.until(90)  # nobody wears a cap any more
        assert not (tmp_path / "unattended-held").exists()
        assert len(restarted.files()) == 1

    run(test())


def test_a_stop_comes_before_a_start_that_was_only_decided(tmp_path: Path) -> None:
    async def test() -> None:
        ward = Ward(tmp_path)
        ward.bed.stream_both(40.0)
        await ward.until(4)
        async with ward.succession.changing:  # as while electrodes are measured
            deciding = asyncio.create_task(ward.until(35))
            while ward.by_itself.reason != "both caps are on":
                await asyncio.sleep(0)
            await ward.by_itself.hold()
        await deciding
        assert ward.bed.recorder.session is None

    run(test())


def test_nothing_is_begun_in_the_place_of_a_session_that_waits_for_room(tmp_path: Path) -> None:
    async def test() -> None:
        ward = Ward(tmp_path)
        ward.bed.stream_both(60)
        attended = await ward.succession.change(None, PEOPLE)
        await ward.until(2)
        assert ward.parts.end() is attended
        assert attended is not None
        ward.parts.close(attended)
        await ward.until(50)
        assert ward.by_itself.reason == "waits for room on the disk"
        assert ward.parts.begin() is not None
        assert len(ward.files()) == 2
        assert all(story(path) == [] for path in ward.files())

    run(test())


def test_what_cannot_be_begun_is_told_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def is_full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    async def test() -> None:
        ward = Ward(tmp_path)
        ward.bed.stream_both(60)
        monkeypatch.setattr("recorder.recording.starting.begin", is_full)
        await ward.until(11)
        assert ward.by_itself.reason == "cannot start: No space left on device"
        assert ward.files() == []
        monkeypatch.setattr("recorder.recording.starting.begin", begin)
        await ward.until(25)
        assert await ward.succession.end() is not None

    run(test())


def test_a_box_that_is_stopped_while_a_file_is_made_leaves_no_open_session(tmp_path: Path) -> None:
    async def test() -> None:
        ward = Ward(tmp_path)
        ward.bed.stream_both(60)
        await ward.until(9)
        ward.bed.run_until(10.0)
        duty = asyncio.create_task(ward.by_itself.once())
        await asyncio.sleep(0)
        duty.cancel()
        with pytest.raises(asyncio.CancelledError):
            await duty
        await ward.succession.end()
        assert ward.bed.recorder.session is None
        assert {entry.state for entry in sessions(tmp_path)} <= {"closed"}

    run(test())


def test_what_the_radio_loses_while_one_file_follows_another_is_in_a_gap(tmp_path: Path) -> None:
    async def test() -> None:
        ward = Ward(tmp_path, msgspec.structs.replace(SETTINGS, mode="off"))
        lost = range(2500, 2560)  # from the tenth second on
        for person in (0, 1):
            ward.bed.stream(person, 0.0, [n for n in range(5000) if n not in lost])
        await ward.until(2)
        first = await ward.succession.change(None, PEOPLE)
        ward.bed.run_until(10.1)
        await ward.succession.change(first, PEOPLE)
        await ward.until(19)
        await ward.succession.end()
        whole = [n for path in ward.files() for n in explained(path)]
        assert whole == list(range(whole[0], whole[-1] + 1))
        assert len(ward.files()) == 2

    run(test())


def explained(path: Path) -> list[int]:
    """The indexes of the patient's samples that are in a block or in a gap."""
    assert verify(path).problems == ()
    with SessionReader(path) as session:
        spans = [(block.first_index, len(block)) for block in session.blocks(0)]
        spans += [(gap.first_index, gap.n) for gap in session.gaps() if gap.board == 0]
    return sorted(first + i for first, n in spans for i in range(n))


def test_a_turn_that_comes_too_late_changes_nothing(tmp_path: Path) -> None:
    async def test() -> None:
        ward = Ward(tmp_path, msgspec.structs.replace(SETTINGS, mode="off"))
        ward.bed.stream_both(20)
        await ward.until(2)
        running = await ward.succession.change(None, PEOPLE)
        assert await ward.succession.change(None, PEOPLE, TEMPLATE) is running
        await ward.until(15)
        assert ward.bed.recorder.session is running
        await ward.succession.end()

    run(test())
