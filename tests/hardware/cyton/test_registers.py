"""Gains, rate and channels are read off a board's reply to `?`."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.cyton.registers import Inputs, read_registers
from hardware.emulated.converter import EmulatedAds
from tests.places import RECORDINGS

GAINS = (1, 2, 4, 6, 8, 12, 24)
REAL = RECORDINGS / "openbci" / "brainhat_AdsRegisters.txt"


def told(ads: EmulatedAds) -> bytes:
    chips = ["Board ADS Registers\r\n" + ads.registers()]
    chips += ["Daisy ADS Registers\r\n" + ads.registers(1)] if ads.has_daisy else []
    return ("\r\n".join(chips) + "\r\nLIS3DH Registers\r\n0x0F 33\r\n$$$").encode()


@pytest.mark.parametrize("channels", [8, 16])
def test_a_board_after_its_reset_is_as_it_should_be(channels: int) -> None:
    inputs = read_registers(told(EmulatedAds((5e3,) * channels)), channels)
    assert inputs == Inputs(250.0, (24,) * channels, ())
    assert inputs.are_default


def test_a_real_boards_registers_are_read() -> None:
    if not REAL.exists():
        pytest.skip(f"no {REAL.name} here")
    assert read_registers(REAL.read_bytes(), 16) == Inputs(250.0, (24,) * 16, ())


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 1), st.integers(0, 7)), min_size=16))
@settings(max_examples=50, deadline=None)
def test_every_setting_is_read_of_its_own_channel(inputs: list[tuple[int, int, int]]) -> None:
    ads = EmulatedAds((5e3,) * 16)
    for channel, (gain, off, kind) in enumerate(inputs[:16]):
        ads.set_input(channel, gain=gain, off=off, type=kind)
    read = read_registers(told(ads), 16)
    assert read is not None
    assert read.gains == tuple(GAINS[gain] for gain, _, _ in inputs[:16])
    assert read.unused == tuple(n for n, (_, off, kind) in enumerate(inputs[:16], 1) if off or kind)


@pytest.mark.parametrize(("code", "rate_hz"), [(0, 16_000), (4, 1_000), (5, 500), (6, 250)])
@pytest.mark.parametrize("chip", [b"96", b"B6"])
def test_the_rate_is_read_of_either_chip(code: int, rate_hz: float, chip: bytes) -> None:
    low = b"%X" % code
    said = b"CONFIG1, 01, " + chip
    reply = told(EmulatedAds((5e3,) * 16)).replace(said, said[:-1] + low)
    inputs = read_registers(reply, 16)
    assert inputs is not None
    assert inputs.rate_hz == rate_hz
    assert inputs.are_default == (rate_hz == 250)


def test_a_gain_that_there_is_not_is_none() -> None:
    reply = told(EmulatedAds((5e3,) * 8)).replace(b"CH2SET, 06, 68", b"CH2SET, 06, 78")
    inputs = read_registers(reply, 8)
    assert inputs is not None
    assert inputs.gains == (24, 0, *(24,) * 6)


@pytest.mark.parametrize(
    "reply",
    [b"", b"Imagine registers here", b"$$$", b"Failure: Input too large!$$$", bytes(range(256))],
)
def test_what_is_no_registers_tells_nothing(reply: bytes) -> None:
    assert read_registers(reply, 8) is None


def test_registers_of_which_a_line_is_lost_tell_nothing() -> None:
    whole = told(EmulatedAds((5e3,) * 16))
    for name in re.findall(rb"CONFIG1|CH\dSET", whole):
        assert read_registers(whole.replace(name, b"", 1), 16) is None
    assert read_registers(whole, 8) is None
    assert read_registers(told(EmulatedAds((5e3,) * 8)), 16) is None
