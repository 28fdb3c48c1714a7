"""The packing of a block row; lossless, with the standard library and numpy only.

    payload   (n, channels) int32      aux   (n, aux columns) int32      arrivals   (m, 2) int64
              counts                         auxiliary columns                      index, t_ns

Codec 1, the same for all three:

    1. the difference of each row to the one before (the first to zero), modulo 2**32 or 2**64
    2. zigzag, so that small steps are small numbers: 0, -1, 1, -2 ... become 0, 1, 2, 3 ...
    3. shuffle: the lowest bytes of all values, then all second bytes, and so on; little end first
    4. zlib, level 6

n is a column of the row; m is what the length of the unpacked arrivals gives.
crc32 covers board, segment, first_index, n, codec and late as six little-endian int64, then
payload, aux and arrivals as they are stored.
"""

import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recorder.store.rows import MAX_BLOCK_SAMPLES, MAX_BLOCK_VALUES, BlockRow

DELTA_ZLIB = 1
BLOCK_COLUMNS = (
    "board, segment, first_index, n, codec, crc32, late, arrivals, payload, aux"  # as sealed
)
ARRIVAL_BYTES = 16

Sealed = tuple[int, int, int, int, int, int, int, bytes, bytes, bytes]
Words = NDArray[np.unsignedinteger[Any]]


def pack(codec: int, array: NDArray[np.int32]) -> bytes:
    """Pack an (n, k) int32 array.

    Raises:
        ValueError: there is no such codec.
    """
    _require_known(codec)
    return _pack_words(np.ascontiguousarray(array).astype("<u4"))


def unpack(codec: int, payload: bytes, n: int, k: int) -> NDArray[np.int32]:
    """Unpack an (n, k) int32 array.

    Raises:
        ValueError: there is no such codec, or `payload` does not hold such an array.
    """
    _require_known(codec)
    if not (0 <= n <= MAX_BLOCK_SAMPLES and 0 <= n * k <= MAX_BLOCK_VALUES):
        raise ValueError(f"an array of {n} x {k} values is not a block's")
    plain = _inflate(payload, 4 * n * k)
    if len(plain) != 4 * n * k:
        raise ValueError(f"{len(plain)} bytes where {n} x {k} values need {4 * n * k}")
    return _unpack_words(plain, "<u4", k).reshape(n, k).astype(np.int32)


def seal(row: BlockRow) -> Sealed:
    """A block row as it is stored, in the order of BLOCK_COLUMNS."""
    key = (int(row.board), int(row.segment), int(row.first_index), len(row), DELTA_ZLIB)
    arrivals = np.stack([row.arrival_index, row.arrival_ns], axis=1).astype("<u8")
    blobs = (_pack_words(arrivals), pack(DELTA_ZLIB, row.counts), pack(DELTA_ZLIB, row.aux))
    late = int(row.late)
    return (*key, _checksum(*key, late, *blobs), late, *blobs)


def unseal(sealed: tuple[Any, ...], channels: int, aux_columns: int) -> BlockRow:
    """The block row that was stored as `sealed`, in the order of BLOCK_COLUMNS.

    Raises:
        ValueError: it is damaged; the message says in what way.
    """
    board, segment, first_index, n, codec, crc32, late, arrivals, payload, aux = sealed
    try:
        found = _checksum(board, segment, first_index, n, codec, late, arrivals, payload, aux)
    except (struct.error, TypeError) as error:
        raise ValueError("a column is missing or of another type") from error
    if found != crc32:
        raise ValueError("the checksum does not match")
    arrival_index, arrival_ns = _unpack_arrivals(arrivals, n)
    return BlockRow(
        board=board,
        segment=segment,
        first_index=first_index,
        counts=unpack(codec, payload, n, channels),
        aux=unpack(codec, aux, n, aux_columns),
        arrival_index=arrival_index,
        arrival_ns=arrival_ns,
        late=bool(late),
    )


def _require_known(codec: int) -> None:
    if codec != DELTA_ZLIB:
        raise ValueError(f"codec {codec} is not known to this version")


def _checksum(*columns: Any) -> int:
    """CRC-32 of six integers and the blobs arrivals, payload, aux."""
    *key, arrivals, payload, aux = columns
    crc = zlib.crc32(struct.pack("<6q", *key))
    for blob in (payload, aux, arrivals):
        crc = zlib.crc32(blob, crc)
    return crc


def _unpack_arrivals(blob: bytes, n: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    plain = _inflate(blob, ARRIVAL_BYTES * min(n, MAX_BLOCK_SAMPLES))
    if len(plain) % ARRIVAL_BYTES:
        raise ValueError("the arrivals end in the middle of a pair")
    pairs = _unpack_words(plain, "<u8", 2).astype(np.int64)
    return pairs[:, 0].copy(), pairs[:, 1].copy()


def _pack_words(words: Words) -> bytes:
    bits = 8 * words.itemsize
    steps = words.copy()
    steps[1:] -= words[:-1]
    zigzag = (steps << 1) ^ -(steps >> (bits - 1))
    return zlib.compress(zigzag.view(np.uint8).reshape(-1, words.itemsize).T.tobytes(), 6)


def _unpack_words(plain: bytes, dtype: str, k: int) -> Words:
    size = np.dtype(dtype).itemsize
    shuffled = np.frombuffer(plain, np.uint8).reshape(size, -1)
    zigzag = np.ascontiguousarray(shuffled.T).view(dtype).reshape(-1, max(k, 1))
    steps = (zigzag >> 1) ^ -(zigzag & 1)
    return np.cumsum(steps, axis=0, dtype=dtype)


def _inflate(payload: bytes, limit: int) -> bytes:
    """Decompress at most `limit` bytes; a payload of more, or of less than all, is damaged."""
    stream = zlib.decompressobj()
    try:
        plain = stream.decompress(payload, limit + 1)
    except zlib.error as error:
        raise ValueError(f"the packed bytes are damaged: {error}") from error
    if len(plain) > limit or not stream.eof or stream.unused_data:
        raise ValueError("the packed bytes are cut short or too long")
    return plain
