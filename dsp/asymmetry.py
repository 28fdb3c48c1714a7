"""Band power of one person and its asymmetry between the hemispheres, over a sliding window.

    P   = mean |z|^2 / 2          z: analytic band signal; a sine of amplitude A has P = A^2 / 2
    faa = ln P(right) - ln P(left)

Higher alpha is less activity: a higher frontal asymmetry means relatively more activity on the left
(Allen, Coan & Nazarian 2004). A window is the sum of its hops' records, added up anew each time:
the memory is fixed and no rounding accumulates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

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
        used = np.isfinite(z) & clean[:, None]
        kept = np.where(used, z, 0)
        row = self._hops % len(self._energy)
        self._energy[row] = np.sum(kept.real**2 + kept.imag**2, axis=-1, dtype=np.float64)
        self._clean[row] = np.count_nonzero(used, axis=-1)
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
