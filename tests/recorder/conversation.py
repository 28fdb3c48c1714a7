"""A control socket that says what it was asked, and clients of it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from recorder.failure import Refused
from recorder.wire.client import ControlClient
from recorder.wire.lines import LINE_LIMIT
from recorder.wire.messages import Push, Request
from recorder.wire.server import ControlServer, Patience

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Echo(msgspec.Struct):
    """What the answer says was asked."""

    do: str
    label: str


async def echo(request: Request) -> Echo | None:
    if request.do == "refuse":
        raise Refused("not today", code=69)
    return None if request.do == "nothing" else Echo(request.do, request.label)


@asynccontextmanager
async def serving(
    path: Path,
    answer: Callable[[Request], Awaitable[msgspec.Struct | None]] = echo,
    **settings: float,
) -> AsyncIterator[ControlServer]:
    server = ControlServer(path, answer, patience=Patience(**settings))
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def connected(path: Path) -> AsyncIterator[Streams]:
    reader, writer = await asyncio.open_unix_connection(path, limit=16 * LINE_LIMIT)
    try:
        yield reader, writer
    finally:
        writer.close()


@asynccontextmanager
async def client_of(path: Path) -> AsyncIterator[tuple[ControlClient, list[Push]]]:
    """A client whose pushes are collected."""
    client = await ControlClient.connect(path)
    pushes: list[Push] = []

    async def collect() -> None:
        async for push in client.pushes():
            pushes.append(push)

    listening = asyncio.create_task(collect())
    try:
        yield client, pushes
    finally:
        client.close()
        await listening


async def said(streams: Streams, line: bytes) -> Any:
    reader, writer = streams
    writer.write(line + b"\n")
    return msgspec.json.decode(await reader.readline())
