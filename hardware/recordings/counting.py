"""Sample counters of boards, which begin again after a few hundred samples: unwrapped.

    Cyton            0 to 255, one more each sample
    Cyton + Daisy    the same, of samples or of packets; these are two a sample
    Ganglion         0 to 200 in files of old GUIs, one more each sample; else that of the packet,
                     of which two samples share one: 0 alone, then 1 to 100 or 101 to 200 (firmware
                     2), or 0 to 99 or 100 to 199 (firmware 3)

Steps are the shorter way round, so that what comes out of order stays so.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hardware.cyton.frames import COUNTER_MODULUS

Integers = NDArray[np.int64]

PAIRED = 0.25  # of a Ganglion's samples, share that repeat the one before
OF_FIRMWARE_2 = (100, 200)  # its highest counters
GANGLION_CYCLE = 201


class Counted(NamedTuple):
    """Counters (n,) that never wrap, 0 for the first; the file's own begin again after `cycle`."""

    counters: Integers
    cycle: int


def of_cyton(raw: Integers) -> Counted:
    """Of 8 channels."""
    return Counted(unwrapped(np.diff(raw), COUNTER_MODULUS), COUNTER_MODULUS)


def of_daisy(raw: Integers) -> Counted:
    """Of 16 channels; where the counter is that of the even packet of two, it steps by 2."""
    steps = np.diff(raw)
    if len(steps) and np.mod(steps, 2).mean() < 0.5:  # a row or two may be damaged
        half = COUNTER_MODULUS // 2
        return Counted(unwrapped(steps // 2, half), half)
    return of_cyton(raw)


def of_ganglion(raw: Integers, after_unread: NDArray[np.bool_]) -> Counted:
    """Of 4 channels; `after_unread` are (n,) rows before which one could not be read."""
    steps = np.diff(raw)
    if len(steps) and (steps == 0).mean() > PAIRED:
        return _of_pairs(raw, after_unread)
    cycle = GANGLION_CYCLE if int(raw.max(initial=0)) < GANGLION_CYCLE else COUNTER_MODULUS
    return Counted(unwrapped(steps, cycle), cycle)


def _of_pairs(raw: Integers, after_unread: NDArray[np.bool_]) -> Counted:
    """Each packet's counter stands at both of its samples; of one that is alone, see before it."""
    is_second = np.zeros(len(raw), np.int64)
    repeats = np.append(np.diff(raw) == 0, False)
    for place, repeated in enumerate(repeats.tolist()):
        if place and repeats[place - 1]:
            is_second[place] = 1 - is_second[place - 1]
        elif after_unread[place] and not repeated:
            is_second[place] = 1
    if int(raw.max()) in OF_FIRMWARE_2:
        numbers = np.where(raw == 0, 0, 2 * np.mod(raw - 1, 100) + 1 + is_second)
        return Counted(unwrapped(np.diff(numbers), GANGLION_CYCLE), GANGLION_CYCLE)
    return Counted(unwrapped(np.diff(2 * np.mod(raw, 100) + is_second), 200), 200)


def unwrapped(steps: Integers, cycle: int) -> Integers:
    """Return (n + 1,) counters that never wrap, from 0; steps are the shorter way round."""
    ahead = cycle // 2 - 1
    short = np.mod(steps + ahead, cycle) - ahead
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(short)])
