"""The impedance of each electrode on the skin, measured by a Cyton itself.

One channel at a time, with its inputs as in a session (gain 24, reference on SRB2, bias on):

    z CH 0 1 Z      6 nA at 31.25 Hz through the electrode, which is on the channel's N pin
    b ... s         about 2.5 s of the stream
    z CH 0 0 Z      the current off again

    ohm = sqrt(2) * sigma / 6 nA - 2200         sigma: RMS of that tone in volt

31.25 Hz is an eighth of the sample rate, both from the chip's one clock: the tone repeats exactly
every 8 packets, whatever the board's true rate. 2.2 kOhm are in series on the board. The current is
within +-20 %, and so is the result.

SRB2 stays connected. OpenBCI's GUI 5.0.9 and later opens it for the measurement; then the P input
hangs in the air and 51 kOhm read as anything from 27 to 511 kOhm, where it reads 49 to 50 kOhm with
SRB2 on (OpenBCI_GUI issue 1204, corrected in its pull request 1211).

Sources: OpenBCI_GUI DataProcessing.pde (formula), OpenBCI_Cyton_Library (`z`), ADS1299 data sheet.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hardware.cyton.bench_line import CHANNEL_LETTERS, BenchLine, Stretch, bench_line
from hardware.cyton.frames import RAIL_COUNTS, UV_PER_COUNT

TOLERANCE = 0.2
DRIVE_A = 6e-9
SERIES_OHM = 2200.0
TONE_PACKETS = 8

SETTLE_S = 0.5
MEASURE_S = 2.0
RAILED_SHARE = 0.1

# Kilo-ohm. Laboratories ask for 5 to 10; up to the first more gel gains little, above the second
# what is picked up is mostly hum.
GOOD_KOHM, POOR_KOHM = 20.0, 100.0

RAILED = "no contact: the input is at its rail"
SHORTED = "no resistance at all: is the electrode bridged to the reference?"

_DONE = b"Lead off set"
# With a Daisy a packet is the mean of two samples, which makes the tone smaller by this.
_DAISY_SHARE = float(np.cos(np.pi / TONE_PACKETS))


@dataclass(frozen=True, slots=True)
class Impedance:
    """What was measured of one electrode.

    Attributes:
        channel: its number on the board, from 1.
        label: of the electrode, or "".
        kohm: kilo-ohm, or None when the input was at its rail.
        tolerance: the true value is within this share of `kohm`.
        note: what is wrong, or "".
    """

    channel: int
    label: str
    kohm: float | None
    tolerance: float = TOLERANCE
    note: str = ""

    @property
    def verdict(self) -> str:
        """Whether that will do: good, poor, or bad."""
        if self.kohm is None or self.note or self.kohm > POOR_KOHM:
            return "bad"
        return "good" if self.kohm <= GOOD_KOHM else "poor"


def measure_impedances(
    port: str,
    labels: Sequence[str] = (),
    *,
    channels: Iterable[int] = (),
    goes_on: Callable[[], bool] = lambda: True,
    told: Callable[[Impedance], None] = lambda contact: None,
    monotonic_ns: Callable[[], int] = time.monotonic_ns,
) -> list[Impedance]:
    """Measure on a port of which nobody else makes use; about 3 s a channel.

    Args:
        port: path of the serial port.
        labels: names of the electrodes, in the order of the channels.
        channels: numbers of those to measure, from 1; none: those with a label, or all when
            there are no labels.
        goes_on: asked before each; when it says no, the rest is left.
        told: told of each as soon as it is measured.
        monotonic_ns: CLOCK_MONOTONIC.

    Raises:
        BoardFault: BUSY while a service holds the port; or the board cannot be used, or refuses.
        ValueError: the board has no such channel.
    """
    with bench_line(port, monotonic_ns) as bench:
        bench.open()
        return impedances(bench, labels, channels=channels, goes_on=goes_on, told=told)


def impedances(
    bench: BenchLine,
    labels: Sequence[str] = (),
    *,
    channels: Iterable[int] = (),
    goes_on: Callable[[], bool] = lambda: True,
    told: Callable[[Impedance], None] = lambda contact: None,
) -> list[Impedance]:
    """Measure with a board that has been opened; else as `measure_impedances`."""
    wanted = list(channels) or list(range(1, (len(labels) or bench.channels) + 1))
    if not 1 <= min(wanted) <= max(wanted) <= bench.channels:
        raise ValueError(f"channels {wanted} are wanted, and this board has 1 to {bench.channels}")
    found: list[Impedance] = []
    for channel in wanted:
        if not goes_on():
            break
        label = labels[channel - 1] if channel <= len(labels) else ""
        found.append(_of_channel(bench, channel, label))
        told(found[-1])
    return found


def _of_channel(bench: BenchLine, channel: int, label: str) -> Impedance:
    letter = CHANNEL_LETTERS[channel - 1]
    bench.order(f"z{letter}01Z".encode(), _DONE)
    stretch = bench.stream(SETTLE_S, MEASURE_S)
    bench.order(f"z{letter}00Z".encode(), _DONE)
    return impedance_of(stretch, channel, label)


def impedance_of(stretch: Stretch, channel: int, label: str = "") -> Impedance:
    """Return the impedance that a stretch of the stream shows, taken while the current was on."""
    index, counts = stretch.channel(channel)
    if np.mean(np.abs(counts.astype(np.int64)) >= RAIL_COUNTS) > RAILED_SHARE:
        return Impedance(channel, label, None, note=RAILED)
    share = _DAISY_SHARE if stretch.has_daisy else 1.0
    volt = tone_amplitude(index, counts * (UV_PER_COUNT * 1e-6)) / share
    ohm = volt / DRIVE_A - SERIES_OHM
    return Impedance(channel, label, max(ohm, 0.0) / 1e3, note=SHORTED if ohm < 0 else "")


def tone_amplitude(index: NDArray[np.int64], signal: NDArray[np.floating]) -> float:
    """Return the amplitude (sqrt(2) * RMS) of the tone that repeats every 8 packets.

    Least squares with a constant and a slope beside the tone, so missing packets do no harm; a
    Hann window keeps mains hum, 19 Hz away, out of it.

    Args:
        index: (n,) numbers of the packets.
        signal: (n,) in any unit, which is also the result's.
    """
    angle = 2 * np.pi / TONE_PACKETS * (index % TONE_PACKETS)
    slope = (index - index[0]) / len(index)
    design = np.column_stack([np.cos(angle), np.sin(angle), np.ones(len(index)), slope])
    window = np.hanning(len(index) + 2)[1:-1]
    weight = np.sqrt(window)
    fit = np.linalg.lstsq(design * weight[:, None], signal * weight)[0]
    return float(np.hypot(fit[0], fit[1]))
