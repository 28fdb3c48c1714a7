"""Which dongles are plugged in, and which boards are behind those that were asked for.

What is plugged in is read from files only; no port is opened that nobody asked for.

    /dev/serial/by-id/                   a link for each USB serial port; its name is stable and
                                         holds the USB serial number
    /sys/class/tty/TTY/device            below the USB device with idVendor, idProduct, serial,
                                         product
    /sys/bus/usb-serial/devices/TTY/     latency_timer in ms, of FTDI adapters only
    /proc/locks                          who holds a port exclusively

At the FTDI default of 16 ms a Cyton's packets arrive 15 at once, every 60 ms; at 1 ms they arrive
one by one.
"""

import os
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from hardware.board import BoardFault, FaultKind, Shortcoming
from hardware.cyton.bench_line import bench_line
from hardware.cyton.serial_port import NO_PERMISSION, usb_serial

SYSTEM = Path("/")
LATENCY_MS = 1
FTDI_VENDOR = "0403"

_BY_ID = "dev/serial/by-id"
_LOCK = re.compile(r"FLOCK +\w+ +\w+ +(\d+) ([0-9a-f]+:[0-9a-f]+:\d+) ")


@dataclass(frozen=True, slots=True)
class Port:
    """A USB serial port that is plugged in.

    Attributes:
        path: its stable name.
        device: what that leads to now, as /dev/ttyUSB0.
        serial: USB serial number, or "".
        product: what the adapter calls itself, or "".
        vendor_id, product_id: of USB, four hexadecimal digits, or "" when not told.
        latency_ms: of an FTDI adapter's timer, else None.
        holder: the program that has opened it for itself alone, or "".
        fault: why it cannot be opened even so, and what to do; "" when it can.
    """

    path: Path
    device: Path
    serial: str
    product: str
    vendor_id: str
    product_id: str
    latency_ms: int | None
    holder: str
    fault: str

    @property
    def may_be_dongle(self) -> bool:
        """Whether it is an FTDI adapter, as a Cyton's dongle is; others are, too."""
        return self.vendor_id == FTDI_VENDOR or (not self.vendor_id and "FTDI" in self.path.name)


@dataclass(frozen=True, slots=True)
class Identity:
    """What answers on a port.

    Attributes:
        port: the path it was asked on.
        serial: USB serial number of the dongle, or "".
        radio_channel: of the dongle, or None when it does not say.
        firmware: of the board, as it states it, or "".
        has_daisy: whether the board has a Daisy module.
        fault: why it cannot be used, and what to do; "" when it can.
        shortcomings: what people should know of the board.
    """

    port: str
    serial: str
    radio_channel: int | None
    firmware: str
    has_daisy: bool
    fault: str
    shortcomings: tuple[Shortcoming, ...] = ()


def attached(root: Path = SYSTEM) -> list[Port]:
    """Return the USB serial ports that are plugged in, by name; nothing is opened.

    Args:
        root: where /dev, /sys and /proc are.
    """
    by_id = root / _BY_ID
    return [_port(link, root) for link in sorted(by_id.iterdir())] if by_id.is_dir() else []


def port_of(name: str, root: Path = SYSTEM) -> Path:
    """Return the path of the port that is meant by `name`: a path, or a USB serial number.

    Raises:
        BoardFault: no such serial number is plugged in (MISSING); the text names those that are.
    """
    if "/" in name:
        return Path(name)
    ports = attached(root)
    for port in ports:
        if port.serial == name:
            return port.path
    others = ", ".join(port.serial or port.path.name for port in ports) or "none"
    text = f"no dongle with the USB serial number {name} is plugged in; plugged in: {others}"
    raise BoardFault(FaultKind.MISSING, text)


def set_latency(port: Port, ms: int = LATENCY_MS, *, root: Path = SYSTEM) -> int:
    """Set the latency timer of an FTDI adapter, and return what it says then.

    Raises:
        BoardFault: not permitted (DENIED), or the port has none, or it keeps its value (REFUSED).
    """
    timer = _latency_timer(port.device, root)
    if not timer.exists():
        text = f"{port.path}: has no latency timer: not an FTDI adapter, or unplugged"
        raise BoardFault(FaultKind.REFUSED, text)
    try:
        timer.write_text(str(ms))
    except OSError as error:
        text = (
            f"{port.path}: not permitted to set its latency timer: install antiphon's udev rule, "
            f"or: echo {ms} | sudo tee {timer}"
        )
        raise BoardFault(FaultKind.DENIED, text) from error
    now_ms = _latency_ms(timer)
    if now_ms != ms:
        said = "nothing" if now_ms is None else f"{now_ms} ms"
        text = f"{port.path}: its latency timer was set to {ms} ms and says {said}"
        raise BoardFault(FaultKind.REFUSED, text)
    return now_ms


def identify(port: str, monotonic_ns: Callable[[], int] = time.monotonic_ns) -> Identity:
    """Ask a port who is there; for ports that were asked for only: it stops and resets the board.

    Takes 1 to 3 s when a board answers, and at most about 25 s.
    """
    serial = usb_serial(port)
    try:
        with bench_line(port, monotonic_ns) as bench:
            try:
                ready, fault = bench.open(), ""
            except BoardFault as error:
                ready, fault = None, str(error)
                if error.kind is FaultKind.REFUSED:  # it speaks, and not as it should
                    return Identity(port, serial, None, "", has_daisy=False, fault=fault)
            channel = bench.radio_channel()
    except BoardFault as error:
        return Identity(port, serial, None, "", has_daisy=False, fault=str(error))
    if ready is None:
        return Identity(port, serial, channel, "", has_daisy=False, fault=fault)
    return Identity(port, serial, channel, ready.firmware, ready.has_daisy, "", ready.shortcomings)


def conflicts(identities: Iterable[Identity]) -> list[str]:
    """Return what stands between boards that are to be used together, and what to do."""
    found = []
    for one, other in combinations(identities, 2):
        names = f"{one.serial or one.port} and {other.serial or other.port}"
        if Path(one.port).resolve() == Path(other.port).resolve():
            found.append(f"{one.port} and {other.port} are the same port: name two different ones")
        elif one.radio_channel is not None and one.radio_channel == other.radio_channel:
            found.append(
                f"the dongles {names} are both on radio channel {one.radio_channel}, and each may "
                "hear the other's board: switch one board off, and move the other one with its "
                "dongle to another channel (OpenBCI GUI: Manual Radio Configuration, Change "
                "Channel)"
            )
    return found


def _port(link: Path, root: Path) -> Port:
    device = link.resolve()
    usb = _usb_device(root / "sys/class/tty" / device.name / "device")
    return Port(
        path=link,
        device=device,
        serial=_read(usb, "serial") or usb_serial(str(link), root / _BY_ID),
        product=_read(usb, "product"),
        vendor_id=_read(usb, "idVendor"),
        product_id=_read(usb, "idProduct"),
        latency_ms=_latency_ms(_latency_timer(device, root)),
        holder=_holder(device, root),
        fault=_why_not_open(device),
    )


def _usb_device(tty: Path) -> Path | None:
    """Return the directory of the USB device that a tty belongs to; how far up depends."""
    there = tty.resolve()
    return next((up for up in (there, *there.parents) if (up / "idVendor").is_file()), None)


def _read(directory: Path | None, name: str) -> str:
    try:
        return "" if directory is None else (directory / name).read_text(errors="replace").strip()
    except OSError:
        return ""


def _latency_timer(device: Path, root: Path) -> Path:
    return root / "sys/bus/usb-serial/devices" / device.name / "latency_timer"


def _latency_ms(timer: Path) -> int | None:
    said = _read(timer.parent, timer.name)
    return int(said) if said.isdecimal() else None


def _why_not_open(device: Path) -> str:
    if not device.exists():
        return "the device is gone: plug the dongle in again"
    if not os.access(device, os.R_OK | os.W_OK):
        return NO_PERMISSION
    return ""


def _holder(device: Path, root: Path) -> str:
    """Return who has locked a port in the way of antiphon and others (flock), or ""."""
    try:
        status = device.stat()
    except OSError:
        return ""
    wanted = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    for lock in _LOCK.finditer(_read(root / "proc", "locks")):
        if lock[2] == wanted:
            program = _read(root / "proc" / lock[1], "comm")
            return f"{program} (process {lock[1]})" if program else f"process {lock[1]}"
    return ""
