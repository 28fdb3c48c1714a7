"""Each step of the opening, against scripted answers, whole and one byte at a time."""

from collections import deque

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.board_fault import BoardFault, FaultKind
from hardware.cyton.aux_mode import AUX_LAYOUTS, AuxMode
from hardware.cyton.conversation import STOP_ATTEMPTS, STOP_LIMIT_S
from hardware.cyton.frames import UV_PER_COUNT
from hardware.cyton.opening import RESET_ANSWER_S, RESET_ATTEMPTS, Opening, ReadyBoard
from hardware.emulated.converter import EmulatedAds
from hardware.emulated.cyton import Behaviour, FirstState
from hardware.emulated.faults import parse_fault
from tests.hardware.cyton.virtual_line import START_NS, VirtualLine

PORT = "/dev/ttyUSB7"
BANNER = (
    b"OpenBCI V3 8-16 channel\nOn Board ADS1299 Device ID: 0x3E\n"
    b"LIS3DH Device ID: 0x33\nFirmware: v3.1.2\n$$$"
)
UP = b"Success: System is Up$$$"
DOWN = b"Failure: System is Down$$$"
TIMEOUT = b"Failure: Communications timeout - Device failed to poll Host$$$"
REGISTERS = f"Board ADS Registers\r\n{EmulatedAds((5e3,) * 8).registers()}$$$".encode()
GOOD = {
    b"s": [b""],
    b"\xf0\x07": [UP],
    b"v": [BANNER],
    b"?": [REGISTERS],
    b"/3": [b"Success: digital$$$"],
    b"<": [b"Time stamp ON$$$"],
}
READ_NS = 1_000_000


class ScriptedLine:
    """Answers each command with the next of its answers; time goes by only while it is read."""

    def __init__(self, answers: dict[bytes, list[bytes]], read_bytes: int = 1000) -> None:
        self.answers = {command: deque(replies) for command, replies in answers.items()}
        self.sent: list[bytes] = []
        self.now_ns = 0
        self.streams_until_ns = -1
        self.streams_after = b""  # this command
        self._read_bytes = read_bytes
        self._waiting = b""

    def write(self, octets: bytes) -> None:
        self.sent.append(octets)
        replies = self.answers.get(octets)
        if octets == self.streams_after:
            self.streams_until_ns = self.now_ns + 60 * 1_000_000_000
        self._waiting += replies.popleft() if replies else b""

    def read(self, timeout_s: float) -> bytes:
        if self.now_ns < self.streams_until_ns and not self._waiting:
            self.now_ns += 10 * READ_NS
            return b"\xa0" + bytes(31) + b"\xc0"
        octets, self._waiting = self._waiting[: self._read_bytes], self._waiting[self._read_bytes :]
        self.now_ns += READ_NS if octets else int(timeout_s * 1e9)
        return octets

    def open(self, aux_mode: AuxMode = AuxMode.DIGITAL) -> ReadyBoard:
        return Opening(self, PORT, lambda: self.now_ns, aux_mode).run()

    def refusal(self) -> str:
        """Why the board cannot be used, "" when it can."""
        try:
            self.open()
        except BoardFault as fault:
            return str(fault)
        return ""

    def fault(self) -> BoardFault:
        with pytest.raises(BoardFault) as caught:
            self.open()
        text = str(caught.value)
        assert text.startswith(f"{PORT}: ")
        assert "\n" not in text
        return caught.value


@pytest.mark.parametrize("read_bytes", [1, 7, 1000])
def test_a_good_board_is_made_ready(read_bytes: int) -> None:
    line = ScriptedLine(GOOD, read_bytes)
    pins = AUX_LAYOUTS[AuxMode.DIGITAL]
    assert line.open() == ReadyBoard("v3.1.2", has_daisy=False, uv_per_count=UV_PER_COUNT, aux=pins)
    assert line.sent == [b"s", b"\xf0\x07", b"v", b"?", b"/3", b"<"]


def test_a_board_that_streams_is_stopped_before_anything_is_asked() -> None:
    line = ScriptedLine(GOOD)
    line.streams_until_ns = 300 * READ_NS
    line.open()
    assert line.sent[:2] == [b"s", b"\xf0\x07"]
    assert line.now_ns >= line.streams_until_ns


def test_a_stop_that_is_lost_in_the_air_is_sent_again() -> None:
    line = ScriptedLine(GOOD)
    line.streams_until_ns = int(STOP_LIMIT_S * 1e9) + 50 * READ_NS
    line.open()
    assert line.sent[:3] == [b"s", b"s", b"\xf0\x07"]


def test_a_stream_that_does_not_stop_is_not_waited_for_forever() -> None:
    line = ScriptedLine({})
    line.streams_until_ns = int(1e12)
    assert line.fault().kind is FaultKind.SILENT
    assert line.now_ns < (STOP_ATTEMPTS * STOP_LIMIT_S + RESET_ATTEMPTS * RESET_ANSWER_S + 2) * 1e9


def test_a_stream_that_does_not_stop_may_hide_the_answers() -> None:
    line = ScriptedLine({**GOOD, b"s": [100 * (b"\xa0" + bytes(31) + b"\xc0")]}, read_bytes=33)
    assert line.open().firmware == "v3.1.2"


def test_an_old_dongle_that_does_not_know_the_question_is_no_hindrance() -> None:
    line = ScriptedLine({**GOOD, b"\xf0\x07": []})
    assert line.open().firmware == "v3.1.2"


def test_a_command_lost_in_the_air_is_sent_again() -> None:
    line = ScriptedLine(
        {
            **GOOD,
            b"v": [b"", BANNER],
            b"/3": [b"", b"Success: digital$$$"],
            b"<": [b"", b"Time stamp ON$$$"],
        }
    )
    line.open()
    assert line.sent[2:] == [b"v", b"v", b"?", b"/3", b"/3", b"<", b"<"]


@pytest.mark.parametrize("channel", [4, 10, 13, 25])
@pytest.mark.parametrize("read_bytes", [1, 1000])
@pytest.mark.parametrize("status", [DOWN, TIMEOUT])
def test_a_board_that_is_off_is_told_with_the_radio_channel(
    status: bytes, read_bytes: int, channel: int
) -> None:
    told = f"Failure: Host on Channel number: {channel}".encode() + bytes([channel]) + b"$$$"
    line = ScriptedLine({**GOOD, b"\xf0\x07": [status], b"\xf0\x00": [told]}, read_bytes)
    fault = line.fault()
    assert fault.kind is FaultKind.OFF
    assert f"on radio channel {channel} but no board does: switch the board on" in str(fault)
    assert b"v" not in line.sent


def test_a_board_that_is_off_is_told_without_a_channel_too() -> None:
    fault = ScriptedLine({**GOOD, b"\xf0\x07": [DOWN]}).fault()
    assert fault.kind is FaultKind.OFF
    assert "the dongle answers but no board does" in str(fault)


def test_a_board_that_fails_at_the_reset_is_off() -> None:
    fault = ScriptedLine({**GOOD, b"\xf0\x07": [], b"v": [TIMEOUT]}).fault()
    assert fault.kind is FaultKind.OFF


def test_a_banner_that_comes_in_two_tries_is_whole() -> None:
    line = ScriptedLine({**GOOD, b"v": [BANNER[:30], BANNER[30:]]})
    assert line.open().firmware == "v3.1.2"


@pytest.mark.parametrize("late", [b"Success: System is Up$$$", b"Success: default$$$"])
def test_a_late_answer_to_the_question_before_is_not_taken_for_the_banner(late: bytes) -> None:
    for v in ([late, BANNER], [late + BANNER], [late[:9], late[9:] + BANNER[:40], BANNER[40:]]):
        line = ScriptedLine({**GOOD, b"\xf0\x07": [], b"v": v}, read_bytes=7)
        assert line.open().firmware == "v3.1.2"


def test_answers_to_questions_asked_twice_are_not_taken_for_others() -> None:
    line = ScriptedLine({**GOOD, b"v": [b"", b"", 3 * BANNER]}, read_bytes=len(BANNER))
    line.open()
    assert line.sent[2:] == [b"v", b"v", b"v", b"?", b"/3", b"<"]


@pytest.mark.parametrize("silent_s", [0.5, 1.0, 1.3, 2.0, 2.8, 4.2, 6.0, 8.0])
def test_a_board_that_was_out_of_reach_is_open_soon_after(silent_s: float) -> None:
    stall = parse_fault(f"0:stall:{silent_s}")
    line = VirtualLine(Behaviour(first_state=FirstState.STREAMING, faults=(stall,)))
    assert Opening(line, PORT, line.monotonic_ns).run().firmware == "v3.1.2"
    after_s = (line.now_ns - START_NS) / 1e9 - silent_s
    assert after_s < RESET_ANSWER_S + 0.5


def test_nothing_at_all_is_silence() -> None:
    line = ScriptedLine({})
    fault = line.fault()
    assert fault.kind is FaultKind.SILENT
    assert "OpenBCI dongle" in str(fault)
    assert RESET_ATTEMPTS * RESET_ANSWER_S * 1e9 < line.now_ns < 12e9


def test_a_board_that_hangs_behind_a_good_dongle_is_silence() -> None:
    fault = ScriptedLine({**GOOD, b"v": []}).fault()
    assert fault.kind is FaultKind.SILENT
    assert "switch the board off and on" in str(fault)


def test_another_device_is_refused() -> None:
    fault = ScriptedLine({b"v": [b"Grbl 1.1h ['$' for help]$$$"]}).fault()
    assert fault.kind is FaultKind.REFUSED
    assert "Grbl" in str(fault)


# What a board, another device, or the air may make of any command.
ANSWERS = [
    *(b"", UP, DOWN, TIMEOUT, BANNER, BANNER[:40], BANNER[40:], b"$$$", b"Failure: no$$$"),
    *(b"Success: digital$$$", b"Time stamp ON$$$", bytes(range(256)), b"\xa0" + bytes(32)),
]
COMMANDS = [b"s", b"\xf0\x07", b"\xf0\x00", b"v", b"?", b"d", b"/3", b"<", b">"]


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(st.sampled_from(COMMANDS), st.lists(st.sampled_from(ANSWERS), max_size=8)),
    st.sampled_from([0, 1, 3, 60]),
)
def test_whatever_is_answered_the_opening_ends_in_the_stated_time(
    answers: dict[bytes, list[bytes]], streams_s: int
) -> None:
    line = ScriptedLine(answers, read_bytes=33)
    line.streams_until_ns = streams_s * 10**9
    told = line.refusal()
    assert told == "" or told.startswith(f"{PORT}: ")
    assert "\n" not in told
    assert line.now_ns < 22e9


def test_a_daisy_is_read_off_the_banner() -> None:
    daisy = BANNER.replace(b"LIS3DH", b"On Daisy ADS1299 Device ID: 0x3E\nLIS3DH")
    both = REGISTERS.replace(b"$$$", REGISTERS.replace(b"Board", b"Daisy"))
    line = ScriptedLine({**GOOD, b"v": [daisy], b"?": [both]})
    ready = line.open()
    assert (ready.has_daisy, ready.shortcomings) == (True, ())
    assert line.sent == [b"s", b"\xf0\x07", b"v", b"?", b"/3", b"<"]


def test_the_accelerometer_takes_the_pins_place_if_wanted() -> None:
    line = ScriptedLine({**GOOD, b"/0": [b"", b"Success: default$$$"]})
    line.open(AuxMode.ACCELEROMETER)
    assert line.sent == [b"s", b"\xf0\x07", b"v", b"?", b"/0", b"/0", b"<"]


@pytest.mark.parametrize("command", [b"/3", b"<"])
@pytest.mark.parametrize("reply", [b"", b"Failure: unknown\xff$$$"])
def test_a_setting_that_is_not_taken_is_refused(command: bytes, reply: bytes) -> None:
    fault = ScriptedLine({**GOOD, command: [reply, reply]}).fault()
    assert fault.kind is FaultKind.REFUSED
    assert repr(command.decode()) in str(fault)
    assert ("unknown" if reply else "nothing") in str(fault)


@pytest.mark.parametrize("doubled", [b"v", b"<"])
@pytest.mark.parametrize("read_bytes", [1, 1000])
def test_two_boards_that_answer_are_refused_with_the_cure(doubled: bytes, read_bytes: int) -> None:
    answers = GOOD | {doubled: [2 * GOOD[doubled][0]], b"/3": 3 * GOOD[b"/3"]}
    fault = ScriptedLine(answers, read_bytes).fault()
    assert fault.kind is FaultKind.CROWDED
    assert "radio channel" in str(fault)


def test_an_answer_that_was_asked_for_twice_is_no_second_board() -> None:
    late = GOOD | {b"v": [b"", 2 * BANNER]}
    assert ScriptedLine(late).open().firmware == "v3.1.2"


def test_two_emulated_boards_on_one_channel_are_refused() -> None:
    line = VirtualLine(Behaviour(first_state=FirstState.SHARED_CHANNEL))
    with pytest.raises(BoardFault) as caught:
        Opening(line, PORT, line.monotonic_ns).run()
    assert caught.value.kind is FaultKind.CROWDED


def test_another_board_that_streams_after_the_reset_is_refused() -> None:
    """It is somebody else's, and has not heard our commands."""
    line = ScriptedLine(GOOD)
    line.streams_after = b"<"
    assert line.fault().kind is FaultKind.CROWDED
