"""Impedance by the service, on an emulated board whose port it has."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hardware.cyton import conversation, impedance
from hardware.emulated.cyton import Behaviour
from recorder.service.loop import Service
from recorder.wire.client import Conversation
from recorder.wire.messages import Impedance, Impedances, Push
from tests.hardware.emulated_port import emulated_port
from tests.recorder.bounded import run, until
from tests.recorder.scripted_board import INFO, ScriptedBoard
from tests.recorder.served_box import Box

IMPEDANCES_OHM = (5e3, 6e3, 4e3, 8e3, 7e3, 9e3, 60e3, 500e3)


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    monkeypatch.setattr(conversation, "QUIET_S", 0.05)
    monkeypatch.setattr(impedance, "SETTLE_S", 0.1)
    monkeypatch.setattr(impedance, "MEASURE_S", 0.6)
    box = Box(tmp_path)
    wearer = box.bed.recorder.wearers[0]
    wearer.board = ScriptedBoard(box.bed.clock, info=replace(INFO, port=str(tmp_path / "board")))
    # the boards' port is served in real time, so that is how the service has to measure
    box.service = Service(box.config, lambda: box.bed.recorder, retry_s=0.0)
    return box


def test_the_electrodes_that_are_named_are_measured_and_pushed_one_by_one(
    box: Box, tmp_path: Path
) -> None:
    pushed: list[Push] = []

    def ask() -> Any:
        with Conversation(box.socket) as service:
            service.ask("subscribe", topics=("impedance",))
            return service.ask("impedance", pushed.append, label="patient", channels=("F4", "O2"))

    async def test() -> None:
        async with box.running():
            reply = await asyncio.to_thread(ask)
            measured = msgspec.json.decode(reply, type=Impedances).contacts
            assert [(it.label, it.verdict) for it in measured] == [("F4", "good"), ("O2", "poor")]
            assert [it.channel for it in measured] == [2, 7]
            assert [msgspec.json.decode(it.body, type=Impedance) for it in pushed] == measured

    with emulated_port(tmp_path / "board", Behaviour(impedance_ohm=IMPEDANCES_OHM)):
        run(test())


def test_an_electrode_that_nobody_wears_is_refused_with_those_there_are(box: Box) -> None:
    async def test() -> None:
        async with box.running():
            no = await box.refusal("impedance", label="patient", channels=("Oz",))
            assert no.code == 64
            assert "labelled Oz; there are: F3, F4, Fz" in str(no)

    run(test())


def test_measuring_ends_after_the_present_electrode_when_that_is_enough(
    box: Box, tmp_path: Path
) -> None:
    def ask() -> Any:
        with Conversation(box.socket) as service, Conversation(box.socket) as other:

            def end(_: Push) -> None:
                other.ask("enough")

            service.ask("subscribe", topics=("impedance",))
            reply = service.ask("impedance", end, label="patient")
            return msgspec.json.decode(reply, type=Impedances).contacts

    async def test() -> None:
        async with box.running():
            first, *others = await asyncio.to_thread(ask)
            assert first.label == "F3"
            assert len(others) <= 1
            again = await box.ask("impedance", label="patient", channels=("F4",))
            assert [it["label"] for it in again["contacts"]] == ["F4"]

    with emulated_port(tmp_path / "board", Behaviour(impedance_ohm=IMPEDANCES_OHM)):
        run(test())


def test_a_session_that_is_started_meanwhile_begins_when_all_is_measured(
    box: Box, tmp_path: Path
) -> None:
    async def test() -> None:
        async with box.running():
            measuring = asyncio.create_task(box.ask("impedance", label="patient"))
            await until(box.service._succession.changing.locked)
            starting = asyncio.create_task(box.ask("start", patient="P07", therapist="T02"))
            first = asyncio.FIRST_COMPLETED
            done, _ = await asyncio.wait({measuring, starting}, return_when=first)
            assert done == {measuring}
            assert len((await measuring)["contacts"]) == len(IMPEDANCES_OHM)
            assert (await starting)["patient"] == "P07"

    with emulated_port(tmp_path / "board", Behaviour(impedance_ohm=IMPEDANCES_OHM)):
        run(test())
