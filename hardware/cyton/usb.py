"""Which USB serial adapter is behind a port, by its number and by where it is plugged in.

Two signs outlive a power loss, after which ttyUSB0 and ttyUSB1 may be exchanged:

    serial number    of the adapter itself; many have none, and some makes give one to all
    place            the link in /dev/serial/by-path: which socket of which hub

A link in /dev/serial/by-id ends with the serial number, or, for want of one, with a word of the
product's name; all adapters without a number share one such link. What the kernel says in /sys goes
before it.
"""

import re
from collections import Counter
from pathlib import Path

SYSTEM = Path("/")

_BY_ID, _BY_PATH = "dev/serial/by-id", "dev/serial/by-path"
_TTYS = ("ttyUSB*", "ttyACM*")
_LAST_WORD = re.compile(r"usb-.+_([^_]+)-if\d\d(?:-port\d+)?")
_SERIAL = re.compile(r"(?=.*\d)[0-9A-Za-z]+")
_PRODUCT = re.compile(r"(?:FT|CP|CH|PL|HL)\d+[A-Z]*|[UV]\d+|USB\d", re.IGNORECASE)


def adapters(root: Path = SYSTEM) -> list[Path]:
    """Return the device of each USB serial adapter, each once, whatever links lead to it."""
    named = [tty for pattern in _TTYS for tty in (root / "dev").glob(pattern)]
    linked = [link for folder in (_BY_ID, _BY_PATH) for link in _links(root / folder)]
    return sorted({path.resolve() for path in (*named, *linked)})


def serial_number(port: str | Path, root: Path = SYSTEM) -> str:
    """Return the USB serial number of the adapter behind a port, "" when it has none."""
    path = Path(port)
    usb = usb_device(path, root)
    if usb is not None:
        return read(usb, "serial")
    names = [path.name, *(link.name for link in _leading_to(path, root / _BY_ID))]
    return next((serial for name in names if (serial := _serial_in(name))), "")


def place(port: str | Path, root: Path = SYSTEM) -> str:
    """Return the link in /dev/serial/by-path that leads to a port, "" when there is none."""
    return next((str(link) for link in _leading_to(Path(port), root / _BY_PATH)), "")


def stable_name(device: Path, root: Path = SYSTEM) -> Path:
    """Return the path to write into a configuration: it leads to this adapter and no other.

    The link with its serial number if no other adapter has the same; else its place; else, as the
    best there is, the device itself.
    """
    by_id = _leading_to(device, root / _BY_ID)
    serial = serial_number(device, root)
    if by_id and serial and Counter(serials(root))[serial] == 1:
        return by_id[0]
    return Path(place(device, root) or device)


def serials(root: Path = SYSTEM) -> list[str]:
    """Return the serial numbers of all adapters that have one, each as often as it is there."""
    found = (serial_number(device, root) for device in adapters(root))
    return [serial for serial in found if serial]


def with_serial(serial: str, root: Path = SYSTEM) -> list[Path]:
    """Return the devices of the adapters with this serial number."""
    return [device for device in adapters(root) if serial_number(device, root) == serial]


def usb_device(port: Path, root: Path = SYSTEM) -> Path | None:
    """Return the directory in /sys of the USB device behind a port; how far up it is depends."""
    there = (root / "sys/class/tty" / port.resolve().name / "device").resolve()
    return next((up for up in (there, *there.parents) if (up / "idVendor").is_file()), None)


def read(directory: Path | None, name: str) -> str:
    """Return what the kernel says in a file, "" when it says nothing."""
    try:
        return "" if directory is None else (directory / name).read_text(errors="replace").strip()
    except OSError:
        return ""


def _links(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def _leading_to(port: Path, folder: Path) -> list[Path]:
    device = port.resolve()
    return [link for link in _links(folder) if link.resolve() == device]


def _serial_in(name: str) -> str:
    """Return the serial number in a stable name: a number, and no word of the product's name."""
    found = _LAST_WORD.fullmatch(name)
    word = found[1] if found else ""
    return word if _SERIAL.fullmatch(word) and not _PRODUCT.fullmatch(word) else ""
