"""Sums over the common points of two people, from which every synchrony measure follows.

z: analytic band signal; r = |z|; u = z / r = c + is; u^2 = c2 + i s2; z = x + iy. A person's points
make ten real rows for each channel, zero where a point is left out:

    row     0   1   2    3    4   5   6  7  8  9
            1   r  r^2  r^4   c2  s2  c  s  x  y

and the sums are products of rows of a with rows of b, for all pairs of channels at once:

    sum     0       1 of a         with 1 of b            n
            1 3..13 row 1..7 of a  with 1 of b            what of a is common with b
            2 4..14 1 of a         with row 1..7 of b     what of b is common with a
            15..18  c, s of a      with c, s of b         cc cs sc ss
            19..22  x, y of a      with x, y of b         xx xy yx yy
            23, 24  r with r, r^2 with r^2
            25      |y_a x_b - x_a y_b|                   |Im z_a z_b*|
"""

from collections.abc import Set as AbstractSet
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating]
Analytic = NDArray[np.complex64] | NDArray[np.complex128]

ROWS: Final = 10
SUMS: Final = 26
_R, _SQUARE = slice(1, 2), slice(2, 3)
_ALONE, _PHASE, _SIGNAL = slice(1, 8), slice(6, 8), slice(8, 10)
_OF_A, _OF_B = slice(1, 15, 2), slice(2, 15, 2)
# Number of the first sum, and which rows of both; what only some measures need is left out else.
_PRODUCTS: Final = ((15, _PHASE), (19, _SIGNAL), (23, _R), (24, _SQUARE))
_LAGGED: Final = 25
_AT_ONCE: Final = 1 << 16
_NEEDED_BY: Final = {19: frozenset({"coh", "imcoh", "wpli"}), 24: frozenset({"powcorr"})}


def pair_sums(
    z_a: Analytic, z_b: Analytic, kinds: AbstractSet[str], *, by_angle: bool = False
) -> Floats:
    """The sums over the points, of the precision of z.

    Args:
        z_a: (bands, channels of a, points); what is not finite, or zero, in either person is left
            out.
        z_b: (bands, channels of b, points), at the same instants.
        kinds: the measures that will be made of them; sums that none of them needs are 0.
        by_angle: as in `point_rows`.

    Returns:
        (SUMS, bands, channels of a, channels of b).
    """
    of_a, of_b = point_rows(z_a, by_angle=by_angle), point_rows(z_b, by_angle=by_angle)
    return row_sums(of_a, of_b, kinds)


def row_sums(of_a: Floats, of_b: Floats, kinds: AbstractSet[str]) -> Floats:
    """The same from the rows of each, as `point_rows` makes them."""
    bands, _, channels_a, _ = of_a.shape
    found = np.zeros((SUMS, bands, channels_a, of_b.shape[2]), of_a.dtype)
    _sum_common(of_a, of_b, found)
    for first, which in _PRODUCTS:
        if not _NEEDED_BY.get(first, kinds).isdisjoint(kinds):
            _multiply(of_a[:, which], of_b[:, which], found[first:])
    if "wpli" in kinds:
        _sum_lagged(of_a[:, _SIGNAL], of_b[:, _SIGNAL], found[_LAGGED])
    return found


def _sum_common(of_a: Floats, of_b: Floats, out: Floats) -> None:
    """Sums of the rows of one over the points where the other is there."""
    there_a, there_b = of_a[:, 0], of_b[:, 0]
    if there_a.all() and there_b.all():
        out[0] = of_a.shape[-1]
        out[_OF_A] = _totals(of_a[:, _ALONE])[..., None]
        out[_OF_B] = _totals(of_b[:, _ALONE])[:, :, None]
        return
    out[0] = there_a @ there_b.swapaxes(1, 2)
    out[_OF_A] = _split(_flat(of_a[:, _ALONE]) @ there_b.swapaxes(1, 2), out.shape[2])
    out[_OF_B] = _split(_flat(of_b[:, _ALONE]) @ there_a.swapaxes(1, 2), out.shape[3]).swapaxes(
        2, 3
    )


def _flat(rows: Floats) -> Floats:
    """Rows of all channels one below the other, (bands, rows x channels, points)."""
    bands, count, channels, points = rows.shape
    return rows.reshape(bands, count * channels, points)


def _split(products: Floats, channels: int) -> Floats:
    """The products of `_flat` rows, (rows, bands, channels, ...)."""
    bands, rows, *others = products.shape
    return products.reshape(bands, rows // channels, channels, *others).swapaxes(0, 1)


def _totals(rows: Floats) -> Floats:
    """Sums over all points, (rows, bands, channels).

    In float32 as a product, which is faster; else rounded as others round them, for `ccorr`.
    """
    if rows.dtype == np.float64:
        return np.asarray(rows.sum(axis=-1).swapaxes(0, 1))
    return _split(_flat(rows) @ np.ones(rows.shape[-1], rows.dtype), rows.shape[2])


def _multiply(mine: Floats, yours: Floats, out: Floats) -> None:
    """Sums of all products of a's rows with b's, a's first."""
    bands, count, channels_a, _ = mine.shape
    channels_b = yours.shape[2]
    products = _flat(mine) @ _flat(yours).swapaxes(1, 2)
    wide = out[: count * count].reshape(count, count, bands, channels_a, channels_b)
    split = products.reshape(bands, count, channels_a, count, channels_b)
    wide[...] = split.transpose(1, 3, 0, 2, 4)


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


def point_rows(z: Analytic, *, by_angle: bool = False) -> Floats:
    """The ten rows of every channel, (bands, 10, channels, points), of the precision of z.

    Args:
        z: (bands, channels, points); the rows are 0 where it is not finite, or zero.
        by_angle: c and s from the angle, as HyPyP takes them, not from x / r and y / r: slower, and
            different only where phases balance each other and `ccorr` follows their rounding.
    """
    r = np.abs(z)
    used = (r > 0) & (r < np.inf)
    whole = used.all()
    if not whole:
        z, r = np.where(used, z, 1), np.where(used, r, 1)
    found = np.empty((len(z), ROWS, *z.shape[1:]), r.dtype)
    _, _, square, fourth, c2, s2, c, s, x, y = found.swapaxes(0, 1)
    found[:, 0], found[:, 1] = 1, r
    x[...], y[...] = z.real, z.imag
    np.multiply(r, r, out=square)
    np.multiply(square, square, out=fourth)
    if by_angle:
        c[...], s[...] = np.cos(np.angle(z)), np.sin(np.angle(z))
    else:
        np.divide(x, r, out=c)
        np.divide(y, r, out=s)
    np.multiply(c, c, out=c2)
    c2 -= s * s
    np.multiply(c, s, out=s2)
    s2 *= 2
    if not whole:
        found *= used[:, None]
    return found
