"""Emulated Cytons on pseudo-terminals: what a host finds behind a path like /dev/ttyUSB0.

Each board has a pseudo-terminal in raw mode and a symbolic link to it that stays the same when the
dongle is pulled out and put back. One loop serves all boards: it sleeps until the next byte is due
or a host writes. Nothing blocks: while no host has the port open its bytes are gone, and while one
does and does not read, the dongle keeps the newest 25 pieces and no more.
"""

import fcntl
import os
import select
import termios
import time
import tty
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

from hardware.cyton.frames import BAUD, OTHER_BAUDS
from hardware.emulated.cyton import BoardTruth

RING_PIECES = 25

_READ_BYTES = 4096
_OUTPUT_SPEED = 5  # its place among a terminal's attributes
_BAUDS = {getattr(termios, f"B{baud}"): baud for baud in (BAUD, *OTHER_BAUDS)}
_LOOK_AROUND_NS = 20_000_000  # for a host that opened a port, and for the wish to stop


class EmulatedBoard(Protocol):
    """A board and its dongle, on a clock that is passed in; as hardware/emulated/cyton.py has it.

    Attributes:
        host_baud: at which the host speaks.
    """

    host_baud: int

    def receive(self, octets: bytes, now_ns: int) -> None:
        """Take what the host wrote."""

    def due(self, now_ns: int) -> list[bytes]:
        """Return what reaches the host by now, each frame and reply as one piece."""

    def next_ns(self) -> int | None:
        """Return when `due` has something to do again, or None: not before the host writes."""

    def is_plugged(self, now_ns: int) -> bool:
        """Return whether the dongle is in its port."""

    def truth(self) -> BoardTruth:
        """Return what really happened so far."""


class Emulator:
    """Serves boards on their links until told to stop. A context manager; may be used once.

    Args:
        boards: link path to board. A link is replaced, any other file in its place is not.
        monotonic_ns: the clock, CLOCK_MONOTONIC.
    """

    def __init__(
        self,
        boards: Mapping[Path, EmulatedBoard],
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._ports = [_Port(link, board) for link, board in boards.items()]
        self._monotonic_ns = monotonic_ns

    def __enter__(self) -> "Emulator":
        with ExitStack() as plugged:
            for port in self._ports:
                plugged.callback(port.unplug)
                port.plug()
            plugged.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        for port in self._ports:
            port.unplug()

    def run(self, stop: Callable[[], bool]) -> None:
        """Serve until `stop()` is true; it is asked at least every 20 ms."""
        written: set[int] = set()
        while not stop():
            now_ns = self._monotonic_ns()
            for port in self._ports:
                if port.fd in written or now_ns >= port.next_ns:
                    port.serve(now_ns, may_read=port.fd in written)
            written = self._wait()

    def step(self) -> None:
        """Serve all boards once, as of now."""
        now_ns = self._monotonic_ns()
        for port in self._ports:
            port.serve(now_ns, may_read=True)

    def truth(self) -> list[dict[str, object]]:
        """Return, for each board, its link, what it really did, and `unread`.

        `unread` counts packets and replies for which there was no host, or no room.
        """
        return [
            {"link": str(port.link), **asdict(port.board.truth()), "unread": port.unread}
            for port in self._ports
        ]

    def _wait(self) -> set[int]:
        """Sleep until something is due or a host has written; return where one has."""
        hosts = [port.fd for port in self._ports if port.has_host]
        wait_ns = min(port.next_ns for port in self._ports) - self._monotonic_ns()
        return set(select.select(hosts, (), (), max(wait_ns, 0) / 1e9)[0])


class _Port:
    """A board's pseudo-terminal: the master end is the dongle's, the other the host's."""

    def __init__(self, link: Path, board: EmulatedBoard) -> None:
        self.link = link
        self.board = board
        self.unread = 0
        self.fd = -1  # while unplugged
        self._target = Path()
        self.has_host = False
        self.next_ns = 0  # when to be served again, unless the host writes before
        self._ring: deque[bytes] = deque()
        self._begun = b""  # the rest of a piece that went out in part

    def plug(self) -> None:
        """Make the terminal and point the link at it."""
        if self.link.exists() and not self.link.is_symlink():
            raise FileExistsError(f"{self.link} exists and is no link; choose another path")
        self.fd, host_end = os.openpty()
        tty.setraw(host_end)
        self._target = Path(os.ttyname(host_end))
        os.close(host_end)
        os.set_blocking(self.fd, False)
        fresh = self.link.with_name(f".{self.link.name}.{os.getpid()}")
        fresh.symlink_to(self._target)
        fresh.replace(self.link)

    def unplug(self) -> None:
        """Take the terminal away, and the link if it is still ours."""
        if self.fd < 0:
            return
        if self.link.is_symlink() and self.link.readlink() == self._target:
            self.link.unlink()
        self._lose_host()
        os.close(self.fd)
        self.fd = -1

    def serve(self, now_ns: int, *, may_read: bool) -> None:
        """Read what the host wrote, write what is due, follow the dongle in and out."""
        if self.fd >= 0 and (self._finds_host() or may_read):
            self._read(now_ns)
        for piece in self.board.due(now_ns):
            self._put(piece)
        self._write()
        is_plugged = self.board.is_plugged(now_ns)
        if not is_plugged:
            self.unplug()
        elif self.fd < 0:
            self.plug()
        due_ns = self.board.next_ns()
        look_ns = now_ns + _LOOK_AROUND_NS
        self.next_ns = look_ns if due_ns is None else min(due_ns, look_ns)

    def _finds_host(self) -> bool:
        """Return whether a host has opened the port since; its leaving shows when we read."""
        if self.has_host:
            return False
        poll = select.poll()
        poll.register(self.fd, select.POLLIN)
        events = poll.poll(0)
        hung_up = any(event & select.POLLHUP for _, event in events)
        self.has_host = not hung_up or any(event & select.POLLIN for _, event in events)
        return self.has_host

    def _read(self, now_ns: int) -> None:
        try:
            octets = os.read(self.fd, _READ_BYTES)
        except BlockingIOError:
            return
        except OSError:  # EIO: the host closed the port
            self._lose_host()
            self._make_room()
            return
        self.board.host_baud = _baud(self.fd)
        self.board.receive(octets, now_ns)

    def _put(self, piece: bytes) -> None:
        """Queue a piece; when the ring is full and the host has no room, the oldest goes."""
        self._ring.append(piece)
        if len(self._ring) > RING_PIECES:
            self._write()
        if not self.has_host or len(self._ring) > RING_PIECES:
            self._ring.popleft()
            self.unread += 1

    def _write(self) -> None:
        while self._begun or self._ring:
            piece = self._begun or self._ring.popleft()
            try:
                written = os.write(self.fd, piece)
            except BlockingIOError:
                written = 0
            self._begun = piece[written:]
            if self._begun:
                return

    def _lose_host(self) -> None:
        self.has_host = False
        self.unread += len(self._ring)
        self._ring.clear()
        self._begun = b""

    def _make_room(self) -> None:
        """Throw away what a host did not read; as with a USB port, the next one finds nothing.

        A host that was killed leaves a terminal shut to all others (TIOCEXCL), where a port would
        be open again: then there is another terminal.
        """
        try:
            host_end = os.open(self._target, os.O_RDWR | os.O_NOCTTY)
        except OSError:
            self.unplug()
            self.plug()
            return
        fcntl.ioctl(host_end, termios.TIOCNXCL)  # root may open it all the same
        termios.tcflush(host_end, termios.TCIFLUSH)
        os.close(host_end)


def _baud(fd: int) -> int:
    """Return at which rate the host has set its end of the terminal; BAUD if it has not."""
    speed: int = termios.tcgetattr(fd)[_OUTPUT_SPEED]
    return _BAUDS.get(speed, BAUD)
