"""A Cyton's self-test: does each channel show the square wave that the board can make itself?

    =               all inputs on the ADS1299's internal test signal, 1x amplitude, fast
    b ... s         about 3.5 s of the stream
    d               inputs back on the electrodes

    amplitude       (VREFP - VREFN) / 2400 = 4.5 V / 2400 = 1875 uV, up and down from the middle
    period          2**20 / fCLK; a sample is 2**13 / fCLK: 128 samples, 1.953 Hz

A pass says that converter, radio and decoding work, not that an electrode has contact. The wave is
compared with the board's own samples, so the true sample rate does not matter; the frequency is
given for the nominal 250 Hz.

Sources: ADS1299 data sheet (CONFIG2), OpenBCI_Cyton_Library (`=`, activateAllChannelsToTest-
Condition).
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hardware.cyton.bench_line import BenchLine, Stretch, bench_line
from hardware.cyton.frames import DEFAULT_INPUTS, RATE_HZ, UV_PER_COUNT

AMPLITUDE_UV = 4.5e6 / 2400
PERIOD_SAMPLES = 128
FREQUENCY_HZ = RATE_HZ / PERIOD_SAMPLES
AMPLITUDE_TOLERANCE = 0.05  # the chip's own is 2 %, and its gain and reference add to it
FREQUENCY_TOLERANCE = 0.02

SETTLE_S = 0.5
MEASURE_S = 3.0

_TEST_SIGNAL = b"="
_LARGEST_STEP = 4  # packets, from one that is below to one that is above
_ON, _OFF = b"internal test signal", b"default"


@dataclass(frozen=True, slots=True)
class ChannelTest:
    """What one channel showed.

    Attributes:
        channel: its number on the board, from 1.
        passed: whether amplitude and frequency are as they should be.
        amplitude_uv: half the height of the square wave.
        frequency_hz: for 250 samples a second; None when nothing went up and down.
        note: what is wrong, or "".
    """

    channel: int
    passed: bool
    amplitude_uv: float
    frequency_hz: float | None
    note: str = ""


def run_self_test(
    port: str,
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
    monotonic_ns: Callable[[], int] = time.monotonic_ns,
) -> list[ChannelTest]:
    """Test the board on a port of which nobody else makes use; about 6 s.

    Args:
        port: path of the serial port.
        progress: told how many of the steps are done, and of how many.
        monotonic_ns: CLOCK_MONOTONIC.

    Raises:
        BoardFault: BUSY while a service holds the port; or the board cannot be used, or refuses.
    """
    with bench_line(port, monotonic_ns) as bench:
        progress(0, 2)
        bench.open()
        progress(1, 2)
        results = check_board(bench)
        progress(2, 2)
    return results


def check_board(bench: BenchLine) -> list[ChannelTest]:
    """Test a board that has been opened; else as `run_self_test`."""
    bench.order(_TEST_SIGNAL, _ON)
    stretch = bench.stream(SETTLE_S, MEASURE_S)
    bench.order(DEFAULT_INPUTS, _OFF)
    return [verdict(stretch, channel) for channel in range(1, bench.channels + 1)]


def verdict(stretch: Stretch, channel: int) -> ChannelTest:
    """Return what a stretch of the stream, taken with the test signal on, says of a channel."""
    index, counts = stretch.channel(channel)
    uv = counts * UV_PER_COUNT
    amplitude_uv, frequency_hz = square_wave(index, uv)
    wrong = []
    if abs(amplitude_uv / AMPLITUDE_UV - 1) > AMPLITUDE_TOLERANCE:
        wrong.append(f"amplitude {amplitude_uv:.0f} µV, not {AMPLITUDE_UV:.0f}")
    if frequency_hz is None:
        wrong.append("no square wave")
    elif abs(frequency_hz / FREQUENCY_HZ - 1) > FREQUENCY_TOLERANCE:
        wrong.append(f"frequency {frequency_hz:.2f} Hz, not {FREQUENCY_HZ:.2f}")
    return ChannelTest(channel, not wrong, amplitude_uv, frequency_hz, "; ".join(wrong))


def square_wave(index: NDArray[np.int64], uv: NDArray[np.floating]) -> tuple[float, float | None]:
    """Return amplitude (half the height, µV) and frequency (Hz at 250 Hz) of a square wave.

    The height lies between the 10th and the 90th percentile, each well within one of the two
    levels. The frequency is that of the crossings of the middle, None when there are fewer than 3;
    those in a hole left by lost packets have no instant and do not count.

    Args:
        index: (n,) numbers of the packets.
        uv: (n,) microvolts.
    """
    low, high = np.percentile(uv, (10, 90))
    is_high = uv > (low + high) / 2
    crosses = (is_high[1:] != is_high[:-1]) & (np.diff(index) <= _LARGEST_STEP)
    half_periods = np.diff(index[1:][crosses])
    if len(half_periods) < 2:
        return float(high - low) / 2, None
    return float(high - low) / 2, RATE_HZ / (2 * float(np.median(half_periods)))
