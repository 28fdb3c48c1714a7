"""Who may ask, and that it is known who did."""

import asyncio
import errno
import grp
import logging
import os
import pwd
import shutil
import socket
import stat
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from recorder.wire.client import ControlClient, ask
from recorder.wire.lines import ServiceUnreachable
from recorder.wire.messages import Request
from recorder.wire.peer import Peer, asking, by_whom, is_trusted, peer_of
from recorder.wire.server import ControlServer
from tests.recorder.bounded import run

NOBODY = 65534
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="needs root, to become somebody else")


class Told(msgspec.Struct):
    """Who asked, as the answer found it, in its own task and in a thread."""

    pid: int
    here: str
    in_thread: str


async def tell(_: Request) -> Told:
    peer = asking.get()
    assert peer is not None
    return Told(peer.pid, by_whom(), await asyncio.to_thread(by_whom))


@pytest.fixture
def open_directory() -> Iterator[Path]:
    """One that every user of this machine can reach."""
    place = Path(tempfile.mkdtemp(prefix="antiphon-test-"))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


def other_group() -> grp.struct_group:
    return next(one for one in grp.getgrall() if one.gr_gid not in (os.getgid(), NOBODY))


def as_nobody(does: Callable[[], int], groups: list[int]) -> int:
    """The exit code of a process of nobody's, who is in these groups, that does this."""
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            os.setgroups(groups)
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            code = does()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def connect_to(path: Path) -> int:
    with socket.socket(socket.AF_UNIX) as connection:
        return connection.connect_ex(str(path))


def ask_and_complain(path: Path) -> int:
    try:
        ask(path, "status")
    except ServiceUnreachable as no:
        return 0 if "add it to the group of the socket" in str(no) else 1
    return 2


def test_the_kernel_says_who_is_at_the_other_end() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        peer = peer_of(ours)
    assert peer == Peer(os.getpid(), os.getuid(), pwd.getpwuid(os.getuid()).pw_name)


def test_an_answer_knows_who_asked_and_a_session_file_is_told_no_account_name(
    tmp_path: Path,
) -> None:
    path = tmp_path / "s.sock"

    async def test() -> None:
        server = ControlServer(path, tell)
        await server.start()
        told = msgspec.json.decode(await asyncio.to_thread(ask, path, "mark"), type=Told)
        await server.stop()
        assert told.pid == os.getpid()
        assert told.here == told.in_thread == f"uid {os.getuid()}, pid {os.getpid()}"

    run(test())
    assert by_whom() == "the service itself"


def test_who_changes_something_is_logged_and_what_was_said_is_not(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "s.sock"

    async def answer(_: Request) -> None:
        return None

    async def test() -> None:
        server = ControlServer(path, answer)
        await server.start()
        reader, writer = await asyncio.open_unix_connection(path)
        for do in ("status", "note", "value", "value", "value", "stop"):
            writer.write(msgspec.json.encode({"do": do, "label": "secret"}) + b"\n")
            await reader.readline()
        writer.close()
        await server.stop()

    with caplog.at_level(logging.INFO, "antiphon"):
        run(test())
    me = f"{pwd.getpwuid(os.getuid()).pw_name} (uid {os.getuid()}, pid {os.getpid()})"
    assert caplog.messages == [f"{me} asks: {do!r}" for do in ("note", "value", "stop")]


def test_a_group_that_is_not_there_is_an_error_and_leaves_no_socket(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    with pytest.raises(LookupError, match="no-such-group"):
        run(ControlServer(path, tell, group="no-such-group").start())
    assert not path.exists()


@needs_root
def test_the_group_may_ask_and_nobody_else(open_directory: Path) -> None:
    group = other_group()
    path = open_directory / "run" / "s.sock"

    async def test() -> None:
        server = ControlServer(path, tell, group=group.gr_name)
        await server.start()
        made = [path.stat(), path.parent.stat()]
        assert [stat.S_IMODE(one.st_mode) for one in made] == [0o660, 0o750]
        assert [one.st_gid for one in made] == [group.gr_gid] * 2
        assert as_nobody(lambda: connect_to(path), [group.gr_gid]) == 0
        assert as_nobody(lambda: connect_to(path), []) == errno.EACCES
        await server.stop()

    run(test())


@needs_root
def test_a_stranger_is_told_to_get_into_the_group(open_directory: Path) -> None:
    path = open_directory / "s.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        path.chmod(0o600)
        assert as_nobody(lambda: ask_and_complain(path), []) == 0


def test_an_account_is_trusted_where_not_everybody_could_have_put_it(tmp_path: Path) -> None:
    (everybodys := tmp_path / "tmp").mkdir()
    everybodys.chmod(0o1777)
    assert is_trusted(Path("/usr/s.sock"), 12345)
    assert not is_trusted(everybodys / "s.sock", 12345)
    assert is_trusted(everybodys / "s.sock", 0)
    assert is_trusted(everybodys / "s.sock", os.getuid())
    (link := everybodys / "run").symlink_to("/usr")
    assert not is_trusted(link / "s.sock", 12345)


def make_link(place: Path) -> None:
    place.with_name("elsewhere").mkdir()
    place.symlink_to(place.with_name("elsewhere"))


def make_for_everybody(place: Path) -> None:
    place.mkdir()
    place.chmod(0o777)


def make_anothers(place: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("needs root, to give a directory to somebody else")
    place.mkdir()
    os.chown(place, NOBODY, -1)


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (make_link, "is a link"),
        (make_for_everybody, "lets everybody replace what is in it"),
        (make_anothers, f"belongs to uid {NOBODY}"),
    ],
)
def test_no_socket_is_made_where_others_could_put_theirs(
    tmp_path: Path, made: Callable[[Path], None], reason: str
) -> None:
    made(place := tmp_path / "run")
    with pytest.raises(PermissionError, match=f"{reason}: remove it, or give another --socket"):
        run(ControlServer(place / "s.sock", tell).start())
    assert list(place.iterdir()) == []


@needs_root
def test_a_stranger_who_has_put_his_socket_there_is_told_nothing(open_directory: Path) -> None:
    path = open_directory / "s.sock"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        os.seteuid(NOBODY)
        listening.listen()
        os.seteuid(0)
        with pytest.raises(ServiceUnreachable, match=r"answers there, who may be anybody"):
            ask(path, "note", label="secret")
        with pytest.raises(ServiceUnreachable, match=r"answers there, who may be anybody"):
            run(connect_and_leave(path))
        for _ in range(2):
            heard, _ = listening.accept()
            with heard:
                assert heard.recv(100) == b""


async def connect_and_leave(path: Path) -> None:
    (await ControlClient.connect(path)).close()
