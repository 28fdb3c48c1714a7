"""Edges and pulses on modem lines, against injected ioctls; a pseudo-terminal has no such lines."""

import errno
import fcntl
import os
import struct
import termios
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hardware.trigger.edges import Edge, LostEdges, TriggerEvent, TriggerFault
from hardware.trigger.modem import ModemEdges, ModemOutput

COUNTERS = {termios.TIOCM_CTS: 0, termios.TIOCM_DSR: 1, termios.TIOCM_CD: 3}
LIMIT_S = 5.0


class Adapter:
    """What a driver knows of its lines, behind the ioctls that linux/serial.h documents."""

    def __init__(self) -> None:
        self.bits = 0
        self.counts = [0] * 20
        self.waiting = 0  # threads that wait for a change
        self.fault: OSError | None = None
        self.changed = threading.Condition()

    def change(self, line: int, times: int = 1, threads: int = 1) -> None:
        """Flip an input so often, before any of the threads that wait for it can look."""
        with self.changed:
            assert self.changed.wait_for(lambda: self.waiting == threads, LIMIT_S)
            self.waiting = 0
            self.counts[COUNTERS[line]] += times
            self.bits ^= line * (times % 2)
            self.changed.notify_all()

    def pull_out(self) -> None:
        with self.changed:
            self.fault = OSError(errno.EIO, "Input/output error")
            self.changed.notify_all()

    def ioctl(self, fd: int, request: int, argument: Any) -> Any:
        os.fstat(fd)  # of an open file
        if self.fault:
            raise self.fault
        if request == termios.TIOCMGET:
            return struct.pack("i", self.bits)
        if request == termios.TIOCGICOUNT:
            assert len(argument) == 80
            return struct.pack("20i", *self.counts)
        if request == termios.TIOCMIWAIT:
            return self._wait(argument)
        (mask,) = struct.unpack("i", argument)
        self.bits = self.bits | mask if request == termios.TIOCMBIS else self.bits & ~mask
        return argument

    def _wait(self, mask: int) -> int:
        with self.changed:
            before = self.counts[COUNTERS[mask]]
            self.waiting += 1
            self.changed.notify_all()
            self.changed.wait_for(
                lambda: self.counts[COUNTERS[mask]] != before or self.fault, LIMIT_S
            )
        if self.fault:
            raise self.fault
        return 0


@pytest.fixture
def port() -> Iterator[str]:
    far, near = os.openpty()
    yield os.ttyname(near)
    os.close(far)
    os.close(near)


@pytest.fixture
def adapter() -> Iterator[Adapter]:
    made = Adapter()
    yield made
    made.pull_out()
    for thread in threading.enumerate():
        if thread.name == "trigger loop":
            thread.join(LIMIT_S)


class Ticks:
    """A clock that moves on by a millisecond at each look."""

    def __init__(self) -> None:
        self.ms = 0

    def __call__(self) -> int:
        self.ms += 1
        return self.ms * 1_000_000


def edges(port: str, adapter: Adapter, line: str = "CTS", **more: Any) -> ModemEdges:
    return ModemEdges("loop", port, line, ioctl=adapter.ioctl, monotonic_ns=Ticks(), **more)


def gather(source: ModemEdges, count: int) -> list[TriggerEvent]:
    """Poll until so many events have come; each poll returns at once."""
    events: list[TriggerEvent] = []
    pause = threading.Event()
    for _ in range(int(LIMIT_S / 0.005)):
        events += source.poll()
        if len(events) >= count:
            return events
        pause.wait(0.005)
    pytest.fail(f"only {events}")


@pytest.mark.parametrize(
    ("line", "bit"),
    [("CTS", termios.TIOCM_CTS), ("DSR", termios.TIOCM_DSR), ("DCD", termios.TIOCM_CD)],
)
def test_each_change_of_the_line_is_an_edge(
    port: str, adapter: Adapter, line: str, bit: int
) -> None:
    source = edges(port, adapter, line)
    source.open()
    assert source.poll() == []
    adapter.change(bit)
    adapter.change(bit)
    assert gather(source, 2) == [Edge("loop", 1, 1_000_000, 1), Edge("loop", 2, 2_000_000, 0)]
    source.close()


def test_at_ttl_level_the_pulse_makes_the_line_inactive(port: str, adapter: Adapter) -> None:
    adapter.bits = termios.TIOCM_CTS
    source = edges(port, adapter, active_low=True)
    source.open()
    adapter.change(termios.TIOCM_CTS)
    assert gather(source, 1) == [Edge("loop", 1, 1_000_000, 1)]
    source.close()


def test_a_pulse_shorter_than_a_wake_up_is_seen_by_its_count(port: str, adapter: Adapter) -> None:
    source = edges(port, adapter)
    source.open()
    adapter.change(termios.TIOCM_CTS, 2)
    assert gather(source, 2) == [Edge("loop", 1, 1_000_000, 1), Edge("loop", 2, 1_000_000, 0)]
    source.close()


def test_changes_that_cannot_be_told_apart_are_lost_by_number(port: str, adapter: Adapter) -> None:
    source = edges(port, adapter)
    source.open()
    adapter.change(termios.TIOCM_CTS, 7)
    adapter.change(termios.TIOCM_CTS)
    assert gather(source, 4) == [
        LostEdges("loop", 5, 1_000_000),
        Edge("loop", 6, 1_000_000, 0),
        Edge("loop", 7, 1_000_000, 1),
        Edge("loop", 8, 2_000_000, 0),
    ]
    source.close()


def test_the_drivers_counter_may_wrap(port: str, adapter: Adapter) -> None:
    adapter.counts[0] = -1  # a C int that has gone round
    source = edges(port, adapter)
    source.open()
    adapter.change(termios.TIOCM_CTS)
    assert gather(source, 1) == [Edge("loop", 1, 1_000_000, 1)]
    source.close()


def test_an_adapter_that_is_pulled_out_is_a_fault(port: str, adapter: Adapter) -> None:
    source = edges(port, adapter)
    source.open()
    adapter.change(termios.TIOCM_CTS)
    gather(source, 1)
    adapter.pull_out()
    (fault,) = gather(source, 1)
    assert isinstance(fault, TriggerFault)
    assert str(fault) == f"loop: {port}: the adapter was pulled out: plug it in again"


def test_after_closing_nothing_comes_and_the_port_is_given_back_with_the_next_change(
    port: str, adapter: Adapter
) -> None:
    source = edges(port, adapter)
    source.open()
    (thread,) = [it for it in threading.enumerate() if it.name == "trigger loop"]
    source.close()
    source.close()
    adapter.change(termios.TIOCM_CTS)
    thread.join(LIMIT_S)
    assert not thread.is_alive()
    assert source.poll() == []


def test_opened_again_it_counts_from_one(port: str, adapter: Adapter) -> None:
    source = edges(port, adapter)
    for threads in (1, 2):  # the one from before still waits
        source.open()
        adapter.change(termios.TIOCM_CTS, threads=threads)
        (edge,) = gather(source, 1)
        assert isinstance(edge, Edge)
        assert edge.seq == 1
    source.close()


def fault_of(source: ModemEdges | ModemOutput) -> str:
    with pytest.raises(TriggerFault) as caught:
        source.open()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_pseudo_terminal_has_no_modem_lines(port: str) -> None:
    text = "this port has no modem lines, or its driver cannot watch them: use another"
    assert fault_of(ModemEdges("loop", port)) == f"loop: {port}: {text}"
    assert fault_of(ModemOutput(port)) == f"sync out: {port}: {text}"


def test_a_port_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    missing = str(tmp_path / "ttyUSB9")
    assert "no such port: check that the adapter is plugged in" in fault_of(
        ModemEdges("loop", missing)
    )
    assert "no such port" in fault_of(ModemOutput(missing))
    assert "cannot be used (Is a directory)" in fault_of(ModemEdges("loop", str(tmp_path)))


def test_unknown_lines_are_refused(port: str) -> None:
    with pytest.raises(ValueError, match="'RTS'; known: CTS, DSR, DCD"):
        ModemEdges("loop", port, "RTS")
    with pytest.raises(ValueError, match="'CTS'; known: RTS, DTR"):
        ModemOutput(port, "CTS")


@pytest.mark.parametrize(("line", "bit"), [("RTS", termios.TIOCM_RTS), ("DTR", termios.TIOCM_DTR)])
@pytest.mark.parametrize("active_low", [False, True])
def test_an_output_is_idle_until_it_is_set(
    port: str, adapter: Adapter, line: str, bit: int, active_low: bool
) -> None:
    adapter.bits = termios.TIOCM_RTS | termios.TIOCM_DTR  # as after opening a port
    output = ModemOutput(port, line, active_low=active_low, ioctl=adapter.ioctl)
    output.set(1)  # before it is open: nothing
    output.open()
    levels = [bool(adapter.bits & bit)]
    for level in (1, 0):
        output.set(level)
        levels.append(bool(adapter.bits & bit))
    assert levels == [active_low, not active_low, active_low]
    output.close()
    output.close()


def test_an_output_is_not_shared_with_another_program(port: str, adapter: Adapter) -> None:
    first, second = (ModemOutput(port, ioctl=adapter.ioctl) for _ in range(2))
    first.open()
    assert "another program holds this port" in fault_of(second)
    first.close()
    second.open()
    second.close()


def test_the_lock_is_the_one_that_serial_boards_take(port: str, adapter: Adapter) -> None:
    fd = os.open(port, os.O_RDWR | os.O_NOCTTY)
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert "another program holds this port" in fault_of(ModemOutput(port, ioctl=adapter.ioctl))
    os.close(fd)
