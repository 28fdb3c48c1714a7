"""Sums over the common points of two people, from which every synchrony measure follows.

z: analytic band signal; r = |z|; u = z / r = c + is; u^2 = c2 + i s2; z = x + iy. A person's points
make ten real rows for each channel, zero where a point is left out:

    row     0   1   2  3   4  5    6    7  8  9
            1   c2  c  s2  s  r^4  r^2  r  x  y

and the sums are made of products of rows of a with rows of b, for all pairs of channels at once:

    sum     0            n: the points where both are there
            1 .. 7       of a: Re S u_a^2   Re S u_a   Im S u_a^2   Im S u_a
                         S r_a^4   S r_a^2   S r_a
            8 .. 14      of b: the same
            15 16 17     Re of S u_a u_b*   S u_a u_b   S z_a z_b*
            18 19 20     Im of these
            21 22        S r_a^2 r_b^2   S r_a r_b
            23           S |Im z_a z_b*|
"""

from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Analytic = NDArray[np.complex64] | NDArray[np.complex128]

ROWS: Final = 10
SUMS: Final = 24
SIGNAL: Final = slice(8, 10)
# The complex sums S u_a^2, S u_b^2, S u_a, S u_a u_b*, S u_b, S u_a u_b, S z_a z_b*.
REAL: Final = np.array([1, 8, 2, 15, 9, 16, 17])
IMAGINARY: Final = np.array([3, 10, 4, 18, 11, 19, 20])
SAME, SAME_IMAGINARY = 15, 18
POWERS: Final = slice(6, 14, 7)  # S r_a^2 and S r_b^2
_ALONE, _PHASE, _SQUARE, _SIZE = slice(1, 8), slice(2, 5, 2), 6, 7
# Where the sums of one person's rows stand; before those of a, the number of points.
_N_OF_A, _OF_B = slice(0, 8), slice(8, 15)
_BOTH: Final = slice(15, 21)
_SQUARES, _AMPLITUDES, _LAGGED = 21, 22, 23
_AT_ONCE: Final = 1 << 16


def pair_sums(z_a: Analytic, z_b: Analytic, kinds: AbstractSet[str]) -> Floats:
    """The sums over the points, of the precision of z.

    Args:
        z_a: (bands, channels of a, points); what is not finite, or zero, in either person is left
            out.
        z_b: (bands, channels of b, points), at the same instants.
        kinds: the measures that will be made of them; the last sum is 0 where that is not wpli.

    Returns:
        (SUMS, bands, channels of a, channels of b).
    """
    return row_sums(point_rows(z_a), point_rows(z_b), kinds)


def row_sums(of_a: Floats, of_b: Floats, kinds: AbstractSet[str]) -> Floats:
    """The same from the rows of each, as `point_rows` makes them."""
    _, bands, channels_a, _ = of_a.shape
    found = np.empty((SUMS, bands, channels_a, of_b.shape[2]), of_a.dtype)
    sum_products = _sum_of_each if channels_a == of_b.shape[2] == 1 else _sum_of_all
    sum_products(of_a, of_b, found)
    if "wpli" in kinds:
        _sum_lagged(of_a[SIGNAL], of_b[SIGNAL], found[_LAGGED])
    else:
        found[_LAGGED] = 0
    return found


def lost_points(of_a: Floats, of_b: Floats, lost_a: Floats, lost_b: Floats) -> Floats | None:
    """What loss took of the points where both are there, in points; None: nothing.

    Args:
        of_a: the rows of a, as `point_rows` makes them.
        of_b: of b.
        lost_a: (channels of a, points) as of dsp.bands.BandFilter.evaluate_with_loss.
        lost_b: (channels of b, points).

    Returns:
        (bands, channels of a, channels of b), of both people together.
    """
    if not (lost_a.any() or lost_b.any()):
        return None
    there_a, there_b = of_a[0], of_b[0]
    taken: Floats = (there_a * lost_a) @ there_b.swapaxes(1, 2)
    taken += there_a @ (there_b * lost_b).swapaxes(1, 2)
    return taken


def _sum_of_each(of_a: Floats, of_b: Floats, out: Floats) -> None:
    """Of one channel of each: all rows by all are few, and one product without a copy."""
    mine, yours = of_a[:, :, 0].swapaxes(0, 1), of_b[:, :, 0].transpose(1, 2, 0)
    split = (mine @ yours).transpose(1, 2, 0)[..., None, None]
    out[_N_OF_A], out[_OF_B] = split[_N_OF_A, 0], split[0, _ALONE]
    out[_SQUARES], out[_AMPLITUDES] = split[_SQUARE, _SQUARE], split[_SIZE, _SIZE]
    _combine(split[_PHASE, _PHASE], split[SIGNAL, SIGNAL], out[_BOTH])


def _sum_of_all(of_a: Floats, of_b: Floats, out: Floats) -> None:
    """Of all channels with all: a product for each row of one that is multiplied with the other."""
    yours = of_b.swapaxes(2, 3)
    np.matmul(of_a[_N_OF_A], yours[0], out=out[_N_OF_A])
    np.matmul(of_a[0], yours[_ALONE], out=out[_OF_B])
    np.matmul(of_a[_SQUARE : _SIZE + 1], yours[_SQUARE : _SIZE + 1], out=out[_SQUARES:_LAGGED])
    phases, signals = (of_a[own][:, None] @ yours[own] for own in (_PHASE, SIGNAL))
    _combine(phases, signals, out[_BOTH])


def _combine(phases: Floats, signals: Floats, out: Floats) -> None:
    """S u_a u_b*, S u_a u_b, S z_a z_b* of the products of c, s and of x, y with each other."""
    np.add(phases[0, 0], phases[1, 1], out=out[0])
    np.subtract(phases[0, 0], phases[1, 1], out=out[1])
    np.add(signals[0, 0], signals[1, 1], out=out[2])
    np.subtract(phases[1, 0], phases[0, 1], out=out[3])
    np.add(phases[1, 0], phases[0, 1], out=out[4])
    np.subtract(signals[1, 0], signals[0, 1], out=out[5])


def _sum_lagged(mine: Floats, yours: Floats, out: Floats) -> None:
    """|y_a x_b - x_a y_b|, summed; band by band where all at once would leave the cache."""
    points = mine.shape[-1]
    if len(out) > 1 and out.size * points > _AT_ONCE:
        for band in range(len(out)):
            one = slice(band, band + 1)
            _sum_lagged(mine[:, one], yours[:, one], out[one])
        return
    # One row of a for each channel of b, so that what is multiplied lies in long rows.
    lag, leads = mine[:, :, :, None].repeat(yours.shape[2], axis=3)[::-1]
    lag *= yours[0, :, None]
    leads *= yours[1, :, None]
    lag -= leads
    each = np.abs(lag, out=lag).reshape(out.size, points)
    np.matmul(each, _ones(points, each.dtype), out=out.reshape(out.size))


@lru_cache(maxsize=8)
def _ones(points: int, dtype: np.dtype[np.floating]) -> Floats:
    return np.ones(points, dtype)


def point_rows(z: Analytic) -> Floats:
    """The ten rows of every channel, (10, bands, channels, points), of the precision of z.

    Args:
        z: (bands, channels, points); the rows are 0 where it is not finite, or zero.
    """
    found = np.empty((ROWS, *z.shape), z.real.dtype)
    one, c2, c, s2, s, fourth, square, r, x, y = found
    np.abs(z, out=r)
    used = (r > 0) & (r < np.inf)
    whole = np.count_nonzero(used) == used.size
    if not whole:
        z, r[...] = np.where(used, z, 1), np.where(used, r, 1)
    one[...], x[...], y[...] = 1, z.real, z.imag
    np.multiply(r, r, out=square)
    np.multiply(square, square, out=fourth)
    np.divide(found[SIGNAL], r, out=found[_PHASE])
    np.multiply(c, c, out=c2)
    c2 -= s * s
    np.multiply(c, s, out=s2)
    s2 += s2
    if not whole:
        found *= used
    return found
