"""What losses have moved of what two people's samples give, against the same without them."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from dsp.synchrony import KINDS
from tests.loss.outcome import Outcome

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

ASKED = 0.75  # nearer to MIN_CLEAN it is a matter of the recordings how many values a loss costs
TOP = 95.0
POWERS = ("fmtheta", "occalpha")


@dataclass(frozen=True, slots=True)
class Moved:
    """One line of the table: of the windows that were ASKED or more clean without the losses.

    Attributes:
        faa: of the values of the frontal asymmetry that there were, those that there still are.
        plv_alpha: the same of phase locking.
        plv_beta: and in beta.
        of_all: the least of the three, of windows however little clean.
        faa_bias: of the frontal asymmetry.
        faa_rmse: the same.
        power_bias: of the logarithms of power; the largest.
        sync_bias: of synchrony; the largest of all kinds and bands.
        sync_rmse: the same.
        percentile: by how much a percentile moves, on average.
        alarms: by how much the share of percentiles from TOP on rises.
        alarms_of_one: the same of the kind and band in which it rises most.
    """

    faa: float
    plv_alpha: float
    plv_beta: float
    of_all: float
    faa_bias: float
    faa_rmse: float
    power_bias: float
    sync_bias: float
    sync_rmse: float
    percentile: float
    alarms: float
    alarms_of_one: float

    def worse(self, other: "Moved") -> "Moved":
        """Of each figure the one that is further from nothing lost."""
        return Moved(
            *(
                (min if name in KEPT else max)(getattr(self, name), getattr(other, name))
                for name in NAMES
            )
        )


NAMES = tuple(field.name for field in fields(Moved))
SHARES = NAMES[:3]
KEPT = NAMES[:4]
KEPT_OF = (("faa", "alpha"), ("plv", "alpha"), ("plv", "beta"))


def moved(without: Outcome, lossy: Outcome) -> Moved:
    """Compare."""
    there, left = np.isfinite(without.value), np.isfinite(lossy.value)
    asked = there & (without.clean >= ASKED)
    both = asked & left
    off = np.where(both, lossy.value - without.value, np.nan)
    places = {(row.name, row.band): without.of(row.name, row.band) for row in without.rows}
    shares = [_kept(asked[:, places[key]], left[:, places[key]]) for key in KEPT_OF]
    faa = off[:, places["faa", "alpha"]]
    powers = [off[:, at] for (name, _), at in places.items() if name in POWERS]
    kinds = [at for (name, _), at in places.items() if name in KINDS]
    sync = [off[:, at] for at in kinds]
    percentiles = np.where(both, lossy.percentile - without.percentile, np.nan)
    return Moved(
        faa=shares[0],
        plv_alpha=shares[1],
        plv_beta=shares[2],
        of_all=min(_kept(there[:, places[key]], left[:, places[key]]) for key in KEPT_OF),
        faa_bias=_bias(faa),
        faa_rmse=_rmse(faa),
        power_bias=max(_bias(one) for one in powers),
        sync_bias=max(_bias(one) for one in sync),
        sync_rmse=max(_rmse(one) for one in sync),
        percentile=float(np.nanmean(np.abs(percentiles))),
        alarms=_rise(without, lossy, np.concatenate(kinds)),
        alarms_of_one=max(_rise(without, lossy, np.array(at)) for at in kinds),
    )


def _kept(asked: Flags, left: Flags) -> float:
    return float((asked & left).sum() / asked.sum())


def _rise(without: Outcome, lossy: Outcome, at: NDArray[np.int64]) -> float:
    """Of the windows that have a percentile both times; 0 where there is none."""
    before, after = without.percentile[:, at], lossy.percentile[:, at]
    both = np.isfinite(before) & np.isfinite(after)
    more = int((after[both] >= TOP).sum()) - int((before[both] >= TOP).sum())
    return float(more / max(int(both.sum()), 1))


def _bias(off: Floats) -> float:
    return abs(float(np.nanmean(off)))


def _rmse(off: Floats) -> float:
    return float(np.sqrt(np.nanmean(off**2)))
