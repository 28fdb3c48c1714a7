"""What is measured of the box, in which unit, from where on it is a warning, and what to do then.

A warning begins at `warn` and ends at `clear`, so that a figure on the border is told once.
"""

from dataclasses import dataclass

from recorder.health.disk import ASSUMED_BYTES_PER_S, LOW_HOURS, RESERVE_BYTES
from recorder.wire.messages import Level, Vital

LOW_DISK_MIB = (RESERVE_BYTES + LOW_HOURS * 3600 * ASSUMED_BYTES_PER_S) / 2**20


@dataclass(frozen=True, slots=True)
class Sign:
    """Something that can be measured again and again.

    Attributes:
        name: one word.
        unit: as in Vital.
        meaning: one line.
        warn: from here on it is a warning: upwards when `clear` is below it, else downwards; None
            for a figure that is only told.
        clear: from here on it is none any more.
        is_alarm: whether a warning is an alarm; what else knows better, or concerns nobody at the
            bedside, is only written down.
    """

    name: str
    unit: str
    meaning: str
    warn: float | None = None
    clear: float = 0.0
    is_alarm: bool = True

    def level(self, value: float | None, before: Level) -> Level:
        """How `value` is, when it was `before`; what is not known is no reason for a warning."""
        if value is None or self.warn is None:
            return "ok"
        limit = self.warn if before == "ok" else self.clear
        if self.clear < self.warn:
            return "warn" if value >= limit else "ok"
        return "warn" if value <= limit else "ok"


SIGNS = {
    sign.name: sign
    for sign in (
        Sign(
            "disk_free",
            "MiB",
            "Free on the disk of the session files",
            warn=LOW_DISK_MIB,
            clear=1.25 * LOW_DISK_MIB,
            is_alarm=False,  # recording/rollover.py raises the disk's
        ),
        # A Raspberry Pi slows down at 80 °C, a 3B+ from 60 °C on.
        Sign("temperature", "°C", "The hottest sensor", warn=78.0, clear=72.0),
        Sign(
            "under_voltage",
            "",
            "The power supply is too weak, now or since it was last looked at",
            warn=0.6,
            clear=0.4,
        ),
        Sign(
            "throttled",
            "",
            "The processor is slowed down, now or since it was last looked at",
            warn=0.6,
            clear=0.4,
        ),
        Sign(
            "memory_available", "MiB", "Memory that programs may still have", warn=64.0, clear=96.0
        ),
        Sign("memory_rss", "MiB", "Memory that the service occupies", warn=250.0, clear=220.0),
        Sign(
            "clock_synchronised",
            "",
            "Something disciplines the time of day",
            warn=0.4,
            clear=0.6,
            is_alarm=False,
        ),
        Sign(
            "watchdog_reset",
            "",
            "The hardware watchdog has caused the last start of this machine",
            warn=0.6,
            clear=0.4,
            is_alarm=False,
        ),
        # Two of a second's: beyond that the card is behind, and what is queued grows.
        Sign(
            "commit_p95", "s", "19 of 20 commits to the session file took less", warn=1.0, clear=0.5
        ),
        Sign("commit_max", "s", "The slowest of the last commits"),
        Sign("unclean_stops", "", "How often the service has died here in mid-session"),
    )
}


def judged(name: str, value: float | None, before: Level = "ok") -> Vital:
    """`value` of the sign called `name`, when it was `before`."""
    sign = SIGNS[name]
    rounded = None if value is None else round(value, 4)
    return Vital(name, rounded, sign.unit, sign.level(value, before))


def sentence(vital: Vital) -> str:
    """A vital in one line for people."""
    name = vital.name.replace("_", " ")
    if vital.value is None:
        return f"{name}: not told"
    sign = SIGNS[vital.name]
    if not vital.unit and sign.warn is not None:
        return f"{name}: {'yes' if vital.value else 'no'}"
    return f"{name}: {vital.value:.4g} {vital.unit}".rstrip()
