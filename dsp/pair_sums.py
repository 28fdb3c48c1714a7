"""Sums over the common points of two people, from which every synchrony measure follows.

z: analytic band signal; r = |z|; u = z / r = c + is; u^2 = c2 + i s2; z = x + iy. A person's points
make ten real rows for each channel, zero where a point is left out:

    row     0   1   2    3    4   5  6  7  8  9
            1   c2  s2  r^4  r^2  r  c  s  x  y

and the sums are made of products of rows of a with rows of b, for all pairs of channels at once:

    sum     0       n: the points where both are there
            1  2    Re S u_a^2   Re S u_b^2
            3  4    Re S u_a     Re S u_b
            5  6  7    Re of S u_a u_b*   S u_a u_b   S z_a z_b*
            8..14   Im of all these
            15 16   S r_a^4   S r_b^4
            17 18   S r_a^2   S r_b^2
            19 20   S r_a     S r_b
            21 22   S r_a^2 r_b^2   S r_a r_b
            23      S |Im z_a z_b*|
"""

from collections.abc import Set as AbstractSet
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Analytic = NDArray[np.complex64] | NDArray[np.complex128]

ROWS: Final = 10
SUMS: Final = 24
SIGNAL: Final = slice(8, 10)
_ALONE, _MULTIPLIED = slice(1, 8), slice(5, 10)
_PHASE, _SQUARE = slice(6, 8), 4
# Where the sums of c2, s2, r^4, r^2, r, c, s of one person stand; b's follow a's.
_OF_A: Final = np.array([1, 8, 15, 17, 19, 3, 10])
_OF_B: Final = _OF_A + 1
_SAME, _MIRRORED, _CROSS, _IMAGINARY = 5, 6, 7, 7  # _IMAGINARY is added to the others
_SQUARES, _AMPLITUDES, _LAGGED = 21, 22, 23
_AT_ONCE: Final = 1 << 16


def pair_sums(z_a: Analytic, z_b: Analytic, kinds: AbstractSet[str]) -> Floats:
    """The sums over the points, of the precision of z.

    Args:
        z_a: (bands, channels of a, points); what is not finite, or zero, in either person is left
            out.
        z_b: (bands, channels of b, points), at the same instants.
        kinds: the measures that will be made of them; sums that none of them needs are 0.

    Returns:
        (SUMS, bands, channels of a, channels of b).
    """
    return row_sums(point_rows(z_a), point_rows(z_b), kinds)


def row_sums(of_a: Floats, of_b: Floats, kinds: AbstractSet[str]) -> Floats:
    """The same from the rows of each, as `point_rows` makes them."""
    bands, _, channels_a, _ = of_a.shape
    found = np.empty((SUMS, bands, channels_a, of_b.shape[2]), of_a.dtype)
    if channels_a == of_b.shape[2] == 1:
        _sum_of_each(of_a, of_b, found)
    else:
        _sum_common(of_a, of_b, found)
        _multiply(of_a[:, _MULTIPLIED], of_b[:, _MULTIPLIED], found)
    if "powcorr" in kinds:
        np.matmul(of_a[:, _SQUARE], of_b[:, _SQUARE].swapaxes(1, 2), out=found[_SQUARES])
    else:
        found[_SQUARES] = 0
    if "wpli" in kinds:
        _sum_lagged(of_a[:, SIGNAL], of_b[:, SIGNAL], found[_LAGGED])
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
    there_a, there_b = of_a[:, 0], of_b[:, 0]
    taken: Floats = (there_a * lost_a) @ there_b.swapaxes(1, 2)
    taken += there_a @ (there_b * lost_b).swapaxes(1, 2)
    return taken


def _sum_of_each(of_a: Floats, of_b: Floats, out: Floats) -> None:
    """Of one channel of each: all rows by all are few, and one product without a copy."""
    bands, rows, _, points = of_a.shape
    mine, yours = (one.reshape(bands, rows, points) for one in (of_a, of_b))
    split = (mine @ yours.swapaxes(1, 2)).transpose(1, 2, 0)[..., None, None]
    out[0], out[_OF_A], out[_OF_B] = split[0, 0], split[_ALONE, 0], split[0, _ALONE]
    _combine(split[_MULTIPLIED, _MULTIPLIED], out)


def _sum_common(of_a: Floats, of_b: Floats, out: Floats) -> None:
    """Sums of the rows of one over the points where the other is there."""
    there_a, there_b = of_a[:, 0], of_b[:, 0]
    with_b = (_flat(of_a[:, :8]) @ there_b.swapaxes(1, 2)).reshape(len(out[0]), 8, *out.shape[2:])
    out[0] = with_b[:, 0]
    out[_OF_A] = with_b[:, 1:].swapaxes(0, 1)
    with_a = there_a @ _flat(of_b[:, _ALONE]).swapaxes(1, 2)
    split = with_a.reshape(*with_a.shape[:2], 7, of_b.shape[2])
    out[_OF_B] = split.transpose(2, 0, 1, 3)


def _flat(rows: Floats) -> Floats:
    """Rows of all channels one below the other, (bands, rows x channels, points)."""
    bands, count, channels, points = rows.shape
    return rows.reshape(bands, count * channels, points)


def _multiply(mine: Floats, yours: Floats, out: Floats) -> None:
    """What r, c, s, x, y of a multiplied with those of b are needed for, of one product of all."""
    _, bands, channels_a, channels_b = out.shape
    products = _flat(mine) @ _flat(yours).swapaxes(1, 2)
    _combine(products.reshape(bands, 5, channels_a, 5, channels_b).transpose(1, 3, 0, 2, 4), out)


def _combine(split: Floats, out: Floats) -> None:
    """The sums that products of r, c, s, x, y with each other, (5, 5, ...), are made for."""
    out[_AMPLITUDES] = split[0, 0]
    (cc, cs), (sc, ss) = split[1:3, 1:3]
    np.add(cc, ss, out=out[_SAME])
    np.subtract(sc, cs, out=out[_SAME + _IMAGINARY])
    np.subtract(cc, ss, out=out[_MIRRORED])
    np.add(sc, cs, out=out[_MIRRORED + _IMAGINARY])
    np.add(split[3, 3], split[4, 4], out=out[_CROSS])
    np.subtract(split[4, 3], split[3, 4], out=out[_CROSS + _IMAGINARY])


def _sum_lagged(mine: Floats, yours: Floats, out: Floats) -> None:
    """|y_a x_b - x_a y_b|, summed; band by band where all at once would leave the cache."""
    points = mine.shape[-1]
    if len(out) > 1 and out.size * points > _AT_ONCE:
        for band in range(len(out)):
            one = slice(band, band + 1)
            _sum_lagged(mine[one], yours[one], out[one])
        return
    lag = mine[:, 1, :, None] * yours[:, 0, None]
    lag -= mine[:, 0, :, None] * yours[:, 1, None]
    np.matmul(np.abs(lag, out=lag), np.ones(points, mine.dtype), out=out)


def point_rows(z: Analytic) -> Floats:
    """The ten rows of every channel, (bands, 10, channels, points), of the precision of z.

    Args:
        z: (bands, channels, points); the rows are 0 where it is not finite, or zero.
    """
    r = np.abs(z)
    whole = bool(r.min(initial=1) > 0 and r.max(initial=1) < np.inf)
    if not whole:
        used = (r > 0) & (r < np.inf)
        z, r = np.where(used, z, 1), np.where(used, r, 1)
    found = np.empty((len(z), ROWS, *z.shape[1:]), r.dtype)
    one, c2, s2, fourth, square, size, c, s, x, y = found.swapaxes(0, 1)
    one[...], size[...], x[...], y[...] = 1, r, z.real, z.imag
    np.multiply(r, r, out=square)
    np.multiply(square, square, out=fourth)
    np.divide(found[:, SIGNAL], r[:, None], out=found[:, _PHASE])
    np.multiply(c, c, out=c2)
    c2 -= s * s
    np.multiply(c, s, out=s2)
    s2 += s2
    if not whole:
        found *= used[:, None]
    return found
