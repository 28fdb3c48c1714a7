"""Which board a person wears: the back-ends by name, each imported only when it is chosen.

cyton               an OpenBCI Cyton behind its dongle; `port` is a path or a USB serial number
brainflow:NAME      any board of BrainFlow's, e.g. brainflow:SYNTHETIC_BOARD; `port` if it has one
lsl:STREAM          any amplifier that speaks LSL: a stream's name, source_id=… or type=EEG
"""

import importlib
from typing import Any, cast

from hardware.board import Board, BoardFault
from hardware.cyton.aux_mode import AuxMode
from hardware.cyton.discovery import port_of
from hardware.lsl import library
from recorder.settings.board import BoardSettings
from recorder.settings.lsl import LslSettings
from recorder.settings.values import ConfigError

# name: (module, class), imported by name so that the recording path loads neither library unasked
BACK_ENDS = {
    "cyton": ("hardware.cyton.board", "CytonBoard"),
    "brainflow": ("hardware.brainflow.board", "BrainFlowBoard"),
    "lsl": ("hardware.lsl.board", "LslBoard"),
}
# The path that the dongle's adapter gets from udev: where to wait for one that is not plugged in.
DONGLE_PATH = "/dev/serial/by-id/usb-FTDI_FT231X_USB_UART_{serial}-if00-port0"


def make_board(
    settings: BoardSettings,
    lsl: LslSettings,
    *,
    first_segment: int = 0,
    may_be_absent: bool = False,
    serial: str = "",
    turn: int = 0,
) -> Board:
    """The board that `settings` describe, not yet opened; its stream begins with `first_segment`.

    A Cyton's dongle with this USB `serial` number is found wherever it is plugged in; `turn` says
    when its reader wakes, among those of all boards (hardware/rest.py).

    Raises:
        BoardFault: its dongle, named by a USB serial number, is not plugged in, and may not be
            absent.
        ConfigError: the text behind `lsl:` names no stream.
    """
    kind, _, name = settings.board.partition(":")
    module, class_name = BACK_ENDS[kind]
    back_end = getattr(importlib.import_module(module), class_name)
    words: dict[str, Any] = {"first_segment": first_segment}
    if kind == "cyton":
        path = _serial_path(settings.port, may_be_absent)
        words |= {"aux_mode": AuxMode(settings.aux), "serial": serial, "turn": turn}
        return cast("Board", back_end(path, **words))
    if kind == "brainflow":
        words |= {"port": settings.port, "parameters": settings.parameters}
        return cast("Board", back_end(name, **words))
    words |= {"channels": settings.channels, "settings": lsl_settings(lsl)}
    try:
        return cast("Board", back_end(name, **words))
    except ValueError as error:
        raise ConfigError(f"board = {settings.board!r}: {error}") from error


def lsl_settings(lsl: LslSettings) -> library.LslSettings:
    """How LSL is used in this process: there can be one way only."""
    return library.LslSettings(lan=lsl.lan, session_id=lsl.session_id)


def needs_port(settings: BoardSettings) -> bool:
    """Whether nothing can be opened without a port."""
    return settings.board == "cyton"


def _serial_path(port: str, may_be_absent: bool) -> str:  # noqa: FBT001
    """A path as it is; for a USB serial number the path where that dongle is, or will appear."""
    try:
        return str(port_of(port))
    except BoardFault:
        if not may_be_absent:
            raise
        return DONGLE_PATH.format(serial=port)
