"""A port is ours alone, read at once, and missed when it goes. On pseudo-terminals."""

import errno
import os
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from hardware.board_fault import BoardFault, Closing, FaultKind
from hardware.cyton.serial_port import SerialPort

PATH = "/dev/ttyUSB0"


class Pty:
    """A pseudo-terminal; the far end is the dongle's."""

    def __init__(self) -> None:
        self.far, near = os.openpty()
        tty.setraw(near)
        self.path = os.ttyname(near)
        self.near = near
        self.closing = threading.Event()

    def open(self) -> SerialPort:
        return SerialPort(self.path, self.closing)

    def unplug(self) -> None:
        if self.far >= 0:
            os.close(self.near)
            os.close(self.far)
            self.far = -1


@pytest.fixture
def pty() -> Iterator[Pty]:
    made = Pty()
    yield made
    made.unplug()


def fault_of_opening(path: str) -> BoardFault:
    with pytest.raises(BoardFault) as caught:
        SerialPort(path, threading.Event())
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)
    return caught.value


def test_bytes_go_out_and_come_in(pty: Pty) -> None:
    port = pty.open()
    port.write(b"v")
    assert os.read(pty.far, 10) == b"v"
    os.write(pty.far, b"OpenBCI\x00\x0a\x0d\x03$$$")
    assert port.read(1.0) == b"OpenBCI\x00\x0a\x0d\x03$$$"
    assert port.read(0.0) == b""
    port.close()


def test_reads_carry_the_stamp_taken_right_after_them(pty: Pty) -> None:
    port = pty.open()
    clock = iter(range(100, 2000, 100))
    os.write(pty.far, b"abc")
    assert port.read_timed(0.01, lambda: next(clock)) == [(b"abc", 100)]
    assert port.read_timed(0.01, lambda: next(clock)) == []
    port.close()


def test_a_span_of_reading_ends_though_bytes_go_on_coming(pty: Pty) -> None:
    port = pty.open()
    now_ns = 0

    def clock() -> int:
        nonlocal now_ns
        os.write(pty.far, b"x")
        now_ns += 10_000_000
        return now_ns

    os.write(pty.far, b"x")
    reads = port.read_timed(0.04, clock)
    assert [stamp for _, stamp in reads] == [10_000_000 * i for i in range(1, 6)]
    port.close()


def test_a_port_that_does_not_exist_is_missing() -> None:
    fault = fault_of_opening("/dev/serial/by-id/usb-FTDI_FT231X_USB_UART_DN00ABCD-if00-port0")
    assert fault.kind is FaultKind.MISSING
    assert "plugged in" in str(fault)


def test_a_file_is_no_serial_port(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("no port")
    fault = fault_of_opening(str(file))
    assert fault.kind is FaultKind.MISSING
    assert "no serial port" in str(fault)


def test_a_port_in_use_is_busy(pty: Pty) -> None:
    port = pty.open()
    fault = fault_of_opening(pty.path)
    assert fault.kind is FaultKind.BUSY
    port.close()
    pty.open().close()


@pytest.mark.parametrize(
    ("number", "kind", "advice"),
    [
        (errno.EACCES, FaultKind.DENIED, "dialout"),
        (errno.EPERM, FaultKind.DENIED, "dialout"),
        (errno.EBUSY, FaultKind.BUSY, "close it"),
        (errno.ENXIO, FaultKind.MISSING, "plugged in"),
        (errno.ENODEV, FaultKind.MISSING, "plugged in"),
        (errno.EIO, FaultKind.MISSING, "plugged in"),
    ],
)
def test_what_the_system_refuses_is_told_with_advice(
    monkeypatch: pytest.MonkeyPatch, number: int, kind: FaultKind, advice: str
) -> None:
    # File modes do not stop root, who may run these tests; so the refusal itself is made up.
    def refuse(*_: object, **__: object) -> None:
        raise serial.SerialException(number, "could not open port")

    monkeypatch.setattr(serial, "Serial", refuse)
    fault = fault_of_opening(PATH)
    assert fault.kind is kind
    assert advice in str(fault)


def test_a_port_that_is_pulled_out_is_missed_at_once(pty: Pty) -> None:
    port = pty.open()
    pty.unplug()
    began = time.monotonic()
    for use in (
        lambda: port.read(5.0),
        lambda: port.read_timed(5.0, time.monotonic_ns),
        lambda: port.write(b"s"),
    ):
        with pytest.raises(BoardFault, match="pulled out") as caught:
            use()
        assert caught.value.kind is FaultKind.UNPLUGGED
    assert time.monotonic() - began < 1.0
    port.close()


def test_what_came_before_the_plug_was_pulled_is_kept(pty: Pty) -> None:
    port = pty.open()

    def pull() -> int:
        pty.unplug()
        return time.monotonic_ns()

    os.write(pty.far, b"last words")
    reads = port.read_timed(5.0, pull)
    assert [octets for octets, _ in reads] == [b"last words"]
    with pytest.raises(BoardFault):
        port.read_timed(5.0, time.monotonic_ns)
    port.close()


def test_nobody_waits_for_a_port_that_is_being_closed(pty: Pty) -> None:
    port = pty.open()
    pty.closing.set()
    with pytest.raises(Closing):
        port.read(5.0)
    with pytest.raises(Closing):
        port.read_timed(5.0, time.monotonic_ns)
    port.close()
    port.close()


def test_no_other_user_opens_a_port_that_is_ours_until_it_is_closed(pty: Pty) -> None:
    if os.geteuid() != 0:
        pytest.skip("takes root, to open the port as another user")
    Path(pty.path).chmod(0o666)
    port = pty.open()
    assert opened_by_nobody(pty.path) == "EBUSY"
    port.close()
    assert opened_by_nobody(pty.path) == "opened"


def test_a_port_that_a_library_of_ours_opens_too_is_not_shut(pty: Pty) -> None:
    if os.geteuid() != 0:
        pytest.skip("takes root, to open the port as another user")
    Path(pty.path).chmod(0o666)
    port = SerialPort(pty.path, pty.closing, alone=False)
    assert opened_by_nobody(pty.path) == "opened"
    port.close()


def opened_by_nobody(path: str) -> str:
    """What comes of it when a program of another user opens a port."""
    program = (
        "import errno, os, sys\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "try: os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK); print('opened')\n"
        "except OSError as error: print(errno.errorcode[error.errno])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, path], check=True, capture_output=True, text=True
    )
    return done.stdout.strip()
