"""The packing of counts and arrivals: what the other channels do not explain, Rice coded.

counts, (n, columns) int32:

    4 bytes                 length of the mask, 0: no value is missing
    mask                    zlib of one bit a value, column by column: 1 where it is MISSING_COUNT
    4 bytes a column        its first value
    2 bytes a weight        for the second column one, for the third two, and so on; 4096 means 1
    Rice coded (rice.py)    a row for each column, of n - 1 residuals

    step        the difference of a value to the one before; a missing value repeats the one before
    residual    step[c] - (sum over j < c of weight[c, j] * step[j] + 2048) >> 12

Electrodes share a reference, the mains and much of the brain: most of what one column does the
columns before it have done. There are no logarithms and no floats in unpacking: it gives the same
integers on every machine.

arrivals, (m, 2) int64:

    2 bytes                 m - 1
    4 bytes                 about how many nanoseconds a sample takes
    8 bytes                 the first t_ns
    Rice coded (rice.py)    two rows of m: the steps of the index, the first from the block's first;
                            how far each t_ns is from the line through the first

All numbers little end first.
"""

import struct
import zlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from recorder.store import rice
from recorder.store.delta_zlib import inflate

# As hardware.board has it; written down again because it is a part of this format.
MISSING_COUNT = -(2**31)
WEIGHT_BITS = 12
HALF = 1 << (WEIGHT_BITS - 1)
# A weight has 15 bits and a step 33: of so many columns, sums of products are under 2**53.
FLOATS_TO = 32
ARRIVALS_HEAD = struct.Struct("<HIq")

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
Floats = NDArray[np.float64]  # that hold whole numbers


def pack(array: Int32s) -> bytes:
    """Pack an (n, k) int32 array, n > 0."""
    columns = np.ascontiguousarray(array.T)
    missing = columns == MISSING_COUNT
    mask = zlib.compress(np.packbits(missing).tobytes(), 6) if missing.any() else b""
    values = _repeat(columns, missing) if mask else columns
    plain = values.astype(np.float64)
    steps = plain[:, 1:] - plain[:, :-1]
    weights = _weights(steps)
    residuals = (steps - _explained(weights, steps)).astype(np.int64)
    below = weights[_triangle(len(weights))]
    head = values[:, 0].astype("<i4").tobytes() + below.astype("<i2").tobytes()
    return struct.pack("<I", len(mask)) + mask + head + rice.encode(residuals)


def unpack(packed: Sequence[bytes], n: int, k: int) -> Int32s:
    """Unpack several (n, k) int32 arrays, n > 0, into one (len(packed), n, k).

    Their size is the caller's to bound.

    Raises:
        ValueError: one of `packed` does not hold such an array.
    """
    masks, firsts, weights_below, coded = zip(*(_cut(one, k) for one in packed), strict=True)
    weights = np.zeros((len(packed), k, k), np.int64)
    rows, columns = _triangle(k)
    weights[:, rows, columns] = np.frombuffer(b"".join(weights_below), "<i2").reshape(
        len(packed), len(rows)
    )
    values = np.empty((len(packed), k, n), np.int64)
    values[..., 0] = np.frombuffer(b"".join(firsts), "<i4").reshape(len(packed), k)
    values[..., 1:] = _steps(rice.decode(coded, k, n - 1), weights)
    blocks = np.cumsum(values, axis=2).astype(np.int32)
    for mask, block in zip(masks, blocks, strict=True):
        if mask:
            block[_missing(mask, (k, n))] = MISSING_COUNT
    return np.ascontiguousarray(blocks.transpose(0, 2, 1))


def _cut(packed: bytes, k: int) -> tuple[memoryview, memoryview, memoryview, memoryview]:
    """Mask, first values, weights, and what is Rice coded."""
    (mask_size,) = struct.unpack_from("<I", packed) if len(packed) >= 4 else (len(packed),)
    first_at = 4 + mask_size
    weights_at = first_at + 4 * k
    coded_at = weights_at + k * (k - 1)
    if len(packed) < coded_at:
        raise ValueError("the packed bytes are cut short")
    whole = memoryview(packed)
    return (
        whole[4:first_at],
        whole[first_at:weights_at],
        whole[weights_at:coded_at],
        whole[coded_at:],
    )


def pack_arrivals(index: Int64s, t_ns: Int64s, first_index: int) -> bytes:
    """Pack the arrivals, (m,) each, 0 < m <= 65536, of a block that begins with `first_index`."""
    at, times = index.tolist(), t_ns.tolist()
    samples, span_ns = at[-1] - at[0], times[-1] - times[0]
    period_ns = min(max(span_ns // max(samples, 1), 0), 2**32 - 1)
    steps = [now - before for before, now in zip([first_index, *at], at, strict=False)]
    beside = [t - times[0] - (i - at[0]) * period_ns for i, t in zip(at, times, strict=True)]
    head = ARRIVALS_HEAD.pack(len(at) - 1, period_ns, times[0])
    if len(at) <= rice.FEW:
        return head + rice.encode_few([steps, beside])
    return head + rice.encode(np.array([steps, beside], np.int64))


def unpack_arrivals(
    packed: Sequence[bytes], most: int, first_indexes: Sequence[int]
) -> list[Int64s]:
    """Unpack arrivals, index and t_ns, each (m, 2) with an m of its own that is at most `most`.

    Args:
        packed: of several blocks.
        most: how many samples these have.
        first_indexes: with which each of them begins.

    Raises:
        ValueError: one of `packed` does not hold such an array.
    """
    if min(map(len, packed)) < ARRIVALS_HEAD.size:
        raise ValueError("the arrivals are cut short")
    heads = [ARRIVALS_HEAD.unpack_from(one) for one in packed]
    unpacked: dict[int, Int64s] = {}
    for m in {head[0] + 1 for head in heads}:
        if m > most:
            raise ValueError(f"{m} arrivals of {most} samples")
        places = [place for place, head in enumerate(heads) if head[0] + 1 == m]
        rows = rice.decode([memoryview(packed[it])[ARRIVALS_HEAD.size :] for it in places], 2, m)
        firsts = np.array([first_indexes[it] for it in places], np.int64)[:, None]
        period_ns, begin_ns = np.array([heads[it][1:] for it in places], np.int64).T[..., None]
        index = firsts + np.add.accumulate(rows[:, 0], axis=1)
        t_ns = begin_ns + (index - index[:, :1]) * period_ns + rows[:, 1]
        unpacked |= zip(places, np.stack([index, t_ns], axis=2), strict=True)
    return [unpacked[place] for place in range(len(packed))]


def _weights(steps: Floats) -> Floats:
    """(k, k) least-squares weights of each column on those before it, times 2**WEIGHT_BITS.

    With steps @ steps.T = L D L', L of unit diagonal, row c of inv(L) is 1 at c and minus the
    weights before it. A hair on the diagonal keeps columns that are alike apart.
    """
    k = len(steps)
    products = steps @ steps.T
    diagonal = products.reshape(-1)[:: k + 1]
    diagonal *= 1 + 1e-7
    diagonal += 1.0
    root = np.linalg.cholesky(products)
    weights = np.linalg.inv(root / root.diagonal())
    weights *= -(2**WEIGHT_BITS)
    weights.reshape(-1)[:: k + 1] = 0
    whole: Floats = np.rint(weights).clip(-(2**15), 2**15 - 1)
    return whole


def _explained(weights: Floats, steps: Floats) -> Floats:
    """What the columns before explain of each step; by way of floats, where they are exact."""
    if len(weights) > FLOATS_TO:
        products = weights.astype(np.int64) @ steps.astype(np.int64)
        return ((products + HALF) >> WEIGHT_BITS).astype(np.float64)
    return np.floor((weights @ steps + HALF) * 2.0**-WEIGHT_BITS)


@lru_cache(maxsize=8)
def _triangle(k: int) -> tuple[NDArray[np.intp], ...]:
    """Where the weights stand in a (k, k) array."""
    return np.tril_indices(k, -1)


def _steps(residuals: Int64s, weights: Int64s) -> Int64s:
    """Each column's steps from its residuals and the steps of the columns before it, by block."""
    steps = residuals.copy()
    for column in range(1, steps.shape[1]):
        [before] = (weights[:, None, column, :column] @ steps[:, :column]).transpose(1, 0, 2)
        steps[:, column] += (before + HALF) >> WEIGHT_BITS
    return steps


def _repeat(columns: Int32s, missing: NDArray[np.bool_]) -> Int32s:
    """The columns with the value before in place of each missing one; 0 before the first."""
    last = np.where(missing, 0, np.arange(columns.shape[1]))
    np.maximum.accumulate(last, axis=1, out=last)
    filled = np.take_along_axis(columns, last, axis=1)
    return np.where(filled == MISSING_COUNT, np.int32(0), filled)


def _missing(mask: bytes | memoryview, shape: tuple[int, int]) -> NDArray[np.bool_]:
    size = shape[0] * shape[1]
    octets = inflate(mask, (size + 7) // 8)
    if len(octets) != (size + 7) // 8:
        raise ValueError("the mask of missing values is damaged")
    return np.unpackbits(np.frombuffer(octets, np.uint8), count=size).astype(bool).reshape(shape)
