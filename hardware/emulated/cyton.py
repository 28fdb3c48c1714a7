"""One emulated Cyton with its dongle: bytes in, bytes out, on a clock that is passed in. No I/O.

    host ── receive ─▶ dongle ─▶ firmware ─▶ stream ◀─ source
         ◀── due ───── replies, frames ◀── air (loss, damage) ◀───┘

Everything happens at stated instants of CLOCK_MONOTONIC, so a late call finds the same bytes as a
punctual one, only later. A frame reaches the host a fixed delay after its sample was taken: it goes
byte by byte to the radio, through the air, and byte by byte to the host.
"""

from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from hardware.cyton.frames import BAUD, CHANNELS, RATE_HZ
from hardware.emulated.air import Air, Chances, Transit
from hardware.emulated.aux_bytes import AuxField
from hardware.emulated.converter import EmulatedAds
from hardware.emulated.dongle import TOP_CHANNEL, Dongle
from hardware.emulated.faults import PACKET_FAULTS, FaultType, ScriptedFault
from hardware.emulated.firmware import IDENTITY, NO_IDENTITY, Firmware
from hardware.emulated.neighbour import Neighbour
from hardware.emulated.releases import RELEASES, Version
from hardware.emulated.source import Source
from hardware.emulated.stream import SampleStream, TrueTime

_IMPEDANCES_OHM = (5e3, 6e3, 4e3, 8e3, 7e3, 9e3, 6e3, 5e3)
_RADIO_CHANNEL, _OTHER_CHANNELS = 7, (10, 11)
# Two serial lines at 115 200 baud (33 bytes: 2.87 ms each), the radio (1 ms), the USB timer.
PIPELINE_S = 7.2e-3
_LONGEST_DELAY_S = 1.0
_NEVER_NS = 2**63 - 1


class FirstState(StrEnum):
    """How the host finds the board."""

    READY = "ready"
    STREAMING = "streaming"  # as after a crash of the host
    OFF = "off"  # the dongle is alone
    OTHER_CHANNEL = "other_channel"  # the dongle listens on another radio channel
    SHARED_CHANNEL = "shared_channel"  # another board is on its radio channel
    DEAD_CONVERTER = "dead_converter"
    OTHER_BAUD = "other_baud"  # the dongle was told to speak faster
    NOISE = "noise"  # it streams at a baud rate of which nobody thinks


_BAUDS = {FirstState.OTHER_BAUD: 230_400, FirstState.NOISE: 57_600}


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """How one board behaves.

    Attributes:
        rate_hz: its true sample rate.
        first_state: how the host finds it.
        reply_delay_s: from a command to its reply, up to 1 s.
        pipeline_s: from the taking of a sample to the arrival of its packet, up to 1 s.
        burst_ms: everything arrives in bursts so far apart; 0 for each packet by itself.
        faults: what goes wrong, and when.
        chances: what goes wrong by itself.
        d11_edges_s: when pin D11 goes on, off, on and so on, in seconds of true time.
        impedance_ohm: impedances of the electrodes, 8, or 16 with a Daisy; 8 serve for either half.
        daisy: whether it has a Daisy. `rate_hz` is then still that of the packets, two a sample.
        radio_channel: of the board, 0 to 25.
        firmware: of the board, and with it of the dongle.

    Raises:
        ValueError: a number makes no sense.
    """

    rate_hz: float = RATE_HZ
    first_state: FirstState = FirstState.READY
    reply_delay_s: float = 0.02
    pipeline_s: float = PIPELINE_S
    burst_ms: float = 0.0
    faults: tuple[ScriptedFault, ...] = ()
    chances: Chances = field(default_factory=Chances)
    d11_edges_s: tuple[float, ...] = ()
    impedance_ohm: tuple[float, ...] = _IMPEDANCES_OHM
    daisy: bool = False
    radio_channel: int = _RADIO_CHANNEL
    firmware: Version = Version.V3_1_2

    def __post_init__(self) -> None:
        if not 100 <= self.rate_hz <= 1000:
            raise ValueError(f"a rate of {self.rate_hz} Hz, not 100 to 1000")
        for delay_s in (self.reply_delay_s, self.pipeline_s):
            if not 0 <= delay_s <= _LONGEST_DELAY_S:
                raise ValueError(f"a delay of {delay_s} s, not 0 to 1")
        if not 0 <= self.burst_ms < 1000:
            raise ValueError(f"bursts of {self.burst_ms} ms, not 0 to 1000")
        if list(self.d11_edges_s) != sorted(self.d11_edges_s):
            raise ValueError("the edges of D11 are not in order")
        if len(self.impedance_ohm) not in (CHANNELS, self.inputs) or min(self.impedance_ohm) < 0:
            raise ValueError(f"impedances are {self.inputs} numbers from 0 on")
        if not 0 <= self.radio_channel <= TOP_CHANNEL:
            raise ValueError(f"radio channel {self.radio_channel}, not 0 to {TOP_CHANNEL}")

    @property
    def inputs(self) -> int:
        """How many inputs the board has."""
        return 2 * CHANNELS if self.daisy else CHANNELS


@dataclass(frozen=True, slots=True)
class BoardTruth:
    """What a board really did, to hold against what a host believes.

    Attributes:
        true_rate_hz: sample k of a stream is taken at begin_ns + k / true_rate_hz.
        begin_ns: CLOCK_MONOTONIC of sample 0 of the present stream, or None.
        restarts: how often the counter began anew after the first start.
        sent: packets that went to the host or are on their way, each counted once.
        lost: packets that did not, on order or by chance.
        lost_in_source: packets that the recording being replayed does not have.
        lost_in_outage: packets taken while the board was stalled or its dongle unplugged.
        late: of those sent, behind later ones.
        duplicate: sent once more.
        damaged: of those sent, with missing or wrong bytes.
    """

    true_rate_hz: float
    begin_ns: int | None
    restarts: int
    sent: int
    lost: int
    lost_in_source: int
    lost_in_outage: int
    late: int
    duplicate: int
    damaged: int


class EmulatedCyton:
    """A board and its dongle.

    Args:
        source: the samples.
        behaviour: how it behaves.
        now_ns: CLOCK_MONOTONIC at its power-on.
        true_time: shared by boards that sample the same people.
        rng: for what goes wrong by chance.

    Attributes:
        host_baud: at which the host speaks; unless it is the dongle's, both hear noise.
    """

    def __init__(
        self,
        source: Source,
        behaviour: Behaviour,
        now_ns: int,
        *,
        true_time: TrueTime,
        rng: np.random.Generator,
    ) -> None:
        self.host_baud = BAUD
        self._behaviour = behaviour
        ads = EmulatedAds((2 * behaviour.impedance_ohm)[: behaviour.inputs])
        self._stream = SampleStream(
            source,
            behaviour.rate_hz,
            ads,
            true_time=true_time,
            d11_edges_s=behaviour.d11_edges_s,
        )
        self._firmware = self._fresh_firmware()
        self._air = Air(behaviour.chances, rng)
        self._script = deque(sorted(behaviour.faults, key=lambda fault: fault.at_s))
        self._first_start_ns: int | None = None
        self._burst_ns = round(behaviour.burst_ms * 1e6)
        self._outage_until_ns = 0
        self._unplugged = False
        self._lost_in_outage = 0
        self._babble_until_ns = 0
        self._neighbour = Neighbour(behaviour.rate_hz, now_ns, rng.spawn(1)[0])
        self._noise = rng.spawn(1)[0]
        self._frames = Transit(behaviour.pipeline_s)
        self._replies = Transit(behaviour.reply_delay_s)
        self._enter(behaviour.first_state, now_ns)

    def _enter(self, state: FirstState, now_ns: int) -> None:
        channel = listens_on = self._behaviour.radio_channel
        if state is FirstState.OTHER_CHANNEL:
            listens_on = next(other for other in _OTHER_CHANNELS if other != channel)
        answers = RELEASES[self._behaviour.firmware].dongle_answers
        self._dongle = Dongle(listens_on, channel, answers=answers)
        self._power_on(_NEVER_NS if state is FirstState.OFF else now_ns)
        if state is FirstState.SHARED_CHANNEL:
            self._neighbour.share = 1.0
        if state in _BAUDS:
            self._dongle.baud = _BAUDS[state]
        if state in (FirstState.STREAMING, FirstState.NOISE):
            self._stream.start(now_ns)
            self._first_start_ns = now_ns

    def receive(self, octets: bytes, now_ns: int) -> None:
        """Take what the host wrote; what it answers comes from `due`."""
        self._collect(now_ns)
        if now_ns < self._outage_until_ns or not self._is_understood:
            return
        begin_ns = self._stream.begin_ns
        is_on = now_ns >= self._on_since_ns
        replies, passed = self._dongle.take(octets, board_is_on=is_on)
        for octet in passed:
            replies += self._firmware.take(octet, now_ns)
            replies += self._neighbour.take(octet, now_ns)
        self._answer(replies, now_ns)
        if self._stream.begin_ns != begin_ns:
            self._air.cut()
        if self._first_start_ns is None:
            self._first_start_ns = self._stream.begin_ns

    def due(self, now_ns: int) -> list[bytes]:
        """Return what reaches the host by now, frames and replies, each as one piece."""
        deadline_ns = self._firmware.deadline_ns
        if deadline_ns is not None and now_ns >= deadline_ns:
            self._answer(self._firmware.give_up(), deadline_ns)
        burst_ns = self._last_burst_ns(now_ns)
        self._collect(burst_ns)
        self._unplugged = not self.is_plugged(now_ns)
        return self._frames.take(burst_ns) + self._replies.take(now_ns)

    def next_ns(self) -> int | None:
        """Return when `due` has something to do again, or None: not before the host writes."""
        instants = (
            self._next_burst_ns(self._next_arrival_ns()),
            self._next_burst_ns(self._next_fault_ns()),
            self._firmware.deadline_ns,
            self._replies.next_ns,
            self._outage_until_ns if self._unplugged else None,
        )
        return min([instant for instant in instants if instant is not None], default=None)

    def is_plugged(self, now_ns: int) -> bool:
        """Return whether the dongle is in its port."""
        return not self._unplugged or now_ns >= self._outage_until_ns

    def truth(self) -> BoardTruth:
        """Return what really happened so far."""
        stream, air = self._stream, self._air
        return BoardTruth(
            true_rate_hz=self._behaviour.rate_hz,
            begin_ns=stream.begin_ns,
            restarts=max(stream.starts - 1, 0),
            sent=air.sent,
            lost=air.lost,
            lost_in_source=stream.lost,
            lost_in_outage=self._lost_in_outage,
            late=air.late + stream.late,
            duplicate=air.duplicate,
            damaged=air.damaged,
        )

    def _answer(self, reply: bytes, now_ns: int) -> None:
        if reply:
            self._replies.send(reply, now_ns)

    def _collect(self, until_ns: int) -> None:
        """Let everything happen that happens until then, in its order."""
        while (fault_ns := self._next_fault_ns()) is not None and fault_ns <= until_ns:
            self._carry(fault_ns - 1)
            self._befall(self._script.popleft(), fault_ns)
        self._carry(until_ns)

    def _carry(self, until_ns: int) -> None:
        """Let the packets taken until then set out, with those of another board between them."""
        others = self._neighbour.frames(until_ns) if self._neighbour.share else []
        for taken_ns, frame in self._stream.take(until_ns):
            while others and others[0][0] <= taken_ns:
                self._overhear(*others.pop(0))
            if taken_ns < self._outage_until_ns:
                self._lost_in_outage += 1
                continue
            sent = self._air.babble(frame) if taken_ns < self._babble_until_ns else frame
            for piece in self._air.carry(sent):
                self._frames.send(self._as_heard(piece), taken_ns)
        for taken_ns, frame in others:
            self._overhear(taken_ns, frame)

    def _overhear(self, taken_ns: int, frame: bytes) -> None:
        if taken_ns >= self._outage_until_ns:
            self._frames.send(frame, taken_ns)

    def _next_arrival_ns(self) -> int | None:
        if self._frames.next_ns is not None:
            return self._frames.next_ns
        taken = [it for it in (self._stream.next_ns, self._neighbour.next_ns) if it is not None]
        return min(taken) + self._frames.delay_ns if taken else None

    def _next_fault_ns(self) -> int | None:
        if not self._script or self._first_start_ns is None:
            return None
        return self._first_start_ns + round(self._script[0].at_s * 1e9)

    def _befall(self, fault: ScriptedFault, at_ns: int) -> None:
        if fault.type in PACKET_FAULTS:
            self._air.order(fault)
        elif fault.type is FaultType.BURST:
            self._burst_ns = round(fault.amount * 1e6)
        elif fault.type is FaultType.STRANGER:
            self._neighbour.come_near(fault.amount / 100, at_ns, self._stream.aux)
        elif fault.type is FaultType.RUSH:
            self._stream.hurry(fault.amount)
        elif fault.type is FaultType.BABBLE:
            self._babble_until_ns = at_ns + round(fault.amount * 1e9)
        elif fault.type is FaultType.RESET:
            self._stream.stop()
            self._air.cut()
            self._power_on(at_ns + round(fault.amount * 1e9))
        else:
            until_ns = at_ns + round(fault.amount * 1e9)
            self._outage_until_ns = max(self._outage_until_ns, until_ns)
            self._unplugged |= fault.type is FaultType.UNPLUG
            self._replies.clear()

    def _power_on(self, at_ns: int) -> None:
        """Be off until then, and as fresh from then on."""
        self._on_since_ns = self._stream.power_on_ns = at_ns
        self._stream.ads.initialize()
        self._stream.aux = AuxField()
        self._firmware = self._fresh_firmware()

    def _fresh_firmware(self) -> Firmware:
        is_dead = self._behaviour.first_state is FirstState.DEAD_CONVERTER
        identity = NO_IDENTITY if is_dead else IDENTITY
        return Firmware(self._stream, self._behaviour.firmware, identity)

    @property
    def _is_understood(self) -> bool:
        return self.host_baud == self._dongle.baud

    def _as_heard(self, piece: bytes) -> bytes:
        return piece if self._is_understood else self._noise.bytes(len(piece))

    def _last_burst_ns(self, now_ns: int) -> int:
        return now_ns - now_ns % self._burst_ns if self._burst_ns else now_ns

    def _next_burst_ns(self, instant_ns: int | None) -> int | None:
        if instant_ns is None or not self._burst_ns:
            return instant_ns
        return instant_ns + -instant_ns % self._burst_ns
