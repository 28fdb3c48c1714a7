"""Why a value is not there: the reason goes where the value would have stood."""

from enum import StrEnum
from typing import Final

# A clock that jitters by this much takes a fifth off the phase locking at 10 Hz: exp(-(2 pi f s)^2
# / 2). A settled one is good to 2 or 3 ms; it is worse when a board runs further off its nominal
# rate than a quartz can.
MAX_SIGMA_NS: Final = 10e6


class Absence(StrEnum):
    """A reason, as it travels; what it is called in words is the recorder's."""

    NOT_YET = "not_yet"
    NO_DATA = "no_data"
    RAILED = "railed"
    FLAT = "flat"
    MAINS = "mains"
    MUSCLE = "muscle"
    MOVEMENT = "movement"
    BLINK = "blinks"
    LOSS = "packets_lost"
    TALKING = "talking"
    DRUMMING = "drumming"
    NO_BASELINE = "no_baseline"
    CLOCK = "clock_unsettled"
    BALANCED = "phases_balance"
    STILL = "still"


def clock_absence(*sigmas_ns: float) -> Absence | None:
    """Why there can be no synchrony between boards whose clocks are this sure; None if there can.

    Args:
        sigmas_ns: of each board, as dsp.clock gives it; NaN or infinite when there is no clock.
    """
    return None if all(sigma <= MAX_SIGMA_NS for sigma in sigmas_ns) else Absence.CLOCK
