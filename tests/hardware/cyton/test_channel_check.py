"""The board's self-test: what passes, what fails and why, and what is left behind."""

from pathlib import Path

import numpy as np
import pytest

from hardware.board import BoardFault, FaultKind
from hardware.cyton import channel_check, conversation
from hardware.cyton.bench_line import Stretch
from hardware.cyton.channel_check import (
    AMPLITUDE_UV,
    FREQUENCY_HZ,
    ChannelTest,
    check_board,
    run_self_test,
    square_wave,
    verdict,
)
from hardware.cyton.frames import UV_PER_COUNT
from hardware.emulated.air import Chances
from hardware.emulated.cyton import Behaviour
from hardware.emulated.faults import parse_fault
from tests.hardware.cyton.virtual_line import VirtualLine, person
from tests.hardware.emulated_port import emulated_port


def test_the_expected_figures_are_those_of_the_data_sheet() -> None:
    assert pytest.approx(1875) == AMPLITUDE_UV
    assert pytest.approx(1.953125) == FREQUENCY_HZ


@pytest.mark.parametrize("rate_hz", [249.0, 250.507])
def test_a_good_board_passes_on_all_channels(rate_hz: float) -> None:
    line = VirtualLine(Behaviour(rate_hz=rate_hz), person(rate_hz))
    results = check_board(line.bench())
    assert [one.channel for one in results] == list(range(1, 9))
    assert all(one.passed and not one.note for one in results)
    assert [one.amplitude_uv for one in results] == pytest.approx([1875] * 8, rel=0.001)
    assert [one.frequency_hz for one in results] == pytest.approx([1.953] * 8, rel=0.001)


@pytest.mark.parametrize(
    "behaviour",
    [
        Behaviour(chances=Chances(loss=0.05)),
        Behaviour(chances=Chances(byte_drop=0.001)),
        Behaviour(faults=tuple(map(parse_fault, ("0.8:late:20", "1.5:lose:90", "2:duplicate")))),
    ],
)
def test_a_poor_radio_is_no_failure_of_the_board(behaviour: Behaviour) -> None:
    assert all(one.passed for one in check_board(VirtualLine(behaviour).bench()))


def wrong_signal(command: bytes) -> list[ChannelTest]:
    line = VirtualLine()
    line.instead[b"="] = command
    return check_board(line.bench())


def test_twice_the_amplitude_fails() -> None:
    for one in wrong_signal(b"]"):
        assert not one.passed
        assert one.note == "amplitude 3750 µV, not 1875"


def test_half_the_frequency_fails() -> None:
    for one in wrong_signal(b"-"):
        assert not one.passed
        assert one.note == "frequency 0.98 Hz, not 1.95"


def test_shorted_inputs_fail() -> None:
    for one in wrong_signal(b"0"):
        assert (one.passed, one.frequency_hz) == (False, None)
        assert one.note == "amplitude 0 µV, not 1875; no square wave"


def test_one_dead_channel_fails_alone() -> None:
    assert [one.channel for one in wrong_signal(b"=6") if not one.passed] == [6]


def test_electrodes_that_were_left_connected_fail() -> None:
    line = VirtualLine(source=person(250.0))
    line.replies[b"="] = [b"Success: Configured internal test signal.$$$"]
    assert not any(one.passed for one in check_board(line.bench()))


def test_the_inputs_are_put_back_on_the_electrodes() -> None:
    line = VirtualLine()
    bench = line.bench()
    check_board(bench)
    assert line.sent == [b"=", b"b", b"s", b"d"]
    assert not bench.stream(0.0, 0.5).counts.any()


def test_older_firmware_says_it_in_fewer_words() -> None:
    line = VirtualLine()
    bench = line.bench()
    line.replies[b"="] = [b"Configured internal test signal.$$$"]
    assert len(check_board(bench)) == 8


@pytest.mark.parametrize("reply", [b"", b"Failure: not so$$$"])
@pytest.mark.parametrize("command", [b"=", b"d"])
def test_a_refused_command_is_a_fault(command: bytes, reply: bytes) -> None:
    line = VirtualLine()
    bench = line.bench()
    line.replies[command] = [reply] * 2
    with pytest.raises(BoardFault, match=repr(command.decode())) as caught:
        check_board(bench)
    assert caught.value.kind is (FaultKind.REFUSED if reply else FaultKind.SILENT)


def test_both_halves_of_a_daisy_are_judged() -> None:
    index = np.arange(1000)
    counts = np.rint(np.where(index % 128 < 64, 1875, -1875) / UV_PER_COUNT).astype(np.int32)
    stretch = Stretch(index, np.repeat(counts[:, None], 8, axis=1), has_daisy=True)
    assert verdict(stretch, 1).passed
    assert verdict(stretch, 16).passed


def test_soft_edges_and_an_offset_do_not_matter() -> None:
    index = np.arange(750)
    wave = np.where(index % 128 < 64, 1875.0, -1875.0)
    soft = np.convolve(wave, np.ones(3) / 3, "same") + 15_000
    assert square_wave(index, soft) == pytest.approx((1875, 1.953), rel=0.01)


def test_noise_is_no_square_wave_of_the_right_frequency() -> None:
    noise = np.random.default_rng(4).normal(0, 1500, 750)
    _, frequency_hz = square_wave(np.arange(750), noise)
    assert frequency_hz is not None
    assert frequency_hz > 10


def test_it_works_on_a_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversation, "QUIET_S", 0.1)
    monkeypatch.setattr(channel_check, "SETTLE_S", 0.1)
    monkeypatch.setattr(channel_check, "MEASURE_S", 0.9)
    told: list[tuple[int, int]] = []
    port = tmp_path / "ttyUSB0"
    with emulated_port(port) as cyton:
        results = run_self_test(str(port), progress=lambda *at: told.append(at))
        assert [one.passed for one in results] == [True] * 8
        assert cyton.truth().begin_ns is None
    assert told == [(0, 2), (1, 2), (2, 2)]
