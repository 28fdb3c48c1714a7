"""The way of an emulated board's frames to the host: what goes wrong, and how long it takes."""

from bisect import insort
from collections import deque
from dataclasses import dataclass

import numpy as np

from hardware.emulated.faults import FaultType, ScriptedFault


@dataclass(frozen=True, slots=True)
class Chances:
    """How often something goes wrong by itself: per packet (loss) and per byte (drop, flip).

    Raises:
        ValueError: one is not between 0 and 1.
    """

    loss: float = 0.0
    byte_drop: float = 0.0
    byte_flip: float = 0.0

    def __post_init__(self) -> None:
        for chance in (self.loss, self.byte_drop, self.byte_flip):
            if not 0 <= chance <= 1:
                raise ValueError(f"{chance} is not a chance between 0 and 1")


class Air:
    """Carries frames by radio: loses, delays, doubles and damages them.

    Attributes:
        sent: frames that reached the host's end, each counted once.
        lost: frames that did not.
        late: of those sent, behind later ones.
        duplicate: frames sent once more.
        damaged: of those sent, with missing or wrong bytes.
    """

    def __init__(self, chances: Chances, rng: np.random.Generator) -> None:
        self.sent = self.lost = self.late = self.duplicate = self.damaged = 0
        self._chances = chances
        self._can_damage = chances != Chances()
        self._rng = rng
        self._to_lose = 0
        self._ordered: list[ScriptedFault] = []  # for the next frame, one of a kind
        self._held: list[tuple[int, bytes]] = []  # (goes when so many are sent, frame)

    def order(self, fault: ScriptedFault) -> None:
        """Let a packet fault befall the next frame."""
        if fault.type is FaultType.LOSE:
            self._to_lose += int(fault.amount)
        else:
            self._ordered.append(fault)

    def carry(self, frame: bytes) -> list[bytes]:
        """Take the next frame; return those that reach the host now, in order."""
        if not (self._can_damage or self._to_lose or self._ordered or self._held):
            self.sent += 1
            return [frame]
        if self._loses():
            self.lost += 1
            return []
        if late := self._take(FaultType.LATE):
            insort(self._held, (self.sent + late, frame))
            return []
        self.sent += 1
        extra = self._take(FaultType.DUPLICATE)
        self.duplicate += extra
        return [self._damage(frame)] * (1 + extra) + self._release()

    def babble(self, frame: bytes) -> bytes:
        """Return noise in the form of this frame."""
        self.damaged += 1
        return frame[:1] + self._rng.bytes(len(frame) - 2) + frame[-1:]

    def cut(self) -> None:
        """The stream ended: what was held back is lost."""
        self.lost += len(self._held)
        self._held.clear()

    def _loses(self) -> bool:
        if self._to_lose:
            self._to_lose -= 1
            return True
        return self._chances.loss > 0 and self._rng.random() < self._chances.loss

    def _release(self) -> list[bytes]:
        ripe = [frame for goes_at, frame in self._held if goes_at <= self.sent]
        del self._held[: len(ripe)]
        self.sent += len(ripe)
        self.late += len(ripe)
        return ripe

    def _take(self, kind: FaultType) -> int:
        """Return the amount of the first such fault on order, which is then done, or 0."""
        for fault in self._ordered:
            if fault.type is kind:
                self._ordered.remove(fault)
                return int(fault.amount)
        return 0

    def _damage(self, frame: bytes) -> bytes:
        flipped = self._places(frame, self._take(FaultType.FLIP), self._chances.byte_flip)
        dropped = self._places(frame, self._take(FaultType.DROP), self._chances.byte_drop)
        if not flipped and not dropped:
            return frame
        self.damaged += 1
        octets = bytearray(frame)
        for place in flipped:
            octets[place] ^= 1 << int(self._rng.integers(8))
        for place in sorted(dropped, reverse=True):
            del octets[place]
        return bytes(octets)

    def _places(self, frame: bytes, ordered: int, chance: float) -> set[int]:
        """Return which bytes are hit, on order or by chance."""
        hit: set[int] = set()
        if ordered:
            hit.update(self._rng.choice(len(frame), ordered, replace=False).tolist())
        if chance:
            hit.update(np.flatnonzero(self._rng.random(len(frame)) < chance).tolist())
        return hit


class Transit:
    """A way that takes a fixed time, in order.

    Args:
        delay_s: how long.

    Attributes:
        delay_ns: the same in nanoseconds.
    """

    def __init__(self, delay_s: float) -> None:
        self.delay_ns = round(delay_s * 1e9)
        self._pieces: deque[tuple[int, bytes]] = deque()  # when it arrives; the bytes

    @property
    def next_ns(self) -> int | None:
        """When the next piece arrives, or None while nothing is on its way."""
        return self._pieces[0][0] if self._pieces else None

    def send(self, piece: bytes, at_ns: int) -> None:
        """Let a piece set out; not before any other."""
        self._pieces.append((at_ns + self.delay_ns, piece))

    def take(self, until_ns: int) -> list[bytes]:
        """Return what arrives until then, oldest first."""
        arrived = []
        while self._pieces and self._pieces[0][0] <= until_ns:
            arrived.append(self._pieces.popleft()[1])
        return arrived

    def clear(self) -> None:
        """What is on its way does not arrive."""
        self._pieces.clear()
