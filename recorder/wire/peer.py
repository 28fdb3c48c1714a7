"""Who is at the other end of a Unix socket, as the kernel says.

SO_PEERCRED gives a struct ucred: three native ints, pid, uid and gid of whoever connected.
"""

import os
import pwd
import socket
import stat
import struct
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path

UCRED = struct.Struct("3i")


@dataclass(frozen=True, slots=True)
class Peer:
    """A process that asks, and whose it is; `name` is the account's, or the uid if it has none."""

    pid: int
    uid: int
    name: str

    def __str__(self) -> str:
        return f"{self.name} (uid {self.uid}, pid {self.pid})"

    @property
    def without_name(self) -> str:
        """For session files: an account may be called after a person."""
        return f"uid {self.uid}, pid {self.pid}"


# The connection that is being answered in this task, and in the threads that it awaits.
asking: ContextVar[Peer | None] = ContextVar("asking", default=None)


def peer_of(connection: socket.socket) -> Peer:
    """Who made this connection."""
    ucred = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, UCRED.size)
    pid, uid, _ = UCRED.unpack(ucred)
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    return Peer(pid, uid, name)


def is_anyones(found: os.stat_result) -> bool:
    """Whether everybody may replace what is in this directory."""
    return bool(found.st_mode & stat.S_IWOTH) and not found.st_mode & stat.S_ISVTX


def is_trusted(place: Path, uid: int) -> bool:
    """Whether what account `uid` has at `place` is what it looks as if it were.

    It is if the account is this one or root; or if everybody may make nothing in any directory
    above it, for then somebody has let that account in there.
    """
    above = {*place.absolute().parents, *place.resolve().parents}
    return uid in (os.getuid(), 0) or not any(
        directory.stat().st_mode & stat.S_IWOTH for directory in above
    )


def by_whom() -> str:
    """Who asked for what is being done, for a session's events."""
    peer = asking.get()
    return "the service itself" if peer is None else peer.without_name
