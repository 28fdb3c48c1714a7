"""The control socket: questions, answers, pushes, and its beginning and end."""

import asyncio
import gc
import socket
from pathlib import Path

import msgspec
import pytest

from recorder.failure import Refused
from recorder.wire.client import ask
from recorder.wire.lines import ServiceUnreachable
from recorder.wire.messages import Request
from recorder.wire.server import ControlServer, Patience
from tests.recorder.bounded import run, until
from tests.recorder.conversation import Echo, client_of, connected, echo, said, serving


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "antiphon.sock"


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
            with pytest.raises(Refused, match="no such topic: tracse") as refused:
                await client.ask("subscribe", topics=("status", "tracse"))
            assert refused.value.code == 64
            assert not server.wanted("status")

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


def test_a_fault_in_an_answer_ends_only_its_conversation_and_is_logged(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def fault(request: Request) -> Echo:
        if request.label == "bad":
            raise ZeroDivisionError
        return Echo(request.do, request.label)

    async def test() -> None:
        async with serving(path, fault), connected(path) as good:
            with pytest.raises(ServiceUnreachable, match="closed the connection"):
                await asyncio.to_thread(ask, path, "mark", label="bad")
            assert (await said(good, b'{"do": "mark"}'))["ok"]
            gc.collect()  # before Python 3.12, asyncio tells of it no earlier
            assert "ZeroDivisionError" in caplog.text

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
        server = ControlServer(path, hang, patience=Patience(ending_s=0.02))
        await server.start()
        async with connected(path) as (_, writer):
            writer.write(b'{"do": "status"}\n')
            await begun.wait()
            await server.stop()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    run(test())
    assert caplog.text == ""
