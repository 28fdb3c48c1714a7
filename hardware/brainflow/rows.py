"""What BrainFlow's table of samples means, turned into integers. No I/O.

A poll returns float64 numbers: one column per sample, and rows by the board:

    CYTON_BOARD           0       the packet's counter, 0-255
                          1-8     microvolts, the counts times 4.5 V / 24 / (2^23 - 1)
                          12      stop byte; 13-18 the aux bytes, as in hardware/cyton/frames.py
    CYTON_DAISY_BOARD     0       counter of the pair's even packet; the odd one follows it
                          1-8     microvolts of the Cyton, from the odd packet
                          9-16    microvolts of the Daisy, from the even packet: 4 ms older
                          20      stop byte; 21-26 the aux bytes, each the mean of both packets
    GANGLION_BOARD        0       packet number, 0-200, the same for both its samples
    GANGLION_NATIVE_BOARD 1-4     microvolts, whole multiples of an LSB of 19 bits (firmware 3)
    SYNTHETIC_BOARD       0       counter, 0-255
                          1-16    microvolts
    any other             by BrainFlow's own description of the board: rows of EEG, other rows

The first pair of a Daisy's stream is left out: its mean has something from before the start in it.
When the even packet of a pair is lost, BrainFlow repeats the Daisy's last values under the last
counter: a duplicate, which is dropped. When the odd one is lost, there is no column. So a lost half
costs the whole sample, where our own driver keeps the other half (hardware/cyton/daisy.py).

Of any other board BrainFlow tells neither how its counter runs nor its LSB. Its samples are counted
as they come: a loss shorter than 0.5 s stays unseen, a longer one is reckoned from the time that
went by. Its microvolts are rounded to steps of 0.01 µV, so that rounding adds 0.003 µV RMS: a
thirtieth of the noise of a good amplifier.

Sources: BrainFlow 5.23, cyton.cpp, cyton_daisy.cpp, ganglion_native_v3.cpp, synthetic_board.cpp.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hardware.board import MISSING_COUNT, BoardInfo
from hardware.cyton import daisy, frames
from hardware.cyton.usb import serial_number
from hardware.packets.segments import Batch

Numbers = NDArray[np.int64]
Rows = NDArray[np.float64]

UV_STEP = 0.01  # where the board's own LSB is not known
_NO_RAIL = 2**31 - 1
_GANGLION_UV = 32 * 1.2e6 / ((2**23 - 1) * 1.5 * 51)  # the sixth bit of 24, the lowest it sends
_GANGLION_TURN = 200  # samples, with firmware 3
_GANGLION_RAIL = 2**18 - 2
_BIG_ENDIAN = np.array([2**24, 2**16, 2**8, 1], np.float64)


def _as_sent(packets: Numbers) -> Numbers:
    """The packet's number is the sample's."""
    return packets


def _halved(packets: Numbers) -> Numbers:
    """Every other packet begins a sample."""
    return packets // 2


class _OfGanglion:
    """Counts the samples of a Ganglion by its packets; a poll may come between two of a packet.

    Firmware 3 numbers packets 0-99, or 100-199, with two samples each; firmware 2 puts one sample
    into packet 0 and two into 1-100, or 101-200: a turn is one sample longer. Which it is shows
    when the first turn begins or ends, at the latest.
    """

    def __init__(self) -> None:
        self._packet = -1  # of the sample before, ...
        self._was_second = False  # ... and whether it was the packet's second
        self._position = 0  # in the turn
        self._count = 0
        self._turn = _GANGLION_TURN

    def __call__(self, packets: Numbers) -> Numbers:
        return np.array([self._number(packet) for packet in packets.tolist()], np.int64)

    def _number(self, packet: int) -> int:
        is_second = packet == self._packet and not self._was_second
        if not is_second and self._tells_firmware_2(packet):
            self._turn = _GANGLION_TURN + 1
            self._position = self._place(self._packet) + self._was_second
        position = self._place(packet) + is_second
        if self._packet >= 0:
            half = self._turn // 2
            self._count += (position - self._position + half) % self._turn - half
        self._packet, self._was_second, self._position = packet, is_second, position
        return self._count % _GANGLION_TURN

    def _tells_firmware_2(self, packet: int) -> bool:
        is_lone = self._packet == 0 and not self._was_second
        return is_lone or packet == _GANGLION_TURN or (self._packet, packet) == (99, 100)

    def _place(self, packet: int) -> int:
        """Return the place in the turn of a packet's first sample."""
        if self._turn == _GANGLION_TURN:
            return 2 * (packet % 100)
        return 2 * ((packet - 1) % 100) + 1 if packet else 0


class _Counted:
    """The samples are counted here: 0, 1, 0, 1 and so on."""

    def __init__(self) -> None:
        self._seen = 0

    def __call__(self, packets: Numbers) -> Numbers:
        numbers = (self._seen + np.arange(len(packets))) % 2
        self._seen = (self._seen + len(packets)) % 2
        return numbers


@dataclass(frozen=True, slots=True)
class _Make:
    """What is known of a board beyond BrainFlow's description of it."""

    numbering: Callable[[], Callable[[Numbers], Numbers]] = _Counted
    modulus: int = 2
    uv_per_count: float = UV_STEP
    rail_counts: int = _NO_RAIL
    has_pins: bool = False  # its aux bytes are those of a Cyton
    channel_delay_s: tuple[float, ...] = ()
    spoilt: int = 0  # so many samples at the start of a stream are none


_CYTON_SCALE = (frames.UV_PER_COUNT, frames.RAIL_COUNTS)
_GANGLION = _Make(_OfGanglion, _GANGLION_TURN, _GANGLION_UV, _GANGLION_RAIL)
_MAKES = {
    "CYTON_BOARD": _Make(lambda: _as_sent, 256, *_CYTON_SCALE, has_pins=True),
    "CYTON_DAISY_BOARD": _Make(
        lambda: _halved, 128, *_CYTON_SCALE, True, daisy.CHANNEL_DELAY_S, spoilt=1
    ),
    "GANGLION_BOARD": _GANGLION,
    "GANGLION_NATIVE_BOARD": _GANGLION,
    "SYNTHETIC_BOARD": _Make(lambda: _as_sent, 256),
}


class RowReader:
    """Reads the table of one board, from the start of its stream on.

    Attributes:
        modulus: of the counters in `Batch`.
    """

    def __init__(self, board: str, description: Mapping[str, Any]) -> None:
        """Know the rows of a board by its name and BrainFlow's description of it."""
        self._make = _MAKES.get(board, _Make())
        self._numbers = self._make.numbering()
        self._packet: int = description["package_num_channel"]
        self._eeg: list[int] = description["eeg_channels"]
        self._others: list[int] = description.get("other_channels", [])
        self.modulus = self._make.modulus
        self._spoilt = self._make.spoilt

    def describe(self, kind: str, port: str, firmware: str, rate_hz: float) -> BoardInfo:
        """Return what the board is, as far as its make and BrainFlow's description tell."""
        others = tuple(f"other{number}" for number in range(1, len(self._others) + 1))
        return BoardInfo(
            kind=kind,
            port=port,
            serial=serial_number(port) if port else "",
            firmware=firmware,
            rate_hz=rate_hz,
            channels=len(self._eeg),
            uv_per_count=self._make.uv_per_count,
            rail_counts=self._make.rail_counts,
            aux_labels=frames.AUX_LABELS if self._make.has_pins else others,
            channel_delay_s=self._make.channel_delay_s,
        )

    def read(self, rows: Rows, arrival_ns: NDArray[np.int64]) -> Batch:
        """Turn n samples into a batch; what is spoilt at the start of the stream is left out.

        Args:
            rows: (rows, n) as BrainFlow returned them.
            arrival_ns: (n,) CLOCK_MONOTONIC right after.
        """
        skipped = min(self._spoilt, rows.shape[1])
        self._spoilt -= skipped
        rows, arrival_ns = rows[:, skipped:], arrival_ns[skipped:]
        aux, board_ms = self._read_aux(rows)
        return Batch(
            counters=self._numbers(rows[self._packet].astype(np.int64)),
            counts=_to_int32(rows[self._eeg].T / self._make.uv_per_count),
            aux=aux,
            arrival_ns=arrival_ns,
            board_ms=board_ms,
        )

    def _read_aux(self, rows: Rows) -> tuple[NDArray[np.int32], NDArray[np.int32] | None]:
        """Return the aux columns, and the board's milliseconds where all samples have them."""
        if not self._make.has_pins:
            return _to_int32(rows[self._others].T), None
        aux, timed = _pins_and_ms(rows, self._others)
        return aux, aux[:, 2] if timed.all() else None


def _pins_and_ms(rows: Rows, others: Sequence[int]) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Return columns frames.AUX_LABELS, and (n,) True where the milliseconds are among them.

    Of a Daisy's pair, a pin counts as on if it was on in either packet; the mean of the bytes of
    two numbers is the mean of the numbers.
    """
    stop, pins, ms = rows[others[0]], rows[others[1:3]], rows[others[3:7]]
    timed: NDArray[np.bool_] = (stop == frames.STOP_TIME) | (stop == frames.STOP_TIME_SET)
    aux = np.zeros((rows.shape[1], len(frames.AUX_LABELS)), np.int32)
    aux[:, :2] = (np.ceil(pins) * (timed | (stop == frames.STOP_DIGITAL))).T
    aux[:, 2] = (_BIG_ENDIAN @ ms * timed).astype(np.int64).astype(np.int32)
    return aux, timed


def _to_int32(numbers: Rows) -> NDArray[np.int32]:
    """Round; what is too large for 32 bits becomes the largest there is."""
    whole = np.clip(np.rint(numbers), -_NO_RAIL, _NO_RAIL)
    return np.asarray(np.nan_to_num(whole, nan=MISSING_COUNT), np.int32)
