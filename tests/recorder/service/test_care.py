"""Looking after the box while it records: changes beside the EEG, figures for Prometheus."""

import logging
from pathlib import Path

import pytest

from recorder.health.prometheus import EVERY_S
from recorder.health.watch import Health
from recorder.recording.rollover import Parts
from recorder.service.care import Care
from recorder.service.status import describe
from recorder.store.reader import SessionReader
from tests.recorder.bedside import Bedside
from tests.recorder.bounded import run
from tests.recorder.health.box import Box, pi


class Cared:
    """A bedside on a made-up machine."""

    def __init__(self, directory: Path, prometheus_file: str = "") -> None:
        self.bed = Bedside(directory / "sessions")
        self.box: Box = pi(directory)
        sessions = directory / "sessions"
        self.synchronised = True
        self.health = Health(sessions, root=directory, synchronised=lambda: self.synchronised)
        parts = Parts(self.bed.config, self.bed.recorder, self.bed.clock)
        self.care = Care(
            self.health,
            self.bed.recorder,
            lambda: describe(self.bed.recorder, parts, []),
            prometheus_file=prometheus_file,
            monotonic_ns=self.bed.clock,
        )


def told(path: Path) -> list[str]:
    with SessionReader(path) as session:
        return [text for (text,) in session.query("SELECT text FROM event WHERE kind = 'health'")]


def test_what_changes_and_what_stands_is_written_beside_the_eeg(tmp_path: Path) -> None:
    """But for what is an alarm: that is told as alarms are."""

    async def test() -> None:
        cared = Cared(tmp_path)
        cared.bed.stream_both(20)
        cared.synchronised = False
        cared.box.temperature(81)
        await cared.care.once()
        cared.bed.run_until(2)
        cared.bed.start()
        await cared.care.once()  # what stands when a session begins
        cared.bed.run_until(4)
        cared.synchronised = True
        await cared.care.once()
        await cared.care.once()
        cared.synchronised = False
        await cared.care.once()
        assert [alarm.kind for alarm in cared.health.alarms()] == ["temperature"]
        assert told(cared.bed.stop()) == [
            "warn: clock synchronised: no",
            "ok: clock synchronised: yes",
            "warn: clock synchronised: no",
        ]

    run(test())


def test_the_disks_own_pace_is_measured(tmp_path: Path) -> None:
    async def test() -> None:
        cared = Cared(tmp_path)
        cared.bed.stream_both(20)
        cared.bed.run_until(2)
        session = cared.bed.start()
        session.mark(cared.bed.clock(), "now")
        cared.bed.stop()
        cared.bed.recorder.session = session
        await cared.care.once()
        [slowest] = [v.value for v in cared.health.vitals if v.name == "commit_max"]
        assert slowest is not None
        assert 0 < slowest < 5
        assert session.writer.take_commit_s() == []

    run(test())


def test_prometheus_gets_its_file_every_fifteen_seconds(tmp_path: Path) -> None:
    async def test() -> None:
        file = tmp_path / "antiphon.prom"
        cared = Cared(tmp_path, str(file))
        await cared.care.once()
        assert "antiphon_temperature_celsius 51.2\n" in file.read_text()
        file.unlink()
        cared.bed.clock.advance(EVERY_S - 1)
        await cared.care.once()
        assert not file.exists()
        cared.bed.clock.advance(1)
        await cared.care.once()
        assert file.exists()

    run(test())


def test_a_file_that_cannot_be_written_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        cared = Cared(tmp_path, str(tmp_path / "none" / "antiphon.prom"))
        with caplog.at_level(logging.WARNING, "antiphon"):
            for _ in range(3):
                cared.bed.clock.advance(EVERY_S)
                await cared.care.once()
        assert caplog.text.count("no figures for Prometheus") == 1

    run(test())
