"""Rice coding of rows of integers: small numbers take few bits; numpy only.

    k        one byte a row: how many low bits of its numbers stand apart
    bits     first the k low bits of every number of the first row, then of the second, and so on;
             then the rest of each number, number by number, as so many zeros and a one;
             the highest bit first, the last byte filled up with zeros

Numbers are zigzagged before: 0, -1, 1, -2 ... become 0, 1, 2, 3 ...

Source: R. F. Rice, Some practical universal noiseless coding techniques, JPL 79-22, 1979.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Bits = NDArray[np.uint8]
Places = NDArray[np.signedinteger]
MAX_LOW_BITS = 63
# k is chosen so that the rest of the numbers is less than 2 on average: 3 bits with the closing one
# and another for rounding. More is damage, and must not cost memory.
MAX_REST_BITS = 4
WINDOW_BITS = 57  # of 64, what is left behind a begin anywhere in the first byte
NARROW_BITS = 25  # and of 32
FEW = 30


def encode(numbers: Integers) -> bytes:
    """Pack a (rows, n) array of any int64."""
    zigzag = ((numbers << 1) ^ (numbers >> 63)).view(np.uint64)
    low_bits = _low_bits(zigzag)
    rest = (zigzag >> low_bits[:, None].astype(np.uint64)).view(np.int64).ravel()
    # not cumsum: tests/recorder/test_memory.py says why
    ends = np.add.accumulate(rest + 1) - 1
    unary = np.zeros(int(ends[-1]) + 1 if len(ends) else 0, np.uint8)
    unary[ends] = 1
    parts = _bits_of(zigzag, low_bits.tolist())
    return low_bits.tobytes() + np.packbits(np.concatenate([*parts, unary])).tobytes()


def encode_few(numbers: Sequence[Sequence[int]]) -> bytes:
    """As `encode`, of equally long rows; of up to FEW numbers a row quicker than by arrays."""
    zigzag = [[(one << 1) ^ (one >> 63) for one in row] for row in numbers]
    low_bits = [_exponent(sum(row) // len(row)) for row in zigzag]
    bits = 1  # keeps the zeros behind it
    for k, row in zip(low_bits, zigzag, strict=True):
        for one in row:
            bits = bits << k | one & ((1 << k) - 1)
    for k, row in zip(low_bits, zigzag, strict=True):
        for one in row:
            bits = bits << (one >> k) + 1 | 1
    bits <<= -(bits.bit_length() - 1) % 8
    return bytes(low_bits) + bits.to_bytes(bits.bit_length() // 8 + 1, "big")[1:]


def decode(packed: Sequence[bytes | memoryview], rows: int, n: int) -> Integers:
    """Unpack several (rows, n) arrays into one (len(packed), rows, n): much quicker than singly.

    Their size is the caller's to bound.

    Raises:
        ValueError: one of `packed` does not hold such an array.
    """
    low_bits = _row_lengths(packed, rows, n)
    octets = np.frombuffer(b"".join([*packed, bytes(8)]), np.uint8)
    begins = 8 * np.cumsum([0, *map(len, packed)])  # in bits, as all that follows
    low_begins = 8 * rows + n * np.cumsum(low_bits, axis=1) - n * low_bits + begins[:-1, None]
    width = np.dtype("i4" if begins[-1] < 2**31 else "i8")  # narrow ones take half the time
    places: Places = low_bits[..., None].astype(width) * np.arange(n).astype(width)
    places += low_begins[..., None].astype(width)
    unary_begins = begins[:-1] + 8 * rows + n * low_bits.sum(axis=1)
    rest = _rest(octets, unary_begins, begins[1:], rows * n).reshape(len(packed), rows, n)
    shifts = low_bits[..., None].astype(np.uint64)
    rest <<= shifts
    rest |= _numbers_at(octets, places, shifts)
    return _unzigzagged(rest)


def _unzigzagged(zigzag: NDArray[np.uint64]) -> Integers:
    """0, 1, 2, 3 ... become 0, -1, 1, -2 ...; in place."""
    signs = -(zigzag & np.uint64(1)).view(np.int64)
    zigzag >>= np.uint64(1)
    numbers = zigzag.view(np.int64)
    numbers ^= signs
    return numbers


def _low_bits(zigzag: NDArray[np.uint64]) -> Bits:
    """For each row the k with 2**k <= mean < 2**(k + 1)."""
    n = max(zigzag.shape[1], 1)
    sums = np.add.reduce(zigzag, axis=1, dtype=np.float64)
    return np.array([_exponent(int(it) // n) for it in sums.tolist()], np.uint8)


def _exponent(mean: int) -> int:
    return min(max(mean, 1).bit_length() - 1, MAX_LOW_BITS)


def _bits_of(zigzag: NDArray[np.uint64], low_bits: list[int]) -> list[Bits]:
    """For each row the k low bits of each number, one after the other."""
    width = next(octets for octets in (1, 2, 4, 8) if 8 * octets >= max(low_bits, default=0))
    words = zigzag.astype(f">u{width}").view(np.uint8)
    bits = np.unpackbits(words, axis=1).reshape(*zigzag.shape, 8 * width)
    return [row[:, 8 * width - k :].ravel() for row, k in zip(bits, low_bits, strict=True)]


def _row_lengths(packed: Sequence[bytes | memoryview], rows: int, n: int) -> Integers:
    """The k of each row, (len(packed), rows); raises ValueError where the length does not fit."""
    if min(map(len, packed)) < rows:
        raise ValueError("the packed bytes are damaged: row lengths")
    heads = b"".join(one[:rows] for one in packed)
    low_bits = np.frombuffer(heads, np.uint8).reshape(len(packed), rows).astype(np.int64)
    if low_bits.max(initial=0) > MAX_LOW_BITS:
        raise ValueError("the packed bytes are damaged: row lengths")
    low_sizes = n * low_bits.sum(axis=1)
    sizes = np.array([len(one) - rows for one in packed])
    if (sizes > (low_sizes + MAX_REST_BITS * rows * n) // 8 + 1).any():
        raise ValueError("the packed bytes are too long")
    if (8 * sizes < low_sizes).any():
        raise ValueError("the packed bytes are damaged, cut short or too long")
    return low_bits


def _numbers_at(octets: Bits, places: Places, k: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Numbers of k bits from the bits `places` of `octets` on; eight more bytes are behind them."""
    widest = k.max(initial=0)
    if widest <= NARROW_BITS:
        return _narrow_window(octets, places, k)
    if widest <= WINDOW_BITS:
        return _window(octets, places, k)
    low = np.minimum(k, np.uint64(32))
    high = k - low
    upper = _window(octets, places, high) << low
    return upper | _window(octets, places + high.astype(np.int64), low)


def _narrow_window(octets: Bits, places: Places, k: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """As `_numbers_at`, of at most NARROW_BITS, as those of an EEG are: half the memory to pass."""
    words = np.ndarray(len(octets) - 3, ">u4", octets, strides=(1,))
    begun = words[places >> 3].astype(np.uint32)
    begun <<= (places & 7).astype(np.uint32)
    begun >>= np.uint32(1)
    begun >>= np.uint32(31) - k.astype(np.uint32)
    found: NDArray[np.uint64] = begun.astype(np.uint64)
    return found


def _window(octets: Bits, places: Places, k: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """As `_numbers_at`, of at most WINDOW_BITS: a word is read at the byte that each begins in."""
    words = np.ndarray(len(octets) - 7, ">u8", octets, strides=(1,))
    begun = words[places >> 3].astype(np.uint64) << (places & 7).astype(np.uint64)
    found: NDArray[np.uint64] = begun >> np.uint64(1) >> (np.uint64(63) - k)
    return found


def _rest(octets: Bits, begins: Integers, ends: Integers, count: int) -> NDArray[np.uint64]:
    """From each begin to each end `count` numbers of so many zeros and a one: (begins, count)."""
    parts = [octets[a:b] for a, b in zip((begins >> 3).tolist(), (ends >> 3).tolist(), strict=True)]
    bits = np.unpackbits(np.concatenate(parts))
    part_ends = 8 * np.cumsum([len(part) for part in parts])
    part_begins = part_ends - ends + begins
    for begin, before in zip(part_begins.tolist(), (begins & 7).tolist(), strict=True):
        bits[begin - before : begin] = 0  # of the last low bits, which share the byte
    ones = np.flatnonzero(bits.view(np.bool_))  # twice as quick as of numbers
    found = np.diff(np.searchsorted(ones, part_ends), prepend=0)
    if (found != count).any():
        raise ValueError("the packed bytes are damaged, cut short or too long")
    closings = ones.reshape(len(parts), count)
    closed = np.concatenate([part_begins[:, None] - 1, closings], axis=1)
    if (part_ends - closed[:, -1] > 8).any():
        raise ValueError("the packed bytes are damaged, cut short or too long")
    rest: NDArray[np.uint64] = (np.diff(closed, axis=1) - 1).view(np.uint64)
    return rest
