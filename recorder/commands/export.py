"""`antiphon export`: a session for other programs."""

from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recorder import wall_clock
from recorder.commands.damaged import damaged_option, require_fit
from recorder.commands.options import (
    configured,
    json_option,
    progress_in_thousandths,
    session_path,
    tell,
)
from recorder.failure import EX_CANTCREAT, EX_DATAERR, failing_with
from recorder.settings.file import Config

if TYPE_CHECKING:
    from recorder.export.asked import Asked


@click.command()
@click.argument("session", metavar="ID|FILE")
@click.option("--to", "form", required=True, help="Which format; see below.")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--clock",
    type=click.Choice(["best", "recorded", "refitted"]),
    default="best",
    show_default=True,
    help="By which clock: refitted is what antiphon refit found; best is that, where there is any.",
)
@click.option(
    "--rate",
    "rate_hz",
    type=click.FloatRange(1, 16_000),
    metavar="HZ",
    help="Of the grid that both people are put on (default 250).",
)
@click.option("--native", is_flag=True, help="Each board's own samples, digit for digit (bdf).")
@click.option("--analytic", is_flag=True, help="Band signals instead of samples (hypyp).")
@click.option("--blind", is_flag=True, help="To rate in: without what others rated (elan, boris).")
@click.option(
    "--for-sharing",
    is_flag=True,
    help="For people outside: no dates, new codes, no free text; needs consent to sharing.",
)
@click.option("--encrypt-to", "key", default="", metavar="KEY", help="Only for this age key.")
@click.option("--own-use", is_flag=True, hidden=True, help="What is usual now.")
@damaged_option
@json_option
@configured("sessions")
def export(  # noqa: PLR0913 - one parameter an option
    session: str,
    form: str,
    directory: Path,
    config: Config,
    *,
    key: str,
    own_use: bool,
    damaged: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Write a session into DIRECTORY for other programs.

    \b
    bdf     BDF+C, a file a person: both on one grid, or with --native as the boards sent it
    bids    a dataset of BIDS: two subjects of one session, events with HED, measures
    boris   moments of raters for who codes the video, or with --blind a project to rate in
    csv     tables of everything that was recorded and noted
    elan    marks, intervals and words for who watches the video, in its time when it is aligned
    fif     both people for MNE; needs mne
    hypyp   both people as one numpy array, or with --analytic the measures' own band signals
    parquet, xdf     as csv for data frames, and for what reads LSL's files

    <id>_about.json beside the files says on whose consent they stand, by which clock they are, and
    what made them. It is written down first: antiphon disclosures tells what has left this machine.

    With --for-sharing the session has a new id and begins on a constant date, people have new
    codes, marks have the configuration's labels or none. It is refused (77) when somebody has not
    agreed to sharing. With --encrypt-to nothing plain reaches DIRECTORY: age -d opens the files for
    whoever has the key. A damaged session is refused (65), but for --damaged: then
    <id>_damaged.txt says what is found.

    Example: antiphon export 20261123T040000Z --to bdf ./for-analysis
    """  # noqa: D301 - click wants the character itself
    from recorder.export import FORMATS, export_of
    from recorder.export.about import telling
    from recorder.export.encrypted import export_encrypted

    if form not in FORMATS:
        raise click.BadParameter(f"no such format: {form}; known: {', '.join(FORMATS)}")
    asked = _asked(config, **options)
    path = session_path(session, config)
    damage = require_fit(path, damaged=damaged)
    failing = partial(failing_with, EX_DATAERR, ValueError, LookupError)
    with failing():
        told, damage = _look(path, form, asked, damage)
        write = telling(export_of(form, asked), told, damage)
    with failing_with(EX_CANTCREAT, OSError):
        _write_down(config, path, directory)
    with failing(), progress_in_thousandths("export") as progress:
        if key:
            files = export_encrypted(write, path, directory, key, progress)
        else:
            files = write(path, directory, progress)
    names = [str(file) for file in files]
    tell("antiphon.export/1", names, as_json=as_json, files=names, about=told)


def _look(
    path: Path, form: str, asked: "Asked", damage: list[str]
) -> tuple[dict[str, Any], list[str]]:
    """What is told of an export, and the damage as whoever gets it may read it."""
    from recorder.export import opened
    from recorder.export.about import about
    from recorder.privacy.consent import require_shareable

    if asked.for_sharing:
        require_shareable(path)
    with opened(path, asked) as seen:
        shown = list(seen.damage) if damage and asked.for_sharing else damage
        return about(seen, form, asked), shown


def _write_down(config: Config, path: Path, directory: Path) -> None:
    """Say where the session goes before it does; sweep what killed exports have left."""
    from recorder.export import stored_id
    from recorder.privacy.disclosures import exported_to, write_down
    from recorder.store.workplace import EXPORTS, sweep_workplaces

    session_id = stored_id(path)
    directory.mkdir(parents=True, exist_ok=True)
    for place in exported_to(config.sessions_path):
        with suppress(OSError):  # it is another's, or a stick that is read-only
            sweep_workplaces(Path(place), EXPORTS)
    at = wall_clock.utc_text(wall_clock.utc_ns())
    write_down(config.sessions_path, at, "exported", session_id, to=str(directory.absolute()))


def _asked(config: Config, *, rate_hz: float | None, native: bool, **others: Any) -> "Asked":
    from recorder.export.asked import GRID_HZ, Asked

    if native and rate_hz is not None:
        raise click.UsageError("--native has the boards' own rates: give no --rate")
    labels = (*config.marks, *(label.rstrip(":") for label in config.intervals))
    return Asked(rate_hz=rate_hz or GRID_HZ, native=native, labels=labels, **others)
