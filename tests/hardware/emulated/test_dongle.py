import pytest

from hardware.cyton.frames import DONGLE_CHANNEL, DONGLE_STATUS, is_failure, radio_channel
from hardware.emulated.dongle import Dongle

GET, SET, OVERRIDE, POLL = b"\xf0\x00", b"\xf0\x01", b"\xf0\x02", b"\xf0\x03"
NO_BOARD = b"Failure: Communications timeout - Device failed to poll Host$$$"
NOT_MOVED = b"Failure: Channel Change RequestCommunications timeout - Device failed to poll Host$$$"


def test_it_passes_on_what_is_for_the_board() -> None:
    assert Dongle(7, 7).take(b"vx1060110X", board_is_on=True) == (b"", b"vx1060110X")


def test_it_acknowledges_a_lone_time_stamp_command() -> None:
    assert Dongle(7, 7).take(b"<", board_is_on=True) == (b",", b"<")
    assert Dongle(7, 7).take(b"/3<", board_is_on=True) == (b"", b"/3<")


@pytest.mark.parametrize("channel", [0, 7, 10, 13, 25])
def test_its_channel_is_told_in_digits_and_as_a_byte(channel: int) -> None:
    reply, passed = Dongle(channel, channel).take(DONGLE_CHANNEL, board_is_on=True)
    assert passed == b""
    assert reply == b"Success: Host and Device on Channel number: %d%c$$$" % (channel, channel)
    assert radio_channel(reply) == channel


@pytest.mark.parametrize(
    ("dongle", "board_is_on"), [(Dongle(7, 7), False), (Dongle(7, 8), True)], ids=["off", "apart"]
)
@pytest.mark.parametrize(
    ("written", "reply"),
    [
        (b"v", NO_BOARD),
        (b"x1060110X", NO_BOARD),
        (GET, b"Failure: Host on Channel number: 7\x07$$$"),
        (DONGLE_STATUS, b"Failure: System is Down$$$"),
        (SET + b"\x05", NOT_MOVED),
        (POLL, NO_BOARD),
    ],
)
def test_without_a_board_it_says_so(
    dongle: Dongle, board_is_on: bool, written: bytes, reply: bytes
) -> None:
    assert dongle.take(written, board_is_on=board_is_on) == (reply, b"")
    assert is_failure(reply)


def test_it_follows_a_board_to_its_channel() -> None:
    dongle = Dongle(10, 7)
    reply, _ = dongle.take(OVERRIDE + b"\x07", board_is_on=True)
    assert reply == b"Success: Host override - Channel number: 7\x07$$$"
    assert dongle.take(DONGLE_STATUS, board_is_on=True)[0] == b"Success: System is Up$$$"
    assert dongle.take(b"v", board_is_on=True) == (b"", b"v")


def test_it_takes_the_board_along_to_another_channel() -> None:
    dongle = Dongle(7, 7)
    reply, _ = dongle.take(SET + b"\x0a", board_is_on=True)
    assert reply == b"Success: Host and Device on Channel number: 10\n$$$"
    assert (dongle.channel, dongle.board_channel) == (10, 10)


@pytest.mark.parametrize("command", [SET, OVERRIDE])
def test_channels_beyond_25_are_refused(command: bytes) -> None:
    reply, _ = Dongle(7, 7).take(command + b"\x1a", board_is_on=True)
    assert reply == b"Failure: Verify channel number is less than 25$$$"


def test_the_poll_time_is_told() -> None:
    assert Dongle(7, 7).take(POLL, board_is_on=True) == (b"Success: Poll time: 480$$$", b"")


def test_commands_may_come_one_byte_at_a_time() -> None:
    whole, split = Dongle(7, 7), Dongle(7, 7)
    stream = b"s" + GET + b"v" + SET + b"\x09" + DONGLE_STATUS + b"b"
    pieces = [split.take(stream[k : k + 1], board_is_on=True) for k in range(len(stream))]
    replies, passed = (b"".join(part) for part in zip(*pieces, strict=True))
    assert (replies, passed) == whole.take(stream, board_is_on=True)
    assert passed == b"svb"


@pytest.mark.parametrize(("code", "baud"), [(0x06, 230_400), (0x0A, 921_600), (0x05, 115_200)])
def test_it_speaks_as_fast_as_it_is_told(code: int, baud: int) -> None:
    dongle = Dongle(7, 7)
    reply, _ = dongle.take(bytes([0xF0, code]), board_is_on=False)
    assert reply == b"Success: Switch your baud rate to %d$$$\xff" % baud
    assert dongle.baud == baud


def test_an_old_one_has_no_commands_of_its_own() -> None:
    dongle = Dongle(7, 7, answers=False)
    assert dongle.take(DONGLE_STATUS + b"v", board_is_on=True) == (b"", DONGLE_STATUS + b"v")
