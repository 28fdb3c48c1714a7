"""Verbs about the boards and this machine, before a session: boards, doctor."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from recorder.commands.options import (
    config_option,
    configuration,
    json_option,
    print_json,
)
from recorder.commands.progress import progress_in_thousandths
from recorder.failure import EX_UNAVAILABLE, Failure
from recorder.settings.board import ROLES
from recorder.settings.file import Config

if TYPE_CHECKING:
    from hardware.cyton.channel_check import ChannelTest
    from hardware.cyton.discovery import Identity, Port
    from recorder.doctor.finding import Finding

Command = TypeVar("Command", bound=Callable[..., Any])

ROOT = Path("/")  # where /dev, /sys and /proc are
NO_BOARDS = (
    "no OpenBCI dongle is plugged in and no port is named: plug one in, or give --patient PORT"
)


def ports_options(command: Command) -> Command:
    """--patient and --therapist, each a path or a USB serial number."""
    for role in reversed(ROLES):
        command = click.option(
            f"--{role}",
            metavar="PORT",
            help=f"The {role}'s port: a path or a USB serial number (else the configuration's).",
        )(command)
    return command


@click.command()
@ports_options
@click.option("--test", is_flag=True, help="Run each board's self-test, too; about 6 s a board.")
@json_option
@config_option
@click.pass_context
def boards(
    context: click.Context,
    /,
    config_file: Path | None,
    *,
    test: bool,
    as_json: bool,
    **given: str | None,
) -> None:
    """The dongles that are plugged in, and the boards behind the ports that are named.

    Only ports that are given or configured are opened; a port that a service holds is left alone.

    Example: antiphon boards --test
    """
    from hardware.cyton.discovery import attached, conflicts

    asked = ports_asked(configuration(config_file), given)
    ports = [port for port in attached(ROOT) if port.may_be_dongle]
    if not ports and not asked:
        raise Failure(NO_BOARDS, EX_UNAVAILABLE)
    found = {role: _identify(name) for role, name in asked.items()}
    tests = _self_tests(found) if test else {}
    problems = conflicts(found.values())
    if as_json:
        print_json("antiphon.boards/1", **_boards_fields(ports, found, tests), conflicts=problems)
    else:
        for line in (*map(_port_line, ports), *_board_lines(found, tests), *problems):
            click.echo(line)
    context.exit(0 if not test or _all_passed(found, tests) else EX_UNAVAILABLE)


@click.command()
@click.option("--fix", is_flag=True, help="Set the dongles' latency timers to 1 ms, if permitted.")
@json_option
@config_option
@click.pass_context
def doctor(context: click.Context, config_file: Path | None, *, fix: bool, as_json: bool) -> None:
    """Whether this machine can record two people now, and what to do if it cannot.

    Exit code 69 when something fails, as it does while no dongle is plugged in.

    Example: antiphon doctor --json
    """
    from recorder.doctor.examination import examine
    from recorder.doctor.finding import Word

    found: list[Finding] = []
    for finding in examine(config_file, ROOT, fix=fix):
        found.append(finding)
        if not as_json:
            click.echo(_finding_line(finding))
    failed = [finding.found for finding in found if finding.word is Word.FAIL]
    if as_json:
        findings = [asdict(finding) for finding in found]
        print_json("antiphon.doctor/1", ok=not failed, findings=findings)
    else:
        click.echo(f"cannot record: {'; '.join(failed)}" if failed else "ready to record")
    context.exit(EX_UNAVAILABLE if failed else 0)


def ports_asked(config: Config, given: dict[str, str | None]) -> dict[str, str]:
    """The ports that are given; when none is, those of the configuration."""
    asked = {role: port for role, port in given.items() if port}
    return asked or {role: port for role in ROLES if (port := config.board(role).port)}


def _identify(name: str) -> "Identity":
    from hardware.board_fault import BoardFault
    from hardware.cyton.discovery import Identity, identify, port_of

    try:
        return identify(str(port_of(name, ROOT)))
    except BoardFault as fault:
        return Identity(name, name, None, "", has_daisy=False, fault=str(fault))


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
    return f"dongle     {port.serial or '-'}  {port.path} ({port.device.name}{timer}), {state}"


def _board_lines(found: dict[str, "Identity"], tests: dict[str, list["ChannelTest"]]) -> list[str]:
    lines = []
    for role, board in found.items():
        lines.append(f"{role:<10} {board.fault or _identity_text(board)}")
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


def _finding_line(finding: "Finding") -> str:
    remedy = f" → {finding.remedy}" if finding.remedy else ""
    return f"{finding.word:<5} {finding.name:<10} {finding.found}{remedy}"
