import contextlib
import struct
import time
import tracemalloc
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from hardware.board import MISSING_COUNT
from recorder.store import codec, cross_rice, delta_zlib, rice
from tests.places import RECORDINGS
from tests.recorder.session_files import UV_PER_COUNT, block

edges = st.sampled_from([-(2**31), 2**31 - 1, -1, 0, 1, 2**23 - 1, -(2**23)])
int32_arrays = arrays(
    np.int32,
    st.tuples(st.integers(1, 40), st.integers(0, 17)),
    elements=st.one_of(edges, st.integers(-(2**31), 2**31 - 1)),
)


PACKINGS = {
    "aux": (delta_zlib.pack, delta_zlib.unpack),
    "payload": (cross_rice.pack, cross_rice.unpack),
}
both_codecs = pytest.mark.parametrize("column", PACKINGS)
# What the codecs made of these when they were new; should this fail, old files are unreadable.
ARRAY = np.array([[5, -7, -(2**31)], [6, -9, 2**31 - 1], [-1, 300, 0]], np.int32)
ARRIVALS = np.array([[9, 5_000_000_000_123], [19, 5_000_040_000_456], [29, 5_000_080_000_001]])
PACKED = {
    "aux": bytes.fromhex("e3e2fdcfc4ccc89bf59781e13f031030fd873218100c00"),
    "payload": bytes.fromhex(
        "0a000000789c636200000006000305000000f9ffffff000000000080ff7fff7f02082090"
        "cfa0000000e000012dd8d5"
    ),
}
PACKED_ARRIVALS = bytes.fromhex("0200f9083d007b5039278c0400000408844002624ac6")


def noise(n: int, k: int, scale: int = 500) -> NDArray[np.int32]:
    return np.random.default_rng(n).integers(-scale, scale, (n, k)).astype(np.int32)


@both_codecs
@settings(max_examples=100, deadline=None)
@given(array=int32_arrays)
def test_any_array_comes_back_exactly(column: str, array: NDArray[np.int32]) -> None:
    pack, unpack = PACKINGS[column]
    back = unpack([pack(array)], *array.shape)[0]
    assert back.dtype == np.int32
    assert np.array_equal(back, array)


@both_codecs
def test_an_array_that_is_a_view_with_gaps_comes_back_exactly(column: str) -> None:
    pack, unpack = PACKINGS[column]
    array = np.arange(60, dtype=np.int32).reshape(10, 6)[::2, 1::2]
    assert np.array_equal(unpack([pack(array)], 5, 3)[0], array)


@both_codecs
def test_what_was_ever_written_is_still_read(column: str) -> None:
    assert np.array_equal(PACKINGS[column][1]([PACKED[column]], 3, 3)[0], ARRAY)


def test_arrivals_that_were_ever_written_are_still_read() -> None:
    assert np.array_equal(cross_rice.unpack_arrivals([PACKED_ARRIVALS], 3, [5])[0], ARRIVALS)


@settings(max_examples=100, deadline=None)
@given(arrays(np.int64, st.tuples(st.integers(1, 5), st.integers(0, 30))))
def test_any_integers_come_back_from_rice_coding(numbers: NDArray[np.int64]) -> None:
    assert np.array_equal(rice.decode([rice.encode(numbers)], *numbers.shape)[0], numbers)


@settings(max_examples=100, deadline=None)
@given(arrays(np.int64, (2, 7), elements=st.integers(-(2**50), 2**50)))
def test_a_few_integers_are_coded_as_many_are(numbers: NDArray[np.int64]) -> None:
    assert rice.encode_few(numbers.tolist()) == rice.encode(numbers)


@both_codecs
@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32), k=st.integers(0, 9), n=st.integers(1, 40))
def test_several_blocks_unpacked_together_are_each_what_it_is_alone(
    column: str, seed: int, k: int, n: int
) -> None:
    pack, unpack = PACKINGS[column]
    rng = np.random.default_rng(seed)
    blocks = [rng.integers(-s, s, (n, k)).astype(np.int32) for s in (1, 500, 2**31)]
    blocks[1][rng.random((n, k)) < 0.1] = MISSING_COUNT
    assert np.array_equal(unpack([pack(one) for one in blocks], n, k), np.array(blocks))


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 200), st.integers(0, 2**32), st.sampled_from([0, 1, 10**6, 10**15]))
def test_any_arrivals_come_back(m: int, seed: int, jitter_ns: int) -> None:
    rng = np.random.default_rng(seed)
    index = np.cumsum(rng.integers(1, 9, m)).astype(np.int64)
    t_ns = 5 * 10**12 + 4_000_000 * index + rng.integers(0, jitter_ns + 1, m)
    first = int(index[0]) - int(rng.integers(0, 9))
    packed = cross_rice.pack_arrivals(index, t_ns, first)
    [back] = cross_rice.unpack_arrivals([packed], m, [first])
    assert np.array_equal(back, np.stack([index, t_ns], axis=1))


def test_one_wild_value_does_not_make_a_block_large() -> None:
    calm = noise(250, 8)
    wild = calm.copy()
    wild[100, 3] = 2**31 - 1
    assert len(cross_rice.pack(wild)) < 2 * len(cross_rice.pack(calm))
    railed = np.full((250, 8), 2**23 - 1, np.int32)
    assert len(cross_rice.pack(railed)) < 400


def test_missing_halves_cost_next_to_nothing() -> None:
    array = noise(250, 16)
    lost = array.copy()
    lost[40:45, 8:] = MISSING_COUNT
    assert len(cross_rice.pack(lost)) < len(cross_rice.pack(array)) + 60


def test_the_mark_of_a_missing_value_is_the_boards() -> None:
    assert cross_rice.MISSING_COUNT == MISSING_COUNT


def damaged_packings(column: str, rng: np.random.Generator, how: str) -> bytes:
    packed = bytearray(PACKINGS[column][0](noise(30, 4)))
    place = int(rng.integers(len(packed)))
    if how == "cut":
        del packed[place:]
    elif how == "flip":
        packed[place] ^= 1 << int(rng.integers(8))
    elif how == "append":
        packed += rng.bytes(place + 1)
    else:
        packed[:] = rng.bytes(place + 1)
    return bytes(packed)


@both_codecs
@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32), how=st.sampled_from(["cut", "flip", "append", "noise"]))
def test_damaged_bytes_are_a_value_error_or_some_array_of_that_shape(
    column: str, seed: int, how: str
) -> None:
    damaged = damaged_packings(column, np.random.default_rng(seed), how)
    with contextlib.suppress(ValueError):
        assert PACKINGS[column][1]([damaged], 30, 4).shape == (1, 30, 4)
    with contextlib.suppress(ValueError):
        assert cross_rice.unpack_arrivals([damaged], 30, [0])[0].shape[1] == 2


@pytest.mark.parametrize(
    ("column", "bomb"),
    [
        ("aux", zlib.compress(bytes(64 << 20), 1)[2:-4]),
        ("payload", bytes(4 + 4 * 8 + 2 * 28 + 8) + bytes(8 << 20)),
        ("payload", struct.pack("<I", 66_000) + zlib.compress(bytes(64 << 20), 1) + bytes(10_000)),
    ],
)
def test_bytes_that_unpack_to_far_more_than_asked_for_cost_no_memory(
    column: str, bomb: bytes
) -> None:
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"too long|cut short|damaged"):
        PACKINGS[column][1]([bomb], 250, 8)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 9 << 20


def resealed(sealed: tuple[Any, ...], **changes: int) -> tuple[Any, ...]:
    """With other columns and a checksum that is right."""
    names = codec.BLOCK_COLUMNS.split(", ")
    columns = dict(zip(names, sealed, strict=True)) | changes
    key = struct.pack("<6q", *(columns[name] for name in (*names[:5], "late")))
    crc32 = zlib.crc32(key)
    for name in ("payload", "aux", "arrivals"):
        crc32 = zlib.crc32(columns[name], crc32)
    return tuple((columns | {"crc32": crc32}).values())


@pytest.mark.parametrize("n", [-1, 0, 1 << 16 | 1, 1 << 40])
def test_a_damaged_length_is_refused_before_anything_is_allocated(n: int) -> None:
    with pytest.raises(ValueError, match="not a block's"):
        codec.unseal([resealed(codec.seal(block(0, 0)), n=n)], channels=3, aux_columns=2)


def test_an_unknown_codec_is_refused_but_its_blocks_can_be_told_whole() -> None:
    sealed = resealed(codec.seal(block(0, 0)), codec=9)
    codec.require_intact(sealed)
    with pytest.raises(ValueError, match="codec 9"):
        codec.unseal([sealed], channels=3, aux_columns=2)


@pytest.mark.parametrize("late", [False, True])
def test_a_sealed_block_opens_as_it_was(late: bool) -> None:
    row = block(1, 12_345, 73, segment=2, late=late)
    [back] = codec.unseal([codec.seal(row)], channels=3, aux_columns=2)
    assert (back.board, back.segment, back.first_index, back.late) == (1, 2, 12_345, late)
    for name in ("counts", "aux", "arrival_index", "arrival_ns"):
        assert np.array_equal(getattr(back, name), getattr(row, name)), name


@pytest.mark.parametrize("place", range(10))
def test_no_column_of_a_sealed_block_can_change_unnoticed(place: int) -> None:
    sealed: list[Any] = list(codec.seal(block(0, 100)))
    value = sealed[place]
    sealed[place] = value + 1 if isinstance(value, int) else bytes([value[0] ^ 1]) + value[1:]
    with pytest.raises(ValueError, match="checksum"):
        codec.unseal([tuple(sealed)], channels=3, aux_columns=2)


@pytest.mark.parametrize("stranger", [None, "text", 1.5, 2**70])
@pytest.mark.parametrize("place", range(10))
def test_a_sealed_block_with_a_column_of_another_type_is_refused(
    place: int, stranger: object
) -> None:
    sealed: list[Any] = list(codec.seal(block(0, 100)))
    sealed[place] = stranger
    with pytest.raises(ValueError, match=r"checksum|another type"):
        codec.unseal([tuple(sealed)], channels=3, aux_columns=2)


@pytest.mark.parametrize(
    ("name", "channels", "skip"),
    [
        ("gui_v6_blinks-jawClench-alpha.txt", 8, 6),
        ("brainhat_NewBlinkTest.csv", 8, 0),
        ("brainhat_gui_daisy.txt", 16, 6),
    ],
)
def test_a_second_of_a_real_recording_shrinks_by_half(name: str, channels: int, skip: int) -> None:
    path = RECORDINGS / "openbci" / name
    if not path.exists():
        pytest.skip(f"no recording at {path}")
    columns = range(1, channels + 1)
    uv = np.genfromtxt(
        path, delimiter=",", comments="%", skip_header=skip, usecols=columns, max_rows=2500
    )
    counts = np.rint(uv / UV_PER_COUNT).astype(np.int32)
    seconds = [counts[start : start + 250] for start in range(0, len(counts) - 249, 250)]
    begun_s = time.process_time()
    packed = [cross_rice.pack(second) for second in seconds]
    spent_s = time.process_time() - begun_s
    assert all(
        np.array_equal(cross_rice.unpack([blob], 250, channels)[0], second)
        for blob, second in zip(packed, seconds, strict=True)
    )
    assert sum(map(len, packed)) / (3 * sum(second.size for second in seconds)) < 0.52
    assert spent_s / len(seconds) < 0.01
