"""Sums over the common points of two people, from which every synchrony measure follows.

z: analytic band signal; r = |z|; u = z / r = c + is; u^2 = c2 + i s2; z = x + iy. A person's points
make ten real rows for each channel, zero where a point is left out:

    row     0    1    2    3   4  5  6   7   8  9
            1   r^2  r^4   r   c  s  c2  s2  x  y

and the sums are products of rows of a with rows of b, for all pairs of channels at once:

    sum     0..7    row 0..7 of a  with 1 of b            n, and what of a is common with b
            8..14   1 of a         with row 1..7 of b     what of b is common with a
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
_ONE, _SQUARE, _R = slice(0, 1), slice(1, 2), slice(3, 4)
_OF_A, _OF_B, _PHASE, _SIGNAL = slice(0, 8), slice(1, 8), slice(4, 6), slice(8, 10)
# Number of the first sum, and which rows of both; what only some measures need is left out else.
_PRODUCTS: Final = ((15, _PHASE), (19, _SIGNAL), (23, _R), (24, _SQUARE))
_LAGGED: Final = 25
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
    found[:8] = _common(of_a[:, _OF_A], of_b[:, 0])
    found[8:15] = _common(of_b[:, _OF_B], of_a[:, 0]).swapaxes(2, 3)
    for first, which in _PRODUCTS:
        if not _NEEDED_BY.get(first, kinds).isdisjoint(kinds):
            _multiply(of_a[:, which], of_b[:, which], found[first:])
    if "wpli" in kinds:
        _sum_lagged(of_a[:, _SIGNAL], of_b[:, _SIGNAL], found[_LAGGED])
    return found


def _common(of_one: Floats, there: Floats) -> Floats:
    """Sums of rows over the points where the other is there: (rows, bands, channels, channels)."""
    common: Floats = of_one.sum(axis=-1)[..., None]
    if not there.all():
        common = of_one @ there[:, None].swapaxes(2, 3)
    return common.swapaxes(0, 1)


def _multiply(mine: Floats, yours: Floats, out: Floats) -> None:
    """Sums of all products of a's rows with b's, a's first."""
    bands, count, channels_a, points = mine.shape
    channels_b = yours.shape[2]
    flat_a = mine.reshape(bands, count * channels_a, points)
    flat_b = yours.reshape(bands, count * channels_b, points)
    products = flat_a @ flat_b.swapaxes(1, 2)
    wide = out[: count * count].reshape(count, count, bands, channels_a, channels_b)
    split = products.reshape(bands, count, channels_a, count, channels_b)
    wide[...] = split.transpose(1, 3, 0, 2, 4)


def _sum_lagged(mine: Floats, yours: Floats, out: Floats) -> None:
    """|y_a x_b - x_a y_b|: a product of two by two at each point, then their sizes."""
    turned = np.stack([mine[:, 1], -mine[:, 0]], axis=-1)
    lag = turned.swapaxes(1, 2) @ yours.transpose(0, 3, 1, 2)
    np.abs(lag, out=lag).sum(axis=1, out=out)


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
    _, square, fourth, _, c, s, c2, s2, x, y = found.swapaxes(0, 1)
    found[:, 0], found[:, 3] = 1, r
    x[...], y[...] = z.real, z.imag
    np.multiply(r, r, out=square)
    np.multiply(square, square, out=fourth)
    if by_angle:
        c[...], s[...] = np.cos(np.angle(z)), np.sin(np.angle(z))
    else:
        c[...], s[...] = x / r, y / r
    np.multiply(c, c, out=c2)
    c2 -= s * s
    np.multiply(c, s, out=s2)
    s2 *= 2
    if not whole:
        found *= used[:, None]
    return found
