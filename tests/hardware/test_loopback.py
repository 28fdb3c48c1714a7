"""Sockets that a library opens are kept off the network."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from hardware.loopback import loopback_only


def device_of(one: socket.socket) -> bytes:
    return one.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16).rstrip(b"\0")


@pytest.fixture
def undo() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def test_what_is_opened_within_hears_only_this_machine(undo: ExitStack) -> None:
    before = undo.enter_context(socket.socket())
    with loopback_only():
        listener = undo.enter_context(socket.socket())
        listener.bind(("0.0.0.0", 0))
        listener.listen()
        datagrams = undo.enter_context(socket.socket(type=socket.SOCK_DGRAM))
        local = undo.enter_context(socket.socket(socket.AF_UNIX))
    after = undo.enter_context(socket.socket())
    assert [device_of(it) for it in (listener, datagrams)] == [b"lo", b"lo"]
    assert [device_of(it) for it in (before, after)] == [b"", b""]
    local.getsockname()  # untouched


def test_this_machine_is_still_served(undo: ExitStack) -> None:
    with loopback_only():
        listener = undo.enter_context(socket.create_server(("", 0)))
    port = listener.getsockname()[1]
    near = undo.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5))
    far = undo.enter_context(listener.accept()[0])
    far.sendall(b"hello")
    assert near.recv(5) == b"hello"


def test_a_socket_that_was_closed_before_is_not_mistaken(undo: ExitStack) -> None:
    """Descriptors are given out again: only the socket itself tells."""
    old = socket.socket()
    number = old.fileno()
    old.close()
    with loopback_only():
        new = undo.enter_context(socket.socket())
    assert new.fileno() == number
    assert device_of(new) == b"lo"
