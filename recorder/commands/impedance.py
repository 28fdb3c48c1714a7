"""`antiphon impedance`: the contact of each electrode."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click
import msgspec

from recorder.commands.options import (
    ROOT,
    configured,
    json_option,
    ports_asked,
    ports_options,
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
from recorder.wire.client import Conversation
from recorder.wire.messages import Impedance, Impedances, Push, Status
from recorder.wire.served import served

MEASURING_S = 120.0  # 16 channels of 3 s, and a board that takes its time
Found = dict[str, list[Impedance]]
Show = Callable[[Impedance], None]


@click.command()
@ports_options
@click.option(
    "--channel",
    "wanted",
    multiple=True,
    metavar="LABEL",
    help="Only this electrode, as labelled in the configuration; may be given again.",
)
@click.option("--interrupt", is_flag=True, help="Measure in a running session, too.")
@json_option
@configured("socket")
@click.pass_context
def impedance(
    context: click.Context,
    /,
    config: Config,
    wanted: tuple[str, ...],
    *,
    interrupt: bool,
    as_json: bool,
    **given: str | None,
) -> None:
    """The impedance of each electrode's contact, in kilo-ohm, ±20 %; about 3 s a channel.

    Up to 20 kΩ is good, up to 100 kΩ poor: more gel; all else is bad, and then the exit code is 69.

    When a service holds the boards, give no port: it measures, and stores what it finds in the next
    session; in the running one only with --interrupt, for the boards cannot stream meanwhile.

    Example: antiphon impedance --patient /dev/ttyUSB0 --channel F3
    """
    show: Show = _show_nothing if as_json else _show
    if not any(given.values()) and config.socket_path.is_socket():
        found = measured_by_service(config.socket_path, wanted, show, interrupt=interrupt)
    else:
        found = _measured_here(config, given, wanted, show)
    bad = [it for contacts in found.values() for it in contacts if it.verdict == "bad"]
    people = [
        {"role": role, "channels": msgspec.to_builtins(contacts)}
        for role, contacts in found.items()
    ]
    line = f"bad: {', '.join(map(_name, bad))}" if bad else "no electrode is bad"
    tell("antiphon.impedance/1", [line], as_json=as_json, boards=people)
    context.exit(EX_UNAVAILABLE if bad else 0)


def _measured_here(
    config: Config, given: dict[str, str | None], wanted: tuple[str, ...], show: Show
) -> Found:
    """What is measured on the ports that are named, or configured."""
    from hardware.cyton.discovery import port_of

    asked = ports_asked(config, given)
    if not asked:
        raise Failure("no port: give --patient PORT or --therapist PORT", EX_CONFIG)
    found: Found = {}
    for role, name in asked.items():
        labels = config.board(role).channels
        channels = _channels(labels, wanted)
        path = port_of(name, ROOT)
        _refuse_held(config, name, path)
        found[role] = _measured(role, path, labels, channels, show)
    return found


def _measured(
    role: str, path: Path, labels: tuple[str, ...], channels: list[int], show: Show
) -> list[Impedance]:
    from hardware.cyton.impedance import measure_impedances
    from recorder.wearers.impedance import told_of

    def told(contact: Any) -> None:
        show(told_of(role, contact))

    with failing_with(EX_USAGE, ValueError):
        contacts = measure_impedances(str(path), labels, channels=channels, told=told)
    return [told_of(role, contact) for contact in contacts]


def _refuse_held(config: Config, name: str, path: Path) -> None:
    service = served(config.socket_path)
    if service is not None and service.holds(name, path):
        text = f"{path} is held by {service.name}: give no port, and it measures"
        raise Failure(text, EX_TEMPFAIL)


def measured_by_service(
    socket: Path, wanted: tuple[str, ...], show: Show, *, interrupt: bool
) -> Found:
    """What the service that holds the boards measures on their electrodes; each shown at once."""

    def hear(push: Push) -> None:
        if push.topic == "impedance":
            show(msgspec.json.decode(push.body, type=Impedance))

    found: Found = {}
    with Conversation(socket, timeout_s=MEASURING_S) as service:
        status = msgspec.json.decode(service.ask("status"), type=Status)
        service.ask("subscribe", topics=("impedance",))
        for role, labels in _whose(status, wanted).items():
            fields = {"label": role, "channels": labels, "interrupt": interrupt}
            reply = service.ask("impedance", hear, **fields)
            found[role] = msgspec.json.decode(reply, type=Impedances).contacts
    return found


def _whose(status: Status, wanted: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """Which of the wanted electrodes each person has; of nobody who has none of them."""
    if not wanted:
        return dict.fromkeys(ROLES, ())
    worn = {board.role: [it.label for it in board.contacts] for board in status.boards}
    _refuse_unknown(wanted, {label for labels in worn.values() for label in labels})
    theirs = {role: tuple(one for one in wanted if one in labels) for role, labels in worn.items()}
    return {role: labels for role, labels in theirs.items() if labels}


def _channels(labels: tuple[str, ...], wanted: Iterable[str]) -> list[int]:
    _refuse_unknown(wanted, labels)
    return [labels.index(label) + 1 for label in wanted]


def _refuse_unknown(wanted: Iterable[str], labels: Iterable[str]) -> None:
    known = list(labels)
    if unknown := [label for label in wanted if label not in known]:
        here = ", ".join(known)
        raise click.BadParameter(f"no electrode is labelled {unknown[0]}; here: {here}")


def _show_nothing(_: Impedance) -> None:
    """All of it is told at the end."""


def _show(contact: Impedance) -> None:
    """A line as soon as an electrode is measured: the next one may take seconds."""
    value = "" if contact.kohm is None else f"{contact.kohm:8.1f} kΩ ±{contact.tolerance:.0%}"
    line = f"{contact.role:<10} {contact.label:<6} {value:<17}  {contact.verdict:<5}"
    say(f"{line} {contact.note}".rstrip())


def _name(contact: Impedance) -> str:
    return f"{contact.role} {contact.label or contact.channel}"
