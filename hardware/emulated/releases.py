"""The firmwares that an emulated Cyton can have, and what each of them does not know.

    1            names no version; no board modes, no time stamps, no reply to most commands;
                 its dongle answers no questions of its own
    2.0.0        no board modes; beside time stamps, every axis is X
    3.0.0        no V; beside time stamps, every axis is X
    3.1.1        beside time stamps, every axis is X
    3.1.2        all that hardware/emulated/firmware.py says
    brainflow    what BrainFlow's own emulator does: no dongle, no settings, and of the registers it
                 has only a word

What a firmware does not know it takes byte by byte: of `/3` an old one does the 3.

Sources: OpenBCI_Cyton_Library (change log), openbci-archive/OpenBCI_NodeJS (simulator), BrainFlow
(emulator/brainflow_emulator/emulate_common.py).
"""

from dataclasses import dataclass
from enum import StrEnum

_CONVERTER = "ADS1299 Device ID: {}\r\n"


class Version(StrEnum):
    """By the names that `--firmware` takes."""

    V1 = "1"
    V2 = "2.0.0"
    V3_0 = "3.0.0"
    V3_1_1 = "3.1.1"
    V3_1_2 = "3.1.2"
    BRAINFLOW = "brainflow"


@dataclass(frozen=True, slots=True)
class Release:
    """One firmware.

    Attributes:
        greeting: how its banner begins, with a place for the converter's identity.
        names_version: whether the banner ends with it.
        unknown: commands of which it takes no notice.
        silent: commands that it does without a reply.
        axes_hold: whether Y and Z are what they should be beside time stamps.
        dongle_answers: whether its dongle knows commands of its own.
        registers: what it says of them, if it does not tell them; no end of a reply follows.
    """

    greeting: str
    names_version: bool = True
    unknown: str = ""
    silent: str = ""
    axes_hold: bool = False
    dongle_answers: bool = True
    registers: str = ""


_LATER = "OpenBCI V3 8-16 channel\r\nOn Board " + _CONVERTER
_SIGNALS = "0-=p[]"
RELEASES = {
    Version.V1: Release(
        "OpenBCI V3 16 channel\r\n" + _CONVERTER,
        names_version=False,
        unknown="/~`<>V",
        silent="xzdcC" + _SIGNALS,
        dongle_answers=False,
    ),
    Version.V2: Release(
        "OpenBCI V3 8-16 channel\r\n" + _CONVERTER, unknown="/~`V", silent=_SIGNALS
    ),
    Version.V3_0: Release(_LATER, unknown="V"),
    Version.V3_1_1: Release(_LATER),
    Version.V3_1_2: Release(_LATER, axes_hold=True),
    Version.BRAINFLOW: Release(
        "OpenBCI Emulator ",
        names_version=False,
        unknown="xzdcCDV/~`<>12345678!@#$%^&*qwertyuiQWERTYUI" + _SIGNALS,
        dongle_answers=False,
        registers="Imagine registers here",
    ),
}


def banner(version: Version, identity: str, *, has_daisy: bool) -> str:
    """Return what it says of itself after a reset, without the end of the reply."""
    release = RELEASES[version]
    if version is Version.BRAINFLOW:
        return release.greeting
    daisy = "On Daisy " + _CONVERTER.format(identity) if has_daisy else ""
    named = f"Firmware: v{version}\r\n" if release.names_version else ""
    return f"{release.greeting.format(identity)}{daisy}LIS3DH Device ID: 0x33\r\n{named}"
