from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.cyton.frames import FrameDecoder, Packets, is_failure, read_banner
from hardware.emulated.converter import EmulatedAds
from hardware.emulated.firmware import COMMAND_TIME_NS, Firmware
from hardware.emulated.source import PacketRun
from hardware.emulated.stream import SampleStream, TrueTime

S = 1_000_000_000
BANNER = (
    b"OpenBCI V3 8-16 channel\r\nOn Board ADS1299 Device ID: 0x3E\r\n"
    b"LIS3DH Device ID: 0x33\r\nFirmware: v3.1.2\r\n$$$"
)
TIMEOUT = b"Timeout processing multi byte message - please send all commands at once as of v2$$$"
SUCCESS = b"Success: Configured internal test signal.$$$"


@dataclass(frozen=True)
class Ramp:
    """Sample n is n on all channels."""

    labels: tuple[str, ...] = ()
    length: int | None = None

    def packets(self, first: int, n: int) -> PacketRun:
        rows = np.arange(first, first + n)
        return rows, np.repeat(rows[:, None], 8, axis=1).astype(np.int32)

    def first_at(self, counter: int) -> int:
        return counter


class Desk:
    """A board without radio: talk to it, and take what it streams."""

    def __init__(self) -> None:
        self.now_ns = 5 * S
        self.stream = SampleStream(
            Ramp(), 250.0, EmulatedAds((5e3,) * 8), true_time=TrueTime(), d11_edges_s=(0.1, 0.14)
        )
        self.firmware = Firmware(self.stream)

    def say(self, commands: bytes) -> bytes:
        return b"".join(self.firmware.take(octet, self.now_ns) for octet in commands)

    def packets(self, seconds: float) -> Packets:
        self.now_ns += round(seconds * S)
        frames = [frame for _, frame in self.stream.take(self.now_ns - 1)]
        return FrameDecoder().feed(b"".join(frames))


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.mark.parametrize(
    ("command", "reply"),
    [
        (b"v", BANNER),
        (b"V", b"v3.1.5$$$"),
        (b"d", b"updating channel settings to default$$$"),
        (b"D", b"060110$$$"),
        (b"C", b"no daisy to attach!8$$$"),
        (b"c", b""),
        (b"b", b""),
        (b"s", b""),
        (b"1", b""),
        (b"!", b""),
        (b"q", b""),
        (b"0", SUCCESS),
        (b"-", SUCCESS),
        (b"=", SUCCESS),
        (b"p", SUCCESS),
        (b"[", SUCCESS),
        (b"]", SUCCESS),
        (b"x1060110X", b"Success: Channel set for 1$$$"),
        (b"xQ060110X", b"Success: Channel set for 9$$$"),
        (b"x1060X", b"Failure: too few chars$$$"),
        (b"x10601101", b"Failure: Err: 9th char not X$$$"),
        (b"z310Z", b"Success: Lead off set for 3$$$"),
        (b"z3Z", b"Failure: too few chars$$$"),
        (b"z3101", b"Failure: Err: 5th char not Z$$$"),
        (b"/0", b"Success: default$$$"),
        (b"/1", b"Success: debug$$$"),
        (b"/2", b"Success: analog$$$"),
        (b"/3", b"Success: digital$$$"),
        (b"/4", b"Success: marker$$$"),
        (b"//", b"Success: default$$$"),
        (b"/9", b"Failure: board mode value out of bounds.$$$"),
        (b"/x", b"Failure: invalid board mode value.$$$"),
        (b"`5", b""),
        (b"~6", b"Success: Sample rate is 250Hz$$$"),
        (b"~0", b"Success: Sample rate is 16000Hz$$$"),
        (b"~~", b"Success: Sample rate is 250Hz$$$"),
        (b"~7", b"Failure: sample value out of bounds$$$"),
        (b"~x", b"Failure: invalid sample value$$$"),
        (b"<", b"Time stamp ON$$$"),
        (b">", b"Time stamp OFF$$$"),
        (b"\x00\xff\n", b""),
    ],
)
def test_a_board_that_does_not_stream_replies(desk: Desk, command: bytes, reply: bytes) -> None:
    assert desk.say(command) == reply
    assert is_failure(reply) == (b"Failure" in reply)
    assert desk.say(b"v") == BANNER  # it is ready for the next


def test_the_banner_is_that_of_a_cyton_without_daisy(desk: Desk) -> None:
    banner = read_banner(desk.say(b"v"))
    assert (banner.firmware, banner.has_daisy) == ("v3.1.2", False)


def test_registers_are_reported(desk: Desk) -> None:
    reply = desk.say(b"?").decode()
    assert reply.startswith("\r\nBoard ADS Registers\r\nADS_ID, 00, 3E, 0, 0, 1, 1, 1, 1, 1, 0\r\n")
    assert "CH1SET, 05, 68, " in reply
    assert "LIS3DH Registers\r\n0x0F 33\r\n" in reply
    assert reply.endswith("$$$")


@pytest.mark.parametrize(
    "command", [b"V", b"d", b"D", b"?", b"-", b"x1060110X", b"x1X", b"z310Z", b"/3", b"~6", b"<"]
)
def test_a_board_that_streams_is_silent(desk: Desk, command: bytes) -> None:
    desk.say(b"b")
    assert desk.say(command) == b""
    assert desk.stream.begin_ns is not None


def test_a_reset_stops_the_stream_and_replies(desk: Desk) -> None:
    desk.say(b"b")
    assert desk.say(b"v") == BANNER
    assert len(desk.packets(1)) == 0


@pytest.mark.parametrize("command", [b"d", b"-", b"0", b"1", b"!", b"x1060110X", b"z310Z", b"~6"])
def test_a_change_of_inputs_makes_the_stream_begin_anew(desk: Desk, command: bytes) -> None:
    desk.say(b"b")
    before = desk.packets(0.2)
    desk.say(command)
    after = desk.packets(0.2)
    assert before.counter.tolist() == list(range(50))
    assert after.counter[0] == 0
    assert 40 <= len(after) < 50  # a few samples fell out
    assert desk.stream.starts == 2


@pytest.mark.parametrize("command", [b"V", b"D", b"?", b"/2", b"<", b"c", b"C"])
def test_other_commands_leave_the_counter_alone(desk: Desk, command: bytes) -> None:
    desk.say(b"b")
    desk.packets(0.2)
    desk.say(command)
    assert desk.packets(0.2).counter[0] == 50


def test_every_start_begins_at_counter_0(desk: Desk) -> None:
    for _ in range(3):
        desk.say(b"b")
        assert desk.packets(0.1).counter.tolist() == list(range(25))
        desk.say(b"s")
        assert len(desk.packets(0.1)) == 0


def test_settings_reach_the_samples_and_default_takes_them_back(desk: Desk) -> None:
    desk.say(b"x2000110X3b")  # input 2 at gain 1, input 3 off
    counts = desk.packets(0.4).counts
    np.testing.assert_array_equal(counts[:, 1], np.rint(counts[:, 0] / 24))
    assert not counts[:, 2].any()
    desk.say(b"sdb")
    counts = desk.packets(0.4).counts
    np.testing.assert_array_equal(counts[:, 1:3], counts[:, [0, 0]])


def test_a_command_left_incomplete_is_given_up_after_a_second(desk: Desk) -> None:
    deadlines_ns = [desk.firmware.deadline_ns]
    desk.say(b"x10601")
    deadlines_ns.append(desk.firmware.deadline_ns)
    assert desk.firmware.give_up() == TIMEOUT
    deadlines_ns.append(desk.firmware.deadline_ns)
    assert deadlines_ns == [None, desk.now_ns + COMMAND_TIME_NS, None]
    assert desk.say(b"v") == BANNER


def test_mode_and_stamps_outlast_a_reset(desk: Desk) -> None:
    desk.say(b"/3<v")
    assert desk.say(b"//") == b"Success: digital$$$"
    desk.say(b"b")
    assert desk.packets(0.1).stop.tolist() == [0xC5] + [0xC6] * 24


def test_aux_of_the_default_mode_is_the_accelerometer_every_tenth_time(desk: Desk) -> None:
    desk.say(b"b")
    packets = desk.packets(1)
    xyz = np.ascontiguousarray(packets.aux).view(">i2")
    fresh = np.flatnonzero(xyz.any(axis=1))
    assert set(packets.stop.tolist()) == {0xC0}
    assert fresh.tolist() == list(range(0, 250, 10))
    assert np.linalg.norm(xyz[0] * 0.002 / 16) == pytest.approx(1, abs=0.05)  # g


def test_aux_of_the_digital_mode_is_the_pins(desk: Desk) -> None:
    desk.say(b"/3b")
    packets = desk.packets(1)
    assert set(packets.stop.tolist()) == {0xC1}
    assert np.flatnonzero(packets.aux[:, 0]).tolist() == list(range(25, 35))  # 0.10 to 0.14 s
    assert not packets.aux[:, 1:].any()


def test_aux_with_stamps_is_the_pins_and_the_boards_own_time(desk: Desk) -> None:
    desk.stream.power_on_ns = 2 * S
    desk.say(b"/3<b")
    packets = desk.packets(1)
    ms = np.ascontiguousarray(packets.aux[:, 2:]).view(">u4")[:, 0]
    assert packets.stop.tolist() == [0xC5] + [0xC6] * 249
    assert ms.tolist() == [3000 + 4 * k for k in range(250)]
    assert np.flatnonzero(packets.aux[:, 0]).tolist() == list(range(25, 35))


def test_stamps_switched_on_in_the_stream_are_announced_once(desk: Desk) -> None:
    desk.say(b"/3b")
    desk.packets(0.1)
    desk.say(b"<")
    assert desk.packets(0.1).stop.tolist() == [0xC5] + [0xC6] * 24
    desk.say(b">")
    assert set(desk.packets(0.1).stop.tolist()) == {0xC1}


def test_stamps_of_the_default_mode_leave_one_axis_at_a_time(desk: Desk) -> None:
    desk.say(b"<b")
    packets = desk.packets(1)
    axis = np.ascontiguousarray(packets.aux[:, :2]).view(">i2")[:, 0]
    assert packets.stop.tolist() == [0xC3] + [0xC4] * 249
    assert set((np.flatnonzero(axis) % 10).tolist()) == {7, 8, 9}
    assert axis[7:10].tolist() == [160, -240, 7900]


def test_the_boards_time_wraps_at_32_bits(desk: Desk) -> None:
    desk.stream.power_on_ns = desk.now_ns - (2**32 - 8) * 1_000_000
    desk.say(b"/3<b")
    ms = np.ascontiguousarray(desk.packets(0.02).aux[:, 2:]).view(">u4")[:, 0]
    assert ms.tolist() == [2**32 - 8, 2**32 - 4, 0, 4, 8]


def test_a_marker_goes_with_one_packet_of_the_marker_mode(desk: Desk) -> None:
    desk.say(b"/4b")
    assert not desk.packets(0.1).aux.any()
    desk.say(b"`7")
    words = np.ascontiguousarray(desk.packets(0.1).aux).view(">u2")
    assert words[0].tolist() == [ord("7"), 0, 0]
    assert not words[1:].any()


def test_aux_of_the_analog_mode_is_three_words(desk: Desk) -> None:
    desk.say(b"/2b")
    words = np.ascontiguousarray(desk.packets(0.1).aux).view(">u2")
    assert (words == 512).all()


@given(st.binary(max_size=60))
@settings(max_examples=80, deadline=None)
def test_any_bytes_leave_a_board_that_can_be_reset(octets: bytes) -> None:
    desk = Desk()
    desk.say(octets)
    desk.packets(0.05)
    desk.firmware.give_up()
    assert desk.say(b"v") == BANNER
