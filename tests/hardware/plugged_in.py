"""A made-up /dev, /sys and /proc with USB serial ports plugged in."""

from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree


@dataclass(frozen=True)
class Adapter:
    """A USB serial adapter; what is None is not there."""

    serial: str | None = "DM01N5QX"
    tty: str = "ttyUSB0"
    product: str = "FT231X USB UART"
    vendor_id: str = "0403"
    product_id: str = "6015"
    latency_ms: int | None = 16
    maker: str = "FTDI"

    @property
    def name(self) -> str:
        """Its name in /dev/serial/by-id."""
        words = f"{self.maker} {self.product} {self.serial or ''}".split()
        return f"usb-{'_'.join(words)}-if00-port0"


def plug_in(
    root: Path,
    *adapters: Adapter,
    sysfs: bool = True,
    places: bool = False,
    socket: int | None = None,
) -> Path:
    """Make the files that a kernel and udev make; return the root.

    Of adapters with one name only the last has a link in by-id. `places`: each has one in by-path,
    of `socket` or of the number of its tty.
    """
    by_id, by_path = root / "dev/serial/by-id", root / "dev/serial/by-path"
    by_id.mkdir(parents=True, exist_ok=True)
    for adapter in adapters:
        (root / "dev" / adapter.tty).touch()
        (by_id / adapter.name).unlink(missing_ok=True)
        (by_id / adapter.name).symlink_to(f"../../{adapter.tty}")
        if places:
            by_path.mkdir(parents=True, exist_ok=True)
            (by_path / place_name(adapter, socket)).symlink_to(f"../../{adapter.tty}")
        if sysfs:
            _sysfs(root / "sys", adapter)
    return root


def unplug(root: Path, adapter: Adapter) -> None:
    """Take the files away again; no device ever is one that was there before."""
    tty = root / "dev" / adapter.tty
    gone = root / "gone"
    gone.mkdir(exist_ok=True)
    tty.rename(gone / f"{len(list(gone.iterdir()))}")
    for link in (root / "dev/serial").glob("*/*"):
        if link.readlink().name == adapter.tty:
            link.unlink()
    rmtree(root / f"sys/devices/usb1/1-{adapter.tty}", ignore_errors=True)
    rmtree(root / "sys/class/tty" / adapter.tty, ignore_errors=True)
    (root / "sys/bus/usb-serial/devices" / adapter.tty).unlink(missing_ok=True)


def place_name(adapter: Adapter, socket: int | None = None) -> str:
    """The name of its link in by-path."""
    number = adapter.tty[-1] if socket is None else socket
    return f"pci-0000:00:14.0-usb-0:{number}:1.0-port0"


def latency_timer(root: Path, tty: str = "ttyUSB0") -> Path:
    """The file with a port's latency timer."""
    return root / "sys/bus/usb-serial/devices" / tty / "latency_timer"


def _sysfs(sys: Path, adapter: Adapter) -> None:
    usb = sys / f"devices/usb1/1-{adapter.tty}"  # a number really
    interface = usb / f"{usb.name}:1.0"
    is_usb_serial = adapter.tty.startswith("ttyUSB")
    tty = interface / adapter.tty if is_usb_serial else interface
    tty.mkdir(parents=True)
    (usb / "idVendor").write_text(f"{adapter.vendor_id}\n")
    (usb / "idProduct").write_text(f"{adapter.product_id}\n")
    (usb / "product").write_text(f"{adapter.product}\n")
    if adapter.serial is not None:
        (usb / "serial").write_text(f"{adapter.serial}\n")
    node = sys / "class/tty" / adapter.tty
    node.mkdir(parents=True)
    (node / "device").symlink_to(tty)
    if is_usb_serial:
        drivers = sys / "bus/usb-serial/devices"
        drivers.mkdir(parents=True, exist_ok=True)
        (drivers / adapter.tty).symlink_to(tty)
    if adapter.latency_ms is not None:
        (tty / "latency_timer").write_text(f"{adapter.latency_ms}\n")
