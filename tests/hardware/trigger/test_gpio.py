"""Edges and pulses on GPIO lines, against a stand-in for the gpiod package."""

import inspect
from pathlib import Path
from typing import Any

import gpiod
import pytest
from gpiod.line import Bias

from hardware.trigger.edges import Edge, LostEdges, TriggerFault
from hardware.trigger.gpio import KERNEL_EVENTS, GpioEdges, GpioOutput
from tests.hardware.trigger.gpio_chip import GpioChip

CHIP = "/dev/gpiochip0"
MS = 1_000_000


@pytest.fixture
def chip() -> GpioChip:
    return GpioChip()


def edges(chip: GpioChip, line: int | str = 0, **settings: Any) -> GpioEdges:
    return GpioEdges("camera", CHIP, line, request_lines=chip.request_lines, **settings)


def strobe(chip: GpioChip, pulses: int, first_ns: int = 0) -> None:
    for k in range(pulses):
        chip.change(0, 1, first_ns + 16 * k * MS)
        chip.change(0, 0, first_ns + 16 * k * MS + MS)


def test_the_stand_in_takes_what_gpiod_takes(chip: GpioChip) -> None:
    real = inspect.signature(gpiod.request_lines).parameters
    assert set(inspect.signature(chip.request_lines).parameters) <= set(real)
    request = chip.request_lines(CHIP, {0: gpiod.LineSettings()}, "test")
    for name in ("wait_edge_events", "read_edge_events", "set_value", "release"):
        ours = inspect.signature(getattr(request, name)).parameters
        theirs = inspect.signature(getattr(gpiod.LineRequest, name)).parameters
        assert ["self", *ours] == list(theirs)[: len(ours) + 1]


def test_edges_carry_the_kernels_times_and_numbers(chip: GpioChip) -> None:
    source = edges(chip)
    assert source.poll() == []
    source.open()
    assert source.poll() == []
    strobe(chip, 2, first_ns=700 * MS)
    assert source.poll() == [
        Edge("camera", 1, 700 * MS, 1),
        Edge("camera", 2, 701 * MS, 0),
        Edge("camera", 3, 716 * MS, 1),
        Edge("camera", 4, 717 * MS, 0),
    ]
    assert source.poll() == []


def test_a_line_can_be_named_and_can_be_active_low(chip: GpioChip) -> None:
    source = edges(chip, "B", active_low=True)
    source.open()
    chip.change(1, 0, 5)
    chip.change(1, 1, 9)
    assert source.poll() == [Edge("camera", 1, 5, 1), Edge("camera", 2, 9, 0)]


@pytest.mark.parametrize(
    ("pull", "bias"), [("none", Bias.AS_IS), ("up", Bias.PULL_UP), ("down", Bias.PULL_DOWN)]
)
def test_the_pull_is_passed_on(chip: GpioChip, pull: str, bias: Bias) -> None:
    edges(chip, pull=pull).open()
    assert chip.users[0].settings.bias is bias


def test_an_unknown_pull_is_refused(chip: GpioChip) -> None:
    with pytest.raises(ValueError, match="'sideways'; known: none, up, down"):
        edges(chip, pull="sideways")


def test_the_kernel_keeps_8_s_of_a_strobe_for_a_host_that_is_busy(chip: GpioChip) -> None:
    source = edges(chip)
    source.open()
    strobe(chip, KERNEL_EVENTS // 2)
    events = source.poll()
    assert [event.seq for event in events if isinstance(event, Edge)] == list(range(1, 1025))
    assert len(events) == KERNEL_EVENTS


def test_what_the_kernel_dropped_is_told(chip: GpioChip) -> None:
    source = edges(chip)
    source.open()
    strobe(chip, 3)
    assert len(source.poll()) == 6
    strobe(chip, KERNEL_EVENTS // 2 + 5, first_ns=1000 * MS)
    lost, first, *_ = events = source.poll()
    assert lost == LostEdges("camera", 10, 1080 * MS)
    assert first == Edge("camera", 17, 1080 * MS, 1)
    assert len(events) == 1 + KERNEL_EVENTS
    strobe(chip, 1, first_ns=99_000 * MS)
    assert [type(event) for event in source.poll()] == [Edge, Edge]


def test_a_chip_that_goes_away_is_a_fault_after_its_last_edges(chip: GpioChip) -> None:
    source = edges(chip)
    source.open()
    strobe(chip, 40)
    events = chip.users[0]
    read = events.read_edge_events

    def read_and_go() -> list[gpiod.EdgeEvent]:
        chip.gone = True
        return read()

    events.read_edge_events = read_and_go  # type: ignore[method-assign]
    *seen, fault = source.poll()
    assert len(seen) == 64
    assert isinstance(fault, TriggerFault)
    assert str(fault) == "camera: /dev/gpiochip0 is gone (No such device)"
    assert source.poll() == []
    assert chip.users == {}


def test_closing_gives_the_line_back(chip: GpioChip) -> None:
    source = edges(chip)
    source.close()
    source.open()
    source.open()
    assert 0 in chip.users
    source.close()
    source.close()
    assert chip.users == {}
    assert source.poll() == []


def fault_of(source: GpioEdges) -> str:
    with pytest.raises(TriggerFault) as caught:
        source.open()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_line_that_is_not_there_or_in_use_is_one_clear_line(chip: GpioChip) -> None:
    assert (
        fault_of(edges(chip, 54))
        == "camera: /dev/gpiochip0 has no line 54: gpioinfo lists those it has"
    )
    edges(chip, 1).open()
    assert "line 1 of /dev/gpiochip0 is in use" in fault_of(edges(chip, 1))


def test_a_name_that_is_not_there_is_not_taken_for_a_missing_chip(tmp_path: Path) -> None:
    path = tmp_path / "gpiochip0"
    path.touch()
    chip = GpioChip(str(path))
    source = GpioEdges("camera", str(path), "GPIO17", request_lines=chip.request_lines)
    assert "has no line GPIO17" in fault_of(source)


def test_the_real_package_says_what_is_wrong_with_a_path(tmp_path: Path) -> None:
    missing = str(tmp_path / "gpiochip9")
    assert "no such GPIO chip: gpiodetect" in fault_of(GpioEdges("camera", missing, 17))
    assert "/dev/null is no GPIO chip" in fault_of(GpioEdges("camera", "/dev/null", 17))


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (PermissionError(13, "Permission denied"), "add this user to the group gpio"),
        (OSError(22, "Invalid argument"), "refuses line 0 with these settings (Invalid argument)"),
    ],
)
def test_other_refusals_are_one_clear_line_too(error: OSError, text: str) -> None:
    def refuse(*_: object, **__: object) -> Any:
        raise error

    assert text in fault_of(GpioEdges("camera", CHIP, 0, request_lines=refuse))


@pytest.mark.parametrize(("active_low", "levels"), [(False, [0, 1, 0]), (True, [1, 0, 1])])
def test_an_output_is_idle_until_it_is_set(
    chip: GpioChip, active_low: bool, levels: list[int]
) -> None:
    output = GpioOutput(CHIP, 1, active_low=active_low, request_lines=chip.request_lines)
    output.set(1)  # before it is open: nothing
    output.open()
    output.set(1)
    output.set(0)
    output.close()
    output.close()
    assert chip.outputs == [(1, level) for level in levels]
    assert chip.users == {}


def test_an_output_that_cannot_be_had_is_a_fault(chip: GpioChip) -> None:
    edges(chip, 0).open()
    output = GpioOutput(CHIP, 0, request_lines=chip.request_lines)
    with pytest.raises(TriggerFault, match="sync out: line 0 of /dev/gpiochip0 is in use"):
        output.open()
