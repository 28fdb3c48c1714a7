"""The service's end of the control socket (recorder/wire/lines.py); asking.py there is the other.

Nothing here ever waits for a client, and a client costs a fixed amount of memory: what asyncio
reads ahead of LINE_LIMIT (up to 384 KiB), and UNREAD_LIMIT of what it has not read. One that leaves
more unread is dropped, and may connect again; so is one that has not asked for anything in its
first 30 s. Of a line over LINE_LIMIT nothing is kept: it is answered with an error at once, its
rest is thrown away, and the conversation goes on. Whoever asks much is answered in turn with the
others; who keeps a place when there are many is in places.py.

Who may connect is up to the socket's owner and group; who did, the kernel says
(recorder/wire/peer.py). The socket is made only where nobody else could put another in its place.
"""

import asyncio
import contextlib
import logging
import os
import shutil
import socket
import stat
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
from recorder.wire.peer import Peer, asking, is_anyones, is_trusted, peer_of
from recorder.wire.places import Full, Place, require_screen_place, whose_place

# What one client may leave unread before it is dropped: several seconds of everything.
UNREAD_LIMIT = 256 * 1024
# Requests that change nothing. All others are logged with who asked.
HARMLESS = ("status", "examine", "subscribe", "people", "sessions", "session")

log = logging.getLogger("antiphon")

Answer = Callable[[Request], Awaitable[msgspec.Struct | None]]


@dataclass(slots=True)
class _Client:
    """One connection: who it is, its place, and whether its stream of values is told."""

    writer: asyncio.StreamWriter
    peer: Peer
    place: Place
    feeds: bool = False


@dataclass(frozen=True, slots=True)
class Patience:
    """How long clients are waited for.

    Attributes:
        silent_s: a new connection may stay without having asked.
        answer_unread_s: an answer may wait to be read.
        ending_s: an answer may still take when the service stops.
    """

    silent_s: float = 30.0
    answer_unread_s: float = 10.0
    ending_s: float = 5.0


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
        patience: Patience = Patience(),
    ) -> None:
        """Name the socket, and the group that may ask beside its owner: "" is the owner's own."""
        self._path = path
        self._answer = answer
        self._group = group
        self._patience = patience
        self._clients: dict[asyncio.Task[None], _Client] = {}
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen.

        Raises:
            BlockingIOError: another service answers on this socket.
            LookupError: there is no group of this name here.
            PermissionError: others may put what they like in the socket's place.
            OSError: the socket cannot be made there, or not be given to the group.
        """
        made = not self._path.parent.exists()
        self._path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        _require_own(self._path.parent)
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
            _, pending = await asyncio.wait(serving, timeout=self._patience.ending_s)
            for task in pending:
                task.cancel()
            await asyncio.gather(*serving, return_exceptions=True)

    def wanted(self, topic: str) -> bool:
        """Whether anybody subscribed to `topic`: work nobody sees is not done."""
        return any(topic in client.place.topics for client in self._clients.values())

    def publish(self, topic: str, body: msgspec.Struct) -> None:
        """Push `body` to every subscriber of `topic`; encoded once, never waited for."""
        if not self.wanted(topic):
            return
        line = encode(Push(topic, msgspec.Raw(encode(body)))) + b"\n"
        for client in list(self._clients.values()):
            if topic in client.place.topics:
                _push(client.writer, line)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client to its end; a task of its own, whose cancellation is an end, too."""
        serving, peer = asyncio.current_task(), peer_of(writer.get_extra_info("socket"))
        client = _Client(writer, peer, Place(peer.uid, _now_s()))
        try:
            self._make_room(peer.uid)
        except Full as full:
            _turn_away(writer, str(full))
            return
        if serving is None or self._server is None:
            writer.close()
            return
        self._clients[serving] = client
        asking.set(peer)
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

    def _make_room(self, uid: int) -> None:
        """Have somebody leave for a newcomer of this account, if need be.

        Raises:
            Full: nobody who would not be missed.
        """
        staying = [it for it in self._clients.values() if not it.writer.is_closing()]
        left = whose_place(uid, [it.place for it in staying], (os.getuid(), 0))
        for client in staying:
            if client.place is left:
                _turn_away(client.writer, "another client needs the place: connect again")

    async def _converse(self, reader: asyncio.StreamReader, client: _Client) -> None:
        while True:
            try:
                line = await self._next_line(reader, client.place)
            except LineTooLong:
                text = f"not a request: longer than {LINE_LIMIT} bytes"
                await self._send(client, Reply(0, ok=False, error=text, code=EX_DATAERR))
                await skip_line(reader)
                continue
            if not line:
                return
            client.place.has_asked, client.place.is_answered = True, True
            await self._send(client, await self._reply(line, client))
            client.place.heard_s, client.place.is_answered = _now_s(), False
            await asyncio.sleep(0)  # the others' turn, however much this one has asked already

    async def _next_line(self, reader: asyncio.StreamReader, place: Place) -> bytes:
        """The next line; b"" when there is none, or no first one came in time."""
        try:
            async with asyncio.timeout(None if place.has_asked else self._patience.silent_s):
                return await next_line(reader)
        except TimeoutError:
            return b""

    async def _send(self, client: _Client, reply: Reply) -> None:
        client.writer.write(encode(reply) + b"\n")
        async with asyncio.timeout(self._patience.answer_unread_s):
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
        try:
            require_screen_place(client.place, [it.place for it in self._clients.values()])
        except Full as full:
            raise Refused(str(full), code=EX_TEMPFAIL) from full
        client.place.topics = request.topics
        return b"null"


def _tell_who(request: Request, client: _Client) -> None:
    """Log who changes something; of a stream of values, the first. Texts are not for the log."""
    if request.do in HARMLESS or (request.do == "value" and client.feeds):
        return
    client.feeds = client.feeds or request.do == "value"
    log.info("%s asks: %.32r", client.peer, request.do)


def _now_s() -> float:
    return asyncio.get_running_loop().time()


def _turn_away(writer: asyncio.StreamWriter, text: str) -> None:
    writer.write(encode(Reply(0, ok=False, error=text, code=EX_TEMPFAIL)) + b"\n")
    writer.close()


def _push(writer: asyncio.StreamWriter, line: bytes) -> None:
    if writer.transport.get_write_buffer_size() > UNREAD_LIMIT:
        writer.transport.abort()
    elif not writer.is_closing():
        writer.write(line)


def _require_own(directory: Path) -> None:
    """Whoever owns a directory may put another socket in the place of ours."""
    found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode):
        reason = "is a link"
    elif not is_trusted(directory, found.st_uid):
        reason = f"belongs to uid {found.st_uid}"
    elif is_anyones(found):
        reason = "lets everybody replace what is in it"
    else:
        return
    raise PermissionError(f"{directory} {reason}: remove it, or give another --socket")


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
