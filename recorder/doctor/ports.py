"""The dongles: plugged in, permitted, quick enough, and the ones that are meant."""

import grp
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from hardware.board import BoardState
from hardware.board_fault import BoardFault
from hardware.cyton.discovery import LATENCY_MS, Port, port_of, set_latency
from recorder.doctor.finding import Finding, Word, fail, ok, warn
from recorder.settings.board import ROLES
from recorder.settings.file import Config
from recorder.wearers.wearer import HELD
from recorder.wire.messages import BoardStatus
from recorder.wire.served import Served, served, what_it_is

GROUP = "dialout"
OPENED_WITHIN_S = 10.0  # a board is asked what it is, and the slowest takes half of it
LOOK_S = 0.5
BEGINNING = (BoardState.CLOSED, BoardState.OPENING)
NO_DONGLE = "no OpenBCI dongle is plugged in"


def name_of(port: Port) -> str:
    """What a person calls it."""
    return port.serial if port.is_unique else port.path.name


def dongles(ports: Iterable[Port], pinned: Iterable[Finding] = ()) -> Finding:
    """How many there are; two are needed, unless the ports in `pinned` are there without them."""
    ports = list(ports)
    names = [name_of(port) for port in ports if port.may_be_dongle]
    words = {finding.word for finding in pinned}
    if not names and words == {Word.OK}:
        return ok("dongles", "none is needed: the ports that are set are there")
    if not names:
        return fail("dongles", NO_DONGLE, "plug in both; antiphon demo works without")
    found = f"{len(names)} plugged in: {', '.join(names)}"
    if alike := [name_of(port) for port in ports if port.may_be_dongle and not port.is_unique]:
        remedy = (
            "configure them by their links in /dev/serial/by-path, and leave them where they are"
        )
        return warn("dongles", f"{found}; no serial number of its own: {', '.join(alike)}", remedy)
    return ok("dongles", found) if len(names) > 1 else warn("dongles", found, "plug in the other")


def permission(ports: Iterable[Port]) -> Finding:
    """Whether this user may open serial ports, those there are and others."""
    faults = [port.fault for port in ports]
    if os.geteuid() == 0 or _is_member() or (faults and not any(faults)):
        return ok(GROUP, "this user may open serial ports")
    remedy = f"sudo usermod -aG {GROUP} USER, and log in again"
    return warn(GROUP, f"this user is not in the group {GROUP}", remedy)


def use(port: Port, *, service_answers: bool) -> Finding:
    """Whether another program has a dongle; while the service answers, it is the one."""
    name = name_of(port)
    if port.fault:
        found, _, remedy = port.fault.partition(": ")
        return fail(name, found, remedy)
    if not port.holder:
        return ok(name, f"{port.device} is free")
    found = f"{port.device} is in use by {port.holder}"
    return ok(name, found) if service_answers else warn(name, found, "close that program")


def latency(port: Port, *, fix: bool, root: Path) -> Finding:
    """How long the adapter holds packets back."""
    name = f"{name_of(port)} latency"
    if fix and port.latency_ms not in (None, LATENCY_MS):
        try:
            return ok(name, f"{set_latency(port, root=root)} ms, just set")
        except BoardFault as fault:
            return warn(name, f"{port.latency_ms} ms", str(fault).removeprefix(f"{port.path}: "))
    if port.latency_ms is None or port.latency_ms <= LATENCY_MS:
        return ok(name, "no timer" if port.latency_ms is None else f"{port.latency_ms} ms")
    remedy = "antiphon doctor --fix, or install antiphon's udev rule, which lasts"
    return warn(name, f"{port.latency_ms} ms: packets arrive many at once", remedy)


def pinned(config: Config, root: Path) -> list[Finding]:
    """Whether the port that the configuration gives each person is there."""
    return [_pinned(role, config.board(role).port, root) for role in ROLES]


def opened(socket: Path, pause: Callable[[float], None] = time.sleep) -> Served | None:
    """As `served`, once no board of a service that has just begun is being opened any more."""
    service = served(socket)
    for _ in range(round(OPENED_WITHIN_S / LOOK_S)):
        if service is None or not any(board.state in BEGINNING for board in service.status.boards):
            break
        pause(LOOK_S)
        service = served(socket)
    return service


def held(service: Served) -> list[Finding]:
    """How the boards are that the running service holds: nobody else can open them."""
    return [_held(board) for board in service.status.boards]


def _held(board: BoardStatus) -> Finding:
    found = f"{board.state} on {board.port or 'no port'}"
    if what := what_it_is(board):
        found += f": {what}"
    if board.state == BoardState.STREAMING:
        return ok(board.role, found)
    word = warn if board.state in (BoardState.CLOSED, BoardState.OPENING, HELD) else fail
    return word(board.role, found, "antiphon status says what is wrong")


def _pinned(role: str, name: str, root: Path) -> Finding:
    if not name:
        remedy = f"set port under [{role}] in antiphon.toml to a USB serial number or a path"
        return warn(role, "no port is set", remedy)
    try:
        path = port_of(name, root)
    except BoardFault as fault:
        return fail(role, str(fault), "plug it in, or correct antiphon.toml")
    if not path.exists():
        return fail(role, f"{path} is not there", "plug the dongle in, or correct antiphon.toml")
    return ok(role, str(path))


def _is_member() -> bool:
    try:
        return grp.getgrnam(GROUP).gr_gid in {os.getegid(), *os.getgroups()}
    except KeyError:  # a system without this group
        return False
