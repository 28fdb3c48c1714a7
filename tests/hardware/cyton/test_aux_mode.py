"""The accelerometer is read from the aux bytes, and a level axis is told from no reading."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.board import MISSING_COUNT, Block, GapCause
from hardware.board_fault import FaultKind
from hardware.cyton.assembler import BlockAssembler
from hardware.cyton.aux_mode import (
    ACCEL_G_PER_COUNT,
    ACCEL_LABELS,
    AUX_LAYOUTS,
    UNASKED_ACCELEROMETER,
    AuxMode,
    decode_accel,
    has_accel_ms,
)
from hardware.cyton.frames import FrameDecoder, Packets, encode_frames

NONE = MISSING_COUNT
words = st.integers(-(2**15), 2**15 - 1)


def packets(counters: list[int], aux: list[bytes], stop: int) -> Packets:
    octets = np.frombuffer(b"".join(aux), np.uint8).reshape(-1, 6)
    counts = np.zeros((len(counters), 8), int)
    return FrameDecoder().feed(encode_frames(np.array(counters), counts, octets, stop))


@pytest.mark.parametrize(
    ("stop", "counter", "aux", "expected"),
    [
        (0xC0, 0, "00A0 FF10 1EDC", [160, -240, 7900, 0]),
        (0xC0, 5, "0000 FF10 1EDC", [0, -240, 7900, 0]),
        (0xC0, 1, "0000 0000 0000", [NONE, NONE, NONE, 0]),
        (0xC0, 9, "8000 7FFF 0000", [-32768, 32767, 0, 0]),
        (0xC3, 0, "0000 00000102", [NONE, NONE, NONE, 258]),
        (0xC4, 7, "00A0 00000102", [160, NONE, NONE, 258]),
        (0xC4, 8, "FF10 FFFFFFFE", [NONE, -240, NONE, -2]),
        (0xC4, 249, "1EDC 00000102", [NONE, NONE, 7900, 258]),
        (0xC4, 247, "0000 00000102", [0, NONE, NONE, 258]),
        (0xC4, 250, "00A0 00000102", [NONE, NONE, NONE, 258]),
        (0xC1, 7, "0100 00000102", [NONE, NONE, NONE, 0]),
        (0xC6, 7, "0100 00000102", [NONE, NONE, NONE, 0]),
    ],
)
def test_a_reading_is_where_the_stop_byte_and_the_counter_say(
    stop: int, counter: int, aux: str, expected: list[int]
) -> None:
    heard = packets([counter], [bytes.fromhex(aux)], stop)
    assert decode_accel(heard).tolist() == [expected]
    assert decode_accel(heard).dtype == np.int32
    assert has_accel_ms(heard).tolist() == [stop in (0xC3, 0xC4)]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(words, words, words), min_size=1, max_size=20))
def test_every_reading_without_time_stamps_comes_back(sent: list[tuple[int, int, int]]) -> None:
    aux = [b"".join(axis.to_bytes(2, "big", signed=True) for axis in axes) for axes in sent]
    heard = decode_accel(packets(list(range(len(sent))), aux, 0xC0))
    expected = [list(axes) if any(axes) else [NONE] * 3 for axes in sent]
    assert heard[:, :3].tolist() == expected


@settings(max_examples=40, deadline=None)
@given(words, st.integers(0, 2**32 - 1), st.integers(0, 255))
def test_every_reading_with_time_stamps_comes_back(axis: int, ms: int, counter: int) -> None:
    aux = axis.to_bytes(2, "big", signed=True) + ms.to_bytes(4, "big")
    (heard,) = decode_accel(packets([counter], [aux], 0xC4)).tolist()
    expected = [NONE] * 3
    if counter % 10 >= 7:
        expected[counter % 10 - 7] = axis
    assert heard[:3] == expected
    assert heard[3] % 2**32 == ms


def test_the_scale_is_that_of_4_g() -> None:
    assert pytest.approx(4.096) == 2**15 * ACCEL_G_PER_COUNT


def test_blocks_carry_the_readings() -> None:
    count = 20
    aux = np.zeros((count, 6), np.uint8)
    aux[:, 1] = 1
    aux[:, 2:] = (4 * np.arange(count)).astype(">u4").view(np.uint8).reshape(-1, 4)
    stream = encode_frames(np.arange(count), np.zeros((count, 8), int), aux, 0xC4)
    assembler = BlockAssembler(250.0)
    assembler.begin_stream(0, aux=AUX_LAYOUTS[AuxMode.ACCELEROMETER])
    (block,) = assembler.feed([(stream, 1000)])
    assert isinstance(block, Block)
    assert block.aux.shape == (count, len(ACCEL_LABELS))
    assert block.aux[:, 3].tolist() == list(range(0, 4 * count, 4))
    assert np.argwhere(block.aux[:, :3] != NONE).tolist() == [
        [7, 0],
        [8, 1],
        [9, 2],
        [17, 0],
        [18, 1],
        [19, 2],
    ]


def test_the_boards_time_measures_a_silence_in_this_mode_too() -> None:
    assembler = BlockAssembler(250.0)
    assembler.begin_stream(0, aux=AUX_LAYOUTS[AuxMode.ACCELEROMETER])
    indexes = []
    for number, now_ns in ((0, 0), (725, 725 * 4_000_000 + 800_000_000)):
        aux = np.zeros((1, 6), np.uint8)
        aux[0, 2:] = np.frombuffer((4 * number).to_bytes(4, "big"), np.uint8)
        stream = encode_frames(np.array([number]), np.zeros((1, 8), int), aux, 0xC4)
        events = assembler.feed([(stream, now_ns)])
        indexes += [event.first_index for event in events if isinstance(event, Block)]
    assert indexes == [0, 725]  # the host slept for another 200 samples


@pytest.mark.parametrize("stop", [0xC4, 0xC6])
def test_stamped_packets_are_not_those_of_a_board_that_does_not_stamp(stop: int) -> None:
    count = 100
    counts, aux = np.zeros((count, 8), int), np.ones((count, 6), np.uint8)
    own = encode_frames(np.arange(count), counts, aux, 0xC0)
    others = encode_frames(np.arange(count // 2), counts[::2] + 7, aux[::2], stop)
    frames = [own[at : at + 33] for at in range(0, len(own), 33)]
    for at in range(0, len(others), 33):  # after every second one
        frames[2 * (at // 33)] += others[at : at + 33]
    assembler = BlockAssembler(250.0)
    assembler.begin_stream(0, aux=UNASKED_ACCELEROMETER)
    events = assembler.feed([(b"".join(frames), 400_000_000)])
    events += assembler.end_stream(GapCause.RESTART)
    blocks = [event for event in events if isinstance(event, Block)]
    assert not any(block.counts.any() for block in blocks)
    assert assembler.doubt is not None
    assert assembler.doubt.kind is FaultKind.CROWDED
    assert assembler.tally.strangers == count // 2
