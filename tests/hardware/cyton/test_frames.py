"""Frames are found in any byte stream, however it is cut or damaged."""

import re
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hardware.cyton.frames import (
    FRAME_BYTES,
    HEAD,
    RAIL_COUNTS,
    UV_PER_COUNT,
    Banner,
    FrameDecoder,
    Packets,
    decode_aux,
    encode_frames,
    has_board_ms,
    is_failure,
    radio_channel,
    read_banner,
)

BANNER = (
    b"OpenBCI V3 8-16 channel\nOn Board ADS1299 Device ID: 0x3E\n"
    b"LIS3DH Device ID: 0x33\nFirmware: v3.1.2\n$$$"
)


def eeg_stream(packets: int, seed: int = 0) -> tuple[bytes, NDArray[np.int64]]:
    """Frames of EEG-like counts on electrode offsets; board_ms / 4 is the packet's number."""
    rng = np.random.default_rng(seed)
    offsets = rng.uniform(-6e6, 6e6, 8)
    counts = np.rint(offsets + rng.normal(0, 2000, (packets, 8))).astype(np.int64)
    number = np.arange(packets)
    aux = np.zeros((packets, 6), np.uint8)
    aux[:, 2:] = (4 * number).astype(">u4").view(np.uint8).reshape(-1, 4)
    return encode_frames(number, counts, aux, 0xC6), counts


def decode(stream: bytes, cuts: list[int]) -> tuple[list[Packets], FrameDecoder]:
    decoder = FrameDecoder()
    edges = [0, *sorted(cuts), len(stream)]
    pieces = [decoder.feed(stream[a:b]) for a, b in pairwise(edges)]
    return pieces, decoder


def as_bytes(pieces: list[Packets]) -> tuple[bytes, list[int]]:
    """The packets as frames again, and where they ended."""
    frames = b"".join(encode_frames(p.counter, p.counts, p.aux, p.stop) for p in pieces)
    return frames, [int(end) for p in pieces for end in p.end_offset]


def drop_bytes(stream: bytes, share: float, seed: int) -> tuple[bytes, NDArray[np.bool_]]:
    """Drop bytes at random; also tell which frames stayed whole."""
    octets = np.frombuffer(stream, np.uint8)
    kept = np.random.default_rng(seed).random(len(octets)) >= share
    return octets[kept].tobytes(), np.all(kept.reshape(-1, FRAME_BYTES), axis=1)


# --- the layout ---------------------------------------------------------------------------------


def test_a_frame_laid_out_by_hand() -> None:
    frame = bytes.fromhex(
        "A0 2A7FFFFF 800000 000001 FFFFFF 000000 123456 EDCBAA 00A0C001 00 00 01 02 03C6"
    )
    packets = FrameDecoder().feed(frame)
    assert packets.counter.tolist() == [42]
    expected = [8388607, -8388608, 1, -1, 0, 0x123456, -0x123456, 0xA0C0]
    assert packets.counts.tolist() == [expected]
    assert packets.counts.dtype == np.int32
    assert packets.stop.tolist() == [0xC6]
    assert decode_aux(packets).tolist() == [[1, 0, 0x00010203]]
    assert encode_frames(packets.counter, packets.counts, packets.aux, 0xC6) == frame


def test_the_scale_is_that_of_gain_24() -> None:
    assert pytest.approx(187_500.0) == RAIL_COUNTS * UV_PER_COUNT
    assert pytest.approx(0.02235, abs=5e-6) == UV_PER_COUNT


@pytest.mark.parametrize("stop", range(0xC0, 0xD0))
def test_every_stop_byte_is_accepted(stop: int) -> None:
    frames = encode_frames(np.arange(3), np.zeros((3, 8), int), np.zeros((3, 6), np.uint8), stop)
    assert FrameDecoder().feed(frames).stop.tolist() == [stop] * 3


@given(
    st.lists(
        st.tuples(
            st.integers(0, 255),
            st.lists(st.integers(-(2**23), 2**23 - 1), min_size=8, max_size=8),
            st.binary(min_size=6, max_size=6),
            st.integers(0xC0, 0xCF),
        ),
        min_size=1,
        max_size=20,
    )
)
@settings(max_examples=60, deadline=None)
def test_packets_survive_the_line(
    sent: list[tuple[int, list[int], bytes, int]],
) -> None:
    counters, counts, aux, stops = zip(*sent, strict=True)
    aux_bytes = np.frombuffer(b"".join(aux), np.uint8).reshape(-1, 6)
    frames = encode_frames(np.array(counters), np.array(counts), aux_bytes, np.array(stops))
    packets = FrameDecoder().feed(frames + bytes([HEAD]))  # who changes the stop byte has to go on
    assert packets.counter.tolist() == list(counters)
    assert packets.counts.tolist() == list(counts)
    assert packets.aux.tobytes() == b"".join(aux)
    assert packets.stop.tolist() == list(stops)
    assert packets.end_offset.tolist() == [FRAME_BYTES * (i + 1) for i in range(len(sent))]


@pytest.mark.parametrize("count", [2**23, -(2**23) - 1])
def test_a_count_beyond_24_bits_cannot_be_sent(count: int) -> None:
    with pytest.raises(ValueError, match=re.escape(str(count))):
        encode_frames(np.array([0]), np.full((1, 8), count), np.zeros((1, 6), np.uint8), 0xC0)


def test_a_wrong_stop_byte_cannot_be_sent() -> None:
    with pytest.raises(ValueError, match="stop byte"):
        encode_frames(np.array([0]), np.zeros((1, 8), int), np.zeros((1, 6), np.uint8), 0xD0)


# --- cuts ---------------------------------------------------------------------------------------


def damaged_streams() -> list[bytes]:
    clean, _ = eeg_stream(60)
    noise = np.random.default_rng(1).integers(0, 256, 3000, dtype=np.uint8).tobytes()
    heads_and_stops = np.random.default_rng(2).choice(
        np.frombuffer(b"\xa0\xc0\xc6\x00", np.uint8), 3000
    )
    return [
        clean,
        drop_bytes(clean, 0.01, 3)[0],
        clean[7:],
        clean[:100] + b"Failure: Input too large!$$$" + clean[100:],
        noise,
        heads_and_stops.tobytes(),
    ]


@pytest.mark.parametrize("stream", damaged_streams())
def test_one_byte_at_a_time_gives_what_the_whole_gives(stream: bytes) -> None:
    whole, at_once = decode(stream, [])
    pieces, bytewise = decode(stream, list(range(1, len(stream))))
    assert as_bytes(pieces) == as_bytes(whole)
    assert bytewise.damaged_bytes == at_once.damaged_bytes


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(damaged_streams()))
def test_any_cut_gives_what_the_whole_gives(data: st.DataObject, stream: bytes) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=40))
    whole, at_once = decode(stream, [])
    pieces, in_pieces = decode(stream, cuts)
    assert as_bytes(pieces) == as_bytes(whole)
    assert in_pieces.damaged_bytes == at_once.damaged_bytes


def test_a_frame_in_step_is_complete_with_its_last_byte() -> None:
    frames, _ = eeg_stream(2)
    decoder = FrameDecoder()
    assert [len(decoder.feed(frames[i : i + 1])) for i in range(66)] == ([0] * 32 + [1]) * 2


def test_a_long_stream_comes_out_whole() -> None:
    frames, counts = eeg_stream(5000)
    packets = FrameDecoder().feed(frames)
    assert np.array_equal(packets.counts, counts)


# --- damage -------------------------------------------------------------------------------------


@pytest.mark.parametrize("lost", range(FRAME_BYTES))
def test_one_lost_byte_costs_one_frame(lost: int) -> None:
    frames, _ = eeg_stream(6)
    at = 2 * FRAME_BYTES + lost
    decoder = FrameDecoder()
    packets = decoder.feed(frames[:at] + frames[at + 1 :])
    assert packets.counter.tolist() == [0, 1, 3, 4, 5]
    assert decoder.damaged_bytes == FRAME_BYTES - 1
    assert packets.end_offset.tolist() == [33, 66, 131, 164, 197]


@pytest.mark.parametrize("lost", range(3, 27))
def test_a_frame_that_has_lost_bytes_is_not_ended_by_a_likely_byte_of_the_next(lost: int) -> None:
    counts = np.full((6, 8), 0xC4C4C4 - 2**24)
    frames = encode_frames(np.arange(6), counts, np.zeros((6, 6), np.uint8), 0xC6)
    at = 2 * FRAME_BYTES + 2
    packets = FrameDecoder().feed(frames[:at] + frames[at + lost :])
    assert packets.counter.tolist() == [0, 1, 3, 4, 5]


def test_a_stop_byte_that_changes_is_believed_when_the_next_frame_begins() -> None:
    zeros, no_aux = np.zeros((4, 8), int), np.zeros((4, 6), np.uint8)
    frames = encode_frames(np.arange(4), zeros, no_aux, np.array([0xC5, 0xC6, 0xC6, 0xC6]))
    decoder = FrameDecoder()
    came = [len(decoder.feed(frames[i : i + 1])) for i in range(len(frames))]
    assert [at for at, n in enumerate(came) if n] == [32, 66, 98, 131]
    assert decoder.damaged_bytes == 0


@pytest.mark.parametrize("seed", range(3))
def test_of_one_percent_lost_bytes_hardly_an_intact_frame_falls_victim(seed: int) -> None:
    stream, counts = eeg_stream(20_000, seed)
    damaged, intact = drop_bytes(stream, 0.01, seed)
    packets = FrameDecoder().feed(damaged)
    number = decode_aux(packets)[:, 2] // 4
    known = (number >= 0) & (number < len(counts))
    right = known.copy()
    right[known] = (packets.counts[known] == counts[number[known]]).all(axis=1)
    found = np.zeros(len(counts), bool)
    found[number[right]] = True
    assert found[intact].mean() >= 0.995
    assert np.count_nonzero(~right) <= 0.004 * len(counts)


def test_noise_raises_nothing_and_piles_up_nothing() -> None:
    noise = np.random.default_rng(4).integers(0, 256, 10_000_000, dtype=np.uint8).tobytes()
    decoder = FrameDecoder()
    fed = 0
    found = 0
    for begin in range(0, len(noise), 65_536):
        chunk = noise[begin : begin + 65_536]
        fed += len(chunk)
        found += len(decoder.feed(chunk))
        assert 0 <= fed - decoder.damaged_bytes - FRAME_BYTES * found <= FRAME_BYTES


def test_no_flipped_byte_raises_or_costs_more_than_two_frames() -> None:
    frames, _ = eeg_stream(3)
    for at, value in product(range(len(frames)), range(256)):
        packets = FrameDecoder().feed(frames[:at] + bytes([value]) + frames[at + 1 :])
        assert 1 <= len(packets) <= 3


# --- aux ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stop", "expected"),
    [
        (0xC0, [0, 0, 0]),
        (0xC1, [1, 0, 0]),
        (0xC2, [0, 0, 0]),
        (0xC3, [0, 0, 0]),
        (0xC4, [0, 0, 0]),
        (0xC5, [1, 0, -2]),
        (0xC6, [1, 0, -2]),
        (0xC7, [0, 0, 0]),
    ],
)
def test_aux_is_read_by_the_stop_byte(stop: int, expected: list[int]) -> None:
    aux = np.array([[1, 0, 0xFF, 0xFF, 0xFF, 0xFE]], np.uint8)
    packets = FrameDecoder().feed(encode_frames(np.array([0]), np.zeros((1, 8), int), aux, stop))
    assert decode_aux(packets).tolist() == [expected]
    assert decode_aux(packets).dtype == np.int32
    assert has_board_ms(packets).tolist() == [stop in (0xC5, 0xC6)]


# --- replies ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "banner"),
    [
        (BANNER, Banner("v3.1.2", has_daisy=False)),
        (
            BANNER.replace(b"LIS3DH", b"On Daisy ADS1299 Device ID: 0x3E\nLIS3DH"),
            Banner("v3.1.2", has_daisy=True),
        ),
        (b"\xa0\x00OpenBCI V3 8bit Board\n$$$", Banner("", has_daisy=False)),
    ],
)
def test_the_banner_tells_firmware_and_daisy(reply: bytes, banner: Banner) -> None:
    assert read_banner(reply) == banner


def test_another_devices_greeting_is_no_banner() -> None:
    with pytest.raises(ValueError, match="Marlin"):
        read_banner(b"start\nMarlin 2.1$$$")


@pytest.mark.parametrize("channel", range(26))
def test_the_radio_channel_is_read_beside_its_raw_byte(channel: int) -> None:
    raw = bytes([channel])
    reply = b"Failure: Host on Channel number: " + str(channel).encode() + raw + b"$$$"
    assert radio_channel(reply) == channel
    assert is_failure(reply)


def test_a_reply_without_a_channel_has_none() -> None:
    assert radio_channel(b"Success: System is Up$$$") is None
    assert not is_failure(b"Success: System is Up$$$")
