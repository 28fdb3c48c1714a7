"""The lines of the control socket: JSON, one message each, never longer than a limit.

client -> service    {"id": 7, "do": "mark", "label": "laughter"}
service -> client    {"id": 7, "ok": true, "reply": {...}}
                     {"id": 7, "ok": false, "error": "one line", "code": 75}
after "subscribe"    {"topic": "status", "body": {...}}   again and again, never asked for
"""

import asyncio
import re
from pathlib import Path
from typing import Any

import msgspec

from recorder.plain_text import whole
from recorder.wire.messages import Push, Reply, Request

LINE_LIMIT = 65536  # of a request; a line of the service's may be REPLY_LIMIT long
REPLY_LIMIT = 16 * LINE_LIMIT

encode = msgspec.json.Encoder().encode
_decode_request = msgspec.json.Decoder(Request).decode
decode_reply = msgspec.json.Decoder(Reply).decode
decode_push = msgspec.json.Decoder(Push).decode

# Escapes of JSON that stay as they are, a surrogate pair among them; and half a pair.
_ESCAPE = re.compile(
    r"(\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u(?![dD][89a-fA-F])|\\[^u])|\\u[dD][89a-fA-F].."
)


def request_line(do: str, number: int = 0, **fields: Any) -> bytes:
    """A request as it travels; of a word from any terminal, what is no text becomes U+FFFD."""
    for key, field in fields.items():
        if isinstance(field, str):
            fields[key] = whole(field)
    return encode(Request(do=do, id=number, **fields)) + b"\n"


def decode_request(line: bytes) -> Request:
    """The request in a line; what is no text in it becomes U+FFFD, for another client may send it.

    Raises:
        msgspec.MsgspecError: it is none.
    """
    text = line.decode("utf-8", "replace")
    request = _decode_request(_ESCAPE.sub(lambda found: found[1] or r"\ufffd", text))
    if not request.do.isascii():
        raise msgspec.ValidationError("no verb is called that")
    return request


class ServiceUnreachable(ConnectionError):
    """No service answers on the socket. The message is one line and says what to do."""


class LineTooLong(Exception):
    """A line is longer than the reader's limit; what is left of it can be skipped."""


async def next_line(reader: asyncio.StreamReader) -> bytes:
    """The next line with its end; without it, or b"", when the other side hung up.

    Raises:
        LineTooLong: it is over the limit; its end has not been read yet.
    """
    try:
        return await reader.readuntil(b"\n")
    except asyncio.IncompleteReadError as end:
        return end.partial
    except asyncio.LimitOverrunError as overrun:
        await reader.readexactly(overrun.consumed)
        raise LineTooLong from overrun
    except ConnectionError:
        return b""


async def skip_line(reader: asyncio.StreamReader) -> None:
    """Throw the rest of a line away as it comes, however long it is."""
    while True:
        try:
            await next_line(reader)
        except LineTooLong:
            continue
        return


def silent(path: Path, pid: int) -> ServiceUnreachable:
    """What to tell when a service has the socket and says nothing."""
    return ServiceUnreachable(
        f"the antiphon service (pid {pid}) is there but does not answer on {path}: wait a moment;"
        " if it stays so: systemctl restart antiphon"
    )


def unreachable(path: Path, error: OSError | None = None) -> ServiceUnreachable:
    """What to tell when nothing answers at `path`, or not to this user."""
    if isinstance(error, ServiceUnreachable):
        return error
    if isinstance(error, PermissionError):
        text = f"{path}: this user may not ask: add it to the group of the socket"
        return ServiceUnreachable(text)
    return ServiceUnreachable(
        f"no antiphon service answers on {path}: start one with `antiphon serve` or `antiphon demo`"
    )
