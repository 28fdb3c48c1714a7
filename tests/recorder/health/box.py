"""A made-up machine: /sys and /proc in a directory."""

from dataclasses import dataclass
from pathlib import Path

FIRMWARE = "sys/devices/platform/soc/soc:firmware/get_throttled"


@dataclass(frozen=True)
class Box:
    """What its kernel tells; change it with `write`."""

    root: Path

    def write(self, name: str, text: str) -> None:
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text + "\n", encoding="ascii")

    def temperature(self, degrees: float, zone: int = 0) -> None:
        self.write(f"sys/class/thermal/thermal_zone{zone}/temp", str(round(degrees * 1000)))

    def memory(self, available_mib: float, rss_pages: int = 25_600) -> None:
        kib = round(available_mib * 1024)
        self.write("proc/meminfo", f"MemTotal: 3884000 kB\nMemAvailable:   {kib} kB")
        self.write("proc/self/statm", f"90000 {rss_pages} 8000 5 0 123 0")


def pi(root: Path) -> Box:
    """A Raspberry Pi that is well."""
    box = Box(root)
    box.temperature(51.2)
    box.memory(2000)
    box.write(FIRMWARE, "0")
    box.write("sys/class/watchdog/watchdog0/bootstatus", "0")
    return box
