"""The box's health at this moment, and how often it was cut off before."""

from collections.abc import Iterator
from pathlib import Path

from recorder import unclean
from recorder.doctor.finding import Finding, ok, warn
from recorder.health.signs import SIGNS, sentence
from recorder.health.watch import Health

# The others are told elsewhere by the doctor, or are the running service's.
TOLD = ("temperature", "under_voltage", "throttled", "memory_available", "watchdog_reset")


def vitals(sessions: Path, root: Path) -> Iterator[Finding]:
    """What this machine tells of itself; what it does not tell is left out."""
    health = Health(sessions, root=root)
    health.look()
    for vital in health.vitals:
        if vital.name not in TOLD or vital.value is None:
            continue
        name, _, found = sentence(vital).partition(": ")
        is_well = vital.level == "ok"
        yield ok(name, found) if is_well else warn(name, found, SIGNS[vital.name].remedy)


def stops(sessions: Path) -> Finding:
    """How often the service has died in mid-session, by a power cut or otherwise."""
    number = unclean.count(sessions)
    return ok("stops", f"{number} in mid-session" if number else "none were unclean")
