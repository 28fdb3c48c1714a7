"""A board whose every sample is known: when it was taken, by whom, and what its packet says.

Written from the Cyton's protocol and from nothing of the project: what is compared with it must not
have made it.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

RATE_HZ: Final = 250.0
FRAME: Final = 33
_WARM_S: Final = 600.0
_TURN: Final = 4099  # samples after which the noise comes again
_TEXTS: Final = {
    b"v": b"OpenBCI V3 8-16 channel\r\nOn Board ADS1299 Device ID: 0x3E\r\n"
    b"LIS3DH Device ID: 0x33\r\nFirmware: v3.1.2\r\n$$$",
    b"?": b"\r\nBoard ADS Registers\r\n"
    + b"CONFIG1, 01, 96, 1, 0, 0, 1, 0, 1, 1, 0\r\n"
    + b"".join(b"CH%dSET, %02X, 60, 0, 1, 1, 0, 0, 0, 0, 0\r\n" % (n, 4 + n) for n in range(1, 9))
    + b"$$$",
    b"/3": b"Success: digital$$$",
    b"<": b"Time stamp ON$$$",
}


class TrueBoard:
    """One board and who wears it.

    Attributes:
        who: the number of the person, in channel 2 of each packet.
        taken_ns: (n,) when each of its samples was taken, by the host's clock.
        first: the sample whose counter is 0; None while it does not stream.
        starts: how often it was told to stream.
        begun_ns, ended_ns: when it was told to stream, and to stop.
    """

    def __init__(
        self,
        who: int,
        span_ns: tuple[int, int],
        off: float,
        warming: float,
        rng: np.random.Generator,
    ) -> None:
        self.who = who
        self.taken_ns = _axis(span_ns, off, warming, float(rng.uniform(0, 1)))
        self.first: int | None = None
        self.starts = 0
        self.ended_ns = 0
        self._on_ns = span_ns[0] - int(rng.uniform(60, 5e6) * 1e9)
        self._powers = [(0, self._on_ns)]  # from when on its milliseconds run from where
        offset = rng.integers(-300_000, 300_000, 8)
        self._noise = (rng.normal(0, 400, (_TURN, 8)) + offset).astype(np.int32)

    def switch_on(self, at_ns: int, zero_ns: int) -> None:
        """From then on its milliseconds are those since `zero_ns`."""
        self._powers.append((at_ns, zero_ns))

    @property
    def born_ns(self) -> int:
        """When it was switched on last, as its milliseconds say."""
        return self._powers[-1][1]

    def counts(self, number: NDArray[np.int64]) -> NDArray[np.int32]:
        """Return (n, 8) what these samples are: their number, the person, and noise."""
        made = self._noise[number % _TURN].copy()
        made[:, 0] = number
        made[:, 1] = self.who
        return made

    def ms(self, number: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return (n,) what the board's own clock says, modulo 2**32."""
        taken_ns = self.taken_ns[number]
        begins, zeros = np.array(self._powers, np.int64).T
        since_ns = taken_ns - zeros[np.searchsorted(begins, taken_ns, "right") - 1]
        return np.asarray(since_ns // 1_000_000 % 2**32, np.int64)

    def frames(self, number: NDArray[np.int64], first: int) -> NDArray[np.uint8]:
        """Return (n, 33) the packets of these samples, of the stream that began with `first`."""
        octets = np.zeros((len(number), FRAME), np.uint8)
        octets[:, 0] = 0xA0
        octets[:, 1] = (number - first) % 256
        big = self.counts(number).astype(">i4").view(np.uint8).reshape(-1, 8, 4)
        octets[:, 2:26] = big[:, :, 1:].reshape(-1, 24)
        octets[:, 28:32] = self.ms(number).astype(">u4").view(np.uint8).reshape(-1, 4)
        octets[:, 32] = 0xC6
        return octets

    def obey(self, command: bytes, now_ns: int) -> bytes:
        """Do what the host says; return the reply, b"" where there is none or while it streams."""
        if command == b"b":
            self.first = int(np.searchsorted(self.taken_ns, now_ns + 5_000_000))
            self.starts += 1
        elif command in (b"s", b"v"):
            self.halt(now_ns)
        return _TEXTS.get(command, b"") if self.first is None else b""

    def halt(self, now_ns: int) -> None:
        """Do not stream any more."""
        self.first, self.ended_ns = None, now_ns


def _axis(span_ns: tuple[int, int], off: float, warming: float, phase: float) -> NDArray[np.int64]:
    """Return when the samples of a board are taken whose rate changes while it warms up."""
    seconds = (span_ns[1] - span_ns[0]) * 1e-9
    number = np.arange(int(seconds * RATE_HZ * 1.02)) + phase
    even_s = number / (RATE_HZ * (1 + off))
    warm_s = warming * (even_s - _WARM_S * -np.expm1(-even_s / _WARM_S))
    taken_ns: NDArray[np.int64] = np.rint((even_s + warm_s) * 1e9).astype(np.int64)
    return taken_ns + span_ns[0]
