"""Rice coding of rows of integers: small numbers take few bits; numpy only.

    k        one byte a row: how many low bits of its numbers stand apart
    bits     first the k low bits of every number of the first row, then of the second, and so on;
             then the rest of each number, number by number, as so many zeros and a one;
             the highest bit first, the last byte filled up with zeros

Numbers are zigzagged before: 0, -1, 1, -2 ... become 0, 1, 2, 3 ...

Source: R. F. Rice, Some practical universal noiseless coding techniques, JPL 79-22, 1979.
"""

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Bits = NDArray[np.uint8]
MAX_LOW_BITS = 63
# k is chosen so that the rest of the numbers is less than 2 on average: 3 bits with the closing one
# and another for rounding. More is damage, and must not cost memory.
MAX_REST_BITS = 4


def encode(numbers: Integers) -> bytes:
    """Pack a (rows, n) array of any int64."""
    zigzag = ((numbers << 1) ^ (numbers >> 63)).view(np.uint64)
    low_bits = _low_bits(zigzag)
    rest = (zigzag >> low_bits[:, None]).ravel()
    # not cumsum: tests/recorder/test_memory.py says why
    ends = np.add.accumulate(rest.astype(np.int64) + 1) - 1
    unary = np.zeros(int(ends[-1]) + 1 if len(ends) else 0, np.uint8)
    unary[ends] = 1
    parts = _bits_of(zigzag, low_bits.tolist())
    return low_bits.tobytes() + np.packbits(np.concatenate([*parts, unary])).tobytes()


def decode(packed: bytes, rows: int, n: int) -> Integers:
    """Unpack a (rows, n) array; its size is the caller's to bound.

    Raises:
        ValueError: `packed` does not hold such an array.
    """
    low_bits = np.frombuffer(packed[:rows], np.uint8)
    low_size = n * int(low_bits.sum())
    if len(low_bits) < rows or low_bits.max(initial=0) > MAX_LOW_BITS:
        raise ValueError("the packed bytes are damaged: row lengths")
    if len(packed) - rows > (low_size + MAX_REST_BITS * rows * n) // 8 + 1:
        raise ValueError("the packed bytes are too long")
    bits = np.unpackbits(np.frombuffer(packed, np.uint8, offset=rows))
    rest = _rest(bits[low_size:], rows * n).reshape(rows, n)
    ends = n * np.cumsum(low_bits, dtype=np.int64)
    low = np.zeros((rows, n), np.uint64)
    for row, end, k in zip(low, ends, low_bits.tolist(), strict=True):
        row[:] = _numbers_of(bits[end - n * k : end], n, k)
    shifts = low_bits[:, None].astype(np.uint64)
    zigzag = (rest << shifts) | low
    return (zigzag >> np.uint64(1)).view(np.int64) ^ -(zigzag & np.uint64(1)).view(np.int64)


def _low_bits(zigzag: NDArray[np.uint64]) -> Bits:
    """For each row the k with 2**k <= mean < 2**(k + 1)."""
    mean = zigzag.mean(axis=1, dtype=np.float64) if zigzag.size else np.zeros(len(zigzag))
    exponent = np.frexp(np.maximum(mean, 1.0))[1] - 1
    low_bits: Bits = np.minimum(exponent, MAX_LOW_BITS).astype(np.uint8)
    return low_bits


def _bits_of(zigzag: NDArray[np.uint64], low_bits: list[int]) -> list[Bits]:
    """For each row the k low bits of each number, one after the other."""
    width = next(octets for octets in (1, 2, 4, 8) if 8 * octets >= max(low_bits, default=0))
    words = zigzag.astype(f">u{width}").view(np.uint8)
    bits = np.unpackbits(words, axis=1).reshape(*zigzag.shape, 8 * width)
    return [row[:, 8 * width - k :].ravel() for row, k in zip(bits, low_bits, strict=True)]


def _numbers_of(bits: Bits, n: int, k: int) -> NDArray[np.uint64]:
    """The inverse of `_bits_of`; `_rest` has made sure that there are bits enough."""
    wide = np.zeros((n, 64), np.uint8)
    wide[:, 64 - k :] = bits.reshape(n, k)
    return np.packbits(wide, axis=1).view(">u8").ravel().astype(np.uint64)


def _rest(bits: Bits, count: int) -> NDArray[np.uint64]:
    ends = np.flatnonzero(bits)
    used = int(ends[-1]) + 1 if len(ends) else 0
    if len(ends) != count or len(bits) - used >= 8:
        raise ValueError("the packed bytes are damaged, cut short or too long")
    return (np.diff(ends, prepend=-1) - 1).astype(np.uint64)
