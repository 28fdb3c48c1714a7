"""The machine: where sessions go, its health, whether the service answers, its time of day."""

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from recorder import wall_clock
from recorder.doctor.finding import Finding, fail, ok, warn
from recorder.failure import Refused, words
from recorder.health import disk
from recorder.health.signs import sentence
from recorder.health.watch import Health
from recorder.store.finish import unclean_stops
from recorder.wire.client import ask
from recorder.wire.lines import ServiceUnreachable
from recorder.wire.wording import REMEDIES

ENOUGH_HOURS = 10.0
SLOW_SYNC_MS = 100.0  # a commit takes about two; beyond that the service is seconds behind
SYNCS = 20
SYNC_BYTES = 4096
ANSWER_S = 2.0
# The others are told elsewhere by the doctor, or are the running service's.
TOLD = ("temperature", "under_voltage", "throttled", "memory_available", "watchdog_reset")


def sessions_directory(directory: Path) -> Finding:
    """Whether session files can be made there."""
    there = existing(directory)
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        remedy = f"make {there} writable for this user, or set sessions in antiphon.toml"
        return fail("sessions", f"{directory} cannot be written", remedy)
    return ok("sessions", str(directory) if directory.is_dir() else f"{directory} will be made")


def room(directory: Path) -> Finding:
    """How many hours of recording the disk has room for."""
    hours = disk.room(disk.free_bytes(directory), disk.ASSUMED_BYTES_PER_S).hours
    found = f"room for {hours:.0f} h of recording"
    remedy = "copy finished sessions away and erase them here"
    if hours < disk.LOW_HOURS:
        return fail("disk", found, remedy)
    return ok("disk", found) if hours >= ENOUGH_HOURS else warn("disk", found, remedy)


def sync_time(directory: Path, monotonic_ns: Callable[[], int] = time.monotonic_ns) -> Finding:
    """How long the disk takes to make a write safe: the median of 20."""
    try:
        took_ms = _sync_ms(existing(directory), monotonic_ns)
    except OSError as error:
        remedy = "see the lines above; if they are ok, replace the disk or card"
        return fail("fsync", f"a write cannot be made safe: {words(error)}", remedy)
    found = f"{took_ms:.1f} ms (median of {SYNCS})"
    if took_ms > SLOW_SYNC_MS:
        return warn("fsync", found, "use a faster card or an SSD for sessions")
    return ok("fsync", found)


def service(socket: Path) -> Finding:
    """Whether a service answers on its socket."""
    try:
        ask(socket, "status", timeout_s=ANSWER_S)
    except (ServiceUnreachable, Refused) as error:
        remedy = "systemctl start antiphon, or antiphon serve"
        return warn("service", words(error).partition(":")[0], remedy)
    return ok("service", f"answers on {socket}")


def clock() -> Finding:
    """Whether something disciplines the time of day; sessions record which it was."""
    if wall_clock.synchronised():
        return ok("clock", "the time of day is synchronised")
    remedy = "connect to a network once (timedatectl shows more); recording works without"
    return warn("clock", "the time of day is not synchronised", remedy)


def vitals(sessions: Path, root: Path) -> Iterator[Finding]:
    """What this machine tells of itself; what it does not tell is left out."""
    health = Health(sessions, root=root)
    health.look()
    for vital in health.vitals:
        if vital.name not in TOLD or vital.value is None:
            continue
        name, _, found = sentence(vital).partition(": ")
        is_well = vital.level == "ok"
        yield ok(name, found) if is_well else warn(name, found, REMEDIES[vital.name])


def stops(sessions: Path) -> Finding:
    """How often the service has died in mid-session, by a power cut or otherwise."""
    number = unclean_stops(sessions)
    return ok("stops", f"{number} in mid-session" if number else "none were unclean")


def existing(directory: Path) -> Path:
    """The directory, or the nearest above it that is there."""
    return next(path for path in (directory, *directory.absolute().parents) if path.exists())


def _sync_ms(directory: Path, monotonic_ns: Callable[[], int]) -> float:
    took_ns = []
    with tempfile.TemporaryFile(dir=directory, buffering=0) as file:
        for _ in range(SYNCS):
            file.write(bytes(SYNC_BYTES))
            begin_ns = monotonic_ns()
            os.fsync(file.fileno())
            took_ns.append(monotonic_ns() - begin_ns)
    return statistics.median(took_ns) / 1e6
