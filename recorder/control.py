"""The control protocol: JSON lines on a Unix socket, both ends.

    client -> service    {"id": 7, "do": "mark", "label": "laughter"}
    service -> client    {"id": 7, "ok": true, "reply": {...}}
                         {"id": 7, "ok": false, "error": "one line", "code": 75}
    after "subscribe"    {"topic": "status", "body": {...}}   again and again, never asked for

One line is one message, at most LINE_LIMIT bytes. A client that does not read what it subscribed to
is dropped, and may connect again: nothing here ever waits for a client.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

from recorder.messages import TOPICS, Push, Reply, Request

LINE_LIMIT = 65536
# What one client may leave unread before it is dropped: several seconds of everything.
UNREAD_LIMIT = 256 * 1024
CLIENT_LIMIT = 64

_encode = msgspec.json.Encoder().encode
_decode_request = msgspec.json.Decoder(Request).decode
_decode_reply = msgspec.json.Decoder(Reply).decode
_decode_push = msgspec.json.Decoder(Push).decode

Answer = Callable[[Request], Awaitable[msgspec.Struct | None]]


class ServiceUnreachable(ConnectionError):
    """No service answers on the socket. The message is one line and says what to do."""


class RequestRefused(Exception):
    """The service said no, with a reason and a sysexits code."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


class ControlServer:
    """Serves the socket at `path`; `answer` does what is asked and returns the reply's body.

    `answer` raises RequestRefused to say no.
    """

    def __init__(self, path: Path, answer: Answer) -> None:
        self._path = path
        self._answer = answer
        self._topics: dict[asyncio.StreamWriter, tuple[str, ...]] = {}
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen.

        Raises:
            BlockingIOError: another service answers on this socket.
            OSError: the socket cannot be made there.
        """
        self._path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        _require_unserved(self._path)
        self._server = await asyncio.start_unix_server(
            self._serve_client, self._path, limit=LINE_LIMIT
        )
        self._path.chmod(0o660)

    async def stop(self) -> None:
        """Close every connection and remove the socket."""
        if self._server is None:
            return
        self._server.close()
        for writer in list(self._topics):
            writer.close()
        self._path.unlink(missing_ok=True)
        self._server = None

    def wanted(self, topic: str) -> bool:
        """Whether anybody subscribed to `topic`: work nobody sees is not done."""
        return any(topic in topics for topics in self._topics.values())

    def publish(self, topic: str, body: msgspec.Struct) -> None:
        """Push `body` to every subscriber of `topic`; encoded once, never waited for."""
        if not self.wanted(topic):
            return
        line = _encode(Push(topic, msgspec.Raw(_encode(body)))) + b"\n"
        for writer, topics in list(self._topics.items()):
            if topic in topics:
                _push(writer, line)

    async def _serve_client(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if len(self._topics) >= CLIENT_LIMIT:
            writer.close()
            return
        self._topics[writer] = ()
        try:
            while line := await _read_line(reader):
                writer.write(await self._reply(line, writer))
                await writer.drain()
        except ConnectionError:
            pass  # the client went away; nobody else is concerned
        finally:
            del self._topics[writer]
            writer.close()

    async def _reply(self, line: bytes, writer: asyncio.StreamWriter) -> bytes:
        number = 0
        try:
            request = _decode_request(line)
            number = request.id
            body = await self._body(request, writer)
            reply = Reply(number, ok=True, reply=msgspec.Raw(body))
        except RequestRefused as no:
            reply = Reply(number, ok=False, error=str(no), code=no.code)
        except (msgspec.MsgspecError, UnicodeDecodeError) as broken:
            reply = Reply(number, ok=False, error=f"not a request: {broken}", code=64)
        return _encode(reply) + b"\n"

    async def _body(self, request: Request, writer: asyncio.StreamWriter) -> bytes:
        if request.do != "subscribe":
            return _encode(await self._answer(request))
        unknown = set(request.topics) - set(TOPICS)
        if unknown:
            raise RequestRefused(f"no such topic: {', '.join(sorted(unknown))}", code=64)
        self._topics[writer] = request.topics
        return b"null"


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
            ServiceUnreachable: nothing listens there.
        """
        try:
            return cls(*await asyncio.open_unix_connection(path, limit=16 * LINE_LIMIT))
        except OSError as error:
            raise _unreachable(path) from error

    async def ask(self, do: str, **fields: Any) -> msgspec.Raw:
        """Ask and await the answer's body.

        Raises:
            RequestRefused: the service said no.
            ServiceUnreachable: the connection has ended, or ends first.
        """
        if self._writer.is_closing():
            raise ServiceUnreachable("the service went away")
        self._last_id += 1
        answer: asyncio.Future[msgspec.Raw] = asyncio.get_running_loop().create_future()
        self._waiting[self._last_id] = answer
        self._writer.write(_encode(Request(do=do, id=self._last_id, **fields)) + b"\n")
        return await answer

    async def pushes(self) -> AsyncIterator[Push]:
        """Messages of the subscribed topics, until the service goes away."""
        while (line := await _read_line(self._reader)).endswith(b"\n"):
            if line.startswith(b'{"topic"'):
                yield _decode_push(line)
            else:
                self._settle(_decode_reply(line))
        self.close()

    def close(self) -> None:
        """Hang up; whoever still waits for an answer is told."""
        self._writer.close()
        self._abandon()

    def _settle(self, reply: Reply) -> None:
        answer = self._waiting.pop(reply.id, None)
        if answer is None or answer.done():
            return
        if reply.ok:
            answer.set_result(reply.reply)
        else:
            answer.set_exception(RequestRefused(reply.error, reply.code))

    def _abandon(self) -> None:
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(ServiceUnreachable("the service went away"))
        self._waiting.clear()


class Conversation:
    """One connection to the service, for a program without an event loop. A context manager."""

    def __init__(self, path: Path, *, timeout_s: float = 10.0) -> None:
        """Name the service's socket; an answer is waited for `timeout_s` at most."""
        self._path = path
        self._timeout_s = timeout_s

    def __enter__(self) -> "Conversation":
        """Connect.

        Raises:
            ServiceUnreachable: nothing listens there.
        """
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(self._timeout_s)
        try:
            self._socket.connect(str(self._path))
        except OSError as error:
            self._socket.close()
            raise _unreachable(self._path) from error
        self._lines = self._socket.makefile("rb")
        return self

    def __exit__(self, *_: object) -> None:
        self._lines.close()
        self._socket.close()

    def ask(self, do: str, **fields: Any) -> msgspec.Raw:
        """Ask once and return the answer's body.

        Raises:
            ServiceUnreachable: no answer came in time.
            RequestRefused: the service said no.
        """
        try:
            self._socket.sendall(_encode(Request(do=do, **fields)) + b"\n")
            line = self._lines.readline()
        except OSError as error:
            raise _unreachable(self._path) from error
        if not line.endswith(b"\n"):
            raise ServiceUnreachable(f"the service at {self._path} closed the connection")
        reply = _decode_reply(line)
        if not reply.ok:
            raise RequestRefused(reply.error, reply.code)
        return reply.reply


def ask(path: Path, do: str, *, timeout_s: float = 10.0, **fields: Any) -> msgspec.Raw:
    """Ask the service at `path` once, blocking, and return the answer's body.

    Raises:
        ServiceUnreachable: nothing listens there, or no answer came within `timeout_s`.
        RequestRefused: the service said no.
    """
    with Conversation(path, timeout_s=timeout_s) as service:
        return service.ask(do, **fields)


async def _read_line(reader: asyncio.StreamReader) -> bytes:
    """The next line, b"" at the end. A line over the limit ends the conversation too."""
    try:
        return await reader.readline()
    except (ValueError, ConnectionError):
        return b""


def _push(writer: asyncio.StreamWriter, line: bytes) -> None:
    if writer.transport.get_write_buffer_size() > UNREAD_LIMIT:
        writer.transport.abort()
    elif not writer.is_closing():
        writer.write(line)


def _require_unserved(path: Path) -> None:
    """A living socket is another service's; asyncio replaces one that nobody listens on."""
    if not path.is_socket():
        return
    with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return
    raise BlockingIOError(
        f"another antiphon service already answers on {path}: stop it, or give another --socket"
    )


def _unreachable(path: Path) -> ServiceUnreachable:
    return ServiceUnreachable(
        f"no antiphon service answers on {path}: start one with `antiphon serve` or `antiphon demo`"
    )
