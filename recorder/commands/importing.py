"""`antiphon import`: other programs' recordings, as a session."""

from pathlib import Path
from typing import Any, Literal

import click
import msgspec

from recorder.commands.options import (
    configured,
    consent_option,
    json_option,
    progress_in_thousandths,
    say,
    tell,
)
from recorder.failure import EX_CANTCREAT, EX_DATAERR, EX_USAGE, failing_with
from recorder.privacy.names import code_suspicions
from recorder.settings.file import Config
from recorder.settings.values import Label
from recorder.wall_clock import utc_ns


@click.command(name="import")
@click.argument(
    "files", metavar="FILE [FILE]", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@click.option("--patient", metavar="CODE", required=True, help="Who the first file is of.")
@click.option("--therapist", metavar="CODE", required=True, help="Who the second file is of.")
@click.option(
    "--channels",
    multiple=True,
    metavar="F3,F4,...",
    help="Which channels, or what all of them are called; once for both, or for each.",
)
@click.option("--gain", type=click.FloatRange(1, 24), help="Of the boards (else as the file says).")
@click.option(
    "--offset",
    "offset_s",
    type=float,
    metavar="SECONDS",
    help="From the first sample of the first file to that of the second.",
)
@click.option(
    "--by",
    type=click.Choice(["stamps", "trigger"]),
    help="What aligns the files (else time stamps, or else the trigger).",
)
@consent_option
@json_option
@configured("sessions")
def import_(  # noqa: PLR0913 - one parameter an option
    files: tuple[Path, ...],
    patient: str,
    therapist: str,
    channels: tuple[str, ...],
    consent: tuple[Literal["eeg", "video", "share"], ...],
    config: Config,
    *,
    as_json: bool,
    **asked: Any,
) -> None:
    """Make a session of other programs' recordings.

    The patient's file, then the therapist's; or one file of both.

    \b
    text         OpenBCI GUI, versions 1 to 6, and what it made of an SD card's file
    csv          BrainFlow's and brainHat's rows, of a Cyton, with a Daisy, or of a Ganglion
    SD card      a Cyton's own hexadecimal: counts
    xdf          streams of EEG, of LabRecorder or of antiphon export
    edf, bdf     digit for digit
    fif, npz     MNE's files; x_uV and fs

    Two files are put on one clock by their time stamps, by a trigger that both boards saw on D11 or
    D12, or by --offset; what nothing tells is refused. A row that cannot be read is a gap, and
    named. The session is measured as the configuration says, and like any other from then on.

    Example: antiphon import A.txt B.txt --patient P07 --therapist T02 --channels F3,F4,Fz,P3
    """  # noqa: D301 - click wants the character itself
    from recorder.importing.session import Asked, import_files
    from recorder.service.requests import checked_persons
    from recorder.wire.messages import Request

    if len(files) > 2:
        raise click.UsageError("give the patient's file and the therapist's, or one of both")
    request = Request("start", patient=patient, therapist=therapist, consent=consent)
    people = checked_persons(request, config.codes)
    wanted = Asked(names=_names(channels), measures=config.measures, **asked)
    with (
        progress_in_thousandths("import") as progress,
        failing_with(EX_CANTCREAT, FileExistsError),
        failing_with(EX_DATAERR, ValueError),
    ):
        done = import_files(files, people, wanted, config.sessions_path, utc_ns(), progress)
    warnings = [
        f"the {person.role}'s code looks like {kind}"
        for person in people
        for kind in code_suspicions(person.code)
    ]
    for text in warnings:
        say(text, err=True)
    tell("antiphon.import/1", _lines(done.told), as_json=as_json, warnings=warnings, **done.told)


def _names(channels: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """The labels that --channels gives."""
    if len(channels) > 2:
        raise click.UsageError("give --channels once for both, or for the patient, then therapist")
    names = tuple(tuple(label.strip() for label in text.split(",")) for text in channels)
    for labels in names:
        if len(set(labels)) < len(labels):
            raise click.UsageError("--channels: two channels have the same label")
        for label in labels:
            with failing_with(EX_USAGE, ValueError):
                _require_label(label)
    return names


def _require_label(label: str) -> None:
    try:
        msgspec.convert(label, Label)
    except msgspec.ValidationError as error:
        raise ValueError(f"--channels: {label!r} is no label; give such as F3,F4,Fz") from error


def _lines(told: dict[str, Any]) -> list[str]:
    people = [line for person in told["people"] for line in _person_lines(person)]
    length = f"{told['duration_s']:.1f} s, aligned by {told['aligned_by']}"
    unmeasured = [f"not measured: {told['unmeasured']}"] if told["unmeasured"] else []
    return [f"imported {told['file']}", *people, length, *unmeasured]


def _person_lines(person: dict[str, Any]) -> list[str]:
    role, unread = person["role"], person["unread_rows"]
    counted = f"{person['samples']} samples of {person['rate_hz']:g} Hz, {person['lost']} missing"
    lines = [f"{role:<9} {person['form']}: {len(person['channels'])} channels, {counted}"]
    lines += [f"{role:<9} {text}" for text in (*person["told"], *person["unread"])]
    if more := unread - len(person["unread"]):
        lines.append(f"{role:<9} and {more} more rows that were not read")
    return lines
