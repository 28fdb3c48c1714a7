"""The packing of aux: differences, shuffled, through zlib.

    1. the difference of each row to the one before (the first to zero), modulo 2**32
    2. zigzag, so that small steps are small numbers: 0, -1, 1, -2 ... become 0, 1, 2, 3 ...
    3. shuffle: the lowest bytes of all values, then all second bytes, and so on; little end first
    4. deflate, level 6, without a head or a checksum: the block has one

Its columns have nothing in common with each other: cross_rice.py would gain nothing.
"""

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LEVEL = 6
# Tables for a few kilobytes: to empty those for more takes longer than to pack a block. Runs
# are all that there is to find in a board's pins, and a third of the work.
WINDOW_BITS, MEMORY_LEVEL = 12, 4


def pack(array: NDArray[np.int32]) -> bytes:
    """Pack an (n, k) int32 array."""
    words = np.ascontiguousarray(array).astype("<u4")
    steps = words.copy()
    steps[1:] -= words[:-1]
    zigzag = (steps << 1) ^ -(steps >> 31)
    packing = zlib.compressobj(
        LEVEL, wbits=-WINDOW_BITS, memLevel=MEMORY_LEVEL, strategy=zlib.Z_RLE
    )
    return packing.compress(zigzag.view(np.uint8).reshape(-1, 4).T.tobytes()) + packing.flush()


def unpack(packed: Sequence[bytes], n: int, k: int) -> NDArray[np.int32]:
    """Unpack several (n, k) int32 arrays into one (len(packed), n, k).

    Their size is the caller's to bound.

    Raises:
        ValueError: one of `packed` does not hold such an array.
    """
    plain = [inflate(one, 4 * n * k, bare=True) for one in packed]
    if short := next((one for one in plain if len(one) != 4 * n * k), None):
        raise ValueError(f"{len(short)} bytes where {n} x {k} values need {4 * n * k}")
    octets = np.frombuffer(b"".join(plain), np.uint8).reshape(len(packed), 4, -1)
    zigzag = np.ascontiguousarray(octets.transpose(0, 2, 1)).view("<u4").reshape(len(packed), n, k)
    steps = (zigzag >> 1) ^ -(zigzag & 1)
    return np.cumsum(steps, axis=1, dtype="<u4").astype(np.int32)


def inflate(packed: bytes | memoryview, limit: int, *, bare: bool = False) -> bytes:
    """Decompress at most `limit` bytes; `bare`: of deflate without zlib's head and checksum.

    Raises:
        ValueError: `packed` holds more, or is damaged.
    """
    stream = zlib.decompressobj(-zlib.MAX_WBITS if bare else zlib.MAX_WBITS)
    try:
        plain = stream.decompress(packed, limit + 1)
    except zlib.error as error:
        raise ValueError(f"the packed bytes are damaged: {error}") from error
    if len(plain) > limit or not stream.eof or stream.unused_data:
        raise ValueError("the packed bytes are cut short or too long")
    return plain
