"""A desk with two dongles and the sockets that they are plugged into, on a clock nobody waits for.

Boards, dongles, their opening, the files of /dev and /sys, and all that the recorder makes of it
are real; the ports' bytes are handed over by tests/soak/simulated_board.py. Each person's counts
have a sign of their own, so that of each sample that is stored it is known whose it is.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from hardware.board import BoardFault, BoardInfo, BoardState, FaultKind, GapCause, StateChange
from hardware.cyton import frames
from hardware.cyton.followed import FollowedPort
from hardware.emulated.cyton import Behaviour, EmulatedCyton
from hardware.emulated.source import PacketRun
from hardware.emulated.stream import TrueTime
from hardware.keeper import device_behind
from recorder.rehearsal.simulated_board import SimulatedBoard
from tests.hardware.plugged_in import Adapter, plug_in, unplug

RETRY_NS = 500_000_000
SIGNS = (1, -1)  # of the counts of the patient's board, and of the therapist's


class Signed:
    """A source whose counts are positive, or negative."""

    labels = ("sign",)
    length = None

    def __init__(self, sign: int) -> None:
        self._sign = sign

    def packets(self, first: int, n: int) -> PacketRun:
        numbers = np.arange(first, first + n, dtype=np.int64)
        counts = np.repeat(1 + numbers[:, None] % 1000, 8, axis=1).astype(np.int32)
        return numbers, self._sign * counts

    def first_at(self, counter: int) -> int:
        return counter


@dataclass
class Dongle:
    """A dongle and the board behind it.

    Attributes:
        serial: its USB serial number, or None.
        tty: as what it is plugged in now, or "".
        socket: into which one.
        used_ns: until when somebody has listened to it.
        holder: who has opened it, for himself alone.
    """

    person: int
    serial: str | None
    rate_hz: float
    cyton: EmulatedCyton
    tty: str = ""
    socket: int = -1
    used_ns: int = 0
    holder: object = None

    def restart(self, now_ns: int) -> None:
        """The board is switched off and on."""
        self.cyton = cyton(self.person, self.rate_hz, now_ns)


def cyton(person: int, rate_hz: float, now_ns: int) -> EmulatedCyton:
    """A board that is switched on now."""
    return EmulatedCyton(
        Signed(SIGNS[person]),
        Behaviour(rate_hz=rate_hz),
        now_ns,
        true_time=TrueTime(),
        rng=np.random.default_rng(person),
    )


class Desk:
    """Where what is plugged in.

    Args:
        root: where its /dev and /sys are.
        has_places: whether udev makes links by-path.
    """

    def __init__(self, root: Path, *, has_places: bool) -> None:
        self.root = root
        self.dongles: list[Dongle] = []
        self._has_places = has_places

    def put(self, dongle: Dongle, tty: str, socket: int, now_ns: int) -> None:
        """Plug a dongle in; what its board sent meanwhile nobody has heard."""
        adapter = Adapter(dongle.serial, tty)
        plug_in(self.root, adapter, places=self._has_places, socket=socket)
        dongle.tty, dongle.socket = tty, socket
        dongle.cyton.due(now_ns)
        dongle.holder = None
        self.dongles.append(dongle)

    def pull(self, dongle: Dongle) -> None:
        """Pull a dongle out."""
        unplug(self.root, Adapter(dongle.serial, dongle.tty))
        self.dongles.remove(dongle)

    def at(self, path: str) -> Dongle | None:
        """What a path leads to."""
        tty = Path(path).resolve().name
        return next((it for it in self.dongles if it.tty == tty), None)


class DeskBoard(SimulatedBoard):
    """The host's side of a port on the desk; follows its dongle as `CytonBoard` does."""

    def __init__(self, desk: Desk, port: str, monotonic_ns: Callable[[], int]) -> None:
        self._desk = desk
        self._followed = FollowedPort(port, root=desk.root)
        self._moves_to = ""
        self._device = device_behind(port)
        self._path = port
        super().__init__(_nothing(monotonic_ns()), port, monotonic_ns)

    def move(self, port: str) -> None:
        self._moves_to = port

    def open(self) -> BoardInfo:
        if self._moves_to:
            self._followed.move(self._moves_to)
            self._moves_to = ""
        path = self._name = self._path = self._followed.now()
        self._followed.check(path)
        dongle, self._device = self._desk.at(path), device_behind(path)
        if dongle is None or self._device is None:
            raise BoardFault(FaultKind.MISSING, f"{path}: no such port")
        if dongle.holder not in (None, self):
            raise BoardFault(FaultKind.BUSY, f"{path}: another program holds this port")
        dongle.holder, self._board = self, dongle.cyton
        self._now_ns = max(self._now_ns, dongle.used_ns)
        info = super().open()
        self._followed.learn(path)
        serial, place = dongle.serial or "", self._followed.place
        self.info = replace(info, port=path, serial=serial, place=place, device=self._device)
        return self.info

    def _due(self) -> list[bytes]:
        if self._moves_to:
            raise BoardFault(FaultKind.MOVED, f"{self._path}: moves")
        dongle = self._desk.at(self._path)
        if dongle is None or device_behind(self._path) != self._device:
            raise BoardFault(FaultKind.UNPLUGGED, f"{self._path}: pulled out")
        dongle.used_ns = max(dongle.used_ns, self._now_ns)
        return super()._due()

    def _lose(self, fault: BoardFault) -> None:
        for dongle in self._desk.dongles:
            if dongle.holder is self:
                dongle.holder = None
        causes = {
            FaultKind.MOVED: GapCause.UNCONFIRMED,
            FaultKind.UNPLUGGED: GapCause.UNPLUGGED,
            FaultKind.MISSING: GapCause.UNPLUGGED,
        }
        self._events += self._assembler.end_stream(causes.get(fault.kind, GapCause.NO_ANSWER))
        change = StateChange(BoardState.LOST, self._now_ns, str(fault), fault.kind)
        if change.fault != self._change.fault:
            self._events.append(change)
        self._change = change
        if fault.kind is FaultKind.MOVED:
            self._board.receive(frames.STOP_STREAM, self._now_ns)
        self._now_ns += RETRY_NS


def _nothing(now_ns: int) -> EmulatedCyton:
    return cyton(0, frames.RATE_HZ, now_ns)
