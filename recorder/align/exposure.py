"""How long a camera's frames gather light, and with that when each begins, finer than a frame.

A frame is as bright as the share of its exposure in which the light was on, up to the brightness at
which the picture is full:

    lit = overlap of (t + delay, t + delay + exposure) and (rise, fall)
    brightness = min(1, lit / (s exposure))

The centre of a pulse's bright frames says when the middle of an exposure was, whatever the picture
makes of brightness; how gradually they brighten, and for how many frames, says how long it was.
"""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.float64]

EXPOSURES: Final = np.linspace(0.02, 1.0, 15)  # of a frame
FULL_AT: Final = (0.1, 0.3, 0.6, 1.0)
DELAYS: Final = np.linspace(-0.8, 0.3, 89)  # of a frame
FINE: Final = np.linspace(-0.25, 0.25, 41)  # of a frame; a tilt moves both ends of the list so far
MOST_PULSES: Final = 400
NEAR_FRAMES: Final = 2.5
SEEN: Final = 0.3


@dataclass(frozen=True, slots=True)
class Exposure:
    """The exposure of a frame mapped to t begins at t + delay_s + tilt (t - its piece's middle)."""

    delay_s: float
    exposure_s: float
    tilt: float
    full_at: float  # this share of it lit makes a picture that is full


@dataclass(frozen=True, slots=True, eq=False)
class LitFrames:
    """Frames near pulses, (k,) each: begin and brightness, and the pulse's rise and fall.

    `from_middle_s` is when they begin, from the middle of their piece of the recording on.
    """

    t_s: Times
    bright: Times
    rise_s: Times
    fall_s: Times
    from_middle_s: Times


def near_pulses(
    t_s: Times, bright: Times, pulses: tuple[Times, Times], most: int = MOST_PULSES
) -> LitFrames:
    """The frames of a piece of a recording about each pulse that was seen.

    Args:
        t_s: (n,) when the frames begin, on the clock of the pulses.
        bright: (n,) from 0 to about 1.
        pulses: (m,) when each rose, sorted, and when each fell.
        most: so many pulses are enough; they are evenly spread.
    """
    rise_s, fall_s = pulses
    frame_s = float(np.median(np.diff(t_s)))
    middle = (rise_s + fall_s) / 2
    which = np.clip(np.searchsorted((middle[1:] + middle[:-1]) / 2, t_s), 0, len(middle) - 1)
    reach = (fall_s - rise_s) / 2 + NEAR_FRAMES * frame_s
    near = np.abs(t_s - middle[which]) < reach[which]
    brightest = np.zeros(len(middle))
    np.maximum.at(brightest, which[near], bright[near])
    seen = np.flatnonzero(brightest > SEEN)
    chosen = np.zeros(len(middle), bool)
    chosen[seen[:: max(1, len(seen) // most)]] = True
    near &= chosen[which]
    from_middle_s = t_s[near] - (t_s[0] + t_s[-1]) / 2
    return LitFrames(
        t_s[near], bright[near], rise_s[which[near]], fall_s[which[near]], from_middle_s
    )


def joined(pieces: Iterable[LitFrames]) -> LitFrames:
    """The frames of several pieces."""
    columns = zip(*map(astuple, pieces), strict=True)
    return LitFrames(*(np.concatenate(column) for column in columns))


def fit_exposure(lit: LitFrames, frame_s: float) -> Exposure:
    """Least squares: a grid of exposures, delays and overexposures, then a finer one with tilts."""
    fits = [
        (*_best_delay(lit, frame_s, share, full), share, full)
        for share in EXPOSURES
        for full in FULL_AT
    ]
    _, delay, share, full = max(fits)
    exposure_s = float(share) * frame_s
    half_s = float(np.abs(lit.from_middle_s).max())
    tilts = FINE * frame_s / half_s
    delay_s, tilt = _likeliest(lit, delay * frame_s + FINE * frame_s, tilts, (exposure_s, full))
    return Exposure(delay_s, exposure_s, tilt, full)


def fit_delay(lit: LitFrames, frame_s: float, exposure: Exposure) -> float:
    """By how much later one piece of a recording is, of exposures that are known."""
    known = exposure.exposure_s, exposure.full_at
    delay_s, _ = _likeliest(lit, FINE * frame_s, np.zeros(1), known)
    return delay_s


def _best_delay(lit: LitFrames, frame_s: float, share: float, full: float) -> tuple[float, float]:
    """How well the best delay fits, and that delay in frames."""
    fit = _fit(lit, lit.t_s + DELAYS[:, None] * frame_s, share * frame_s, full)
    best = int(np.argmax(fit))
    return float(fit[best]), float(DELAYS[best])


def _likeliest(
    lit: LitFrames, delays_s: Times, tilts: Times, exposure: tuple[float, float]
) -> tuple[float, float]:
    """The mean of delay and tilt, each weighted by its likelihood.

    The mean, because with a short exposure frames are lit or not, and many delays fit the same.
    """
    tilted = lit.t_s + tilts[:, None] * lit.from_middle_s
    fit = np.stack([_fit(lit, tilted + later_s, *exposure) for later_s in delays_s])
    unexplained = 1 - fit**2 / float(lit.bright @ lit.bright)
    weight = (unexplained.min() / unexplained) ** (len(lit.t_s) / 2)
    weight /= weight.sum()
    return float(weight.sum(axis=1) @ delays_s), float(weight.sum(axis=0) @ tilts)


def _fit(lit: LitFrames, begin_s: Times, exposure_s: float, full: float) -> Times:
    """Length of the brightness's shadow on the model, for each row of `begin_s`."""
    overlap = np.minimum(lit.fall_s, begin_s + exposure_s) - np.maximum(lit.rise_s, begin_s)
    model = np.clip(overlap / (full * exposure_s), 0.0, 1.0)
    shadow: Times = (model @ lit.bright) / np.sqrt(np.maximum((model**2).sum(axis=1), 1e-9))
    return shadow
