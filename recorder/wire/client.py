"""The client's end of the control socket (lines.py), with an event loop and without."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec

from recorder.failure import Refused
from recorder.wire.lines import (
    REPLY_LIMIT,
    LineTooLong,
    ServiceUnreachable,
    decode_push,
    decode_reply,
    next_line,
    request_line,
    silent,
    unreachable,
)
from recorder.wire.messages import Push, Reply
from recorder.wire.peer import Peer, is_trusted, peer_of

PUSHED = b'{"topic"'  # so begins a line that nobody has asked for


class ControlClient:
    """One connection to the service, for a program with an event loop.

    `pushes` must be iterated for answers to arrive: it reads the connection.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._last_id = 0
        self._waiting: dict[int, asyncio.Future[msgspec.Raw]] = {}

    @classmethod
    async def connect(cls, path: Path) -> "ControlClient":
        """Connect to the service at `path`.

        Raises:
            ServiceUnreachable: nothing listens there, or this user may not ask.
        """
        try:
            reader, writer = await asyncio.open_unix_connection(path, limit=REPLY_LIMIT)
        except OSError as error:
            raise unreachable(path, error) from error
        client = cls(reader, writer)
        try:
            _require_trusted(path, writer.get_extra_info("socket"))
        except ServiceUnreachable:
            client.close()
            raise
        return client

    async def ask(self, do: str, **fields: Any) -> msgspec.Raw:
        """Ask and await the answer's body.

        Raises:
            Refused: the service said no.
            ServiceUnreachable: the connection has ended, or ends first.
        """
        if self._writer.is_closing():
            raise ServiceUnreachable("the service went away")
        self._last_id += 1
        answer: asyncio.Future[msgspec.Raw] = asyncio.get_running_loop().create_future()
        self._waiting[self._last_id] = answer
        self._writer.write(request_line(do, self._last_id, **fields))
        return await answer

    async def pushes(self) -> AsyncIterator[Push]:
        """Messages of the subscribed topics, until the service goes away."""
        while (line := await self._next_line()).endswith(b"\n"):
            if line.startswith(PUSHED):
                yield decode_push(line)
            else:
                self._settle(decode_reply(line))
        self.close()

    def close(self) -> None:
        """Hang up; whoever still waits for an answer is told."""
        self._writer.close()
        self._abandon()

    async def _next_line(self) -> bytes:
        """The next line; b"" when there is none, or one that no service of ours has sent."""
        try:
            return await next_line(self._reader)
        except LineTooLong:
            return b""

    def _settle(self, reply: Reply) -> None:
        answer = self._waiting.pop(reply.id, None)
        if answer is None or answer.done():
            return
        if reply.ok:
            answer.set_result(reply.reply)
        else:
            answer.set_exception(Refused(reply.error, reply.code))

    def _abandon(self) -> None:
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(ServiceUnreachable("the service went away"))
        self._waiting.clear()


class Conversation:
    """One connection to the service, for a program without an event loop. A context manager.

    Attributes:
        pid: the service's, once connected.
    """

    def __init__(self, path: Path, *, timeout_s: float = 10.0) -> None:
        """Name the service's socket; an answer is waited for `timeout_s` at most."""
        self.pid = 0
        self._path = path
        self._timeout_s = timeout_s

    def __enter__(self) -> "Conversation":
        """Connect.

        Raises:
            ServiceUnreachable: nothing listens there, or this user may not ask.
        """
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(self._timeout_s)
        try:
            self._socket.connect(str(self._path))
            self.pid = _require_trusted(self._path, self._socket).pid
        except OSError as error:
            self._socket.close()
            raise unreachable(self._path, error) from error
        self._lines = self._socket.makefile("rb")
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self._socket.close()

    def ask(
        self, do: str, hear: Callable[[Push], None] = lambda push: None, **fields: Any
    ) -> msgspec.Raw:
        """Ask once and return the answer's body; `hear` what is pushed until it comes.

        Raises:
            ServiceUnreachable: no answer came in time, or the service went away.
            Refused: the service said no.
        """
        try:
            self._socket.sendall(request_line(do, **fields))
            while (line := self._lines.readline()).startswith(PUSHED):
                hear(decode_push(line))
        except TimeoutError as error:
            raise silent(self._path, self.pid) from error
        except OSError as error:
            raise unreachable(self._path) from error
        if not line.endswith(b"\n"):
            raise ServiceUnreachable(f"the service at {self._path} closed the connection")
        reply = decode_reply(line)
        if not reply.ok:
            raise Refused(reply.error, reply.code)
        return reply.reply


def _require_trusted(path: Path, connection: socket.socket) -> Peer:
    """Who answers there; to a stranger who has put a socket of his own there nothing is told."""
    peer = peer_of(connection)
    if not is_trusted(path, peer.uid):
        raise ServiceUnreachable(f"{path}: {peer} answers there, who may be anybody: not asked")
    return peer


def ask(path: Path, do: str, *, timeout_s: float = 10.0, **fields: Any) -> msgspec.Raw:
    """Ask the service at `path` once, blocking, and return the answer's body.

    Raises:
        ServiceUnreachable: nothing listens there, or no answer came within `timeout_s`.
        Refused: the service said no.
    """
    with Conversation(path, timeout_s=timeout_s) as service:
        return service.ask(do, **fields)
