"""Fifty clients at once, half of them rude, while the real service records two emulated boards."""

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec
import pytest

from recorder.store.catalog import find
from recorder.store.check import verify
from recorder.store.reader import SessionReader
from recorder.store.summary import summarise
from recorder.wire.client import ControlClient, ask
from recorder.wire.lines import LINE_LIMIT
from recorder.wire.messages import TOPICS, Trace
from tests.e2e.processes import begin_session, box, has_recorded, service, told_json, until_status

READERS, RUDE = 25, 25
IDLE, HOSTILE, ANSWERED_S = 64, 10, 0.5
RECORDED_S = 4.0


@contextmanager
def rude_clients(path: Path) -> Iterator[None]:
    """They subscribe to everything and read nothing; every other one talks without an end."""
    subscribe = msgspec.json.encode({"do": "subscribe", "topics": TOPICS}) + b"\n"
    with ExitStack() as stack:
        for number in range(RUDE):
            client = stack.enter_context(socket.socket(socket.AF_UNIX))
            client.connect(str(path))
            client.sendall(subscribe)
            if number % 2:
                client.sendall(b"x" * 8 * LINE_LIMIT)
        yield


async def listen(path: Path, heard: list[Trace], hears: asyncio.Event | None = None) -> None:
    """Read every trace until cancelled; `hears` is set by the first."""
    client = await ControlClient.connect(path)
    subscribing = asyncio.create_task(client.ask("subscribe", topics=TOPICS))
    try:
        async for push in client.pushes():
            if push.topic == "traces":
                heard.append(msgspec.json.decode(push.body, type=Trace))
                if hears:
                    hears.set()
    finally:
        client.close()
        await subscribing


async def listen_while(path: Path, recording: asyncio.Task[str]) -> list[list[Trace]]:
    heard: list[list[Trace]] = [[] for _ in range(READERS)]
    listening = [asyncio.create_task(listen(path, traces)) for traces in heard]
    await recording
    for one in listening:
        one.cancel()
    await asyncio.gather(*listening, return_exceptions=True)
    return heard


def record(socket_path: str, start: dict[str, object]) -> str:
    until_status(Path(socket_path), has_recorded(RECORDED_S), "it records", within_s=60)
    stopped = told_json("stop", "--socket", socket_path)["session"]
    assert stopped["id"] == start["id"]
    return str(stopped["file"])


def missed_steps(traces: list[Trace], role: str) -> int:
    """How many steps of the traces a client was not told."""
    ours = [trace for trace in traces if trace.role == role]
    ends = [trace.first_step + len(trace.uv[0]) // 2 for trace in ours]
    assert {trace.segment for trace in ours} == {ours[0].segment}
    return sum(later.first_step - end for end, later in zip(ends[:-1], ours[1:], strict=True))


@pytest.mark.alone
def test_fifty_clients_cost_the_recording_nothing(tmp_path: Path) -> None:
    with box(tmp_path) as (_, config), service(config, tmp_path), ExitStack() as stack:
        started = begin_session(config)
        stack.enter_context(rude_clients(config.socket_path))

        async def scene() -> tuple[str, list[list[Trace]]]:
            recording = asyncio.create_task(asyncio.to_thread(record, config.socket, started))
            heard = await listen_while(config.socket_path, recording)
            return recording.result(), heard

        file, heard = asyncio.run(scene())
        recorded = find(Path(config.sessions), Path(file).stem)
        # seconds on a busy machine are too short to judge a clock by
        assert {finding.kind for finding in verify(recorded).findings} <= {"clock"}
        with SessionReader(recorded) as session:
            assert session.gaps() == []
            summary = summarise(session)
    for board in summary["boards"]:
        assert (board["lost"], board["late"], board["segments"]) == (0, 0, 1)
        assert board["samples"] >= 0.9 * RECORDED_S * 250
    assert len(heard) == READERS
    for traces in heard:
        assert [missed_steps(traces, role) for role in ("patient", "therapist")] == [0, 0]


@contextmanager
def hoarded(path: Path) -> Iterator[None]:
    """Connections that say nothing, and ten that ask and ask, whether anybody answers or not."""
    asked = msgspec.json.encode({"do": "status"}) + b"\n"
    with ExitStack() as stack:
        for number in range(IDLE + HOSTILE):
            client = stack.enter_context(socket.socket(socket.AF_UNIX))
            client.connect(str(path))
            if number >= IDLE:
                client.setblocking(False)
                client.send(asked * 2000)
        yield


@pytest.mark.alone
def test_whoever_hoards_connections_keeps_nobody_from_marking_and_stopping(tmp_path: Path) -> None:
    heard: list[Trace] = []

    async def scene(path: Path) -> list[float]:
        hears = asyncio.Event()
        screen = asyncio.create_task(listen(path, heard, hears))
        await asyncio.wait_for(hears.wait(), timeout=30)
        took_s = await asyncio.to_thread(answers_s, path)
        screen.cancel()
        await asyncio.gather(screen, return_exceptions=True)
        return took_s

    with box(tmp_path) as (_, config), service(config, tmp_path):
        begin_session(config)
        until_status(config.socket_path, has_recorded(1.0), "it records", within_s=60)
        took_s = asyncio.run(scene(config.socket_path))
    assert max(took_s) < ANSWERED_S
    assert [missed_steps(heard, role) for role in ("patient", "therapist")] == [0, 0]


def answers_s(path: Path) -> list[float]:
    """How long each answer takes while connections are hoarded."""
    took_s = []
    for do in ("status", "mark", "status", "mark", "stop"):
        with hoarded(path):
            began_s = time.monotonic()
            ask(path, do)
            took_s.append(time.monotonic() - began_s)
    return took_s
