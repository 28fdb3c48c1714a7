"""The board's own impedance measurement, against impedances that are known."""

import re
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hardware.board import BoardFault, FaultKind
from hardware.cyton import conversation, impedance
from hardware.cyton.bench_line import Stretch
from hardware.cyton.frames import RAIL_COUNTS, UV_PER_COUNT
from hardware.cyton.impedance import (
    RAILED,
    SHORTED,
    impedance_of,
    impedances,
    measure_impedances,
    tone_amplitude,
)
from hardware.cyton.serial_port import SerialPort
from hardware.emulated.air import Chances
from hardware.emulated.cyton import Behaviour
from hardware.emulated.faults import parse_fault
from tests.hardware.cyton.virtual_line import VirtualLine, person
from tests.hardware.emulated_port import emulated_port

IMPEDANCES_OHM = (5e3, 6e3, 4e3, 8e3, 700.0, 9e3, 60e3, 500e3)
LABELS = ("F3", "F4", "Fz", "P3", "P4", "O1", "O2", "A2")
S = 1_000_000_000


class Railed:
    """A source whose second channel is at the rail."""

    labels = ("a",)
    length = None

    def packets(self, first: int, n: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        counts = np.zeros((n, 8), np.int32)
        counts[:, 1] = -RAIL_COUNTS - 1
        return np.arange(first, first + n, dtype=np.int64), counts

    def first_at(self, counter: int) -> int:
        return counter


def kohm(line: VirtualLine) -> NDArray[np.float64]:
    return np.array([one.kohm for one in impedances(line.bench())], np.float64)


@pytest.mark.parametrize("rate_hz", [249.0, 250.0, 250.507])
def test_known_impedances_are_found_whatever_the_boards_true_rate(rate_hz: float) -> None:
    behaviour = Behaviour(rate_hz=rate_hz, impedance_ohm=IMPEDANCES_OHM)
    np.testing.assert_allclose(kohm(VirtualLine(behaviour)) * 1e3, IMPEDANCES_OHM, rtol=0.01)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_eeg_of_the_wearer_does_not_spoil_it(seed: int) -> None:
    behaviour = Behaviour(rate_hz=250.33)
    found = kohm(VirtualLine(behaviour, person(250.33, seed)))
    np.testing.assert_allclose(found * 1e3, behaviour.impedance_ohm, rtol=0.05)


@pytest.mark.parametrize(
    "faults",
    [
        Behaviour(impedance_ohm=IMPEDANCES_OHM, chances=Chances(loss=0.05)),
        Behaviour(impedance_ohm=IMPEDANCES_OHM, chances=Chances(byte_drop=0.001)),
        Behaviour(
            impedance_ohm=IMPEDANCES_OHM,
            faults=tuple(map(parse_fault, ("0.8:late:6", "1:duplicate", "1.2:lose:9"))),
        ),
    ],
)
def test_lost_late_and_double_packets_do_no_harm(faults: Behaviour) -> None:
    np.testing.assert_allclose(kohm(VirtualLine(faults)) * 1e3, IMPEDANCES_OHM, rtol=0.02)


def test_the_current_goes_through_one_electrode_at_a_time_on_the_n_pin() -> None:
    line = VirtualLine()
    impedances(line.bench())
    orders = [command for command in line.sent if command[:1] == b"z"]
    assert orders == [f"z{n}{on}Z".encode() for n in range(1, 9) for on in ("01", "00")]
    assert not any(command[:1] == b"x" for command in line.sent)  # SRB2 stays as it is


def test_a_channel_takes_about_three_seconds() -> None:
    line = VirtualLine()
    bench = line.bench()
    begin_ns = line.now_ns
    impedances(bench, channels=[3])
    assert line.now_ns - begin_ns < 3 * S


def test_only_channels_that_are_wanted_are_measured_and_each_has_its_label() -> None:
    found = impedances(VirtualLine().bench(), LABELS, channels=[8, 2])
    assert [(one.channel, one.label) for one in found] == [(8, "A2"), (2, "F4")]
    assert {one.tolerance for one in found} == {0.2}


def test_a_montage_of_fewer_electrodes_leaves_the_other_channels_alone() -> None:
    found = impedances(VirtualLine().bench(), LABELS[:2])
    assert [one.label for one in found] == ["F3", "F4"]


@pytest.mark.parametrize("channels", [[0], [9], [1, 12]])
def test_a_channel_that_the_board_has_not_is_the_callers_mistake(channels: list[int]) -> None:
    with pytest.raises(ValueError, match="this board has 1 to 8"):
        impedances(VirtualLine().bench(), channels=channels)


def test_the_rest_is_left_when_it_is_not_wanted_any_more() -> None:
    bench = VirtualLine().bench()
    answers = iter([True, False])
    found = impedances(bench, channels=[1, 2, 3], goes_on=lambda: next(answers))
    assert [it.channel for it in found] == [1]


def test_an_input_at_its_rail_has_no_impedance() -> None:
    found = impedances(VirtualLine(source=Railed()).bench(), channels=[1, 2])
    assert found[0].kohm == pytest.approx(5, rel=0.01)
    assert (found[1].kohm, found[1].note) == (None, RAILED)


def test_an_electrode_bridged_to_the_reference_is_zero_and_not_less() -> None:
    nothing = Stretch(np.arange(500), np.zeros((500, 8), np.int32), has_daisy=False)
    found = impedance_of(nothing, 1)
    assert (found.kohm, found.note) == (0.0, SHORTED)


def test_a_daisys_averaging_is_made_good() -> None:
    index = np.arange(1, 1001)
    tone = 6e-9 * (9e3 + 2200) / (UV_PER_COUNT * 1e-6) * np.sin(2 * np.pi * np.arange(1001) / 8)
    counts = np.rint((tone[1:] + tone[:-1]) / 2).astype(np.int32)
    stretch = Stretch(index, np.repeat(counts[:, None], 8, axis=1), has_daisy=True)
    for channel in (1, 8, 9, 16):
        assert impedance_of(stretch, channel).kohm == pytest.approx(9, rel=0.01)


@pytest.mark.parametrize("reply", [b"", b"Failure: Err: 5th char not Z$$$", b"Success: digital$$$"])
def test_a_refused_order_is_a_fault_and_the_board_is_not_started(reply: bytes) -> None:
    line = VirtualLine()
    bench = line.bench()
    line.replies[b"z201Z"] = [reply] * 2
    with pytest.raises(BoardFault, match=re.escape("'z201Z'")) as caught:
        impedances(bench, channels=[2])
    assert caught.value.kind is (FaultKind.REFUSED if reply else FaultKind.SILENT)
    assert b"b" not in line.sent


def test_a_current_that_cannot_be_switched_off_is_a_fault() -> None:
    line = VirtualLine()
    bench = line.bench()
    line.replies[b"z100Z"] = [b""] * 2
    with pytest.raises(BoardFault, match="no answer to 'z100Z'"):
        impedances(bench)


@settings(max_examples=50, deadline=None)
@given(
    amplitude=st.floats(1, 5000),
    phase=st.floats(0, 7),
    lost=st.floats(0, 0.5),
    seed=st.integers(0, 2**32),
    offset=st.floats(-2e4, 2e4),
    slope=st.floats(-1000, 1000),
)
def test_a_tone_is_found_beside_offset_and_drift_with_packets_missing(
    amplitude: float, phase: float, lost: float, seed: int, offset: float, slope: float
) -> None:
    index = 3 + np.flatnonzero(np.random.default_rng(seed).random(500) >= lost)
    signal = amplitude * np.sin(2 * np.pi * index / 8 + phase) + offset + slope * index / 500
    assert tone_amplitude(index, signal) == pytest.approx(amplitude, rel=1e-6)


@pytest.mark.parametrize("mains_hz", [50, 60])
def test_mains_hum_stays_out_of_it(mains_hz: float) -> None:
    index = np.arange(500)
    tone = 40 * np.sin(2 * np.pi * index / 8)
    hum = 500 * np.sin(2 * np.pi * mains_hz * index / 250 + 1)
    assert tone_amplitude(index, tone + hum) == pytest.approx(40, rel=0.01)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "QUIET_S", 0.1)
    monkeypatch.setattr(impedance, "SETTLE_S", 0.1)
    monkeypatch.setattr(impedance, "MEASURE_S", 0.6)


def test_it_works_on_a_port_and_leaves_the_board_as_it_was(tmp_path: Path, quick: None) -> None:
    port = tmp_path / "ttyUSB0"
    with emulated_port(port, Behaviour(impedance_ohm=IMPEDANCES_OHM)) as cyton:
        found = measure_impedances(str(port), LABELS, channels=[1, 7])
        assert [one.kohm for one in found] == pytest.approx([5, 60], rel=0.02)
        assert cyton.truth().begin_ns is None


def test_a_port_in_use_is_refused_at_once(tmp_path: Path) -> None:
    port = tmp_path / "ttyUSB0"
    with emulated_port(port):
        holder = SerialPort(str(port), threading.Event())
        with pytest.raises(BoardFault) as caught:
            measure_impedances(str(port))
        holder.close()
        assert caught.value.kind is FaultKind.BUSY


def test_a_dongle_pulled_out_on_the_way_is_told(tmp_path: Path, quick: None) -> None:
    port = tmp_path / "ttyUSB0"
    behaviour = Behaviour(faults=(parse_fault("0.2:unplug:5"),))
    with emulated_port(port, behaviour), pytest.raises(BoardFault) as caught:
        measure_impedances(str(port))
    assert caught.value.kind is FaultKind.UNPLUGGED
