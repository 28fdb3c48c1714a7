"""The service's end of the control socket (recorder/wire/lines.py); asking.py there is the other.

Nothing here ever waits for a client, and a client costs a fixed amount of memory: what asyncio
reads ahead of LINE_LIMIT (up to 384 KiB), and UNREAD_LIMIT of what it has not read. One that leaves
more unread is dropped, and may connect again. Of a line over LINE_LIMIT nothing is kept: it is
answered with an error at once, its rest is thrown away, and the conversation goes on.

Who may connect is up to the socket's owner and group; who did, the kernel says
(recorder/wire/peer.py).
"""

import asyncio
import contextlib
import logging
import shutil
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from recorder.failure import EX_DATAERR, EX_TEMPFAIL, EX_USAGE, Refused
from recorder.wire.lines import (
    LINE_LIMIT,
    LineTooLong,
    decode_request,
    encode,
    next_line,
    skip_line,
)
from recorder.wire.messages import TOPICS, Push, Reply, Request
from recorder.wire.peer import Peer, asking, peer_of

# What one client may leave unread before it is dropped: several seconds of everything.
UNREAD_LIMIT = 256 * 1024
CLIENT_LIMIT = 64
ANSWER_UNREAD_S = 10.0  # so long an answer may wait to be read
ENDING_S = 5.0  # so long an answer may still take when the service stops
# Requests that change nothing. All others are logged with who asked.
HARMLESS = ("status", "examine", "subscribe")

log = logging.getLogger("antiphon")

Answer = Callable[[Request], Awaitable[msgspec.Struct | None]]


@dataclass(slots=True)
class _Client:
    """One connection: who it is, what it wants pushed, and whether its stream of values is told."""

    writer: asyncio.StreamWriter
    peer: Peer
    topics: tuple[str, ...] = ()
    feeds: bool = False


class ControlServer:
    """Serves the socket at `path`; `answer` does what is asked and returns the reply's body.

    `answer` raises Refused to say no; who asks it finds in recorder.wire.peer.asking.
    """

    def __init__(
        self,
        path: Path,
        answer: Answer,
        *,
        group: str = "",
        ending_s: float = ENDING_S,
        answer_unread_s: float = ANSWER_UNREAD_S,
    ) -> None:
        """Name the socket, and the group that may ask beside its owner: "" is the owner's own."""
        self._path = path
        self._answer = answer
        self._group = group
        self._ending_s = ending_s
        self._answer_unread_s = answer_unread_s
        self._clients: dict[asyncio.Task[None], _Client] = {}
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen.

        Raises:
            BlockingIOError: another service answers on this socket.
            LookupError: there is no group of this name here.
            OSError: the socket cannot be made there, or not be given to the group.
        """
        made = not self._path.parent.exists()
        self._path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        _require_unserved(self._path)
        listener = await asyncio.start_unix_server(self._serve, self._path, limit=LINE_LIMIT)
        try:
            self._admit([self._path.parent, self._path] if made else [self._path])
        except (LookupError, OSError):
            listener.close()
            self._path.unlink(missing_ok=True)
            raise
        self._server = listener

    def _admit(self, places: list[Path]) -> None:
        """Let the group in: to the socket, and to a directory that was made for it."""
        for place in places if self._group else ():
            shutil.chown(place, group=self._group)
        self._path.chmod(0o660)

    async def stop(self) -> None:
        """Close every connection, let answers end, and remove the socket."""
        if self._server is None:
            return
        self._server.close()
        self._server = None
        self._path.unlink(missing_ok=True)
        for client in self._clients.values():
            client.writer.close()
        await self._end(list(self._clients))

    async def _end(self, serving: list[asyncio.Task[None]]) -> None:
        """Half-done work is worse than a moment's wait, but the service has to end."""
        if serving:
            _, pending = await asyncio.wait(serving, timeout=self._ending_s)
            for task in pending:
                task.cancel()
            await asyncio.gather(*serving, return_exceptions=True)

    def wanted(self, topic: str) -> bool:
        """Whether anybody subscribed to `topic`: work nobody sees is not done."""
        return any(topic in client.topics for client in self._clients.values())

    def publish(self, topic: str, body: msgspec.Struct) -> None:
        """Push `body` to every subscriber of `topic`; encoded once, never waited for."""
        if not self.wanted(topic):
            return
        line = encode(Push(topic, msgspec.Raw(encode(body)))) + b"\n"
        for client in list(self._clients.values()):
            if topic in client.topics:
                _push(client.writer, line)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client to its end; a task of its own, whose cancellation is an end, too."""
        serving = asyncio.current_task()
        if serving is None or self._server is None or len(self._clients) >= CLIENT_LIMIT:
            _turn_away(writer)
            return
        client = _Client(writer, peer_of(writer.get_extra_info("socket")))
        self._clients[serving] = client
        asking.set(client.peer)
        try:
            await self._converse(reader, client)
        except TimeoutError:
            log.warning("%s does not read its answers: dropped", client.peer)
            writer.transport.abort()
        except (ConnectionError, asyncio.CancelledError):
            pass  # the client went away, or the service does
        finally:
            del self._clients[serving]
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, client: _Client) -> None:
        while True:
            try:
                line = await next_line(reader)
            except LineTooLong:
                text = f"not a request: longer than {LINE_LIMIT} bytes"
                await self._send(client, Reply(0, ok=False, error=text, code=EX_DATAERR))
                await skip_line(reader)
                continue
            if not line:
                return
            await self._send(client, await self._reply(line, client))

    async def _send(self, client: _Client, reply: Reply) -> None:
        client.writer.write(encode(reply) + b"\n")
        async with asyncio.timeout(self._answer_unread_s):
            await client.writer.drain()

    async def _reply(self, line: bytes, client: _Client) -> Reply:
        number = 0
        try:
            request = decode_request(line)
            number = request.id
            return Reply(number, ok=True, reply=msgspec.Raw(await self._body(request, client)))
        except Refused as no:
            return Reply(number, ok=False, error=str(no), code=no.code)
        except msgspec.MsgspecError as broken:
            return Reply(number, ok=False, error=f"not a request: {broken}", code=EX_USAGE)

    async def _body(self, request: Request, client: _Client) -> bytes:
        if request.do != "subscribe":
            _tell_who(request, client)
            return encode(await self._answer(request))
        unknown = set(request.topics) - set(TOPICS)
        if unknown:
            raise Refused(f"no such topic: {', '.join(sorted(unknown))}", code=EX_USAGE)
        client.topics = request.topics
        return b"null"


def _tell_who(request: Request, client: _Client) -> None:
    """Log who changes something; of a stream of values, the first. Texts are not for the log."""
    if request.do in HARMLESS or (request.do == "value" and client.feeds):
        return
    client.feeds = client.feeds or request.do == "value"
    log.info("%s asks: %.32r", client.peer, request.do)


def _turn_away(writer: asyncio.StreamWriter) -> None:
    text = f"{CLIENT_LIMIT} clients are connected already: close one"
    writer.write(encode(Reply(0, ok=False, error=text, code=EX_TEMPFAIL)) + b"\n")
    writer.close()


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
