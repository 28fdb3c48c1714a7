"""A port is ours alone, read at once, and missed when it goes. On pseudo-terminals."""

import errno
import fcntl
import os
import subprocess
import sys
import termios
import threading
import time
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from hardware.board_fault import BoardFault, Closing, FaultKind
from hardware.cyton.serial_port import SerialPort
from tests.recorder.bounded import wait_until

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

    def waiting(self) -> int:
        """How many bytes the kernel has handed to the near end."""
        told = fcntl.ioctl(self.near, termios.FIONREAD, bytes(4))
        return int.from_bytes(told, sys.byteorder)

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


def test_what_has_come_is_fetched_at_once_and_what_comes_is_waited_for(pty: Pty) -> None:
    port = pty.open()
    os.write(pty.far, b"abc")
    os.write(pty.far, b"def")
    wait_until(lambda: pty.waiting() == 6)
    assert port.fetch() == b"abcdef"
    began = time.monotonic()
    assert port.fetch() == b""
    assert 0.05 < time.monotonic() - began < 1.0
    soon = threading.Timer(0.02, os.write, (pty.far, b"g"))
    soon.start()
    assert port.fetch() == b"g"
    soon.join()
    port.close()


def test_what_comes_while_the_reader_rests_is_there_afterwards(pty: Pty) -> None:
    port = pty.open()
    os.write(pty.far, b"abc")
    began = time.monotonic()
    port.rest(0.05)
    assert time.monotonic() - began >= 0.05
    assert port.fetch() == b"abc"
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
        port.fetch,
        lambda: port.write(b"s"),
    ):
        with pytest.raises(BoardFault, match="pulled out") as caught:
            use()
        assert caught.value.kind is FaultKind.UNPLUGGED
    assert time.monotonic() - began < 1.0
    port.close()


def test_nobody_waits_for_a_port_that_is_being_closed(pty: Pty) -> None:
    port = pty.open()
    pty.closing.set()
    with pytest.raises(Closing):
        port.read(5.0)
    began = time.monotonic()
    port.rest(5.0)
    assert time.monotonic() - began < 1.0
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
