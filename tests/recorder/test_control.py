import asyncio
import socket
import threading
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from recorder.control import (
    CLIENT_LIMIT,
    LINE_LIMIT,
    UNREAD_LIMIT,
    ControlClient,
    ControlServer,
    RequestRefused,
    ServiceUnreachable,
    ask,
)
from recorder.messages import Push, Request
from tests.recorder.bounded import WITHIN_S, run, until

MIB = 1 << 20
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Echo(msgspec.Struct):
    """What the answer says was asked."""

    do: str
    label: str


async def echo(request: Request) -> Echo | None:
    if request.do == "refuse":
        raise RequestRefused("not today", code=69)
    return None if request.do == "nothing" else Echo(request.do, request.label)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "antiphon.sock"


@asynccontextmanager
async def serving(
    path: Path,
    answer: Callable[[Request], Awaitable[msgspec.Struct | None]] = echo,
    **settings: Any,
) -> AsyncIterator[ControlServer]:
    server = ControlServer(path, answer, **settings)
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


def test_a_question_has_one_answer_with_its_number(path: Path) -> None:
    async def test() -> None:
        async with serving(path), connected(path) as streams:
            reply = await said(streams, b'{"id": 7, "do": "mark", "label": "laughter"}')
            assert reply == {"id": 7, "ok": True, "reply": {"do": "mark", "label": "laughter"}}
            assert await said(streams, b'{"do": "nothing"}') == {
                "id": 0,
                "ok": True,
                "reply": None,
            }

    run(test())


def test_a_refusal_has_a_reason_and_a_code(path: Path) -> None:
    async def test() -> None:
        async with serving(path), connected(path) as streams:
            reply = await said(streams, b'{"id": 2, "do": "refuse"}')
            assert reply == {"id": 2, "ok": False, "error": "not today", "code": 69}

    run(test())


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"not json",
        b"\x00\xff\xfe",
        b'{"do": "\xff"}',
        b'{"do": "\\ud800"}',
        b"[1, 2]",
        b'{"id": 3}',
        b'{"do": 3}',
        b'{"do": "mark", "lable": "x"}',
        b'{"do": "mark", "id": 99999999999999999999999}',
        b'{"do": "mark", "id": -1}',
        b'{"do": "mark", "topics": ' + b"[" * 30_000,
    ],
)
def test_what_is_no_request_is_answered_and_the_conversation_goes_on(
    path: Path, line: bytes
) -> None:
    async def test() -> None:
        async with serving(path), connected(path) as streams:
            reply = await said(streams, line)
            assert (reply["ok"], reply["code"]) == (False, 64)
            assert reply["error"].startswith("not a request: ")
            assert (await said(streams, b'{"do": "mark"}'))["ok"]

    run(test())


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


def test_clients_do_not_disturb_each_other(path: Path) -> None:
    async def test() -> None:
        async with serving(path):
            names = [f"client {number}" for number in range(10)]
            asked = (asyncio.to_thread(ask, path, "mark", label=name) for name in names)
            replies = [msgspec.json.decode(reply) for reply in await asyncio.gather(*asked)]
            assert [reply["label"] for reply in replies] == names

    run(test())


def test_pushes_go_to_those_who_subscribed(path: Path) -> None:
    async def test() -> None:
        async with serving(path) as server, client_of(path) as one, client_of(path) as other:
            await one[0].ask("subscribe", topics=("status", "traces"))
            await other[0].ask("subscribe", topics=("measures",))
            assert server.wanted("traces")
            server.publish("traces", Echo("trace", "1"))
            server.publish("measures", Echo("measure", "2"))
            await until(lambda: bool(one[1] and other[1]))
        assert [(push.topic, bytes(push.body)) for push in one[1]] == [
            ("traces", b'{"do":"trace","label":"1"}')
        ]
        assert [push.topic for push in other[1]] == ["measures"]

    run(test())


def test_a_topic_that_nobody_wants_is_not_wanted(path: Path) -> None:
    async def test() -> None:
        async with serving(path) as server:
            assert not server.wanted("status")
            async with client_of(path) as (client, _):
                await client.ask("subscribe", topics=("status",))
                assert server.wanted("status")
                await client.ask("subscribe", topics=())
                assert not server.wanted("status")
                await client.ask("subscribe", topics=("status",))
            await until(lambda: not server.wanted("status"))

    run(test())


def test_an_unknown_topic_is_refused_by_name(path: Path) -> None:
    async def test() -> None:
        async with serving(path) as server, client_of(path) as (client, _):
            with pytest.raises(RequestRefused, match="no such topic: tracse") as refused:
                await client.ask("subscribe", topics=("status", "tracse"))
            assert refused.value.code == 64
            assert not server.wanted("status")

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


def test_a_second_service_on_the_same_socket_is_refused(path: Path) -> None:
    async def test() -> None:
        async with serving(path):
            with pytest.raises(BlockingIOError, match="another antiphon service") as refused:
                await ControlServer(path, echo).start()
            assert str(path) in str(refused.value)
            reply = await asyncio.to_thread(ask, path, "mark")
            assert msgspec.json.decode(reply)["do"] == "mark"

    run(test())


def test_the_socket_of_a_dead_service_is_replaced(path: Path) -> None:
    path.parent.mkdir()
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(path))
    dead.close()

    async def test() -> None:
        async with serving(path):
            await asyncio.to_thread(ask, path, "mark")

    run(test())


def test_a_file_in_the_way_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("somebody's")
    with pytest.raises(OSError, match="in use"):
        run(ControlServer(path, echo).start())
    assert path.read_text() == "somebody's"


def test_stopping_ends_every_conversation_and_removes_the_socket(path: Path) -> None:
    async def test() -> None:
        server = ControlServer(path, echo)
        await server.start()
        assert path.stat().st_mode & 0o777 == 0o660
        async with connected(path) as streams:
            await said(streams, b'{"do": "mark"}')
            await server.stop()
            assert await streams[0].read() == b""
        assert not path.exists()
        await server.stop()

    run(test())


def test_asking_where_nobody_listens_says_what_to_do(path: Path) -> None:
    with pytest.raises(ServiceUnreachable, match="antiphon serve") as refused:
        ask(path, "status")
    assert str(path) in str(refused.value)

    async def connect() -> None:
        with pytest.raises(ServiceUnreachable, match="antiphon serve"):
            await ControlClient.connect(path)

    run(connect())


@pytest.mark.parametrize("answer", [b"", b'{"id":0,"ok":tr'])
def test_a_service_that_dies_while_asked_is_unreachable(tmp_path: Path, answer: bytes) -> None:
    path = tmp_path / "antiphon.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()

        def die() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(answer)

        dying = threading.Thread(target=die)
        dying.start()
        with pytest.raises(ServiceUnreachable, match="closed the connection"):
            ask(path, "status", timeout_s=WITHIN_S)
        dying.join()


def test_a_service_that_does_not_answer_is_unreachable(tmp_path: Path) -> None:
    path = tmp_path / "antiphon.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        with pytest.raises(ServiceUnreachable):
            ask(path, "status", timeout_s=0.05)


def test_a_client_whose_service_goes_away_is_told_and_may_ask_no_more(path: Path) -> None:
    hanging = asyncio.Event()

    async def hang(_: Request) -> None:
        hanging.set()
        await asyncio.Event().wait()

    async def test() -> None:
        async with serving(path, hang, ending_s=0.02) as server, client_of(path) as (client, _):
            waiting = asyncio.create_task(client.ask("status"))
            await hanging.wait()
            await server.stop()
            with pytest.raises(ServiceUnreachable, match="went away"):
                await waiting
            with pytest.raises(ServiceUnreachable, match="went away"):
                await client.ask("status")

    run(test())


def test_hanging_up_tells_whoever_still_waits(path: Path) -> None:
    async def hang(_: Request) -> None:
        await asyncio.Event().wait()

    async def test() -> None:
        async with serving(path, hang, ending_s=0.02), client_of(path) as (client, _):
            waiting = asyncio.create_task(client.ask("status"))
            await asyncio.sleep(0)
            client.close()
            with pytest.raises(ServiceUnreachable):
                await waiting

    run(test())


def test_answers_find_their_questions_whatever_their_order(path: Path) -> None:
    turn = asyncio.Event()

    async def slow_first(request: Request) -> Echo:
        if request.label == "first":
            await turn.wait()
        return Echo(request.do, request.label)

    async def test() -> None:
        async with serving(path, slow_first), client_of(path) as one, client_of(path) as other:
            first = asyncio.create_task(one[0].ask("mark", label="first"))
            second = await other[0].ask("mark", label="second")
            turn.set()
            assert msgspec.json.decode(await first)["label"] == "first"
            assert msgspec.json.decode(second)["label"] == "second"

    run(test())


def test_a_fault_in_an_answer_ends_only_its_conversation(path: Path) -> None:
    async def fault(request: Request) -> Echo:
        if request.label == "bad":
            raise ZeroDivisionError
        return Echo(request.do, request.label)

    async def test() -> None:
        async with serving(path, fault), connected(path) as good:
            with pytest.raises(ServiceUnreachable, match="closed the connection"):
                await asyncio.to_thread(ask, path, "mark", label="bad")
            assert (await said(good, b'{"do": "mark"}'))["ok"]

    run(test())


def test_stopping_lets_a_started_answer_end_and_leaves_no_task_behind(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    begun, turn = asyncio.Event(), asyncio.Event()
    ended: list[str] = []

    async def slow(request: Request) -> None:
        begun.set()
        await turn.wait()
        ended.append(request.do)

    async def test() -> None:
        server = ControlServer(path, slow)
        await server.start()
        async with connected(path) as (_, writer), connected(path):
            writer.write(b'{"do": "start"}\n')
            await begun.wait()
            asyncio.get_running_loop().call_later(0.05, turn.set)
            await server.stop()
        assert ended == ["start"]
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(test())
    assert caplog.text == ""


def test_stopping_cancels_an_answer_that_never_ends_without_a_word(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    begun = asyncio.Event()

    async def hang(_: Request) -> None:
        begun.set()
        await asyncio.Event().wait()

    async def test() -> None:
        server = ControlServer(path, hang, ending_s=0.02)
        await server.start()
        async with connected(path) as (_, writer):
            writer.write(b'{"do": "status"}\n')
            await begun.wait()
            await server.stop()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(test())
    assert caplog.text == ""
