"""What the running service tells of its boards, for whoever would open their ports otherwise."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from hardware.board import BoardState
from recorder.failure import Refused
from recorder.wire.client import Conversation
from recorder.wire.lines import ServiceUnreachable
from recorder.wire.messages import Alarm, BoardStatus, Status

STATUS_WITHIN_S = 3.0  # a service that is well answers in a hundredth of that
OPENED_WITHIN_S = 10.0  # a board is asked what it is, and the slowest takes half of it
LOOK_S = 0.5
BEGINNING = (BoardState.CLOSED, BoardState.OPENING)


@dataclass(frozen=True, slots=True)
class Served:
    """A service that answers.

    Attributes:
        pid: its process.
        status: what it says.
    """

    pid: int
    status: Status

    @property
    def name(self) -> str:
        """What a person calls it."""
        return f"the antiphon service (pid {self.pid})"

    def holds(self, name: str, path: Path) -> BoardStatus | None:
        """The board of its own that is behind a port, by its name or its path; or None."""
        real = path.resolve()
        for board in self.status.boards:
            if board.port == name or ("/" in board.port and Path(board.port).resolve() == real):
                return board
        return None

    def alarms_of(self, role: str) -> Iterator[Alarm]:
        """What is wrong with a person's board."""
        return (alarm for alarm in self.status.alarms if alarm.role == role)


def served(socket: Path) -> Served | None:
    """Ask the service on `socket` what it does; None when none answers."""
    try:
        with Conversation(socket, timeout_s=STATUS_WITHIN_S) as service:
            status = msgspec.json.decode(service.ask("status"), type=Status)
            return Served(service.pid, status)
    except (ServiceUnreachable, Refused, msgspec.MsgspecError):
        return None


def opened(socket: Path, pause: Callable[[float], None] = time.sleep) -> Served | None:
    """As `served`, once no board of a service that has just begun is being opened any more."""
    service = served(socket)
    for _ in range(round(OPENED_WITHIN_S / LOOK_S)):
        if service is None or not any(board.state in BEGINNING for board in service.status.boards):
            break
        pause(LOOK_S)
        service = served(socket)
    return service


def what_it_is(board: BoardStatus) -> str:
    """A board and its dongle in words; "" before it has been found."""
    if not board.kind:
        return ""
    names = {"cyton": "Cyton", "cyton-daisy": "Cyton with Daisy"}
    told = [names.get(board.kind, board.kind), f"firmware {board.firmware or 'not told'}"]
    if board.radio_channel is not None:
        told.append(f"radio channel {board.radio_channel}")
    if board.serial:
        told.append(f"serial {board.serial}")
    if board.on_for_s is not None:
        told.append(f"switched on {board.on_for_s / 3600:.1f} h ago")
    return ", ".join(told)
