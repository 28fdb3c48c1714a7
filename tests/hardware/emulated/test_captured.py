"""A captured board answers in its own time, to a host that need not be the one it had."""

import pytest

from hardware.cyton.capture import Capture, Exchange
from hardware.emulated.captured import CapturedBoard, captured_rate_hz
from tests.hardware.cyton.test_conversation import STREAM

S = 1_000_000_000
HELD = Capture(
    {},
    (
        Exchange(b"s", ()),
        Exchange(b"\xf0\x07", ((20_000_000, b"up$$$"),)),
        Exchange(b"v", ((S // 2, b"banner"), (S // 2 + 5, b"$$$"))),
        Exchange(b"b", tuple((n * S, STREAM[33 * n : 33 * n + 33]) for n in range(9))),
        Exchange(b"s", ()),
    ),
)


@pytest.fixture
def board() -> CapturedBoard:
    return CapturedBoard(HELD)


def told(board: CapturedBoard, now_ns: int) -> bytes:
    return b"".join(board.due(now_ns))


def test_it_answers_when_it_did(board: CapturedBoard) -> None:
    board.receive(b"v", 10 * S)
    assert board.next_ns() == 10 * S + S // 2
    assert told(board, 10 * S + S // 2 - 1) == b""
    assert told(board, 10 * S + S // 2) == b"banner"
    assert told(board, 11 * S) == b"$$$"
    assert board.next_ns() is None


def test_writes_that_come_as_one_are_told_apart(board: CapturedBoard) -> None:
    board.receive(b"s\xf0\x07vb", 0)
    assert told(board, 100 * S) == b"up$$$banner$$$" + STREAM


@pytest.mark.parametrize("octets", [b"/3", b"<", b"\xf0", b"\x00\xff"])
def test_to_what_was_never_sent_it_says_nothing(board: CapturedBoard, octets: bytes) -> None:
    board.receive(octets, 0)
    assert board.next_ns() is None


def test_a_host_that_is_ahead_misses_nothing(board: CapturedBoard) -> None:
    """What the one before had waited for comes still, in its order."""
    board.receive(b"\xf0\x07", 0)
    board.receive(b"v", 10_000_000)
    assert told(board, 5 * S) == b"up$$$banner$$$"


def test_a_stream_that_is_stopped_comes_to_its_end(board: CapturedBoard) -> None:
    board.receive(b"b", 0)
    assert told(board, 3 * S) == STREAM[: 4 * 33]
    board.receive(b"s", 3 * S)
    assert told(board, 100 * S) == STREAM[4 * 33 : 5 * 33]  # it was on its way
    assert board.truth().sent == 5


def test_it_can_be_opened_again(board: CapturedBoard) -> None:
    for begin_ns in (0, 50 * S):
        board.receive(b"s\xf0\x07", begin_ns)
        assert told(board, begin_ns + S) == b"up$$$"
        board.receive(b"vb", begin_ns + S)
        assert told(board, begin_ns + 20 * S) == b"banner$$$" + STREAM


def test_its_rate_is_that_of_its_packets() -> None:
    stream = HELD.exchanges[3]
    assert captured_rate_hz(HELD) == pytest.approx(1.0)
    lossy = Exchange(b"b", stream.pieces[:2] + stream.pieces[4:])
    assert captured_rate_hz(Capture({}, (lossy,))) == pytest.approx(1.0)
    assert captured_rate_hz(Capture({}, HELD.exchanges[:3])) == 250.0


def test_what_came_first_comes_first_to_a_host_that_is_ahead() -> None:
    slow, quick = Exchange(b"v", ((S // 2, b"slow"),)), Exchange(b"?", ((1000, b"quick"),))
    board = CapturedBoard(Capture({}, (slow, quick)))
    board.receive(b"v", 0)
    board.receive(b"?", S // 10)
    assert told(board, S // 2 - 1) == b""
    assert told(board, S) == b"slowquick"
