"""Emulated boards of older firmwares say, and leave unsaid, what real ones do."""

import numpy as np
import pytest

from hardware.cyton.frames import read_banner
from hardware.emulated.converter import EmulatedAds
from hardware.emulated.firmware import NO_IDENTITY, Firmware
from hardware.emulated.releases import Version
from hardware.emulated.stream import SampleStream, TrueTime
from tests.hardware.emulated.test_firmware import Desk, Ramp, S

OFF = b"CH3SET, 07, E8"


class OldDesk(Desk):
    """A board with an older firmware."""

    def __init__(self, version: Version, channels: int = 8, identity: str = "0x3E") -> None:
        self.now_ns = 5 * S
        ads = EmulatedAds((5e3,) * channels)
        self.stream = SampleStream(Ramp(), 250.0, ads, true_time=TrueTime(), d11_edges_s=())
        self.firmware = Firmware(self.stream, version, identity)


@pytest.mark.parametrize(
    ("version", "named"),
    [
        (Version.V1, ""),
        (Version.V2, "v2.0.0"),
        (Version.V3_0, "v3.0.0"),
        (Version.V3_1_1, "v3.1.1"),
        (Version.V3_1_2, "v3.1.2"),
        (Version.BRAINFLOW, ""),
    ],
)
def test_each_has_its_banner(version: Version, named: str) -> None:
    banner = read_banner(OldDesk(version).say(b"v"))
    assert (banner.firmware, banner.has_daisy, banner.dead) == (named, False, ())


@pytest.mark.parametrize("version", [Version.V1, Version.V2, Version.V3_0])
def test_a_daisy_is_in_every_banner_that_has_one(version: Version) -> None:
    assert read_banner(OldDesk(version, channels=16).say(b"v")).has_daisy


@pytest.mark.parametrize(
    ("version", "command", "reply"),
    [
        (Version.V1, b"/3", b""),
        (Version.V1, b"<", b""),
        (Version.V1, b"~~", b""),
        (Version.V1, b"d", b""),
        (Version.V1, b"=", b""),
        (Version.V1, b"x1060110X", b""),
        (Version.V2, b"/3", b""),
        (Version.V2, b"~~", b""),
        (Version.V2, b"V", b""),
        (Version.V2, b"=", b""),
        (Version.V2, b"<", b"Time stamp ON$$$"),
        (Version.V2, b"d", b"updating channel settings to default$$$"),
        (Version.V3_0, b"V", b""),
        (Version.V3_0, b"/3", b"Success: digital$$$"),
        (Version.V3_1_1, b"V", b"v3.1.5$$$"),
        (Version.BRAINFLOW, b"v", b"OpenBCI Emulator $$$"),
        (Version.BRAINFLOW, b"?", b"Imagine registers here"),
        (Version.BRAINFLOW, b"/3<d~6x1060110X", b""),
    ],
)
def test_each_replies_to_what_it_knows(version: Version, command: bytes, reply: bytes) -> None:
    assert OldDesk(version).say(command) == reply


@pytest.mark.parametrize("version", Version)
def test_of_a_mode_that_is_not_known_the_digit_is_done(version: Version) -> None:
    desk = OldDesk(version)
    desk.say(b"/3")
    is_old = version in (Version.V1, Version.V2)
    assert (OFF in desk.say(b"?")) == is_old
    desk.say(b"#")
    assert OFF not in desk.say(b"?")


@pytest.mark.parametrize("version", [Version.V2, Version.V3_0, Version.V3_1_1])
def test_beside_time_stamps_every_axis_is_x_before_version_3_1_2(version: Version) -> None:
    desk = OldDesk(version)
    desk.say(b"<b")
    axis = np.ascontiguousarray(desk.packets(1).aux[:, :2]).view(">i2")[:, 0]
    assert axis[7:10].tolist() == [160, 160, 160]
    desk.say(b"s>b")
    xyz = np.ascontiguousarray(desk.packets(1).aux).view(">i2")
    assert xyz[0].tolist() == [160, -240, 7900]


def test_a_dead_converter_has_no_identity_and_no_samples() -> None:
    desk = OldDesk(Version.V3_1_2, identity=NO_IDENTITY)
    assert read_banner(desk.say(b"v")).dead == ("Cyton: 0x0",)
    desk.say(b"b")
    assert len(desk.packets(1)) == 0
