"""What an emulated Cyton + Daisy puts into its packets: cyton/daisy.py, the other way round."""

import numpy as np
from numpy.typing import NDArray

from hardware.cyton.frames import CHANNELS


def interleave(counts: NDArray[np.int32], counters: NDArray[np.int64]) -> NDArray[np.int32]:
    """Return what each packet but the first carries: one half of the mean with the sample before.

    The mean is the firmware's, of whole numbers towards zero. The first packet of a stream has no
    sample before it; here it is zero.

    Args:
        counts: (n, 16) of consecutive samples.
        counters: (n,) of their packets, 0 for the first of the stream.

    Returns:
        (n - 1, 8): channels 1-8 in odd packets, 9-16 in even ones.
    """
    sums = counts[1:].astype(np.int64) + counts[:-1]
    means = np.trunc(sums / 2).astype(np.int32)
    is_odd = counters[1:, None] % 2 == 1
    halves = np.where(is_odd, means[:, :CHANNELS], means[:, CHANNELS:])
    return np.where(counters[1:, None] == 0, 0, halves).astype(np.int32)
