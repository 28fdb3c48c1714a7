"""Why a board is not used; apart from the Board protocol, so that it loads no numerics."""

from enum import StrEnum


class FaultKind(StrEnum):
    """Why a board cannot be used; the command line turns it into an exit code."""

    MISSING = "missing"  # no such port
    DENIED = "denied"  # no permission
    BUSY = "busy"  # another program holds the port
    SILENT = "silent"  # the port opens and nothing answers
    OFF = "off"  # the dongle answers and no board does (off, or on another radio channel)
    REFUSED = "refused"  # the board answered a command with a failure or with something else
    UNPLUGGED = "unplugged"  # the port went away while in use
    MOVED = "moved"  # it is to be opened at another port
    UNCONFIRMED = "unconfirmed"  # it came back, and nobody knows whose it is
    CROWDED = "crowded"  # two boards are heard on one radio channel, and no telling which is which


class BoardFault(Exception):
    """A board that cannot be used. The message is one line and says what to do."""

    def __init__(self, kind: FaultKind, text: str) -> None:
        super().__init__(text)
        self.kind = kind


class Closing(Exception):
    """A board is wanted closed: whoever waits for it must stop."""
