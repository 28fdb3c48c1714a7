"""The Board protocol and the values that cross it.

A board is one amplifier on one person. Whatever its make, it is opened, started, polled and closed
in the same way, and it speaks in three values:

    Block         samples that travelled together, each known by segment and unwrapped index
    Gap           samples or a stretch of time that did not arrive, with the cause
    StateChange   what the board is doing, in words a therapist can act on

Damage to the data is a value (Gap). A board that cannot be used is a BoardFault.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from hardware.board_fault import BoardFault, FaultKind

__all__ = [
    "MISSING_COUNT",
    "NO_DEVICE",
    "Block",
    "Board",
    "BoardFault",
    "BoardInfo",
    "BoardState",
    "Device",
    "Event",
    "FaultKind",
    "Gap",
    "GapCause",
    "PacketTally",
    "Shortcoming",
    "StateChange",
    "cause_of",
    "last_of_reads",
]


Device = tuple[int, int, int]  # tells one device behind a path from the next; see hardware.keeper
NO_DEVICE: Final = (0, 0, 0)  # behind no path: always there

# Stands in `Block.counts` and `Block.aux` where there is no value: no 24-bit converter gives it.
MISSING_COUNT = -(2**31)


class BoardState(StrEnum):
    """What a board is doing; `fault` on a StateChange says why, in one line."""

    CLOSED = "closed"
    OPENING = "opening"
    STREAMING = "streaming"
    STALLED = "stalled"  # the port is there, valid packets have stopped
    LOST = "lost"  # the port is gone or the board does not answer; being reopened


class GapCause(StrEnum):
    """Why samples are missing; session files hold these words."""

    RADIO = "radio"  # a few packets lost in the air or on the cable
    TAKEN = "taken"  # every few packets, again and again: another program may read them
    HALF = "half"  # one of a sample's two packets lost (Cyton + Daisy): half of it is there
    SILENCE = "silence"  # packets stopped for 0.5 s or more, and resumed or the session ended
    UNPLUGGED = "unplugged"  # the port went away
    UNCONFIRMED = "unconfirmed"  # a board came back, and nobody knew yet whose it is
    NO_ANSWER = "no_answer"  # packets stopped and the board had to be opened again
    OVERRUN = "overrun"  # the host did not fetch what had arrived
    CROWDED = "crowded"  # two boards on one radio channel that could not be told apart
    RESTART = "restart"  # the service was restarted in mid-session


_CAUSES = {
    FaultKind.UNPLUGGED: GapCause.UNPLUGGED,
    FaultKind.CROWDED: GapCause.CROWDED,
    FaultKind.MOVED: GapCause.UNCONFIRMED,
    FaultKind.UNCONFIRMED: GapCause.UNCONFIRMED,
}


def cause_of(kind: FaultKind | None) -> GapCause:
    """Why samples are missing while a board cannot be used for that reason."""
    return GapCause.NO_ANSWER if kind is None else _CAUSES.get(kind, GapCause.NO_ANSWER)


@dataclass(frozen=True, slots=True)
class Shortcoming:
    """What a board cannot do although it is used.

    Attributes:
        kind: a word that stands for it, as that of an alarm.
        of: which firmware or channels.
    """

    kind: str
    of: str


@dataclass(frozen=True, slots=True)
class BoardInfo:
    """What an opened board is.

    Attributes:
        kind: `cyton`, `cyton-daisy` and so on.
        port: the path it was opened by.
        serial: the USB serial number of its port, or "".
        firmware: as the board states it, or "".
        rate_hz: nominal sample rate; the true one is measured.
        channels: number of EEG channels.
        uv_per_count: microvolts per count.
        rail_counts: a sample at or beyond +-rail_counts is railed.
        aux_labels: names of the columns of `Block.aux`.
        channel_delay_s: by how much each channel's value is older than the time of its sample's
            index: what a channel was at instant t stands at the index of t + delay. Empty: 0.
        place: where its dongle is plugged in, the link in /dev/serial/by-path, or "".
        device: behind the port when it was opened; another one after the dongle was away.
        shortcomings: what people should know of it.
        radio_channel: of its dongle, or None when it has none or does not say.
    """

    kind: str
    port: str
    serial: str
    firmware: str
    rate_hz: float
    channels: int
    uv_per_count: float
    rail_counts: int
    aux_labels: tuple[str, ...]
    channel_delay_s: tuple[float, ...] = ()
    place: str = ""
    device: Device | None = NO_DEVICE
    shortcomings: tuple[Shortcoming, ...] = ()
    radio_channel: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """A run of n consecutive samples of one segment.

    Attributes:
        segment: a stretch between (re)starts of the board's stream, counted from 0.
        first_index: unwrapped index of the first sample within the segment.
        counts: (n, channels) int32, the board's own integers; MISSING_COUNT where a sample of a
            Cyton + Daisy lacks one half.
        aux: (n, len(aux_labels)) int32; unsigned 32-bit values are kept modulo 2**32.
            MISSING_COUNT in the columns of a half that is missing, and in those of the
            accelerometer while it has nothing new.
        arrival_ns: (n,) int64, CLOCK_MONOTONIC when the read that completed the sample returned;
            samples of one read share it.
        late: these samples came after later ones and fill the hole those had jumped over.
        is_backlog: they had waited while the host stood still: `arrival_ns` is when it woke up.
    """

    segment: int
    first_index: int
    counts: NDArray[np.int32]
    aux: NDArray[np.int32]
    arrival_ns: NDArray[np.int64]
    late: bool = False
    is_backlog: bool = False

    def __len__(self) -> int:
        return len(self.counts)


def last_of_reads(arrival_ns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return which of n > 0 samples were the last of their reads: (reads,) places.

    Args:
        arrival_ns: (n,) as of a Block.
    """
    changes = (arrival_ns[1:] != arrival_ns[:-1]).nonzero()[0]
    return np.concatenate([changes, [len(arrival_ns) - 1]])


@dataclass(frozen=True, slots=True)
class Gap:
    """Samples or time without data.

    Attributes:
        segment: the segment of the missing samples; for a gap between segments, the later one.
        first_index: index of the first missing sample; 0 for a gap between segments.
        count: how many samples are missing; 0 for a gap between segments, where only time is known.
            With the cause HALF the samples are in a block, and half of their channels is missing.
        cause: why.
        begin_ns, end_ns: CLOCK_MONOTONIC of the last arrival before and the first arrival after.
            Between segments it begins when the last sample would have come, had it not waited.
    """

    segment: int
    first_index: int
    count: int
    cause: GapCause
    begin_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class StateChange:
    """A board changed its state at `t_ns`.

    Attributes:
        fault: one line for people, "" when all is well.
        kind: of the fault, if it made the board unusable.
    """

    state: BoardState
    t_ns: int
    fault: str = ""
    kind: FaultKind | None = None


Event = Block | Gap | StateChange


class PacketTally(NamedTuple):
    """What has been seen since the board was created."""

    samples: int = 0  # delivered in blocks, late ones included
    lost: int = 0  # known missing by their counter; falls when packets come late
    late: int = 0  # delivered after later ones
    duplicate: int = 0  # seen twice, dropped
    damaged_bytes: int = 0  # skipped while looking for the next frame
    halves: int = 0  # of `samples`, with half of their channels missing (Cyton + Daisy)
    strangers: int = 0  # packets of another board on the same radio channel, dropped
    crowded: bool = False  # such packets came within the last ten seconds
    taken: bool = False  # so many were missing lately that another program may read them
    paused_s: float = 0.0  # how long the host stood still last, so that nothing was read
    pause_end_ns: int = 0  # CLOCK_MONOTONIC when that ended; 0 before the first time


class Board(Protocol):
    """One amplifier. `open` and `close` block; `poll` never does. One thread calls them all.

    Only `close` may come from elsewhere, another thread or a signal's handler, to end an `open`.
    """

    @property
    def info(self) -> BoardInfo | None:
        """What the board is; None until it has been opened once."""

    def info_of(self, segment: int) -> BoardInfo | None:
        """What it was when this segment came, which may be another than now; None: not known."""

    @property
    def state(self) -> BoardState:
        """What it is doing now; the newest StateChange says since when and why."""

    @property
    def tally(self) -> PacketTally:
        """What has been seen so far."""

    @property
    def beats(self) -> int | None:
        """A number that changes, within a minute, while the reader lives; None without one."""

    def open(self) -> BoardInfo:
        """Make the board ready to stream, once.

        Raises:
            BoardFault: it cannot be used; the text says what to do.
            hardware.board_fault.Closing: `close` was called meanwhile.
        """

    def start(self) -> None:
        """Stream, and keep streaming: reopen after a loss, until closed. Opens if need be."""

    def poll(self) -> list[Event]:
        """Everything that happened since the last call, oldest first."""

    def move(self, port: str) -> None:
        """Leave the port, and stream from another one: the boards of two people were exchanged."""

    def close(self) -> None:
        """Stop the stream and free the port. May be called twice."""
