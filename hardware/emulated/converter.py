"""The inputs of an emulated Cyton: an ADS1299 with what the board's commands can set.

A Daisy is a second chip with eight more. A reset looks for it; attached by command, with the board
switched on, its inputs are off until they are set.

With the settings of a fresh board (all on, gain 24, electrodes) samples pass as they are. Else

    off            0
    test signal    a square wave of the chip's own, +-1.875 mV (or twice that, or DC), whose
                   period is 256 samples (slow) or 128 (fast); shorted inputs give 0
    lead-off       6 nA at an eighth of the sample rate through electrode and 2.2 kOhm in the board
                   add a sine; sqrt(2) * RMS / 6 nA - 2.2 kOhm is the electrode's impedance again
    gain           counts are a 24th of the gain as large

Registers are written out as the real board does in reply to `?`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hardware.cyton.frames import CHANNELS, RAIL_COUNTS, UV_PER_COUNT

NORMAL, TEST = 0, 5  # input types; the others are shorted, or show nothing that moves
_GAINS = (1, 2, 4, 6, 8, 12, 24)
_DEFAULT_GAIN = 24

_TEST_UV = 1_875.0
_SLOW, _FAST, _DC = 256, 128, 0  # period in samples
_LEAD_OFF_A = 6e-9
_LEAD_OFF_SAMPLES = 8
_SERIES_OHM = 2_200.0
SLOWEST = 6  # code of 250 Hz
_KEEPS_CLOCK, _GIVES_CLOCK = 0x90, 0xB0  # a Cyton's chip gives its clock to the Daisy's


@dataclass(frozen=True, slots=True)
class InputSettings:
    """One input, as `x` and `z` set it; all numbers are the digits of those commands."""

    off: int = 0
    gain: int = 6
    type: int = NORMAL
    bias: int = 1
    srb2: int = 1
    srb1: int = 0
    lead_off_p: int = 0
    lead_off_n: int = 0


@dataclass(frozen=True, slots=True)
class TestSignal:
    """The chip's own signal: amplitude in units of 1.875 mV, period in samples (0 = DC)."""

    __test__ = False  # not a test, for pytest

    amplitude: int
    period: int


TEST_SIGNALS = {
    "-": TestSignal(1, _SLOW),
    "=": TestSignal(1, _FAST),
    "p": TestSignal(2, _DC),
    "[": TestSignal(2, _SLOW),
    "]": TestSignal(2, _FAST),
}


class EmulatedAds:
    """The inputs and their settings.

    Args:
        impedance_ohm: impedance of each electrode, (8,), or (16,) with a Daisy.

    Attributes:
        channels: how many inputs are in use, 8 or 16.
        rate_code: which sample rate is set, as in the register CONFIG1.
    """

    def __init__(self, impedance_ohm: tuple[float, ...]) -> None:
        self._lead_off_uv = _LEAD_OFF_A * (np.array(impedance_ohm) + _SERIES_OHM) * 1e6
        self.rate_code = SLOWEST
        self.initialize()

    @property
    def has_daisy(self) -> bool:
        """Whether a Daisy is in use."""
        return self.channels > CHANNELS

    def initialize(self) -> None:
        """Look for a Daisy and set everything as on a fresh board."""
        self.channels = len(self._lead_off_uv)
        self.reset()

    def reset(self) -> None:
        """Set all inputs in use as on a fresh board."""
        self._inputs = [InputSettings()] * self.channels
        self._test = TEST_SIGNALS["-"]
        self._is_plain = True

    def remove_daisy(self) -> None:
        """Use the Cyton's own inputs only."""
        del self._inputs[CHANNELS:]
        self._change_inputs()

    def attach_daisy(self) -> None:
        """Use the inputs of a Daisy as well, if there is one; they are off."""
        more = len(self._lead_off_uv) - self.channels
        self._inputs += [InputSettings(off=1)] * more
        self._change_inputs()

    def set_input(self, channel: int, **settings: int) -> None:
        """Change settings of one channel, from 0; one that is not in use stays as it is."""
        if channel < self.channels:
            self._inputs[channel] = replace(self._inputs[channel], **settings)
        self._change_inputs()

    def _change_inputs(self) -> None:
        self.channels = len(self._inputs)
        self._is_plain = self._inputs == [InputSettings()] * self.channels

    def show_test_signal(self, signal: TestSignal) -> None:
        """Connect all channels to the chip's own signal."""
        self._test = signal
        self.connect_all(TEST)

    def connect_all(self, input_type: int) -> None:
        """Connect all channels to an input of this type."""
        for channel in range(self.channels):
            self.set_input(channel, type=input_type)

    def convert(self, counts: NDArray[np.int32], sample: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return (n, channels) what the chips make of electrodes that read `counts` when fresh.

        Inputs that have no electrode in `counts` (n, electrodes) read 0.
        """
        counts = self._connected(counts)
        if self._is_plain:
            return counts
        columns = [self._column(c, counts[:, c], sample) for c in range(self.channels)]
        exact = np.rint(np.stack(columns, axis=1))
        return np.clip(exact, -RAIL_COUNTS - 1, RAIL_COUNTS).astype(np.int32)

    def _connected(self, counts: NDArray[np.int32]) -> NDArray[np.int32]:
        """Return (n, channels): electrodes beyond the inputs are left out, open inputs are 0."""
        open_inputs = self.channels - counts.shape[1]
        if open_inputs > 0:
            return np.pad(counts, ((0, 0), (0, open_inputs)))
        return counts[:, : self.channels] if open_inputs else counts

    def _column(
        self, channel: int, counts: NDArray[np.int32], sample: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        now = self._inputs[channel]
        gain = _GAINS[min(now.gain, len(_GAINS) - 1)] / _DEFAULT_GAIN
        if now.off or now.type not in (NORMAL, TEST):
            return np.zeros(len(counts))
        if now.type == TEST:
            return self._test_uv(sample) / UV_PER_COUNT * gain
        if now.lead_off_p or now.lead_off_n:
            angle = 2 * np.pi / _LEAD_OFF_SAMPLES * (sample % _LEAD_OFF_SAMPLES)
            drive_uv = self._lead_off_uv[channel] * np.sin(angle)
            return np.asarray((counts + drive_uv / UV_PER_COUNT) * gain)
        return np.asarray(counts * gain, np.float64)

    def _test_uv(self, sample: NDArray[np.int64]) -> NDArray[np.float64]:
        height, period = self._test.amplitude * _TEST_UV, self._test.period
        if period == _DC:
            return np.full(len(sample), height)
        return np.where(sample % period < period // 2, height, -height)

    def registers(self, chip: int = 0) -> str:
        """Return a chip's registers as text, one a line: name, address, hex, bits.

        Args:
            chip: 0 for the Cyton's, 1 for the Daisy's.
        """
        return "".join(
            f"{name}, {address:02X}, {value:02X}, {', '.join(f'{value:08b}')}\r\n"
            for address, (name, value) in enumerate(self._register_values(chip))
        )

    def _register_values(self, chip: int) -> list[tuple[str, int]]:
        inputs = self._inputs[chip * CHANNELS :][:CHANNELS]
        bias = _mask(now.bias for now in inputs)
        config1 = _GIVES_CLOCK if self.has_daisy and chip == 0 else _KEEPS_CLOCK
        return [
            *(
                ("ADS_ID", 0x3E),
                ("CONFIG1", config1 | self.rate_code),
                ("CONFIG2", 0xC0),
                ("CONFIG3", 0xEC),
            ),
            ("LOFF", 0x02),
            *((f"CH{n}SET", _channel_register(now)) for n, now in enumerate(inputs, 1)),
            *(("BIAS_SENSP", bias), ("BIAS_SENSN", bias)),
            ("LOFF_SENSP", _mask(now.lead_off_p for now in inputs)),
            ("LOFF_SENSN", _mask(now.lead_off_n for now in inputs)),
            *((name, 0) for name in ("LOFF_FLIP", "LOFF_STATP", "LOFF_STATN")),
            *(("GPIO", 0x0F), ("MISC1", 0x20 * any(now.srb1 for now in inputs))),
            *(("MISC2", 0), ("CONFIG4", 0)),
        ]


def _channel_register(now: InputSettings) -> int:
    return bool(now.off) << 7 | (now.gain & 7) << 4 | bool(now.srb2) << 3 | now.type & 7


def _mask(switches: Iterable[int]) -> int:
    return sum(bool(switch) << bit for bit, switch in enumerate(switches))
