"""Codec 1: differences, shuffled, through zlib; and the aux of codec 2.

    1. the difference of each row to the one before (the first to zero), modulo 2**32 or 2**64
    2. zigzag, so that small steps are small numbers: 0, -1, 1, -2 ... become 0, 1, 2, 3 ...
    3. shuffle: the lowest bytes of all values, then all second bytes, and so on; little end first
    4. zlib, level 6

The same for counts and aux, (n, columns) int32, and for arrivals, (m, 2) int64; m is what the
length of the unpacked arrivals gives.
"""

import zlib
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


def unpack(packed: bytes, n: int, k: int) -> NDArray[np.int32]:
    """Unpack an (n, k) int32 array; its size is the caller's to bound.

    Raises:
        ValueError: `packed` does not hold such an array.
    """
    plain = inflate(packed, 4 * n * k)
    if len(plain) != 4 * n * k:
        raise ValueError(f"{len(plain)} bytes where {n} x {k} values need {4 * n * k}")
    return _unpack_words(plain, "<u4", k).reshape(n, k).astype(np.int32)


def unpack_arrivals(packed: bytes, most: int) -> NDArray[np.int64]:
    """Unpack the (m, 2) arrivals, index and t_ns; m is at most `most`.

    Raises:
        ValueError: `packed` does not hold such an array.
    """
    plain = inflate(packed, ARRIVAL_BYTES * most)
    if len(plain) % ARRIVAL_BYTES:
        raise ValueError("the arrivals end in the middle of a pair")
    return _unpack_words(plain, "<u8", 2).astype(np.int64)


def inflate(packed: bytes, limit: int) -> bytes:
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


def _unpack_words(plain: bytes, dtype: str, k: int) -> Words:
    size = np.dtype(dtype).itemsize
    shuffled = np.frombuffer(plain, np.uint8).reshape(size, -1)
    zigzag = np.ascontiguousarray(shuffled.T).view(dtype).reshape(-1, max(k, 1))
    steps = (zigzag >> 1) ^ -(zigzag & 1)
    return np.cumsum(steps, axis=0, dtype=dtype)
