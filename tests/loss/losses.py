"""Which samples are lost: one by one, in runs, or in clusters as recordings have them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]

# "Lost, one received, lost": 10 samples of which each is lost with a chance of a half.
CLUSTER_SAMPLES = 10
CLUSTER_LOSS = 0.5


@dataclass(frozen=True, slots=True)
class Losses:
    """How much is lost, and in which pieces.

    Attributes:
        share: of all samples.
        run: samples that are lost together.
        clustered: single losses close to each other, instead of anywhere.
    """

    share: float
    run: int = 1
    clustered: bool = False

    @property
    def name(self) -> str:
        """For a table."""
        pieces = "in clusters" if self.clustered else f"in runs of {self.run}"
        return f"{self.share:.1%}" + ("" if pieces == "in runs of 1" else f" {pieces}")

    def draw(self, n: int, rng: np.random.Generator) -> Flags:
        """Which of n samples are lost, (n,)."""
        if self.clustered:
            begins = rng.random(n) < self.share / (CLUSTER_SAMPLES * CLUSTER_LOSS)
            return _spread(begins, CLUSTER_SAMPLES) & (rng.random(n) < CLUSTER_LOSS)
        return _spread(rng.random(n) < self.share / self.run, self.run)


def _spread(begins: Flags, length: int) -> Flags:
    """Every begin and the length - 1 samples after it."""
    return np.convolve(begins, np.ones(length, np.int64))[: len(begins)] > 0
