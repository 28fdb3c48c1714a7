"""Which dongles are plugged in, and which boards are behind those that were asked for.

What is plugged in is read from files only; no port is opened that nobody asked for.

    /dev/ttyUSB*, /dev/ttyACM*           every adapter, once
    /dev/serial/by-id/, by-path/         links to them that are stable: see hardware/cyton/usb.py
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
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from hardware.board import BoardFault, FaultKind, Shortcoming
from hardware.cyton.bench_line import bench_line
from hardware.cyton.serial_port import NO_PERMISSION
from hardware.cyton.usb import (
    SYSTEM,
    adapters,
    place,
    read,
    serial_number,
    serials,
    stable_name,
    usb_device,
)

LATENCY_MS = 1
# FTDI, as OpenBCI's own dongle has it; QinHeng, Prolific and Silicon Labs, as copies of it have.
VENDORS = ("0403", "1a86", "067b", "10c4")

_LOCK = re.compile(r"FLOCK +\w+ +\w+ +(\d+) ([0-9a-f]+:[0-9a-f]+:\d+) ")


@dataclass(frozen=True, slots=True)
class Port:
    """A USB serial port that is plugged in.

    Attributes:
        path: its stable name; where it has none, what it is called now.
        device: what that leads to now, as /dev/ttyUSB0.
        place: its link in /dev/serial/by-path, or "".
        serial: USB serial number, or "".
        is_unique: whether it has a serial number that no other adapter has.
        product: what the adapter calls itself, or "".
        vendor_id, product_id: of USB, four hexadecimal digits, or "" when not told.
        latency_ms: of an FTDI adapter's timer, else None.
        holder: the program that has opened it for itself alone, or "".
        fault: why it cannot be opened even so, and what to do; "" when it can.
    """

    path: Path
    device: Path
    place: str
    serial: str
    is_unique: bool
    product: str
    vendor_id: str
    product_id: str
    latency_ms: int | None
    holder: str
    fault: str

    @property
    def may_be_dongle(self) -> bool:
        """Whether it is an adapter as a Cyton's dongle has one; others have, too."""
        return self.vendor_id in VENDORS if self.vendor_id else "ttyACM" not in self.device.name


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
        holder: who holds the port and has told the rest; "" when the board was asked itself.
    """

    port: str
    serial: str
    radio_channel: int | None
    firmware: str
    has_daisy: bool
    fault: str
    shortcomings: tuple[Shortcoming, ...] = ()
    holder: str = ""


def attached(root: Path = SYSTEM) -> list[Port]:
    """Return the USB serial ports that are plugged in, by name; nothing is opened.

    Args:
        root: where /dev, /sys and /proc are.
    """
    many = Counter(serials(root))
    ports = [_port(device, root, many) for device in adapters(root)]
    return sorted(ports, key=lambda port: port.path)


def port_of(name: str, root: Path = SYSTEM) -> Path:
    """Return the path of the port that is meant by `name`: a path, or a USB serial number.

    Raises:
        BoardFault: no such serial number is plugged in (MISSING), or several times (REFUSED); the
            text names those that are.
    """
    if "/" in name:
        return Path(name)
    ports = attached(root)
    meant = [port.path for port in ports if port.serial == name]
    if len(meant) == 1:
        return meant[0]
    if meant:
        paths = ", ".join(map(str, meant))
        text = (
            f"{len(meant)} dongles have the USB serial number {name}: name one by its path: {paths}"
        )
        raise BoardFault(FaultKind.REFUSED, text)
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
    serial = serial_number(port)
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
                "dongle to another channel: antiphon radio shows which, and does it"
            )
    return found


def _port(device: Path, root: Path, many: Mapping[str, int]) -> Port:
    usb, serial = usb_device(device, root), serial_number(device, root)
    return Port(
        path=stable_name(device, root),
        device=device,
        place=place(device, root),
        serial=serial,
        is_unique=many.get(serial) == 1,
        product=read(usb, "product"),
        vendor_id=read(usb, "idVendor"),
        product_id=read(usb, "idProduct"),
        latency_ms=_latency_ms(_latency_timer(device, root)),
        holder=_holder(device, root),
        fault=_why_not_open(device),
    )


def _latency_timer(device: Path, root: Path) -> Path:
    return root / "sys/bus/usb-serial/devices" / device.name / "latency_timer"


def _latency_ms(timer: Path) -> int | None:
    said = read(timer.parent, timer.name)
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
    for lock in _LOCK.finditer(read(root / "proc", "locks")):
        if lock[2] == wanted:
            program = read(root / "proc" / lock[1], "comm")
            return f"{program} (process {lock[1]})" if program else f"process {lock[1]}"
    return ""
