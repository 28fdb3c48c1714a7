"""Everything that is looked at, in the order in which it is told."""

from collections.abc import Iterator
from pathlib import Path

from hardware.cyton.discovery import attached
from recorder.doctor import machine, ports, software
from recorder.doctor.finding import Finding, Word, fail, ok
from recorder.settings.file import Config, load
from recorder.settings.values import ConfigError

PACKAGES = ("numpy", "pyserial")


def examine(config_file: Path | None, root: Path, *, fix: bool = False) -> Iterator[Finding]:
    """Look at everything, and tell each thing as it is found.

    Args:
        config_file: the configuration, or None for the system's.
        root: where /dev, /sys and /proc are.
        fix: set latency timers that are too slow.
    """
    yield from _software(root)
    config, finding = _configuration(config_file)
    yield finding
    directory = config.sessions_path
    yield machine.sessions_directory(directory)
    yield machine.room(directory)
    yield machine.sync_time(directory)
    yield machine.clock()
    yield from machine.vitals(directory, root)
    yield machine.stops(directory)
    service = machine.service(config.socket_path)
    yield service
    yield from _ports(config, root, service_answers=service.word is Word.OK, fix=fix)


def _software(root: Path) -> Iterator[Finding]:
    yield software.python()
    for name in PACKAGES:
        yield software.package(name)
    yield software.sqlite()
    yield software.gpio(root)
    yield software.lsl()
    yield software.brainflow()


def _configuration(config_file: Path | None) -> tuple[Config, Finding]:
    try:
        return load(config_file), ok("config", str(config_file or "the system's, or the defaults"))
    except ConfigError as error:
        return Config(), fail("config", str(error), "correct that file")


def _ports(config: Config, root: Path, *, service_answers: bool, fix: bool) -> Iterator[Finding]:
    there = attached(root)
    yield ports.dongles(there)
    yield ports.permission(there)
    for port in there:
        if port.may_be_dongle:
            yield ports.use(port, service_answers=service_answers)
            yield ports.latency(port, fix=fix, root=root)
    yield from ports.pinned(config, root)
