"""Presses of a foot switch, from a pipe that speaks struct input_event; from uinput where it is."""

import fcntl
import os
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from hardware.buttons.keys import EV_KEY, EVENT, KeyPresses
from hardware.trigger.edges import Edge, LostEdges, TriggerFault

UINPUT = Path("/dev/uinput")


def event(t_ns: int, code: int, value: int, kind: int = EV_KEY) -> bytes:
    return EVENT.pack(t_ns // 10**9, t_ns % 10**9 // 1000, kind, code, value)


SYN = event(0, 0, 0, kind=0)


class Pipe:
    """A device that a test presses."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.keys = KeyPresses("foot switch", str(path), take=lambda _: None)
        self.keys.open()
        self._end = os.open(path, os.O_WRONLY)

    def send(self, octets: bytes) -> None:
        os.write(self._end, octets)

    def unplug(self) -> None:
        os.close(self._end)


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Pipe]:
    pipe = Pipe(tmp_path / "event7")
    yield pipe
    pipe.keys.close()


def test_a_press_has_its_key_and_the_kernels_time(pipe: Pipe) -> None:
    assert pipe.keys.poll() == []
    at_ns = 4_000_000_123_000
    pipe.send(event(at_ns, 48, 1) + SYN + event(at_ns + 2000, 48, 2) + event(at_ns + 5000, 48, 0))
    assert pipe.keys.poll() == [Edge("B", 1, at_ns, 1), Edge("B", 2, at_ns + 5000, 0)]
    pipe.send(event(at_ns + 9000, 109, 1) + event(at_ns + 9000, 777, 1))
    assert [it.source for it in pipe.keys.poll() if isinstance(it, Edge)] == ["PAGEDOWN", "777"]


def test_bytes_may_come_one_by_one_and_damaged(pipe: Pipe) -> None:
    octets = b"".join(event(n * 10**9, 30, n % 2) for n in range(6))
    told = []
    for octet in octets:
        pipe.send(bytes([octet]))
        told += pipe.keys.poll()
    assert [(it.t_ns, it.level) for it in told if isinstance(it, Edge)] == [
        (n * 10**9, n % 2) for n in range(6)
    ]
    noise = np.random.default_rng(7).bytes(200 * EVENT.size)
    for at in range(0, len(noise), 1000):
        pipe.send(noise[at : at + 1000])
        assert all(isinstance(it, Edge | LostEdges) for it in pipe.keys.poll())


def test_what_the_kernel_dropped_is_told(pipe: Pipe) -> None:
    pipe.send(event(5000, 3, 0, kind=0))
    assert pipe.keys.poll() == [LostEdges("foot switch", 1, 5000)]


def test_a_device_that_is_pulled_out_is_a_fault_after_its_last_press(pipe: Pipe) -> None:
    pipe.send(event(1000, 57, 1))
    pipe.unplug()
    press, fault = pipe.keys.poll()
    assert press == Edge("SPACE", 1, 1000, 1)
    assert isinstance(fault, TriggerFault)
    assert "is gone" in str(fault)
    assert pipe.keys.poll() == []


def test_what_is_not_there_or_no_input_device_is_told(tmp_path: Path) -> None:
    with pytest.raises(TriggerFault, match="no such device"):
        KeyPresses("foot switch", str(tmp_path / "none")).open()
    (tmp_path / "file").touch()
    with pytest.raises(TriggerFault, match="is no input device"):
        KeyPresses("foot switch", str(tmp_path / "file")).open()


@pytest.mark.skipif(not os.access(UINPUT, os.W_OK), reason="no /dev/uinput that may be written")
def test_a_real_device_is_grabbed_and_stamps_on_our_clock() -> None:
    ui_set_evbit, ui_set_keybit, ui_create, ui_setup = 0x40045564, 0x40045565, 0x5501, 0x405C5503
    device = os.open(UINPUT, os.O_WRONLY | os.O_NONBLOCK)
    try:
        fcntl.ioctl(device, ui_set_evbit, EV_KEY)
        fcntl.ioctl(device, ui_set_keybit, 48)
        fcntl.ioctl(device, ui_setup, struct.pack("HHHH80sI", 3, 1, 1, 1, b"antiphon test", 0))
        before = {*Path("/dev/input").glob("event*")}
        fcntl.ioctl(device, ui_create)
        path = _appeared(before)
        keys = KeyPresses("foot switch", str(path))
        keys.open()
        begin_ns = time.monotonic_ns()
        os.write(device, event(0, 48, 1) + SYN)
        [edge] = keys.poll()
        assert isinstance(edge, Edge)
        assert begin_ns - 1000 <= edge.t_ns <= time.monotonic_ns()
        with pytest.raises(TriggerFault, match="to itself"):
            KeyPresses("another", str(path)).open()
        keys.close()
    finally:
        os.close(device)


def _appeared(before: set[Path]) -> Path:
    end_s = time.monotonic() + 5
    while time.monotonic() < end_s:
        for path in {*Path("/dev/input").glob("event*")} - before:
            if os.access(path, os.R_OK):
                return path
    raise AssertionError("no device appeared")
