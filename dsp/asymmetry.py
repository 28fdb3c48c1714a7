"""Band power of one person and its asymmetry between the hemispheres, over a sliding window.

    P   = mean |z|^2 / 2          z: analytic band signal; a sine of amplitude A has P = A^2 / 2
    faa = ln P(right) - ln P(left)

Higher alpha is less activity: a higher frontal asymmetry means relatively more activity on the left
(Allen, Coan & Nazarian 2004). A window is the sum of its records, added up anew each time:
the memory is fixed and no rounding accumulates.

All indices of one person's brain are of one form, the mean being over channels:

    index = ln mean P(upper) - ln mean P(lower)        without lower channels: ln mean P(upper), µV²

    faa and parietal asymmetry   upper = right, lower = left      alpha
    frontal midline theta        upper = Fz                       theta
    occipital alpha              upper = O1, O2                   alpha

Its standard error follows from the scatter of the hops (dsp.statistics): to first order, a hop's
part in the index is the sum of its parts in the powers, each over its side's power.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dsp.statistics import standard_error

Floats = NDArray[np.float64]
Analytic = NDArray[np.complex64] | NDArray[np.complex128]

MIN_CLEAN: Final = 0.5  # no value from a window of which less than this is clean


class BandPower:
    """Power of every band and channel over the last hops.

    Args:
        bands: number of bands.
        channels: number of channels.
        window_hops: length of the window.
    """

    def __init__(self, bands: int, channels: int, window_hops: int) -> None:
        self._window = window_hops
        # Each hop is stored twice, a window apart: from any row on, the window in order of time.
        self._energy = np.zeros((2 * window_hops, bands, channels))
        self._clean = np.zeros((2 * window_hops, bands, channels))
        self._count = np.zeros((bands, channels))  # of clean points in the window
        self._lost = np.zeros((window_hops, bands, channels))
        self._taken = np.zeros((bands, channels))  # what loss took of the clean points
        self._hops = 0
        self._points = 1

    def push(
        self, z: Analytic, clean: NDArray[np.bool_], lost: NDArray[np.floating] | None = None
    ) -> None:
        """Take in one hop, or several that follow each other.

        Args:
            z: (bands, channels, points) in µV, the same number of points in every hop; what is not
                finite is left out.
            clean: (channels,) False leaves out the whole channel; or (hops, channels).
            lost: (channels, points) what loss took of each point, as of
                dsp.bands.BandFilter.evaluate_with_loss; None: nothing.
        """
        clean = clean.reshape(-1, clean.shape[-1])
        split = z.reshape(*z.shape[:2], len(clean), -1)
        self._points = split.shape[-1]
        parts = np.ascontiguousarray(split).view(split.real.dtype)
        total = np.einsum("...k,...k", parts, parts)
        used: NDArray[np.integer] | int = self._points
        kept: NDArray[np.bool_] | int = 1
        if not (clean.all() and np.isfinite(total).all()):
            energy = split.real**2 + split.imag**2
            kept = np.isfinite(energy) & clean.T[:, :, None]
            total, used = np.where(kept, energy, 0).sum(axis=-1), kept.sum(-1).transpose(2, 0, 1)
        taken: NDArray[np.floating] | int = 0
        if lost is not None and lost.any():
            taken = (kept * lost.reshape(1, *split.shape[1:])).sum(axis=-1).transpose(2, 0, 1)
        self._store(total.transpose(2, 0, 1), used, taken)

    def _store(
        self,
        energy: NDArray[np.floating],
        used: NDArray[np.integer] | int,
        taken: NDArray[np.floating] | int,
    ) -> None:
        rows = (self._hops + np.arange(len(energy))) % self._window
        for half in (rows, rows + self._window):
            self._energy[half], self._clean[half] = energy, used
        self._lost[rows] = taken
        self._lost.sum(axis=0, out=self._taken)
        self._clean[: self._window].sum(axis=0, out=self._count)
        self._hops += len(energy)

    def power_uv2(self) -> Floats:
        """Mean |z|^2 / 2 over the clean points, (bands, channels), in µV²; NaN below MIN_CLEAN."""
        energy = self._energy[: self._window].sum(axis=0)
        power: Floats = energy / np.maximum(2 * self._count, 1)
        power[self.clean_share() < MIN_CLEAN] = np.nan
        return power

    def clean_share(self) -> Floats:
        """Share of the whole window that was clean, less what was bridged, (bands, channels).

        It grows from 0 while the first window fills.
        """
        share: Floats = (self._count - self._taken) / (self._window * self._points)
        return share

    def records(self) -> tuple[Floats, Floats]:
        """Sum of |z|^2 and number of clean points of each hop, the oldest first.

        Both (window_hops, bands, channels), read-only by agreement and valid until the next push;
        zero where nothing is clean or no hop has been yet.
        """
        oldest = self._hops % self._window
        window = slice(oldest, oldest + self._window)
        return self._energy[window], self._clean[window]


@dataclass(frozen=True, slots=True)
class Index:
    """An index of one brain: ln mean P(upper) - ln mean P(lower), in one band.

    Attributes:
        band: number of the band.
        upper: channel numbers, at least one.
        lower: channel numbers, or none.
    """

    band: int
    upper: tuple[int, ...]
    lower: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class IndexValues:
    """Indices over one window.

    Attributes:
        value: (indices,) NaN where a channel is below MIN_CLEAN or has no power.
        standard_error: (indices,) of `value`; NaN too where too few hops are clean.
        clean_share: (indices,) share of the window that was clean, in the worst of the channels.
    """

    value: Floats
    standard_error: Floats
    clean_share: Floats


class IndexSet:
    """The indices of one person.

    Args:
        indices: what is computed.
        bands: number of bands of the BandPower.
        channels: number of its channels.
    """

    def __init__(self, indices: Sequence[Index], bands: int, channels: int) -> None:
        places = np.zeros((2, len(indices), bands, channels))
        for row, index in enumerate(indices):
            for side, members in zip(places, (index.upper, index.lower), strict=True):
                side[row, index.band, list(members)] = 1 / max(len(members), 1)
        self._sides = places.reshape(2, len(indices), bands * channels)
        self._member = self._sides.any(axis=0)
        self._one_sided = ~self._sides[1].any(axis=1)

    def evaluate(self, power: BandPower) -> IndexValues:
        """Every index over the window of `power`."""
        share = power.clean_share().ravel()
        mean_power = power.power_uv2().ravel()
        known = mean_power > 0
        every = known.all()
        if not every:
            mean_power = np.where(known, mean_power, 0)
        upper, lower = sides = self._sides @ mean_power
        lower += self._one_sided
        if not every:
            sides[:, (self._member & ~known).any(axis=1)] = np.nan
        weights = self._sides / sides[:, :, None]
        error = self._error(power, mean_power, weights[0] - weights[1])
        worst = np.where(self._member, share, 1.0).min(axis=1, initial=1)
        return IndexValues(np.log(upper / lower), error, worst)

    def _error(self, power: BandPower, mean_power: Floats, weights: Floats) -> Floats:
        """Standard error, (indices,), of the sums of powers with these weights."""
        energy, count = (record.reshape(len(record), -1) for record in power.records())
        # How far each hop moves the mean power, if it were the only one.
        away = energy / 2 - count * mean_power
        deviation = weights / np.maximum(count.mean(axis=0), 1e-9) @ away.T
        if count.all():
            return standard_error(deviation)
        used = self._member.astype(np.float64) @ (count > 0).T > 0
        deviation *= used.mean(axis=1)[:, None]
        return standard_error(deviation, used)
