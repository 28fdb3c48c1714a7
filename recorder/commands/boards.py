"""`antiphon boards`: the dongles, and the boards behind them, before a session."""

from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recorder.commands.capturing import capture_boards
from recorder.commands.options import (
    ROOT,
    configured,
    json_option,
    ports_asked,
    ports_options,
    progress_in_thousandths,
    tell,
)
from recorder.failure import EX_UNAVAILABLE, EX_USAGE, Failure
from recorder.settings.file import Config
from recorder.wire.messages import Alarm, BoardStatus
from recorder.wire.served import Served, served
from recorder.wire.wording import in_words

if TYPE_CHECKING:
    from hardware.cyton.channel_check import ChannelTest
    from hardware.cyton.discovery import Identity, Port

NO_BOARDS = (
    "no OpenBCI dongle is plugged in and no port is named: plug one in, or give --patient PORT"
)
# The kinds of alarm that say what a board cannot do.
SHORTCOMINGS = ("firmware_old", "accel_without_ms", "settings_untold", "inputs_unused")


@click.command()
@ports_options
@click.option("--test", is_flag=True, help="Run each board's self-test, too; about 6 s a board.")
@click.option(
    "--capture",
    "capture_s",
    type=click.FloatRange(1, 3600),
    metavar="N",
    help="Let the boards stream for N seconds, and write every byte with its time to files.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(),
    metavar="DIR",
    help="Where to make those files (default: here).",
)
@json_option
@configured("socket")
@click.pass_context
def boards(
    context: click.Context,
    /,
    config: Config,
    *,
    test: bool,
    capture_s: float | None,
    out: Path,
    as_json: bool,
    **given: str | None,
) -> None:
    """The dongles that are plugged in, and the boards behind the ports that are named.

    Only ports that are given or configured are opened; of those that the running service holds, it
    tells what it knows. Exit code 69 when one of them cannot be used, or fails --test.
    What --capture writes can be sent to somebody, and played back with --replay.

    Example: antiphon boards --test
    """
    from hardware.cyton.discovery import attached, conflicts

    asked, service = ports_asked(config, given), served(config.socket_path)
    if service is not None and not any(given.values()):
        asked |= {it.role: it.port for it in service.status.boards if "/" in it.port}
    ports = [port for port in attached(ROOT) if port.may_be_dongle]
    if not ports and not asked:
        raise Failure(NO_BOARDS, EX_UNAVAILABLE)
    if capture_s is not None:
        context.exit(_capture(config, asked, capture_s, out, as_json=as_json))
    found = {role: _identify(name, service, test=test) for role, name in asked.items()}
    tests = _self_tests(found) if test else {}
    problems = conflicts(found.values())
    lines = [*map(_port_line, ports), *_board_lines(found, tests), *problems]
    fields = _boards_fields(ports, found, tests)
    tell("antiphon.boards/1", lines, as_json=as_json, **fields, conflicts=problems)
    usable = not any(board.fault for board in found.values())
    context.exit(0 if usable and (not test or _all_passed(found, tests)) else EX_UNAVAILABLE)


def _capture(
    config: Config, asked: dict[str, str], seconds: float, out: Path, *, as_json: bool
) -> int:
    """Capture the boards that are named; the exit code."""
    if not asked:
        raise Failure("which boards? give --patient PORT, --therapist PORT, or both", EX_USAGE)
    captured = capture_boards(config, asked, seconds, out)
    lines = [
        f"{board['role']:<10} {part}"
        for board in captured
        for part in (board["file"], board["fault"])
        if part
    ]
    tell("antiphon.captured/1", lines, as_json=as_json, boards=captured)
    return EX_UNAVAILABLE if any(board["fault"] for board in captured) else 0


def _identify(name: str, service: Served | None, *, test: bool) -> "Identity":
    from hardware.board_fault import BoardFault
    from hardware.cyton.discovery import Identity, identify, port_of

    try:
        path = port_of(name, ROOT)
    except BoardFault as fault:
        return Identity(name, name, None, "", has_daisy=False, fault=str(fault))
    board = None if service is None else service.holds(name, path)
    if service is None or board is None:
        return identify(str(path))
    return _told_by(service, board, test=test)


def _told_by(service: Served, board: BoardStatus, *, test: bool) -> "Identity":
    """What the service that holds a board tells of it; nobody else can ask it anything."""
    from hardware.board import BoardState, Shortcoming
    from hardware.cyton.discovery import Identity

    fault = ""
    if test:
        fault = f"{board.port}: held by {service.name}: stop it for the self-test"
    elif board.state != BoardState.STREAMING:
        fault = f"{board.port}: held by {service.name}, {board.state}: antiphon status says why"
    alarms = [it for it in service.alarms_of(board.role) if it.kind in SHORTCOMINGS]
    return Identity(
        board.port,
        board.serial,
        board.radio_channel,
        board.firmware,
        has_daisy=board.kind == "cyton-daisy",
        fault=fault,
        shortcomings=tuple(Shortcoming(it.kind, it.of) for it in alarms),
        holder=service.name,
    )


def _self_tests(found: dict[str, "Identity"]) -> dict[str, list["ChannelTest"]]:
    """Test the boards that can be used; one that fails on the way gets its fault in `found`."""
    from hardware.board_fault import BoardFault
    from hardware.cyton.channel_check import run_self_test

    tests = {}
    for role, board in found.items():
        if board.fault:
            continue
        with progress_in_thousandths(f"self-test {role}") as progress:
            try:
                tests[role] = run_self_test(board.port, progress=progress)
            except BoardFault as fault:
                found[role] = replace(board, fault=str(fault))
    return tests


def _all_passed(found: dict[str, "Identity"], tests: dict[str, list["ChannelTest"]]) -> bool:
    passed = {role: all(one.passed for one in results) for role, results in tests.items()}
    return bool(found) and all(passed.get(role, False) for role in found)


def _boards_fields(
    ports: Iterable["Port"],
    found: dict[str, "Identity"],
    tests: dict[str, list["ChannelTest"]],
) -> dict[str, Any]:
    return {
        "dongles": [asdict(port) for port in ports],
        "boards": [
            {
                "role": role,
                **asdict(board),
                "test": [asdict(one) for one in tests[role]] if role in tests else None,
            }
            for role, board in found.items()
        ],
    }


def _port_line(port: "Port") -> str:
    state = port.fault or (f"in use by {port.holder}" if port.holder else "free")
    timer = "" if port.latency_ms is None else f", latency timer {port.latency_ms} ms"
    where = f"{port.path} ({port.device.name}{timer}), {state}"
    return f"dongle     {port.serial or '-'}  {where}{'' if port.is_unique else _no_number(port)}"


def _no_number(port: "Port") -> str:
    """What is to be done about a dongle that its number does not tell from others."""
    what = "has the same serial number as another" if port.serial else "has no serial number"
    if port.place:
        return f"; it {what}: configure it by this path, and leave it in this socket"
    return f"; it {what} and no path of its own: after a power loss nobody can tell which it is"


def _board_lines(found: dict[str, "Identity"], tests: dict[str, list["ChannelTest"]]) -> list[str]:
    lines = []
    for role, board in found.items():
        held = f", held by {board.holder}" if board.holder else ""
        lines.append(f"{role:<10} {board.fault or _identity_text(board) + held}")
        lines += [in_words(Alarm(it.kind, role, of=it.of)) for it in board.shortcomings]
        lines += [f"{role:<10} {_test_text(one)}" for one in tests.get(role, [])]
    return lines


def _identity_text(board: "Identity") -> str:
    radio = "not told" if board.radio_channel is None else str(board.radio_channel)
    kind = "Cyton with Daisy" if board.has_daisy else "Cyton"
    return f"{board.port}: {kind}, firmware {board.firmware or 'not told'}, radio channel {radio}"


def _test_text(one: "ChannelTest") -> str:
    frequency = "-" if one.frequency_hz is None else f"{one.frequency_hz:.2f} Hz"
    verdict = "passed" if one.passed else f"FAILED: {one.note}"
    return f"channel {one.channel:>2}  {one.amplitude_uv:7.0f} µV  {frequency:>7}  {verdict}"
