"""The opening, against boards of each firmware and boards and dongles that are not well."""

import pytest

from hardware.board import Shortcoming
from hardware.board_fault import BoardFault, FaultKind
from hardware.cyton.aux_mode import UNASKED_ACCELEROMETER, AuxMode
from hardware.cyton.frames import UV_PER_COUNT
from hardware.cyton.opening import Opening, ReadyBoard
from hardware.cyton.registers import read_registers
from hardware.emulated.cyton import Behaviour, FirstState
from hardware.emulated.releases import Version
from tests.hardware.cyton.test_opening import BANNER, GOOD, REGISTERS, ScriptedLine
from tests.hardware.cyton.virtual_line import PORT, START_NS, VirtualLine

OLD = [Version.V1, Version.V2, Version.BRAINFLOW]
UNTOLD = Shortcoming("settings_untold", "")
NAMED_S = 5.0


def line_to(version: Version = Version.V3_1_2, **behaviour: object) -> VirtualLine:
    return VirtualLine(Behaviour(firmware=version, **behaviour))  # type: ignore[arg-type]


def opened(line: VirtualLine, aux_mode: AuxMode = AuxMode.DIGITAL) -> ReadyBoard:
    return Opening(line, PORT, line.monotonic_ns, aux_mode, line.set_baud).run()


def fault(line: VirtualLine) -> BoardFault:
    with pytest.raises(BoardFault) as caught:
        opened(line)
    text = str(caught.value)
    assert text.startswith(f"{PORT}: ")
    assert len(text.splitlines()) == 1
    return caught.value


def elapsed_s(line: VirtualLine) -> float:
    return (line.now_ns - START_NS) * 1e-9


@pytest.mark.parametrize("first_state", [FirstState.READY, FirstState.STREAMING])
@pytest.mark.parametrize("version", OLD)
@pytest.mark.parametrize("aux_mode", AuxMode)
def test_an_old_board_is_never_asked_for_pins(
    version: Version, aux_mode: AuxMode, first_state: FirstState
) -> None:
    line = line_to(version, first_state=first_state)
    ready = opened(line, aux_mode)
    assert elapsed_s(line) < NAMED_S
    assert not any(b"/" in sent or b"3" in sent for sent in line.sent)
    named = "v2.0.0" if version is Version.V2 else ""
    assert (ready.firmware, ready.aux) == (named, UNASKED_ACCELEROMETER)
    assert ready.shortcomings[0] == Shortcoming("firmware_old", named or "1")
    assert ready.shortcomings[1:] == ((UNTOLD,) if version is Version.BRAINFLOW else ())


@pytest.mark.parametrize("version", [Version.V1, Version.V2])
def test_an_old_board_would_take_the_pins_for_channel_3(version: Version) -> None:
    line = line_to(version)
    line.write(b"/3")
    line.write(b"?")
    inputs = read_registers(line.read(1.0), 8)
    assert inputs is not None
    assert inputs.unused == (3,)


@pytest.mark.parametrize("version", OLD)
def test_time_stamps_that_somebody_left_on_are_switched_off(version: Version) -> None:
    line = line_to(version)
    line.write(b"<")
    opened(line)
    assert set(line.streamed(250).stop.tolist()) == {0xC0}


@pytest.mark.parametrize("version", [Version.V3_0, Version.V3_1_1])
def test_a_board_that_stamps_over_its_axes_is_not_asked_to_stamp(version: Version) -> None:
    line = line_to(version)
    ready = opened(line, AuxMode.ACCELEROMETER)
    assert ready.shortcomings == (Shortcoming("accel_without_ms", f"v{version}"),)
    axes = ready.aux.decode(line.streamed(250))
    assert axes[0].tolist() == [160, -240, 7900]
    assert line.sent[-3:-1] == [b"/0", b">"]


@pytest.mark.parametrize("version", [Version.V3_0, Version.V3_1_1, Version.V3_1_2])
def test_pins_and_time_stamps_come_from_version_3_on(version: Version) -> None:
    line = line_to(version)
    ready = opened(line)
    assert ready.shortcomings == ()
    assert ready.aux.has_board_ms(line.streamed(250)).all()


def test_axes_and_time_stamps_come_together_from_version_3_1_2_on() -> None:
    line = line_to()
    ready = opened(line, AuxMode.ACCELEROMETER)
    packets = line.streamed(250)
    assert ready.shortcomings == ()
    assert ready.aux.has_board_ms(packets).all()
    assert ready.aux.decode(packets)[7:10, :3].diagonal().tolist() == [160, -240, 7900]


def test_a_banner_torn_in_the_air_is_not_taken_for_an_old_one() -> None:
    torn = BANNER.replace(b"Firmware: v3.1.2", b"Firmw")
    line = ScriptedLine({**GOOD, b"v": [torn, BANNER]})
    assert line.open().firmware == "v3.1.2"


def test_a_banner_that_comes_after_an_overflow_is_the_boards_own() -> None:
    flooded = b"Failure: Board RFduino buffer overflowed. Soft reset command sent to Board.$$$"
    line = ScriptedLine({**GOOD, b"v": [flooded, BANNER]})
    assert line.open().firmware == "v3.1.2"
    line = ScriptedLine({**GOOD, b"?": [flooded + BANNER, REGISTERS]})
    assert line.open().firmware == "v3.1.2"


@pytest.mark.parametrize("identity", ["0x0", "0x00", "0xFF", "0xff"])
@pytest.mark.parametrize("whose", ["Board", "Daisy"])
def test_a_dead_converter_is_named(identity: str, whose: str) -> None:
    banner = BANNER.replace(b"LIS3DH Device", b"On Daisy ADS1299 Device ID: 0x3E\r\nLIS3DH Device")
    good = f"On {whose} ADS1299 Device ID: 0x3E"
    said = banner.replace(good.encode(), good.replace("0x3E", identity).encode())
    found = ScriptedLine({**GOOD, b"v": [said]}).fault()
    assert found.kind is FaultKind.REFUSED
    assert f"{'Cyton' if whose == 'Board' else 'Daisy'}: {identity}" in str(found)


@pytest.mark.parametrize("version", [Version.V1, Version.V2, Version.V3_1_2])
def test_a_dead_converter_is_named_at_once(version: Version) -> None:
    line = line_to(version, first_state=FirstState.DEAD_CONVERTER)
    assert "Cyton: 0x0" in str(fault(line))
    assert elapsed_s(line) < NAMED_S


def test_a_dongle_at_another_rate_is_named_and_speaks_again() -> None:
    line = line_to(first_state=FirstState.OTHER_BAUD)
    assert "230400 baud" in str(fault(line))
    assert elapsed_s(line) < NAMED_S
    assert opened(line).firmware == "v3.1.2"


def test_noise_is_named() -> None:
    line = line_to(first_state=FirstState.NOISE)
    found = fault(line)
    assert found.kind is FaultKind.REFUSED
    assert "noise" in str(found)
    assert elapsed_s(line) < NAMED_S


def test_replies_that_are_noise_are_named() -> None:
    line = line_to()
    for command in (b"\xf0\x07", b"v"):
        line.replies[command] = [bytes(range(128, 145))] * 6
    assert "noise" in str(fault(line))
    assert elapsed_s(line) < NAMED_S


@pytest.mark.parametrize(
    ("before", "after"), [(b"x3060000X", b"~4"), (b"5", b"x8010110X"), (b"=", b"0")]
)
def test_inputs_that_were_changed_are_set_back(before: bytes, after: bytes) -> None:
    """A reset does so; if the board does not hold to it, it is asked again."""
    line = line_to()
    line.instead[b"v"] = b"v" + before + after
    ready = opened(line)
    assert (ready.uv_per_count, ready.shortcomings) == (UV_PER_COUNT, ())
    assert b"d" in line.sent


def test_another_gain_of_all_channels_is_what_microvolts_are_reckoned_by() -> None:
    reply = REGISTERS.replace(b", 68, ", b", 48, ")
    ready = ScriptedLine({**GOOD, b"?": [reply] * 2}).open()
    assert ready.uv_per_count == pytest.approx(3 * UV_PER_COUNT)  # gain 8


def test_channels_with_gains_of_their_own_are_refused() -> None:
    reply = REGISTERS.replace(b"CH4SET, 08, 68", b"CH4SET, 08, 08")
    found = ScriptedLine({**GOOD, b"?": [reply] * 2}).fault()
    assert found.kind is FaultKind.REFUSED
    assert "24, 24, 24, 1, 24" in str(found)


def test_another_rate_is_refused() -> None:
    reply = REGISTERS.replace(b"CONFIG1, 01, 96", b"CONFIG1, 01, 94")
    line = ScriptedLine({**GOOD, b"?": [reply] * 2, b"~6": [b"Success: Sample rate is 250Hz$$$"]})
    found = line.fault()
    assert found.kind is FaultKind.REFUSED
    assert "1000 Hz" in str(found)
    assert line.sent[3:] == [b"?", b"~6", b"d", b"?"]


def test_a_channel_that_stays_off_is_told() -> None:
    reply = REGISTERS.replace(b"CH4SET, 08, 68", b"CH4SET, 08, E8")
    ready = ScriptedLine({**GOOD, b"?": [reply] * 2}).open()
    assert ready.shortcomings == (Shortcoming("inputs_unused", "4"),)


def test_a_board_that_does_not_tell_its_inputs_is_used_and_that_is_told() -> None:
    line = ScriptedLine({**GOOD, b"?": [b"", b"$$$"]})
    assert line.open().shortcomings == (UNTOLD,)
    line = ScriptedLine({**GOOD, b"?": [REGISTERS[:200], REGISTERS]})
    assert line.open().shortcomings == ()


@pytest.mark.parametrize("version", Version)
@pytest.mark.parametrize("aux_mode", AuxMode)
def test_nothing_harmful_is_ever_sent(version: Version, aux_mode: AuxMode) -> None:
    line = line_to(version)
    opened(line, aux_mode)
    harmful = [b"/5", b"C", b"c", b"j", *(b"~%d" % n for n in range(6)), b"\xf0\x01", b"\xf0\x02"]
    assert not [sent for sent in line.sent for harm in harmful if harm in sent]


@pytest.mark.parametrize("version", [Version.V1, Version.V2])
def test_the_inputs_of_an_old_board_are_set_back_without_its_rate(version: Version) -> None:
    """It has one rate only, and of `~6` it would do the 6."""
    line = line_to(version)
    line.instead[b"v"] = b"v5"
    assert opened(line).shortcomings == (Shortcoming("firmware_old", opened(line).firmware or "1"),)
    assert b"~6" not in line.sent
    assert b"d" in line.sent
