"""What a client may cost: long lines, unread answers, many clients."""

import asyncio
import socket
import tracemalloc
from pathlib import Path

import msgspec
import pytest

from recorder.wire.lines import LINE_LIMIT
from recorder.wire.messages import Request
from recorder.wire.server import CLIENT_LIMIT, UNREAD_LIMIT
from tests.recorder.bounded import run, until
from tests.recorder.conversation import Echo, client_of, connected, said, serving

MIB = 1 << 20


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "antiphon.sock"


@pytest.mark.parametrize("length", [LINE_LIMIT + 1, 2 * LINE_LIMIT, 40 * LINE_LIMIT])
def test_a_line_that_is_too_long_is_refused_and_the_conversation_goes_on(
    path: Path, length: int
) -> None:
    async def test() -> None:
        async with serving(path), connected(path) as streams:
            reply = await said(streams, b"x" * length)
            assert reply == {
                "id": 0,
                "ok": False,
                "error": f"not a request: longer than {LINE_LIMIT} bytes",
                "code": 65,
            }
            assert (await said(streams, b'{"do": "mark", "id": 1}'))["id"] == 1

    run(test())


def test_a_line_without_an_end_costs_a_fixed_amount_of_memory(path: Path) -> None:
    portion = b"x" * LINE_LIMIT

    async def test() -> None:
        async with serving(path), connected(path) as good, connected(path) as (reader, writer):
            await said(good, b'{"do": "mark"}')
            tracemalloc.start()
            for _ in range(64 * MIB // len(portion)):
                writer.write(portion)
                await writer.drain()
            _, peak = tracemalloc.get_traced_memory()
            tracemalloc.stop()
            assert peak < 2 * MIB
            assert not msgspec.json.decode(await reader.readline())["ok"]
            assert (await said(good, b'{"do": "mark"}'))["ok"]

    run(test())


def test_whoever_leaves_its_answers_unread_is_dropped_and_gives_up_its_place(path: Path) -> None:
    async def wide(request: Request) -> Echo:
        return Echo(request.do, "x" * 100_000)

    async def test() -> None:
        async with serving(path, wide, answer_unread_s=0.02):
            greedy = [socket.socket(socket.AF_UNIX) for _ in range(CLIENT_LIMIT)]
            for one in greedy:
                one.connect(str(path))
                one.sendall(b'{"do": "mark"}\n' * 100)
            served = False
            while not served:
                async with connected(path) as streams:
                    served = (await said(streams, b'{"do": "mark"}'))["ok"]
            for one in greedy:
                one.close()

    run(test())


def test_the_longest_line_is_answered(path: Path) -> None:
    async def test() -> None:
        async with serving(path), connected(path) as streams:
            label = b"x" * (LINE_LIMIT - 100)
            reply = await said(streams, b'{"do": "mark", "label": "' + label + b'"}')
            assert reply["reply"]["label"] == label.decode()

    run(test())


def test_whoever_does_not_read_is_dropped_and_the_others_are_served(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def test() -> None:
        async with serving(path) as server, client_of(path) as (client, pushes):
            slow = socket.socket(socket.AF_UNIX)
            slow.connect(str(path))
            slow.sendall(b'{"do": "subscribe", "topics": ["status"]}\n')
            await until(lambda: server.wanted("status"))
            await client.ask("subscribe", topics=("traces",))
            body = Echo("status", "x" * 10_000)
            for _ in range(3 * UNREAD_LIMIT // 10_000 + 100):
                server.publish("status", body)
            await until(lambda: not server.wanted("status"))
            slow.close()
            assert "socket.send() raised" not in caplog.text
            server.publish("traces", body)
            await until(lambda: len(pushes) == 1)

    run(test())


def test_a_client_that_asks_and_never_reads_costs_no_more_than_its_buffer(path: Path) -> None:
    asked = 0

    async def count(request: Request) -> Echo:
        nonlocal asked
        asked += 1
        return Echo(request.do, "x" * 10_000)

    async def test() -> None:
        async with serving(path, count):
            greedy = socket.socket(socket.AF_UNIX)
            greedy.connect(str(path))
            greedy.sendall(b'{"do": "mark"}\n' * 2000)
            async with connected(path) as streams:
                for _ in range(20):
                    assert (await said(streams, b'{"do": "mark"}'))["ok"]
            greedy.close()
            assert asked < 200

    run(test())


def test_too_many_clients_are_turned_away(path: Path) -> None:
    async def test() -> None:
        async with serving(path):
            streams = [await asyncio.open_unix_connection(path) for _ in range(CLIENT_LIMIT)]
            for one in streams:
                assert (await said(one, b'{"do": "mark"}'))["ok"]
            async with connected(path) as (reader, _):
                reply = msgspec.json.decode(await reader.read())
                assert (reply["ok"], reply["code"]) == (False, 75)
                assert reply["error"] == f"{CLIENT_LIMIT} clients are connected already: close one"
            for _, writer in streams:
                writer.close()

    run(test())
