import contextlib
import time
import tracemalloc
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from recorder.store import codec
from tests.recorder.session_files import UV_PER_COUNT, block

RECORDINGS = Path(__file__).resolve().parents[3] / ".." / "shared" / "data" / "openbci"

edges = st.sampled_from([-(2**31), 2**31 - 1, -1, 0, 1, 2**23 - 1, -(2**23)])
int32_arrays = arrays(
    np.int32,
    st.tuples(st.integers(1, 40), st.integers(0, 17)),
    elements=st.one_of(edges, st.integers(-(2**31), 2**31 - 1)),
)


@settings(max_examples=150, deadline=None)
@given(int32_arrays)
def test_any_array_comes_back_exactly(array: NDArray[np.int32]) -> None:
    packed = codec.pack(codec.DELTA_ZLIB, array)
    back = codec.unpack(codec.DELTA_ZLIB, packed, *array.shape)
    assert back.dtype == np.int32
    assert np.array_equal(back, array)


def test_an_array_that_is_a_view_with_gaps_comes_back_exactly() -> None:
    array = np.arange(60, dtype=np.int32).reshape(10, 6)[::2, 1::2]
    assert np.array_equal(codec.unpack(1, codec.pack(1, array), 5, 3), array)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32), st.sampled_from(["cut", "flip", "append", "noise"]))
def test_damaged_bytes_are_a_value_error_or_some_array_of_that_shape(seed: int, how: str) -> None:
    rng = np.random.default_rng(seed)
    packed = bytearray(codec.pack(1, rng.integers(-500, 500, (30, 4)).astype(np.int32)))
    place = int(rng.integers(len(packed)))
    if how == "cut":
        del packed[place:]
    elif how == "flip":
        packed[place] ^= 1 << int(rng.integers(8))
    elif how == "append":
        packed += rng.bytes(place + 1)
    else:
        packed[:] = rng.bytes(place + 1)
    with contextlib.suppress(ValueError):
        assert codec.unpack(1, bytes(packed), 30, 4).shape == (30, 4)


def test_bytes_that_unpack_to_far_more_than_asked_for_cost_no_memory() -> None:
    bomb = zlib.compress(bytes(64 << 20))
    tracemalloc.start()
    with pytest.raises(ValueError, match="too long"):
        codec.unpack(1, bomb, 250, 8)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20


@pytest.mark.parametrize(("n", "k"), [(-1, 8), (1 << 40, 8), (1 << 16, 1 << 16)])
def test_a_damaged_length_is_refused_before_anything_is_allocated(n: int, k: int) -> None:
    with pytest.raises(ValueError, match="not a block's"):
        codec.unpack(1, b"", n, k)


def test_an_unknown_codec_is_refused_both_ways() -> None:
    array = np.zeros((2, 2), np.int32)
    with pytest.raises(ValueError, match="codec 9"):
        codec.pack(9, array)
    with pytest.raises(ValueError, match="codec 9"):
        codec.unpack(9, codec.pack(1, array), 2, 2)


@pytest.mark.parametrize("late", [False, True])
def test_a_sealed_block_opens_as_it_was(late: bool) -> None:
    row = block(1, 12_345, 73, segment=2, late=late)
    back = codec.unseal(codec.seal(row), channels=3, aux_columns=2)
    assert (back.board, back.segment, back.first_index, back.late) == (1, 2, 12_345, late)
    for name in ("counts", "aux", "arrival_index", "arrival_ns"):
        assert np.array_equal(getattr(back, name), getattr(row, name)), name


@pytest.mark.parametrize("place", range(10))
def test_no_column_of_a_sealed_block_can_change_unnoticed(place: int) -> None:
    sealed: list[Any] = list(codec.seal(block(0, 100)))
    value = sealed[place]
    sealed[place] = value + 1 if isinstance(value, int) else bytes([value[0] ^ 1]) + value[1:]
    with pytest.raises(ValueError, match="checksum"):
        codec.unseal(tuple(sealed), channels=3, aux_columns=2)


@pytest.mark.parametrize("stranger", [None, "text", 1.5, 2**70])
@pytest.mark.parametrize("place", range(10))
def test_a_sealed_block_with_a_column_of_another_type_is_refused(
    place: int, stranger: object
) -> None:
    sealed: list[Any] = list(codec.seal(block(0, 100)))
    sealed[place] = stranger
    with pytest.raises(ValueError, match=r"checksum|another type"):
        codec.unseal(tuple(sealed), channels=3, aux_columns=2)


@pytest.mark.parametrize(
    ("name", "channels", "skip"),
    [
        ("gui_v6_blinks-jawClench-alpha.txt", 8, 6),
        ("brainhat_NewBlinkTest.csv", 8, 0),
        ("brainhat_gui_daisy.txt", 16, 6),
    ],
)
def test_a_second_of_a_real_recording_shrinks_by_a_third(
    name: str, channels: int, skip: int
) -> None:
    path = RECORDINGS / name
    if not path.exists():
        pytest.skip(f"no recording at {path}")
    columns = range(1, channels + 1)
    uv = np.genfromtxt(
        path, delimiter=",", comments="%", skip_header=skip, usecols=columns, max_rows=2500
    )
    counts = np.rint(uv / UV_PER_COUNT).astype(np.int32)
    seconds = [counts[start : start + 250] for start in range(0, len(counts) - 249, 250)]
    begun_s = time.process_time()
    packed = [codec.pack(1, second) for second in seconds]
    spent_s = time.process_time() - begun_s
    assert all(
        np.array_equal(codec.unpack(1, blob, 250, channels), second)
        for blob, second in zip(packed, seconds, strict=True)
    )
    assert 3 * sum(second.size for second in seconds) / sum(map(len, packed)) > 1.4
    assert spent_s / len(seconds) < 0.01
