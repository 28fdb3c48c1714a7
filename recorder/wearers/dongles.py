"""Which dongle each person's board was behind when a session began last: a JSON file beside those.

A port that is configured as /dev/ttyUSB0 may lead to the other dongle after the machine was
switched off. Where the configuration is still the same, the dongle's serial number counts, not its
path. In the same boot, what was behind the path tells that nobody has pulled the dongle out.
"""

import logging
from collections.abc import Iterable
from pathlib import Path

import msgspec

from hardware.board import Device
from hardware.cyton.usb import SYSTEM, serial_number, with_serial
from recorder.durable import write_json
from recorder.settings.board import ROLES
from recorder.settings.file import Config
from recorder.wearers.wearer import Wearer

FILE = "dongles.json"

log = logging.getLogger("antiphon")


class Dongle(msgspec.Struct, frozen=True):
    """What was behind `port`, as that is configured."""

    port: str
    serial: str
    device: Device | None = None


def keep(directory: Path, wearers: Iterable[Wearer]) -> None:
    """Write down whose dongle is which. Blocks on the disk."""
    met = {
        wearer.role: Dongle(wearer.settings.port, info.serial, info.device)
        for wearer in wearers
        if (info := wearer.board.info) is not None
    }
    try:
        write_json(directory / FILE, met)
    except OSError as error:
        log.warning("whose dongle is which was not written down: %s", error)


def recall(config: Config) -> dict[str, Dongle]:
    """What was written down, as far as the configuration is the same; by role."""
    path = config.sessions_path / FILE
    try:
        met = msgspec.json.decode(path.read_bytes(), type=dict[str, Dongle])
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, msgspec.MsgspecError) as error:
        log.warning("%s: not read: %s", path, error)
        return {}
    return {role: it for role, it in met.items() if it.port and it.port == config.board(role).port}


def serials_to_follow(config: Config, root: Path = SYSTEM) -> dict[str, str]:
    """The serial numbers of the dongles that are wanted, by role, wherever they are plugged in.

    A dongle that is nowhere has been replaced, unless the other person's is in its place.
    """
    met = recall(config)
    if {"/" in it.port for it in met.values()} != {True} or len(met) < len(ROLES):
        return {}
    wanted = {role: it.serial for role, it in met.items()}
    if len(set(wanted.values())) < len(ROLES) or not all(wanted.values()):
        return {}
    there = {role: serial_number(it.port, root) for role, it in met.items()}
    return {
        role: serial
        for role, serial in wanted.items()
        if with_serial(serial, root) or there[role] in wanted.values()
    }
