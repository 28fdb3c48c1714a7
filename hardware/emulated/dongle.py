"""The dongle of an emulated Cyton: what it answers by itself, and what it passes on by radio.

    F0 00        which radio channel
    F0 01 CH     change the channel of both, dongle and board
    F0 02 CH     change the dongle's channel only
    F0 03        how often the board polls
    F0 05, 06, 0A    speak at 115 200, 230 400 or 921 600 baud from now on
    F0 07        is the board there

All else is for the board; when that is off or on another channel the dongle says so. A channel or
poll time stands in its replies twice, in digits and as a raw byte. A lone `<` is acknowledged with
a comma when it leaves. An old dongle knows none of this and passes all on.

Source: OpenBCI_Radios, printMessageToDriver.
"""

from hardware.cyton.frames import BAUD, END_OF_REPLY

TOP_CHANNEL = 25

_KEY = 0xF0
_GET, _SET, _OVERRIDE, _POLL_TIME, _STATUS = 0x00, 0x01, 0x02, 0x03, 0x07
_WITH_ARGUMENT = (_SET, _OVERRIDE)
_BAUDS = {0x05: 115_200, 0x06: 230_400, 0x0A: 921_600}
_POLL_TIME_MS = 48
_NO_BOARD = b"Failure: Communications timeout - Device failed to poll Host" + END_OF_REPLY
_NOT_MOVED = _NO_BOARD.replace(b"Communications", b"Channel Change RequestCommunications")


class Dongle:
    """One end of the radio, knowing the other's channel.

    Attributes:
        channel: of the dongle.
        board_channel: of the board.
        baud: at which it speaks to the host.
    """

    def __init__(self, channel: int, board_channel: int, *, answers: bool = True) -> None:
        self.channel = channel
        self.board_channel = board_channel
        self.baud = BAUD
        self._answers = answers  # commands of its own; an old one does not
        self._command = b""

    def take(self, octets: bytes, *, board_is_on: bool) -> tuple[bytes, bytes]:
        """Take what the host wrote; return the dongle's own replies, and what the board gets."""
        replies, passed = b"", bytearray()
        for octet in octets:
            if not (self._command or (octet == _KEY and self._answers)):
                passed.append(octet)
                continue
            self._command += bytes((octet,))
            if self._is_complete():
                replies += self._obey(reaches_board=self._reaches(board_is_on=board_is_on))
                self._command = b""
        if passed and not self._reaches(board_is_on=board_is_on):
            return replies + _NO_BOARD, b""
        return (b"," if bytes(passed) == b"<" else b"") + replies, bytes(passed)

    def _reaches(self, *, board_is_on: bool) -> bool:
        return board_is_on and self.channel == self.board_channel

    def _is_complete(self) -> bool:
        if len(self._command) == 1:
            return False
        return len(self._command) == (3 if self._command[1] in _WITH_ARGUMENT else 2)

    def _obey(self, *, reaches_board: bool) -> bytes:
        """Do a command of the dongle's own; return the reply."""
        code, argument = self._command[1], self._command[-1]
        if code == _STATUS:
            return _said("Success: System is Up" if reaches_board else "Failure: System is Down")
        if code in (_SET, _OVERRIDE) and argument > TOP_CHANNEL:
            return _said("Failure: Verify channel number is less than 25")
        if code == _OVERRIDE:
            self.channel = argument
            return _said("Success: Host override - Channel number: ", self.channel)
        if code in _BAUDS:
            self.baud = _BAUDS[code]
            return _said(f"Success: Switch your baud rate to {self.baud}") + b"\xff"
        return self._ask_board(code, argument) if reaches_board else self._miss_board(code)

    def _miss_board(self, code: int) -> bytes:
        """Reply to a command that takes both ends of the radio, where one is missing."""
        if code == _GET:
            return _said("Failure: Host on Channel number: ", self.channel)
        return _NOT_MOVED if code == _SET else _NO_BOARD

    def _ask_board(self, code: int, argument: int) -> bytes:
        """Do a command that takes both ends of the radio."""
        if code == _POLL_TIME:
            return _said("Success: Poll time: ", _POLL_TIME_MS)
        if code == _SET:
            self.channel = self.board_channel = argument
        elif code != _GET:
            return b""
        return _said("Success: Host and Device on Channel number: ", self.channel)


def _said(text: str, number: int | None = None) -> bytes:
    value = b"" if number is None else str(number).encode() + bytes((number,))
    return text.encode() + value + END_OF_REPLY
