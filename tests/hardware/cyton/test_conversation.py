"""Without replies, noise is told from packets and text, and the dongle's rate is found."""

import numpy as np
import pytest

from hardware.cyton.conversation import find_baud, is_noise
from hardware.cyton.frames import encode_frames
from hardware.emulated.cyton import Behaviour, FirstState
from tests.hardware.cyton.virtual_line import START_NS, VirtualLine

RNG = np.random.default_rng(11)
STREAM = encode_frames(
    np.arange(9), RNG.integers(-(2**22), 2**22, (9, 8)), np.zeros((9, 6), np.uint8), 0xC6
)


@pytest.mark.parametrize(
    ("octets", "noise"),
    [
        (b"", False),
        (b"\xff\x00\x80", False),  # too little to tell
        (b"Success: System is Up$$$", False),
        (b"Failure: Host on Channel number: 4\x04$$$", False),
        (b"OpenBCI V3 8-16 channel\r\nOn Board ADS1299 Device ID: 0x3E\r\n", False),
        (STREAM, False),
        (STREAM[7:] + b"Success: System is Up$$$", False),
        (RNG.bytes(40), True),
        (RNG.bytes(4000), True),
        (bytes(50), True),
        (b"\xff" * 50, True),
    ],
)
def test_noise_is_neither_text_nor_packets(octets: bytes, noise: bool) -> None:
    assert is_noise(octets) is noise


def test_random_bytes_are_hardly_ever_taken_for_text() -> None:
    assert sum(is_noise(RNG.bytes(24)) for _ in range(1000)) >= 995


def test_a_dongle_at_another_rate_is_found_and_told_to_come_back() -> None:
    line = VirtualLine(Behaviour(first_state=FirstState.OTHER_BAUD))
    assert find_baud(line, line.set_baud, line.monotonic_ns) == 230_400
    line.write(b"\xf0\x07")
    assert line.read(1.0) == b"Success: System is Up$$$"
    assert find_baud(line, line.set_baud, line.monotonic_ns) is None
    line.write(b"\xf0\x07")
    assert line.read(1.0) == b"Success: System is Up$$$"


def test_a_board_that_streams_at_another_rate_is_stopped() -> None:
    line = VirtualLine(Behaviour(first_state=FirstState.OTHER_BAUD))
    line.set_baud(230_400)
    line.write(b"b")
    line.set_baud(115_200)
    assert find_baud(line, line.set_baud, line.monotonic_ns) == 230_400
    while line.read(0.1):
        assert line.now_ns < START_NS + 10 * 10**9
