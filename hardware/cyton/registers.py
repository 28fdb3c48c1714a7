"""How the inputs of a Cyton are set, read from its reply to `?`.

    name, address, hexadecimal value, its eight bits         a line each, of a chip with 8 channels
    CONFIG1      bits 0-2: sample rate, 16 000 Hz / 2**code
    CHnSET       bit 7: off; bits 4-6: gain; bits 0-2: 0 for the electrode, else something else

A Daisy's chip has lines of the same names behind the Cyton's.

Sources: ADS1299 data sheet, OpenBCI_Cyton_Library (printAllRegisters).
"""

import re
from dataclasses import dataclass

from hardware.cyton.frames import CHANNELS, GAIN, RATE_HZ

_LINE = re.compile(rb"(CONFIG1|CH[1-8]SET), [0-9A-F]{2}, ([0-9A-F]{2}),")
_LINES = 1 + CHANNELS  # of each chip
_GAINS = (1, 2, 4, 6, 8, 12, GAIN, 0)
_TOP_RATE_HZ = 16_000


@dataclass(frozen=True, slots=True)
class Inputs:
    """How a board's inputs are set.

    Attributes:
        rate_hz: sample rate; of several chips, the one that is not as it should be.
        gains: of each channel; 0 where the code means none.
        unused: numbers, from 1, of channels that are off, or not on their electrode.
    """

    rate_hz: float
    gains: tuple[int, ...]
    unused: tuple[int, ...]

    @property
    def are_default(self) -> bool:
        """Whether they are as a reset makes them."""
        return self.rate_hz == RATE_HZ and not self.unused and set(self.gains) == {GAIN}


def read_registers(reply: bytes, channels: int) -> Inputs | None:
    """Return what the reply to `?` says of so many channels, or None if it does not say it all."""
    lines = _LINE.findall(reply)
    chips = channels // CHANNELS
    expected = ([b"CONFIG1"] + [b"CH%dSET" % n for n in range(1, _LINES)]) * chips
    if [name for name, _ in lines] != expected:
        return None
    values = [int(value, 16) for _, value in lines]
    rates_hz = {_TOP_RATE_HZ / 2 ** (value & 7) for value in values[::_LINES]}
    inputs = [value for at, value in enumerate(values) if at % _LINES]
    unused = tuple(n for n, value in enumerate(inputs, 1) if value & 0x87)
    other_hz = rates_hz - {RATE_HZ}
    return Inputs(
        other_hz.pop() if other_hz else RATE_HZ,
        tuple(_GAINS[value >> 4 & 7] for value in inputs),
        unused,
    )
