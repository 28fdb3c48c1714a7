"""Boards whose every word is written down beforehand, on a clock that only the test moves."""

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hardware.board import (
    Block,
    BoardFault,
    BoardInfo,
    BoardState,
    Event,
    FaultKind,
    Gap,
    GapCause,
    PacketTally,
    StateChange,
)
from hardware.packets.counter import CounterUnwrapper
from recorder.settings.board import DEFAULT_CHANNELS
from tests.recorder.session_files import START_NS

RATE_HZ = 250.0
UV_PER_COUNT = 4.5 / 24 / (2**23 - 1) * 1e6
INFO = BoardInfo(
    kind="cyton",
    port="scripted",
    serial="",
    firmware="v3.1.2",
    rate_hz=RATE_HZ,
    channels=8,
    uv_per_count=UV_PER_COUNT,
    rail_counts=2**23 - 1,
    aux_labels=("stop_byte", "board_ms"),
)
READ_NS = 16_000_000  # an FTDI adapter's timer
BATCH = 10

Signal = Callable[[NDArray[np.float64]], NDArray[np.float64]]
Timed = tuple[int, Event]


class Clock:
    """CLOCK_MONOTONIC of a test."""

    def __init__(self, now_ns: int = START_NS) -> None:
        self.now_ns = now_ns

    def __call__(self) -> int:
        return self.now_ns

    def advance(self, seconds: float) -> None:
        self.now_ns += round(seconds * 1e9)


def eeg(seed: int, alpha_uv: Mapping[str, float] = {}, *, channels: int = 8) -> Signal:
    """Noise of 5 µV in every channel, and 10 Hz of the given amplitudes, by label."""
    noise = np.random.default_rng(seed).normal(0, 5, (4096, channels))
    amplitude = np.array([alpha_uv.get(label, 0.0) for label in DEFAULT_CHANNELS[:channels]])

    def uv(t_s: NDArray[np.float64]) -> NDArray[np.float64]:
        row = np.rint(t_s * RATE_HZ).astype(np.int64) % len(noise)
        tones: NDArray[np.float64] = np.sin(2 * np.pi * 10 * t_s)[:, None] * amplitude
        return noise[row] + tones

    return uv


@dataclass
class Air:
    """What a board sends, on its way to the host: the real unwrapper gives every packet its place.

    A stretch of streaming is a list of indexes in the order in which their packets arrive; what is
    not in it is lost.
    """

    signal: Signal = field(default_factory=lambda: eeg(1))
    info: BoardInfo = INFO
    rate_hz: float = RATE_HZ
    first_segment: int = 0

    def __post_init__(self) -> None:
        self._unwrapper = CounterUnwrapper(self.rate_hz, first_segment=self.first_segment)
        self._newest_ns: int | None = None

    def stretch(
        self,
        begin_ns: int,
        order: Sequence[int],
        *,
        cause: GapCause = GapCause.NO_ANSWER,
        batch: int = BATCH,
    ) -> list[Timed]:
        """A segment from its first packet to its end, with what became of each packet when."""
        return [*self.begin(begin_ns, cause), *self.go_on(begin_ns, order, batch), *self.end()]

    def begin(self, begin_ns: int, cause: GapCause) -> list[Timed]:
        segment = self._unwrapper.begin_segment()
        if self._newest_ns is None:
            return []
        return [(begin_ns, Gap(segment, 0, 0, cause, self._newest_ns, begin_ns))]

    def go_on(self, begin_ns: int, order: Sequence[int], batch: int = BATCH) -> Iterator[Timed]:
        """What becomes of these packets, `batch` of them at a time."""
        index = np.array(order, np.int64)
        sent_ns = (np.maximum.accumulate(index) + 1) * 1e9 / self.rate_hz
        arrival_ns = begin_ns + np.ceil(sent_ns / READ_NS).astype(np.int64) * READ_NS
        counts = self._counts((begin_ns - START_NS) * 1e-9 + index / self.rate_hz)
        aux = np.stack([index % 16, 4 * index], axis=1).astype(np.int32)
        for at in range(0, len(index), batch):
            batch_ns = arrival_ns[at : at + batch]
            self._newest_ns = int(batch_ns[-1])
            for it in self._unwrapper.feed(index[at : at + batch] % 256, batch_ns):
                if isinstance(it, Gap):
                    yield self._newest_ns, it
                    continue
                part = slice(at + it.start, at + it.stop)
                assert it.first_index == index[part.start]
                run = (counts[part], aux[part], arrival_ns[part], it.late)
                yield self._newest_ns, Block(self._unwrapper.segment, it.first_index, *run)

    def end(self) -> list[Timed]:
        end_ns = self._newest_ns or START_NS
        return [(end_ns, gap) for gap in self._unwrapper.end_segment()]

    def _counts(self, t_s: NDArray[np.float64]) -> NDArray[np.int32]:
        counts = np.rint(self.signal(t_s) / self.info.uv_per_count)
        return np.clip(counts, -self.info.rail_counts, self.info.rail_counts).astype(np.int32)


class ScriptedBoard:
    """Says what it was told to when the clock has come to it; a `hardware.board.Board`."""

    def __init__(
        self,
        clock: Clock,
        script: Iterable[Timed] = (),
        *,
        info: BoardInfo = INFO,
        known: bool = True,
        fault: BoardFault | None = None,
    ) -> None:
        self.closed = False
        self.polls = 0
        self.moved_to: list[str] = []
        self.infos: dict[int, BoardInfo] = {}  # of segments that were of another than now
        self.stays_unknown = False
        self._clock = clock
        self._info = info
        self._known = known
        self._fault = fault
        self._state = BoardState.CLOSED
        self._tally = PacketTally()
        self._script: list[tuple[int, int, Event]] = []
        self._planned = 0
        self.plan(script)

    def plan(self, script: Iterable[Timed]) -> None:
        """Say these too, at their times."""
        for at_ns, event in script:
            self._planned += 1
            heapq.heappush(self._script, (at_ns, self._planned, event))

    def plan_state(
        self, at_ns: int, state: BoardState, fault: str = "", kind: FaultKind | None = None
    ) -> None:
        self.plan([(at_ns, StateChange(state, at_ns, fault, kind))])

    def see(self, **facts: float) -> None:
        """Have these facts in the tally from now on."""
        self._tally = self._tally._replace(**facts)  # type: ignore[arg-type]

    @property
    def info(self) -> BoardInfo | None:
        return self._info if self._known else None

    def info_of(self, segment: int) -> BoardInfo | None:
        return self.infos.get(segment, self.info)

    @property
    def state(self) -> BoardState:
        return self._state

    @property
    def beats(self) -> int | None:
        return None

    @property
    def tally(self) -> PacketTally:
        return self._tally

    def open(self) -> BoardInfo:
        if self._fault is not None:
            raise self._fault
        self._known = True
        return self._info

    def start(self) -> None:
        if not self.stays_unknown:
            self.open()

    def poll(self) -> list[Event]:
        self.polls += 1
        events: list[Event] = []
        while self._script and self._script[0][0] <= self._clock():
            events.append(heapq.heappop(self._script)[2])
        for event in events:
            self._note(event)
        return events

    def move(self, port: str) -> None:
        self.moved_to.append(port)

    def close(self) -> None:
        self.closed = True

    def _note(self, event: Event) -> None:
        if isinstance(event, StateChange):
            self._state = event.state
        elif isinstance(event, Gap):
            self._tally = self._tally._replace(lost=self._tally.lost + event.count)
        else:
            self._known = True
            late = len(event) if event.late else 0
            self._tally = self._tally._replace(
                samples=self._tally.samples + len(event), late=self._tally.late + late
            )
