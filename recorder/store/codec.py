"""The packing of a block row; lossless.

    payload    (n, channels) int32      counts               cross_rice.py
    aux        (n, aux columns) int32   auxiliary columns    delta_zlib.py
    arrivals   (m, 2) int64             index, t_ns          cross_rice.py

n is a column of the row; codec is 2: 1 is in no file of a version that is read. crc32 covers board,
segment, first_index, n, codec and late as six little-endian int64, then payload, aux and arrivals
as they are stored; no part of it depends on the codec, so that blocks of a codec of the future can
be told whole from damaged.
"""

import struct
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recorder.store import cross_rice, delta_zlib
from recorder.store.rows import MAX_BLOCK_SAMPLES, MAX_BLOCK_VALUES, BlockRow

CODEC = 2
BLOCK_COLUMNS = (
    "board, segment, first_index, n, codec, crc32, late, arrivals, payload, aux"  # as sealed
)

Sealed = tuple[int, int, int, int, int, int, int, bytes, bytes, bytes]


def seal(row: BlockRow) -> Sealed:
    """A block row as it is stored, in the order of BLOCK_COLUMNS."""
    key = (int(row.board), int(row.segment), int(row.first_index), len(row), CODEC)
    arrivals = cross_rice.pack_arrivals(row.arrival_index, row.arrival_ns, key[2])
    blobs = (arrivals, cross_rice.pack(row.counts), delta_zlib.pack(row.aux))
    late = int(row.late)
    return (*key, _checksum(*key, late, *blobs), late, *blobs)


def require_intact(sealed: tuple[Any, ...]) -> None:
    """Raise ValueError unless the checksum of `sealed` is right; needs no header and no codec."""
    try:
        board, segment, first_index, n, codec, crc32, late, arrivals, payload, aux = sealed
        found = _checksum(board, segment, first_index, n, codec, late, arrivals, payload, aux)
    except (struct.error, TypeError, ValueError) as error:
        raise ValueError("a column is missing or of another type") from error
    if found != crc32:
        raise ValueError("the checksum does not match")


def unseal(sealed: Sequence[tuple[Any, ...]], channels: int, aux_columns: int) -> list[BlockRow]:
    """The block rows of one board that were stored as `sealed`, each in the order of BLOCK_COLUMNS.

    Several at once are much quicker than one by one: those of one length are unpacked together.

    Raises:
        ValueError: one of them is damaged; the message says in what way.
    """
    alike: dict[tuple[int, int], list[int]] = {}
    for place, one in enumerate(sealed):
        require_intact(one)
        alike.setdefault((one[4], one[3]), []).append(place)
    rows: dict[int, BlockRow] = {}
    for places in alike.values():
        unpacked = _unpack_alike([sealed[place] for place in places], channels, aux_columns)
        rows |= zip(places, unpacked, strict=True)
    return [rows[place] for place in range(len(sealed))]


def unseal_counts(sealed: Sequence[tuple[Any, ...]], channels: int) -> list[NDArray[np.int32]]:
    """As `unseal`, of each block the counts only; all of it is held against its checksum."""
    alike: dict[tuple[int, int], list[int]] = {}
    for place, one in enumerate(sealed):
        require_intact(one)
        alike.setdefault((one[4], one[3]), []).append(place)
    counts: dict[int, NDArray[np.int32]] = {}
    for (codec, n), places in alike.items():
        _require_known(codec, n, channels)
        payloads = [sealed[place][8] for place in places]
        counts |= zip(places, cross_rice.unpack(payloads, n, channels), strict=True)
    return [counts[place] for place in range(len(sealed))]


def _require_known(codec: int, n: int, columns: int) -> None:
    if codec != CODEC:
        raise ValueError(f"codec {codec} is not known to this version")
    if not (0 < n <= MAX_BLOCK_SAMPLES and n * columns <= MAX_BLOCK_VALUES):
        raise ValueError(f"{n} samples are not a block's")


def _unpack_alike(
    sealed: Sequence[tuple[Any, ...]], channels: int, aux_columns: int
) -> Iterator[BlockRow]:
    """Blocks of one codec and length."""
    _, _, _, n, codec, *_ = sealed[0]
    _require_known(codec, n, max(channels, aux_columns))
    arrivals = cross_rice.unpack_arrivals([one[7] for one in sealed], n, [one[2] for one in sealed])
    counts = cross_rice.unpack([one[8] for one in sealed], n, channels)
    aux = delta_zlib.unpack([one[9] for one in sealed], n, aux_columns)
    for one, pairs, counted, beside in zip(sealed, arrivals, counts, aux, strict=True):
        board, segment, first_index, *_ = one
        index, t_ns = np.ascontiguousarray(pairs.T)
        late = bool(one[6])
        yield BlockRow(board, segment, first_index, counted, beside, index, t_ns, late)


def _checksum(*columns: Any) -> int:
    """CRC-32 of six integers and the blobs arrivals, payload, aux."""
    *key, arrivals, payload, aux = columns
    crc = zlib.crc32(struct.pack("<6q", *key))
    for blob in (payload, aux, arrivals):
        crc = zlib.crc32(blob, crc)
    return crc
