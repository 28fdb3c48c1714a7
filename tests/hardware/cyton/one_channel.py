"""Two boards on one radio channel, on a simulated clock: what a dongle hears, and what comes of it.

The own board streams from the start; the other comes near after COMES_S, and its counts are
negative. All channels of the own board are the number of the sample.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hardware.board import Block, Event, Gap, GapCause
from hardware.board_fault import BoardFault, FaultKind
from hardware.cyton.assembler import BlockAssembler
from hardware.cyton.frames import FRAME_BYTES, encode_frames
from hardware.rest import Read, RestingReader, is_halfway
from tests.hardware.simulated_line import SimulatedLine

COMES_S = 5.0
CROSSES_S = 7.0  # after it has come
WAY_S = 7.2e-3
TIMED, UNTIMED = 0xC6, 0xC1
SHARES = (0.01, 0.1, 0.5, 1.0)
TOLD_WITHIN_S, KEPT = 3.0, 0.99
_TURN_S = 256 / 250.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """What is on the air.

    Attributes:
        apart: by how much the other board's counter is ahead when it comes.
        share: of its packets that are heard.
        younger_s: by how much later it was switched on.
        rates_hz: of the own board and the other one.
        stop: of all packets: with milliseconds (TIMED) or without.
        loss: of the own packets.
        seconds: how long it lasts.
        comes_s: when the other board comes.
        seed: for what is lost, and when the own board was switched on.
    """

    apart: int
    share: float = 1.0
    younger_s: float = 100.0
    rates_hz: tuple[float, float] = (250.33, 250.51)
    stop: int = TIMED
    loss: float = 0.0
    seconds: float = 20.0
    comes_s: float = COMES_S
    seed: int = 1

    @property
    def born_s(self) -> tuple[float, float]:
        """When both boards were switched on."""
        own_s = -np.random.default_rng([self.seed, 1]).uniform(1000, 1e4)
        return own_s, own_s + self.younger_s


@dataclass
class Outcome:
    """What came of it.

    Attributes:
        heard: packets of the own board that reached the host, until the stream was given up.
        own: samples of the own board that were delivered; `foreign`, of the other one.
        misplaced: of the own ones, those whose index is not their number.
        told_s: how long after the other board came it was told of; None if it was not.
        doubt: why the stream was given up.
        gaps: all of them.
    """

    heard: int = 0
    own: int = 0
    foreign: int = 0
    misplaced: int = 0
    told_s: float | None = None
    doubt: BoardFault | None = None
    gaps: list[Gap] = field(default_factory=list)

    def take(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, Gap):
                self.gaps.append(event)
            elif isinstance(event, Block):
                number = event.counts[:, 0]
                index = event.first_index + np.arange(len(event))
                self.own += int((number >= 0).sum())
                self.foreign += int((number < 0).sum())
                self.misplaced += int(((index != number) & (number >= 0)).sum())


def channels(apart: range, stop: int, seed: int) -> Iterator[Channel]:
    """One run for each distance and share; in each fourth both clocks drift through each other."""
    rng = np.random.default_rng(seed)
    for place, counters in enumerate(apart):
        for share in SHARES:
            own_hz, other_hz = 250 * (1 + rng.uniform(-0.01, 0.01, 2))
            younger_s = rng.choice([-1, 1]) * rng.uniform(1, 600)
            if place % 4 == 0:
                met = counters + CROSSES_S * (other_hz - own_hz)
                younger_s = _TURN_S * rng.choice([-1, 1]) * rng.integers(1, 600) - met / own_hz
            yield Channel(
                apart=counters,
                share=share,
                younger_s=float(younger_s),
                rates_hz=(float(own_hz), float(other_hz)),
                stop=stop,
                loss=0.005,
                seed=int(rng.integers(2**32)),
            )


def flaws(channel: Channel, outcome: Outcome) -> list[str]:
    """What is not as it must be."""
    found = []
    if outcome.foreign:
        found.append(f"{outcome.foreign} samples are the other board's")
    if outcome.misplaced:
        found.append(f"{outcome.misplaced} samples have the place of another")
    if outcome.told_s is None or outcome.told_s > TOLD_WITHIN_S:
        found.append(f"told of after {outcome.told_s} s")
    if channel.stop == TIMED and outcome.own < KEPT * outcome.heard:
        found.append(f"{outcome.own} of {outcome.heard} own packets kept")
    if channel.stop == UNTIMED and not is_crowd(outcome.doubt):
        found.append(f"not given up: {outcome.doubt}")
    return found


def is_crowd(doubt: BoardFault | None) -> bool:
    return doubt is not None and doubt.kind is FaultKind.CROWDED


def listen(channel: Channel, assembler: BlockAssembler | None = None) -> Outcome:
    """Return what an assembler makes of all that is heard."""
    outcome, assembler = Outcome(), assembler or BlockAssembler(250.0)
    assembler.begin_stream(0)
    at_ns, is_own, octets = _heard(channel)
    packets_read = 0
    for reads in _read(at_ns, octets):
        outcome.take(assembler.feed(reads))
        before, packets_read = packets_read, packets_read + _packets_in(reads)
        outcome.heard += int(is_own[before:packets_read].sum())
        if assembler.tally.crowded and outcome.told_s is None:
            outcome.told_s = reads[-1][1] / 1e9 - channel.comes_s
        if assembler.doubt is not None:
            break
    outcome.doubt = assembler.doubt
    cause = GapCause.CROWDED if is_crowd(outcome.doubt) else GapCause.NO_ANSWER
    outcome.take(assembler.end_stream(cause))
    return outcome


def listen_again(assembler: BlockAssembler, begin_s: float, born_s: float) -> list[Event]:
    """Return what is made of one board alone, that was switched on then and is opened now."""
    assembler.begin_stream(round(begin_s * 1e9))
    taken_s, number, ms = _sent(250.0, begin_s, begin_s + 1.0, born_s)
    parts = _read(_at_ns(taken_s), packets(number, number, ms, TIMED))
    return [event for part in parts for event in assembler.feed(part)]


def packets(
    counters: NDArray[np.int64], shown: NDArray[np.int64], ms: NDArray[np.int64], stop: int
) -> bytes:
    """Return the bytes of packets with these counters, counts and milliseconds."""
    aux = np.zeros((len(counters), 6), np.uint8)
    if stop == TIMED:
        aux[:, 2:] = (ms % 2**32).astype(">u4").view(np.uint8).reshape(-1, 4)
    return encode_frames(counters, np.repeat(shown[:, None], 8, axis=1), aux, stop)


def _read(at_ns: NDArray[np.int64], octets: bytes) -> Iterator[list[Read]]:
    """Yield what a reader that rests reads of packets that come then, as a board hands it on."""
    ends = FRAME_BYTES * np.arange(1, len(at_ns) + 1)
    line = SimulatedLine(octets, ends, at_ns)
    reader = RestingReader(line, FRAME_BYTES, lambda: line.now_ns)
    held: list[Read] = []
    while not line.is_read:
        reads = reader.read(FRAME_BYTES)
        if reads and not held and is_halfway(reads[-1][1]):
            held = reads
        elif held := held + reads:
            yield held
            held = []
    if held:
        yield held


def _packets_in(reads: list[Read]) -> int:
    return sum(len(octets) for octets, _ in reads) // FRAME_BYTES


def _at_ns(taken_s: NDArray[np.float64]) -> NDArray[np.int64]:
    return np.rint((taken_s + WAY_S) * 1e9).astype(np.int64)


def _heard(channel: Channel) -> tuple[NDArray[np.int64], NDArray[np.bool_], bytes]:
    """Return when each packet comes, whether it is an own one, and all their bytes."""
    rng = np.random.default_rng(channel.seed)
    born_s, other_born_s = channel.born_s
    own_s, own, own_ms = _sent(channel.rates_hz[0], 0.0, channel.seconds, born_s)
    there = rng.random(len(own)) >= channel.loss
    there[0] = True
    other_s, other, other_ms = _sent(
        channel.rates_hz[1], channel.comes_s, channel.seconds, other_born_s
    )
    other += int(channel.comes_s * channel.rates_hz[0]) + channel.apart
    near = np.diff(np.floor(channel.share * np.arange(len(other) + 1))) > 0
    taken_s = np.concatenate([own_s[there], other_s[near]])
    order = taken_s.argsort(kind="stable")
    counters = np.concatenate([own[there], other[near]])[order]
    shown = np.concatenate([own[there], -1 - other[near]])[order]
    ms = np.concatenate([own_ms[there], other_ms[near]])[order]
    octets = packets(counters, shown, ms, channel.stop)
    return _at_ns(taken_s[order]), shown >= 0, octets


def _sent(
    rate_hz: float, begin_s: float, end_s: float, born_s: float
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]:
    """Return when the samples of a board are taken, their numbers and its milliseconds."""
    number = np.arange(int((end_s - begin_s) * rate_hz), dtype=np.int64)
    taken_s = begin_s + number / rate_hz
    return taken_s, number, np.floor((taken_s - born_s) * 1e3).astype(np.int64)
