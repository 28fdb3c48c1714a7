"""What the kernel tells of this machine, read from /sys and /proc; None is "it does not tell".

    sys/class/thermal/thermal_zone*/temp            millidegrees Celsius
    sys/class/hwmon/hwmon*/temp*_input              millidegrees Celsius
    sys/class/hwmon/hwmon*/name, in0_lcrit_alarm    of rpi_volt: 1 after an under-voltage
    sys/devices/platform/soc*/soc*:firmware/get_throttled    hexadecimal bits of a Raspberry Pi:
        0 under-voltage, 1 frequency capped, 2 throttled, 3 soft limit of temperature; 16 to 19 the
        same, since they were last asked for
    sys/class/watchdog/watchdog*/bootstatus         decimal bits; 32 (WDIOF_CARDRESET): it has reset
    proc/meminfo, proc/self/statm                   KiB; pages

Sources: Linux, Documentation/hwmon/raspberrypi-hwmon.rst, Documentation/watchdog/watchdog-api.rst;
raspberrypi.com, vcgencmd get_throttled.
"""

import os
from collections.abc import Iterator
from pathlib import Path

UNDER_VOLTAGE = 1 << 0 | 1 << 16
THROTTLED = 1 << 1 | 1 << 2 | 1 << 3 | 1 << 17 | 1 << 18 | 1 << 19
CARD_RESET = 32


def temperature_c(root: Path) -> float | None:
    """The hottest sensor, °C."""
    patterns = ("thermal/thermal_zone*/temp", "hwmon/hwmon*/temp*_input")
    files = (file for pattern in patterns for file in (root / "sys/class").glob(pattern))
    return max((value / 1000 for value in _numbers(files)), default=None)


def throttled_bits(root: Path) -> int | None:
    """What a Raspberry Pi's firmware says of power and heat. Asking clears what is over."""
    files = (root / "sys/devices/platform").glob("soc*/soc*:firmware/get_throttled")
    return next(_numbers(files, base=16), None)


def under_voltage(root: Path, bits: int | None) -> float | None:
    """1 when the supply is or was too weak, by the firmware's bits or by the kernel's sensor."""
    names = (root / "sys/class/hwmon").glob("hwmon*/name")
    volts = [name.with_name("in0_lcrit_alarm") for name in names if _text(name) == "rpi_volt"]
    alarms = list(_numbers(iter(volts)))
    if bits is None and not alarms:
        return None
    return float(bool((bits or 0) & UNDER_VOLTAGE) or any(alarms))


def throttled(bits: int | None) -> float | None:
    """1 when the processor is or was slowed down."""
    return None if bits is None else float(bool(bits & THROTTLED))


def watchdog_reset(root: Path) -> float | None:
    """1 when a hardware watchdog has caused the last start."""
    states = list(_numbers((root / "sys/class/watchdog").glob("watchdog*/bootstatus")))
    return float(any(int(state) & CARD_RESET for state in states)) if states else None


def memory_available_mib(root: Path) -> float | None:
    """What programs may still have, MiB."""
    lines = (_text(root / "proc/meminfo") or "").splitlines()
    words = next((line.split() for line in lines if line.startswith("MemAvailable:")), None)
    return int(words[1]) / 1024 if words else None


def memory_rss_mib(root: Path) -> float | None:
    """What this process occupies, MiB."""
    words = (_text(root / "proc/self/statm") or "").split()
    return int(words[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20 if words else None


def _numbers(files: Iterator[Path], base: int = 10) -> Iterator[int]:
    """The numbers in these files; those that are unreadable, or hold none, are left out."""
    for file in files:
        try:
            yield int(_text(file) or "", base)
        except ValueError:
            continue


def _text(file: Path) -> str | None:
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):  # a sensor that is asleep answers with an error
        return None
