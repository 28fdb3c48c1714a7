"""Two people whose samples are numbered: what is stored can be held against what was taken."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hardware.emulated.faults import FaultType, ScriptedFault
from hardware.emulated.source import PacketRun
from hardware.emulated.synthetic import DYAD_LABELS, SyntheticDyad, SyntheticSource

LOW_BITS = 15
LOW, HIGH = 7, 6  # the channels that carry a sample's number
_TURN = 30_000  # two minutes of EEG, again and again
_EVERY_S = (60.0, 240.0)


class NumberedSource:
    """A person's EEG with the number of each sample in two of its channels (a `Source`)."""

    def __init__(self, seed: int, person: int, rate_hz: float) -> None:
        source = SyntheticSource(SyntheticDyad(seed), person, rate_hz)
        self._counts = np.concatenate(
            [source.packets(first, 1000)[1] for first in range(0, _TURN, 1000)]
        )

    @property
    def labels(self) -> tuple[str, ...]:
        return DYAD_LABELS

    @property
    def length(self) -> int | None:
        return None

    def packets(self, first: int, n: int) -> PacketRun:
        numbers = np.arange(first, first + n, dtype=np.int64)
        counts = self._counts[numbers % _TURN]
        counts[:, LOW] = numbers & ((1 << LOW_BITS) - 1)
        counts[:, HIGH] = numbers >> LOW_BITS
        return numbers, counts

    def first_at(self, counter: int) -> int:
        return counter


def numbers(counts: NDArray[np.int32]) -> NDArray[np.int64]:
    """(n,) the numbers of stored samples (n, channels)."""
    carried: NDArray[np.int64] = counts[:, [HIGH, LOW]].astype(np.int64)
    return (carried[:, 0] << LOW_BITS) + carried[:, 1]


def faults(rng: np.random.Generator, seconds: float) -> Iterator[ScriptedFault]:
    """What goes wrong with one board: something every few minutes, never two things at once."""
    makers = (
        lambda: (FaultType.LOSE, rng.integers(1, 100)),
        lambda: (FaultType.LATE, rng.integers(1, 20)),
        lambda: (FaultType.DUPLICATE, 1),
        lambda: (FaultType.DROP, rng.integers(1, 33)),
        lambda: (FaultType.STALL, rng.uniform(0.6, 2.4)),
        lambda: (FaultType.STALL, rng.uniform(4, 20)),
        lambda: (FaultType.UNPLUG, rng.uniform(1, 20)),
        lambda: (FaultType.RESET, rng.uniform(0.5, 20)),
        lambda: (FaultType.BURST, rng.choice([0, 100])),
    )
    at_s = 10.0
    while at_s < seconds:
        kind, amount = makers[int(rng.integers(len(makers)))]()
        yield ScriptedFault(at_s, kind, float(amount))
        at_s += float(rng.uniform(*_EVERY_S))
