"""Asking a service: answers, and what is said when none comes."""

import asyncio
import socket
import threading
from pathlib import Path

import msgspec
import pytest

from recorder.wire.client import ControlClient, ask
from recorder.wire.lines import ServiceUnreachable
from recorder.wire.messages import Request
from tests.recorder.bounded import WITHIN_S, run
from tests.recorder.conversation import Echo, client_of, serving


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run" / "antiphon.sock"


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
