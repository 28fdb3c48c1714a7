"""Everything that is looked at, in the order in which it is told."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from hardware.cyton.discovery import attached
from recorder.doctor import machine, ports, software
from recorder.doctor.finding import Finding, fail, ok, warn
from recorder.doctor.rights import of_recorder
from recorder.settings.file import Config, load
from recorder.settings.values import ConfigError
from recorder.wire.served import opened

PACKAGES = ("numpy", "pyserial")


def examine(
    config_file: Path | None, root: Path, given: Mapping[str, str] = {}, *, fix: bool = False
) -> Iterator[Finding]:
    """Look at everything below `root`, and tell each thing as it is found.

    Without `config_file` the system's counts; `given` is what takes the place of its keys, as for
    every other verb; `fix` sets latency timers that are too slow.
    """
    config, configuration = _configuration(config_file, given)
    directory = config.sessions_path
    service = machine.service(config.socket_path)
    rights = of_recorder(directory, config.socket_path, root)
    yield from _software(rights)
    yield configuration
    if config.destinations and not config.box:
        found = "this box has no name, and its sessions go where those of others may be"
        yield warn("box", found, "set box in antiphon.toml, such as box-3")
    yield rights["sessions"]
    yield machine.room(directory)
    yield rights["fsync"]
    yield machine.clock()
    yield from machine.vitals(directory, root)
    yield machine.stops(directory)
    yield service
    yield from _ports(config, root, rights, fix=fix)


def _software(rights: Mapping[str, Finding]) -> Iterator[Finding]:
    yield software.python()
    yield from map(software.package, PACKAGES)
    yield software.sqlite()
    yield rights["gpiod"]
    yield software.lsl()
    yield software.brainflow()


def _configuration(config_file: Path | None, given: Mapping[str, str]) -> tuple[Config, Finding]:
    try:
        config = load(config_file)
        finding = ok("config", str(config_file or "the system's, or the defaults"))
    except ConfigError as error:
        config, finding = Config(), fail("config", str(error), "correct that file")
    return msgspec.structs.replace(config, **given), finding


def _ports(
    config: Config, root: Path, rights: Mapping[str, Finding], *, fix: bool
) -> Iterator[Finding]:
    there = attached(root)
    service = opened(config.socket_path)
    pinned = ports.pinned(config, root) if service is None else ports.held(service)
    yield ports.dongles(there, pinned)
    yield rights[ports.GROUP]
    for port in there:
        if port.may_be_dongle:
            if (use := rights.get(ports.name_of(port))) is not None:  # it may be just plugged in
                yield use
            yield ports.latency(port, fix=fix, root=root)
    yield from pinned
