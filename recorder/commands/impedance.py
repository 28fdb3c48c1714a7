"""`antiphon impedance`: the contact of each electrode."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
import msgspec

from recorder.commands.options import (
    ROOT,
    configured,
    json_option,
    ports_asked,
    ports_options,
    progress_in_thousandths,
    tell,
)
from recorder.failure import EX_CONFIG, EX_USAGE, Failure, failing_with
from recorder.settings.board import ROLES
from recorder.settings.file import Config

if TYPE_CHECKING:
    from hardware.cyton.impedance import Impedance

MEASURING_S = 120.0  # 16 channels of 3 s, and a board that takes its time


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
def impedance(
    config: Config, wanted: tuple[str, ...], *, interrupt: bool, as_json: bool, **given: str | None
) -> None:
    """The impedance of each electrode's contact, in kilo-ohm, ±20 %; about 3 s a channel.

    When a service holds the boards, give no port: it measures all electrodes, and stores what it
    finds in the next session; in the running one only with --interrupt, for the boards cannot
    stream meanwhile.

    Example: antiphon impedance --patient /dev/ttyUSB0 --channel F3
    """
    from hardware.cyton.discovery import port_of
    from hardware.cyton.impedance import measure_impedances

    if not any(given.values()) and not wanted and config.socket_path.is_socket():
        _tell_impedances(measured_by_service(config, interrupt=interrupt), as_json=as_json)
        return
    asked = ports_asked(config, given)
    if not asked:
        raise Failure("no port: give --patient PORT or --therapist PORT", EX_CONFIG)
    found: dict[str, list[Impedance]] = {}
    for role, name in asked.items():
        labels = config.board(role).channels
        channels = _channels(labels, wanted)
        port = str(port_of(name, ROOT))
        with progress_in_thousandths(role) as progress, failing_with(EX_USAGE, ValueError):
            found[role] = measure_impedances(port, labels, channels=channels, progress=progress)
    _tell_impedances(found, as_json=as_json)


def measured_by_service(config: Config, *, interrupt: bool) -> dict[str, list["Impedance"]]:
    """What the service that holds the boards measures on their electrodes."""
    from hardware.cyton.impedance import Impedance
    from recorder.wire.client import ask

    found: dict[str, list[Impedance]] = {}
    for role in ROLES:
        reply = ask(
            config.socket_path, "impedance", timeout_s=MEASURING_S, label=role, interrupt=interrupt
        )
        found[role] = msgspec.json.decode(reply, type=dict[str, list[Impedance]])["contacts"]
    return found


def _channels(labels: tuple[str, ...], wanted: Iterable[str]) -> list[int]:
    unknown = [label for label in wanted if label not in labels]
    if unknown:
        known = ", ".join(labels)
        raise click.BadParameter(f"no electrode is labelled {unknown[0]}; here: {known}")
    return [labels.index(label) + 1 for label in wanted]


def _tell_impedances(found: dict[str, list["Impedance"]], *, as_json: bool) -> None:
    people = [
        {"role": role, "channels": [asdict(contact) for contact in contacts]}
        for role, contacts in found.items()
    ]
    lines = (
        f"{role:<10} {contact.label:<6} {_kohm_text(contact)}".rstrip()
        for role, contacts in found.items()
        for contact in contacts
    )
    tell("antiphon.impedance/1", lines, as_json=as_json, boards=people)


def _kohm_text(contact: "Impedance") -> str:
    if contact.kohm is None:
        return contact.note
    return f"{contact.kohm:8.1f} kΩ ±{contact.tolerance:.0%}  {contact.note}"
