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


@dataclass(frozen=True, slots=True, eq=False)
class Asymmetry:
    """Asymmetry of channel pairs.

    Attributes:
        value: (pairs,) ln P(right) - ln P(left); NaN below MIN_CLEAN.
        clean_share: (pairs,) share of the window that was clean, in the worse of the two channels.
    """

    value: Floats
    clean_share: Floats


class BandPower:
    """Power of every band and channel over the last hops.

    Args:
        bands: number of bands.
        channels: number of channels.
        window_hops: length of the window.
    """

    def __init__(self, bands: int, channels: int, window_hops: int) -> None:
        self._energy = np.zeros((window_hops, bands, channels))
        self._clean = np.zeros((window_hops, bands, channels))
        self._hops = 0
        self._points = 1

    def push(self, z: Analytic, clean: NDArray[np.bool_]) -> None:
        """Take in one hop.

        Args:
            z: (bands, channels, points) in µV, the same number of points in every hop; what is not
                finite is left out.
            clean: (channels,) False leaves out the whole channel.
        """
        energy = z.real**2 + z.imag**2
        used = np.isfinite(energy) & clean[:, None]
        row = self._hops % len(self._energy)
        np.sum(energy, axis=-1, dtype=np.float64, where=used, out=self._energy[row])
        np.sum(used, axis=-1, out=self._clean[row])
        self._points = z.shape[-1]
        self._hops += 1

    def power_uv2(self) -> Floats:
        """Mean |z|^2 / 2 over the clean points, (bands, channels), in µV²; NaN below MIN_CLEAN."""
        count = self._clean.sum(axis=0)
        enough = self.clean_share() >= MIN_CLEAN
        power = np.full(count.shape, np.nan)
        np.divide(self._energy.sum(axis=0), 2 * count, out=power, where=enough)
        return power

    def clean_share(self) -> Floats:
        """Share of the whole window that was clean, (bands, channels).

        It grows from 0 while the first window fills.
        """
        share: Floats = self._clean.sum(axis=0) / (len(self._clean) * self._points)
        return share

    def records(self) -> tuple[Floats, Floats]:
        """Sum of |z|^2 and number of clean points of each hop, oldest first.

        Both (window_hops, bands, channels); zero where nothing is clean or no hop has been yet.
        """
        oldest = self._hops % len(self._energy)
        return np.roll(self._energy, -oldest, axis=0), np.roll(self._clean, -oldest, axis=0)


def faa(power_left: Floats, power_right: Floats) -> Floats:
    """Asymmetry ln(right) - ln(left) of any shape; NaN where a power is not positive."""
    left, right = np.asarray(power_left), np.asarray(power_right)
    value = np.full(np.broadcast(left, right).shape, np.nan)
    positive = (left > 0) & (right > 0)
    np.divide(right, left, out=value, where=positive)
    logarithm: Floats = np.log(value)
    return logarithm


def asymmetry(power: BandPower, band: int, pairs: Sequence[tuple[int, int]]) -> Asymmetry:
    """Asymmetry of channel pairs in one band, over the window of `power`.

    Args:
        power: the person's band power.
        band: number of the band.
        pairs: (left, right) channel numbers.
    """
    left, right = np.array(pairs, np.int64).reshape(-1, 2).T
    band_power, share = power.power_uv2()[band], power.clean_share()[band]
    return Asymmetry(
        faa(band_power[left], band_power[right]), np.minimum(share[left], share[right])
    )


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
        self._upper, self._lower = places.reshape(2, len(indices), bands * channels)
        self._member = self._upper + self._lower > 0
        self._two_sided = self._lower.any(axis=1)

    def evaluate(self, power: BandPower) -> IndexValues:
        """Every index over the window of `power`."""
        mean_power = power.power_uv2().ravel()
        known = mean_power > 0
        kept_power = np.where(known, mean_power, 0)
        whole = ~(self._member & ~known).any(axis=1)
        upper = np.where(whole, self._upper @ kept_power, np.nan)
        lower = np.where(self._two_sided & whole, self._lower @ kept_power, 1)
        share = np.where(self._member, power.clean_share().ravel(), 1).min(axis=1, initial=1)
        weights = self._upper / upper[:, None] - self._lower / lower[:, None]
        error = self._error(power, kept_power, weights)
        return IndexValues(np.log(upper / lower), error, share)

    def _error(self, power: BandPower, mean_power: Floats, weights: Floats) -> Floats:
        """Standard error, (indices,), of the sums of powers with these weights."""
        energy, count = (np.reshape(record, (len(record), -1)) for record in power.records())
        # How far each hop moves the mean power, if it were the only one.
        away = (energy / 2 - count * mean_power) / np.maximum(count.mean(axis=0), 1e-9)
        used = (self._member @ (count > 0).T.astype(np.float64)) > 0
        deviation = weights @ away.T * (np.count_nonzero(used, axis=1) / used.shape[1])[:, None]
        return standard_error(deviation, used)
