"""`antiphon radio`: on which radio channel each dongle is, and moving one with its board."""

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

import click

from recorder.commands.options import (
    ROOT,
    configured,
    json_option,
    ports_asked,
    ports_options,
    progress_in_thousandths,
    say,
    tell,
)
from recorder.failure import (
    EX_CONFIG,
    EX_TEMPFAIL,
    EX_UNAVAILABLE,
    EX_USAGE,
    Failure,
    failing_with,
)
from recorder.settings.board import ROLES
from recorder.settings.file import Config
from recorder.wire.served import Served, served

if TYPE_CHECKING:
    from hardware.cyton.radio import RadioLine

TOP_CHANNEL = 25


@dataclass(frozen=True, slots=True)
class Dongle:
    """What is known of one dongle.

    Attributes:
        name: the role, or as it was named.
        port: its path.
        channel: of the dongle; None when it does not say.
        hears_board: whether a board answers on it.
        planned: the channel where it should be, so that no two are on one.
        fault: why it could not be asked, or "".
    """

    name: str
    port: str
    channel: int | None = None
    hears_board: bool = False
    planned: int | None = None
    fault: str = ""


@click.command()
@click.argument("role", required=False, type=click.Choice(ROLES))
@click.option("--channel", type=click.IntRange(0, TOP_CHANNEL), help="Move dongle and board there.")
@click.option("--find", is_flag=True, help="Look for the board on all channels first; about 30 s.")
@click.option("--yes", is_flag=True, help="Only this board is switched on: do not ask.")
@click.option("--also", multiple=True, metavar="PORT", help="Plan for this dongle, too.")
@click.option("--ward", type=int, metavar="N", help="Only plan the channels of N boxes in a ward.")
@ports_options
@json_option
@configured("socket")
@click.pass_context
def radio(  # noqa: PLR0913 - one parameter an option
    context: click.Context,
    /,
    role: str | None,
    config: Config,
    *,
    channel: int | None,
    find: bool,
    yes: bool,
    also: tuple[str, ...],
    ward: int | None,
    as_json: bool,
    **given: str | None,
) -> None:
    """The radio channel of each dongle, and a plan by which no two are on one.

    With --ward, which asks no dongle, a channel for every board of so many boxes that hear each
    other; `antiphon status --all` tells which are on one channel all the same.

    With a role and --channel the dongle and its board are moved; both keep the channel without
    power. Every board that hears the dongle moves along: switch all others off before. A board that
    was left on another channel is found with --find. The service must be stopped for that.

    Example: antiphon radio therapist --channel 20
    """
    if ward is not None:
        _tell_ward(ward, as_json=as_json)
        return
    ports, service = ports_asked(config, given), served(config.socket_path)
    if (role is None) != (channel is None):
        raise Failure("give both, a role and --channel, or neither to see the plan", EX_USAGE)
    if not ports and not also and service is None:
        raise Failure("no port: give --patient PORT or --therapist PORT", EX_CONFIG)
    names = ports | {name: name for name in also}
    if service is not None:
        names |= {it.role: it.port for it in service.status.boards if it.port}
    if role is not None and channel is not None:
        _guide(names, role, channel, service, find=find, yes=yes, quiet=as_json)
    dongles = _planned([_look(name, port, service) for name, port in names.items()])
    lines = map(_line, dongles)
    tell("antiphon.radio/1", lines, as_json=as_json, dongles=[asdict(it) for it in dongles])
    context.exit(EX_UNAVAILABLE if any(it.fault for it in dongles) else 0)


def _tell_ward(boxes: int, *, as_json: bool) -> None:
    from hardware.cyton.radio import ward_plan

    with failing_with(EX_USAGE, ValueError):
        planned = ward_plan(boxes)
    told = [{"box": k, "patient": a, "therapist": b} for k, (a, b) in enumerate(planned, 1)]
    lines = ["box  patient  therapist"]
    lines += [f"{one['box']:>3}  {one['patient']:>7}  {one['therapist']:>9}" for one in told]
    tell("antiphon.ward/1", lines, as_json=as_json, boxes=told)


def _guide(  # noqa: PLR0913 - what was asked for
    names: Mapping[str, str],
    role: str,
    channel: int,
    service: Served | None,
    *,
    find: bool,
    yes: bool,
    quiet: bool,
) -> None:
    """Move one dongle with its board, step by step."""
    from hardware.cyton.discovery import port_of
    from hardware.cyton.radio import radio_line

    if role not in names:
        raise Failure(f"no port for the {role}: give --{role} PORT", EX_CONFIG)
    path = port_of(names[role], ROOT)
    if service is not None and service.holds(names[role], path):
        text = f"{path} is held by {service.name}: systemctl stop antiphon, and start it afterwards"
        raise Failure(text, EX_TEMPFAIL)
    _refuse_taken(names, role, channel)
    _ask_for_quiet(role, yes=yes)
    with radio_line(str(path)) as line:
        before = _found(line, find=find)
        line.require_one_board()
        line.move(channel)
    if not quiet:
        say(f"{role}: the dongle and its board have moved from channel {before} to {channel}")
        say("switch the other boards on again; this is how it is now:")


def _refuse_taken(names: Mapping[str, str], role: str, channel: int) -> None:
    """Two on one channel is what this is to end."""
    others = (_look(name, port, None) for name, port in names.items() if name != role)
    if taken := [other.name for other in others if other.channel == channel]:
        text = f"the dongle of {taken[0]} is on channel {channel}: choose another one"
        raise Failure(f"{text}; antiphon radio shows a plan", EX_USAGE)


def _ask_for_quiet(role: str, *, yes: bool) -> None:
    """All boards that hear the dongle would be moved: only a person can see to it."""
    if yes:
        return
    text = f"Switch every board off but the {role}'s, and leave that one on (slide to PC)"
    if not sys.stdin.isatty():
        raise Failure(f"{text}; then say --yes", EX_USAGE)
    click.confirm(f"{text}. Is that so?", abort=True, err=True)


def _found(line: "RadioLine", *, find: bool) -> int | None:
    """The channel where the board is; looked for if that is asked for."""
    told = line.look()
    if told.hears_board or not find:
        return told.channel
    with progress_in_thousandths("looking for the board") as progress:
        return line.find(progress)


def _look(name: str, port: str, service: Served | None) -> Dongle:
    from hardware.board_fault import BoardFault
    from hardware.cyton.discovery import port_of
    from hardware.cyton.radio import radio_line

    try:
        path = port_of(port, ROOT)
        board = None if service is None else service.holds(port, path)
        if board is not None:
            is_heard = board.state == "streaming"
            return Dongle(name, str(path), board.radio_channel, hears_board=is_heard)
        with radio_line(str(path)) as line:
            told = line.look()
    except BoardFault as fault:
        return Dongle(name, port, fault=str(fault))
    return Dongle(name, str(path), told.channel, told.hears_board)


def _planned(dongles: list[Dongle]) -> list[Dongle]:
    from hardware.cyton.radio import plan

    planned = plan({it.port: it.channel for it in dongles})
    return [replace(it, planned=planned.get(it.port)) for it in dongles]


def _line(dongle: Dongle) -> str:
    if dongle.fault:
        return f"{dongle.name:<10} {dongle.fault}"
    if dongle.channel is None:
        return f"{dongle.name:<10} {dongle.port}: the dongle does not tell its channel"
    board = "its board answers" if dongle.hears_board else "no board answers: off, or elsewhere"
    what = "stays" if dongle.planned == dongle.channel else f"move it to {dongle.planned}"
    return f"{dongle.name:<10} {dongle.port}: channel {dongle.channel}, {board}; {what}"
