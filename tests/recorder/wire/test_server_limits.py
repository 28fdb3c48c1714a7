"""What a client may cost: long lines, unread answers, many clients."""

import asyncio
import socket
import tracemalloc
from pathlib import Path

import msgspec
import pytest

from recorder.wire.lines import LINE_LIMIT
from recorder.wire.messages import Request
from recorder.wire.places import CLIENT_LIMIT, CLIENTS_EACH, SCREENS_EACH
from recorder.wire.server import UNREAD_LIMIT
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


def test_too_many_clients_that_are_being_answered_are_turned_away(path: Path) -> None:
    asked = asyncio.Event()

    async def never(request: Request) -> Echo:
        asked.set()
        await asyncio.Event().wait()
        return Echo(request.do, "")

    async def test() -> None:
        async with serving(path, never, ending_s=0.0):
            held = [await asyncio.open_unix_connection(path) for _ in range(CLIENTS_EACH)]
            for _, writer in held:
                asked.clear()
                writer.write(b'{"do": "mark"}\n')
                await asked.wait()
            async with connected(path) as (reader, _):
                reply = msgspec.json.decode(await reader.read())
            assert (reply["ok"], reply["code"]) == (False, 75)
            assert reply["error"] == f"{CLIENTS_EACH} clients are connected already: close one"
            for _, writer in held:
                writer.close()

    run(test())


@pytest.mark.parametrize("have_asked", [False, True], ids=["silent", "asked once"])
def test_whoever_hoards_connections_locks_nobody_out(path: Path, have_asked: bool) -> None:
    async def test() -> None:
        async with serving(path) as server, client_of(path) as (screen, pushes):
            await screen.ask("subscribe", topics=("status",))
            hoard = [await asyncio.open_unix_connection(path) for _ in range(CLIENT_LIMIT)]
            for one in hoard[-CLIENTS_EACH // 2 :] if have_asked else ():
                assert (await said(one, b'{"do": "mark"}'))["ok"]
            for _ in range(3):
                async with connected(path) as streams:
                    assert (await said(streams, b'{"do": "stop"}'))["ok"]
            server.publish("status", Echo("status", ""))
            await until(lambda: len(pushes) == 1)  # a screen that says nothing stays
            for _, writer in hoard:
                writer.close()

    run(test())


def test_a_connection_that_asks_nothing_is_dropped_in_time(path: Path) -> None:
    async def test() -> None:
        async with serving(path, silent_s=0.01), connected(path) as (reader, writer):
            writer.write(b'{"do": "ma')
            assert await reader.read() == b""

    run(test())


def test_a_connection_that_has_asked_may_be_silent(path: Path) -> None:
    async def test() -> None:
        async with serving(path, silent_s=0.01) as server, client_of(path) as (client, pushes):
            await client.ask("subscribe", topics=("status",))
            async with connected(path) as (reader, _):
                await reader.read()  # until this one is dropped
            server.publish("status", Echo("status", ""))
            await until(lambda: len(pushes) == 1)

    run(test())


def test_one_account_has_a_share_of_the_screens(path: Path) -> None:
    subscribe = b'{"do": "subscribe", "topics": ["status"]}'

    async def test() -> None:
        async with serving(path):
            screens = [await asyncio.open_unix_connection(path) for _ in range(SCREENS_EACH)]
            for one in screens:
                assert (await said(one, subscribe))["ok"]
            assert (await said(screens[0], subscribe))["ok"]
            async with connected(path) as streams:
                refused = await said(streams, subscribe)
                assert (refused["code"], "close one" in refused["error"]) == (75, True)
                assert (await said(streams, b'{"do": "mark"}'))["ok"]
            for _, writer in screens:
                writer.close()

    run(test())


def test_whoever_asks_without_end_is_answered_in_turn_with_the_others(path: Path) -> None:
    order: list[str] = []

    async def listed(request: Request) -> Echo:
        order.append(request.do)
        return Echo(request.do, "")

    async def test() -> None:
        async with serving(path, listed), connected(path) as flood, connected(path) as other:
            flood[1].write(b'{"do": "status"}\n' * 1000)
            await flood[0].readline()
            assert (await said(other, b'{"do": "mark"}'))["ok"]
            assert len(order) < 1000

    run(test())
