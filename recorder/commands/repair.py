"""The verb repair."""

from dataclasses import asdict
from pathlib import Path

import click

from recorder.commands.options import (
    configured,
    json_option,
    progress_in_thousandths,
    session_path,
    tell,
)
from recorder.failure import EX_CANTCREAT, EX_DATAERR, EX_NOINPUT, failing_with
from recorder.settings.file import Config


@click.command()
@click.argument("session", metavar="ID|FILE")
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path),
    help="The new file (else the old one's name with .repaired before its ending).",
)
@json_option
@configured("sessions")
def repair(session: str, config: Config, *, out: Path | None, as_json: bool) -> None:
    """Copy what is undamaged of a session file into a new one; the old one stays as it is.

    Every block of samples with a right checksum comes back, and of the other tables every row that
    is as it was written; what cannot be judged is kept and told. Samples that are lost
    become gaps with the cause damage.

    Example: antiphon repair latest
    """
    from recorder.store.repair import repair as salvage

    file = session_path(session, config)
    out = out or file.with_name(f"{file.stem}.repaired{file.suffix}")
    with (
        failing_with(EX_CANTCREAT, OSError),
        failing_with(EX_NOINPUT, FileNotFoundError),
        failing_with(EX_DATAERR, ValueError),
        progress_in_thousandths("repair") as progress,
    ):
        repaired = salvage(file, out, progress)
    lines = [
        *repaired.notes,
        f"blocks: {repaired.kept.get('block', 0)} kept, {repaired.lost_blocks} lost",
        f"samples lost between those kept: {repaired.lost_samples}",
        str(repaired.path),
    ]
    tell("antiphon.repair/1", lines, as_json=as_json, file=str(file), **asdict(repaired))
