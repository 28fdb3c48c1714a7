import numpy as np
import pytest

from hardware.cyton.frames import RAIL_COUNTS, UV_PER_COUNT
from hardware.emulated.converter import TEST_SIGNALS, EmulatedAds
from tests.places import RECORDINGS

IMPEDANCES_OHM = (5e3, 6e3, 4e3, 8e3, 7e3, 9e3, 6e3, 50e3)
SAMPLES = np.arange(1024, dtype=np.int64)
COUNTS = np.random.default_rng(1).integers(-(2**20), 2**20, (1024, 8)).astype(np.int32)


@pytest.fixture
def ads() -> EmulatedAds:
    return EmulatedAds(IMPEDANCES_OHM)


def test_a_fresh_board_passes_samples_as_they_are(ads: EmulatedAds) -> None:
    assert ads.convert(COUNTS, SAMPLES) is COUNTS
    ads.set_input(3, gain=0, off=1)
    assert not np.array_equal(ads.convert(COUNTS, SAMPLES), COUNTS)
    ads.reset()
    assert ads.convert(COUNTS, SAMPLES) is COUNTS


@pytest.mark.parametrize(("code", "gain"), list(enumerate((1, 2, 4, 6, 8, 12, 24))))
def test_counts_follow_the_gain(ads: EmulatedAds, code: int, gain: int) -> None:
    ads.set_input(2, gain=code)
    counts = ads.convert(COUNTS, SAMPLES)
    np.testing.assert_array_equal(counts[:, 2], np.rint(COUNTS[:, 2] * gain / 24))
    np.testing.assert_array_equal(np.delete(counts, 2, 1), np.delete(COUNTS, 2, 1))


def test_an_input_that_is_off_or_shorted_is_zero(ads: EmulatedAds) -> None:
    ads.set_input(0, off=1)
    ads.set_input(1, type=1)
    counts = ads.convert(COUNTS, SAMPLES)
    assert not counts[:, :2].any()
    np.testing.assert_array_equal(counts[:, 2:], COUNTS[:, 2:])


@pytest.mark.parametrize(
    ("command", "uv", "period"), [("-", 1875, 256), ("=", 1875, 128), ("[", 3750, 256)]
)
def test_the_test_signal_is_a_square_wave(
    ads: EmulatedAds, command: str, uv: float, period: int
) -> None:
    ads.show_test_signal(TEST_SIGNALS[command])
    wave = ads.convert(COUNTS, SAMPLES)[:, 5] * UV_PER_COUNT
    assert np.abs(wave) == pytest.approx(uv, abs=UV_PER_COUNT)
    assert np.diff(np.flatnonzero(np.diff(wave))).tolist() == [period // 2] * (
        2 * 1024 // period - 2
    )


def test_the_dc_test_signal_does_not_move(ads: EmulatedAds) -> None:
    ads.show_test_signal(TEST_SIGNALS["p"])
    wave = ads.convert(COUNTS, SAMPLES)[:, 5] * UV_PER_COUNT
    assert wave == pytest.approx(3750, abs=UV_PER_COUNT)


@pytest.mark.parametrize("channel", range(8))
def test_the_lead_off_signal_gives_the_electrodes_impedance(ads: EmulatedAds, channel: int) -> None:
    ads.set_input(channel, gain=0, srb2=0)
    ads.set_input(channel, lead_off_p=1)
    quiet = np.zeros((1024, 8), np.int32)
    volts = ads.convert(quiet, SAMPLES)[:, channel] * (UV_PER_COUNT * 24 * 1e-6)
    ohm = np.sqrt(2) * volts.std() / 6e-9 - 2200
    assert ohm == pytest.approx(IMPEDANCES_OHM[channel], rel=0.01)


def test_what_exceeds_the_converter_is_railed(ads: EmulatedAds) -> None:
    ads.set_input(0, lead_off_n=1)
    full = np.full((16, 8), RAIL_COUNTS, np.int32)
    assert ads.convert(full, SAMPLES[:16]).max() == RAIL_COUNTS
    assert ads.convert(-full - 1, SAMPLES[:16]).min() == -RAIL_COUNTS - 1


def test_a_daisys_channels_are_not_there(ads: EmulatedAds) -> None:
    ads.set_input(8, off=1)
    assert ads.convert(COUNTS, SAMPLES) is COUNTS


def test_a_daisys_channels_are_there_if_it_is() -> None:
    ads = EmulatedAds(IMPEDANCES_OHM * 2)
    wide = np.hstack([COUNTS, COUNTS + 1])
    assert ads.convert(wide, SAMPLES) is wide
    ads.set_input(8, off=1)
    counts = ads.convert(wide, SAMPLES)
    assert not counts[:, 8].any()
    np.testing.assert_array_equal(np.delete(counts, 8, 1), np.delete(wide, 8, 1))
    assert "CH1SET, 05, E8" in ads.registers(1)
    assert "CH1SET, 05, 68" in ads.registers(0)


def test_inputs_without_electrodes_are_zero_and_electrodes_without_inputs_are_left_out() -> None:
    wide = np.hstack([COUNTS, COUNTS + 1])
    counts = EmulatedAds(IMPEDANCES_OHM * 2).convert(COUNTS, SAMPLES)
    np.testing.assert_array_equal(counts[:, :8], COUNTS)
    assert not counts[:, 8:].any()
    np.testing.assert_array_equal(EmulatedAds(IMPEDANCES_OHM).convert(wide, SAMPLES), COUNTS)


@pytest.mark.skipif(not RECORDINGS.is_dir(), reason="no recordings beside the project")
def test_registers_are_listed_as_a_real_board_lists_them(ads: EmulatedAds) -> None:
    text = (RECORDINGS / "openbci/brainhat_AdsRegisters.txt").read_text()
    real = text.split("Board ADS Registers\n")[1].split("\n\n")[0].splitlines()
    assert len(real) == 24
    # The real board has a Daisy, so it gives its clock away: bit 5 of CONFIG1.
    real = [line.replace("B6, 1, 0, 1", "96, 1, 0, 0") for line in real]
    assert ads.registers().split("\r\n")[:-1] == real


def test_registers_follow_the_settings(ads: EmulatedAds) -> None:
    ads.set_input(1, off=1, gain=0, type=5, bias=0, srb2=0, srb1=1, lead_off_p=1)
    registers = dict(line.split(", ")[::2][:2] for line in ads.registers().splitlines())
    assert registers["CH1SET"] == "68"
    assert registers["CH2SET"] == "85"
    assert registers["BIAS_SENSP"] == "FD"
    assert registers["LOFF_SENSP"] == "02"
    assert registers["MISC1"] == "20"
