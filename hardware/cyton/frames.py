"""The Cyton's serial protocol: bytes in, packets out, and the way back. No I/O.

While it streams, the board sends frames of 33 bytes, by itself, about 250 a second:

    offset  bytes  content
         0      1  0xA0
         1      1  sample counter, 0-255; 0 at every start of the stream
         2     24  8 channels, each 24 bits, big-endian two's complement
        26      6  aux, by the stop byte
        32      1  stop byte, 0xC0-0xCF

    stop byte    aux bytes (board in digital mode, `/3`)
    C1           D11, D12, then other pins; one byte each, 0 or 1
    C5, C6       D11, D12, then the board's milliseconds, uint32 big-endian
                 (C5 once after `<` has switched time stamps on, C6 from then on)

The aux bytes of the default mode are in hardware/cyton/aux_mode.py, what a Daisy does to the
channels is in hardware/cyton/daisy.py.

A frame has no checksum: a flipped byte in it cannot be seen, a missing one can. While it does not
stream, the board answers commands in text that ends with `$$$`.

Sources: OpenBCI_Cyton_Library (firmware 3.1), OpenBCI_Radios, OpenBCI's Cyton data format page.
"""

import re
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

FRAME_BYTES = 33
CHANNELS = 8
RATE_HZ = 250.0
GAIN = 24  # after a reset
RAIL_COUNTS = 2**23 - 1
UV_PER_COUNT = 4.5e6 / GAIN / RAIL_COUNTS  # 4.5 V reference
BAUD, OTHER_BAUDS = 115_200, (230_400, 921_600)
COUNTER_MODULUS = 256
AUX_LABELS = ("D11", "D12", "board_ms")

HEAD = 0xA0  # and a frame ends with 0xC0-0xCF
STOP_DIGITAL = 0xC1
STOP_TIME_SET = 0xC5
STOP_TIME = 0xC6

STOP_STREAM = b"s"
START_STREAM = b"b"
RESET = b"v"
DEFAULT_MODE = b"/0"
DIGITAL_MODE = b"/3"
TIME_STAMPS_ON, TIME_STAMPS_OFF = b"<", b">"
DEFAULT_INPUTS = b"d"
DEFAULT_RATE = b"~6"
REGISTERS = b"?"
DONGLE_CHANNEL = b"\xf0\x00"
DONGLE_DEFAULT_BAUD = b"\xf0\x05"
DONGLE_STATUS = b"\xf0\x07"

END_OF_REPLY = b"$$$"

_T = TypeVar("_T", bound=np.generic)
_NO_IDENTITY = (0x00, 0xFF)  # what a wire says to which nothing is connected
_NO_BOARD = (b"System is Down", b"failed to poll Host", b"Host on Channel number")
_NEAR_COUNTERS = 4  # so many frames may be lost and the next one's counter is still a witness
_SLAB_FRAMES = 1024  # bounds the work repeated after each damaged frame
_NO_FRAME = np.empty((0, FRAME_BYTES), np.uint8)
_NO_END = np.empty(0, np.int64)
_FRAME_ENDS = FRAME_BYTES * np.arange(1, _SLAB_FRAMES + 1)


@dataclass(frozen=True, slots=True, eq=False)
class Packets:
    """n frames, in the order of arrival; what is asked of them is read from their bytes.

    Attributes:
        frames: (n, 33) uint8, without gaps in memory.
        end_offset: (n,) int64, offset in the whole byte stream just behind the frame.
    """

    frames: NDArray[np.uint8]
    end_offset: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.frames)

    @property
    def counter(self) -> NDArray[np.uint8]:
        """(n,) as sent."""
        return self.frames[:, 1]

    @property
    def aux(self) -> NDArray[np.uint8]:
        """(n, 6) undecoded."""
        return self.frames[:, 26:32]

    @property
    def stop(self) -> NDArray[np.uint8]:
        """(n,) 0xC0-0xCF."""
        return self.frames[:, 32]

    @property
    def counts(self) -> NDArray[np.int32]:
        """(n, 8)."""
        words = self._words(2, CHANNELS, 3)  # of each, the lowest byte is that of what is behind
        words >>= 8
        return words

    @property
    def board_ms(self) -> NDArray[np.int32]:
        """(n,) the last four aux bytes: the board's milliseconds, if it sends them."""
        return self._words(28, 1, 4)[:, 0]

    def where(self, rows: slice | NDArray[np.bool_]) -> "Packets":
        """Return some of them."""
        return Packets(self.frames[rows], self.end_offset[rows])

    def _words(self, offset: int, columns: int, step: int) -> NDArray[np.int32]:
        """Return (n, columns) numbers of four bytes, so many bytes apart."""
        shape = len(self), columns
        if not len(self):
            return np.empty(shape, np.int32)
        words = np.ndarray(shape, ">i4", self.frames, offset, (FRAME_BYTES, step))
        return words.astype(np.int32)


class FrameDecoder:
    """Finds the frames in a byte stream; what it finds does not depend on how reads cut the stream.

    In step, a frame is a head and the last frame's stop byte at their places right behind that
    frame. At the first that is not, the search begins at that very place for a frame with a
    second witness: one lost byte costs one frame. Any stop byte will not do: a frame that has lost
    bytes reaches into the next, where one in sixteen looks like one.

    Attributes:
        damaged_bytes: bytes that belonged to no frame, so far.
    """

    def __init__(self) -> None:
        self.damaged_bytes = 0
        self._rest = b""
        self._rest_offset = 0
        self._in_step = True
        self._last_counter = 0
        self._last_stop = -1  # none yet

    @property
    def missing_bytes(self) -> int:
        """How many bytes end the frame under way; 33 between two frames."""
        return FRAME_BYTES - len(self._rest) % FRAME_BYTES

    def feed(self, data: bytes) -> Packets:
        """Take the next bytes of the stream; return the packets that they complete.

        At most one frame is kept for the next call.
        """
        stream = self._rest + data
        whole = len(stream) // FRAME_BYTES
        if self._goes_on(stream, whole):
            return self._take_whole(stream, whole)
        octets = np.frombuffer(stream, np.uint8)
        runs: list[NDArray[np.uint8]] = []
        ends: list[NDArray[np.int64]] = []
        at = 0
        while len(stream) - at >= FRAME_BYTES or not self._in_step:
            if not self._in_step:
                at = self._hunt(stream, at)
                if not self._in_step:
                    break
            run = self._take_run(octets[at:])
            runs.append(run)
            ends.append(self._rest_offset + at + _FRAME_ENDS[: len(run)])
            at += run.size
        self._rest = stream[at:]
        self._rest_offset += at
        return Packets(_joined(runs, _NO_FRAME), _joined(ends, _NO_END))

    def _goes_on(self, stream: bytes, n: int) -> bool:
        """Return whether n frames in a row are intact: the usual case, told quickly."""
        if not (self._in_step and self._last_stop >= 0 and 0 < n <= _SLAB_FRAMES):
            return False
        end = n * FRAME_BYTES
        heads, stops = stream[:end:FRAME_BYTES], stream[FRAME_BYTES - 1 : end : FRAME_BYTES]
        return heads.count(HEAD) == n == stops.count(self._last_stop)

    def _take_whole(self, stream: bytes, n: int) -> Packets:
        end = n * FRAME_BYTES
        frames = np.frombuffer(stream, np.uint8, end).reshape(n, FRAME_BYTES)
        packets = Packets(frames, self._rest_offset + _FRAME_ENDS[:n])
        self._last_counter = stream[end - FRAME_BYTES + 1]
        self._rest = stream[end:]
        self._rest_offset += end
        return packets

    def _take_run(self, octets: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the intact frames in a row from the first byte on, as a view (run, 33)."""
        whole = min(len(octets) // FRAME_BYTES, _SLAB_FRAMES)
        frames = octets[: whole * FRAME_BYTES].reshape(whole, FRAME_BYTES)
        if self._last_stop < 0 and _is_stop(int(frames[0, -1])):
            self._last_stop = int(frames[0, -1])
        intact = (frames[:, 0] == HEAD) & (frames[:, -1] == self._last_stop)
        run = frames if intact.all() else frames[: int(intact.argmin())]
        self._in_step = len(run) > 0
        if self._in_step:
            self._last_counter = int(run[-1, 1])
        return run

    def _hunt(self, stream: bytes, at: int) -> int:
        """Return where the next sure frame begins, or the first byte that may yet be one."""
        begin = stream.find(HEAD, at)
        while 0 <= begin < len(stream) - FRAME_BYTES and not self._in_step:
            self._in_step = self._is_sure(stream[begin : begin + FRAME_BYTES + 1])
            if self._in_step:
                self._last_stop = stream[begin + FRAME_BYTES - 1]
            else:
                begin = stream.find(HEAD, begin + 1)
        begin = begin if begin >= 0 else len(stream)
        self.damaged_bytes += begin - at
        return begin

    def _is_sure(self, frame: bytes) -> bool:
        """Tell a frame from data that holds a head and, 32 bytes on, a stop byte by chance.

        The second witness is the head of the next frame, or counter and stop byte that continue
        those of the last.
        """
        ahead = (frame[1] - self._last_counter) % COUNTER_MODULUS
        continues = frame[32] == self._last_stop and 0 < ahead <= _NEAR_COUNTERS
        return _is_stop(frame[32]) and (frame[33] == HEAD or continues)


def _is_stop(octet: int) -> bool:
    return octet >> 4 == 0xC


def _joined(parts: list[NDArray[_T]], none: NDArray[_T]) -> NDArray[_T]:
    return parts[0] if len(parts) == 1 else np.concatenate([none, *parts])


def encode_frames(
    counters: NDArray[np.integer],
    counts: NDArray[np.integer],
    aux: NDArray[np.uint8],
    stop: int | NDArray[np.uint8],
) -> bytes:
    """Make the bytes that `FrameDecoder` turns back into these packets.

    Args:
        counters: (n,), taken modulo 256.
        counts: (n, 8) within 24 bits, signed.
        aux: (n, 6).
        stop: 0xC0-0xCF, one for all or (n,).

    Raises:
        ValueError: a count is beyond 24 bits, or a stop byte is none.
    """
    if np.any(counts > RAIL_COUNTS) or np.any(counts < -RAIL_COUNTS - 1):
        raise ValueError(f"counts reach from {counts.min()} to {counts.max()}, beyond 24 bits")
    if np.any(np.asarray(stop) >> 4 != 0xC):
        raise ValueError(f"stop byte {stop} is not 0xC0-0xCF")
    words = np.ascontiguousarray(counts, ">i4").view(np.uint8).reshape(-1, CHANNELS, 4)
    frames = np.empty((len(counts), FRAME_BYTES), np.uint8)
    frames[:, 0] = HEAD
    frames[:, 1] = counters.astype(np.uint8)
    frames[:, 2:26] = words[:, :, 1:].reshape(-1, 3 * CHANNELS)
    frames[:, 26:32] = aux
    frames[:, 32] = stop
    return frames.tobytes()


def decode_aux(packets: Packets) -> NDArray[np.int32]:
    """Return the trigger pins and the board's own time.

    Returns:
        (n, 3) int32 with columns AUX_LABELS: D11, D12 (0 or 1) and board_ms, the board's uint32
        milliseconds modulo 2**32. Whatever the stop byte does not promise is 0.
    """
    aux = np.empty((len(packets), len(AUX_LABELS)), np.int32)
    aux[:, :2] = packets.aux[:, :2]
    aux[:, 2] = packets.board_ms
    if packets.stop.tobytes().count(STOP_TIME) < len(packets):
        timed = has_board_ms(packets)
        aux[~timed, 2] = 0
        aux[~timed & (packets.stop != STOP_DIGITAL), :2] = 0
    return aux


def has_board_ms(packets: Packets) -> NDArray[np.bool_]:
    """Return (n,) True where the packet carries the board's milliseconds."""
    timed: NDArray[np.bool_] = packets.stop - np.uint8(STOP_TIME_SET) <= STOP_TIME - STOP_TIME_SET
    return timed


@dataclass(frozen=True, slots=True)
class Banner:
    """What a board says of itself after a reset.

    Attributes:
        firmware: as "v3.1.2", or "" when it names none.
        has_daisy: whether it has found a Daisy.
        dead: converters that gave no identity of their own, each with what was read instead.
    """

    firmware: str
    has_daisy: bool
    dead: tuple[str, ...] = ()


def read_banner(reply: bytes) -> Banner:
    """Read the reply to RESET.

    Raises:
        ValueError: it is not the banner of an OpenBCI board.
    """
    if b"OpenBCI" not in reply:
        raise ValueError(f"not an OpenBCI banner: {reply[:60]!r}")
    firmware = re.search(rb"Firmware: (v[\w.]+)", reply)
    converters = re.findall(rb"(Daisy )?ADS1299 Device ID: (0x[0-9A-Fa-f]+)", reply)
    dead = tuple(
        f"{'Daisy' if daisy else 'Cyton'}: {identity.decode()}"
        for daisy, identity in converters
        if int(identity, 16) in _NO_IDENTITY
    )
    return Banner(firmware[1].decode() if firmware else "", b"On Daisy" in reply, dead)


def is_failure(reply: bytes) -> bool:
    """Return whether the dongle or the board says that a command failed."""
    return b"Failure" in reply


def misses_board(reply: bytes) -> bool:
    """Return whether the dongle says that it hears no board."""
    return is_failure(reply) and any(said in reply for said in _NO_BOARD)


def is_overflow(reply: bytes) -> bool:
    """Return whether the board was flooded, and resets itself: a banner follows."""
    return b"buffer overflowed. Soft reset" in reply


def radio_channel(reply: bytes) -> int | None:
    """Return the dongle's radio channel (0-25) from its reply to DONGLE_CHANNEL, or None.

    It stands there twice, in digits and then as a raw byte: the reply is not text, and on
    channels 10 and 13 it holds what looks like the end of a line.
    """
    digits = re.search(rb"hannel number: (\d{1,2})", reply)
    return int(digits[1]) if digits else None
