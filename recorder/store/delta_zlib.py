"""Codec 1: differences, shuffled, through zlib; and the aux of codec 2.

    1. the difference of each row to the one before (the first to zero), modulo 2**32 or 2**64
    2. zigzag, so that small steps are small numbers: 0, -1, 1, -2 ... become 0, 1, 2, 3 ...
    3. shuffle: the lowest bytes of all values, then all second bytes, and so on; little end first
    4. zlib, level 6

The same for counts and aux, (n, columns) int32, and for arrivals, (m, 2) int64; m is what the
length of the unpacked arrivals gives.
"""

import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

ARRIVAL_BYTES = 16
LEVEL = 6
# Tables for a few kilobytes: to empty those for more takes longer than to pack a block.
WINDOW_BITS, MEMORY_LEVEL = 12, 4
Words = NDArray[np.unsignedinteger[Any]]


def pack(array: NDArray[np.int32]) -> bytes:
    """Pack an (n, k) int32 array."""
    words = np.ascontiguousarray(array).astype("<u4")
    steps = words.copy()
    steps[1:] -= words[:-1]
    zigzag = (steps << 1) ^ -(steps >> 31)
    packing = zlib.compressobj(LEVEL, wbits=WINDOW_BITS, memLevel=MEMORY_LEVEL)
    return packing.compress(zigzag.view(np.uint8).reshape(-1, 4).T.tobytes()) + packing.flush()


def unpack(packed: Sequence[bytes], n: int, k: int) -> NDArray[np.int32]:
    """Unpack several (n, k) int32 arrays into one (len(packed), n, k).

    Their size is the caller's to bound.

    Raises:
        ValueError: one of `packed` does not hold such an array.
    """
    plain = [inflate(one, 4 * n * k) for one in packed]
    if short := next((one for one in plain if len(one) != 4 * n * k), None):
        raise ValueError(f"{len(short)} bytes where {n} x {k} values need {4 * n * k}")
    words = _unpack_words(b"".join(plain), "<u4", (len(packed), n, k))
    return words.astype(np.int32)


def unpack_arrivals(packed: Sequence[bytes], most: int) -> list[NDArray[np.int64]]:
    """Unpack arrivals, index and t_ns, each (m, 2) with an m of its own that is at most `most`.

    Raises:
        ValueError: one of `packed` does not hold such an array.
    """
    return [_unpack_pairs(inflate(one, ARRIVAL_BYTES * most)) for one in packed]


def inflate(packed: bytes | memoryview, limit: int) -> bytes:
    """Decompress at most `limit` bytes.

    Raises:
        ValueError: `packed` holds more, or is damaged.
    """
    stream = zlib.decompressobj()
    try:
        plain = stream.decompress(packed, limit + 1)
    except zlib.error as error:
        raise ValueError(f"the packed bytes are damaged: {error}") from error
    if len(plain) > limit or not stream.eof or stream.unused_data:
        raise ValueError("the packed bytes are cut short or too long")
    return plain


def _unpack_pairs(plain: bytes) -> NDArray[np.int64]:
    m, more = divmod(len(plain), ARRIVAL_BYTES)
    if more:
        raise ValueError("the arrivals end in the middle of a pair")
    [pairs] = _unpack_words(plain, "<u8", (1, m, 2)).astype(np.int64)
    return np.asarray(pairs, np.int64)


def _unpack_words(plain: bytes, dtype: str, shape: tuple[int, int, int]) -> Words:
    """Arrays of `shape`[1:], one after the other in `plain`."""
    octets = np.frombuffer(plain, np.uint8).reshape(shape[0], np.dtype(dtype).itemsize, -1)
    zigzag = np.ascontiguousarray(octets.transpose(0, 2, 1)).view(dtype).reshape(shape)
    steps = (zigzag >> 1) ^ -(zigzag & 1)
    return np.cumsum(steps, axis=1, dtype=dtype)
