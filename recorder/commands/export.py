"""`antiphon export`: a session for other programs."""

from contextlib import suppress
from pathlib import Path

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


@click.command()
@click.argument("session", metavar="ID|FILE")
@click.option("--to", "form", required=True, help="Which format: csv.")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option("--encrypt-to", "key", default="", metavar="KEY", help="Only for this age key.")
@click.option("--own-use", is_flag=True, help="It stays with you: consent to sharing not needed.")
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
) -> None:
    """Write a session into DIRECTORY for other programs.

    csv: a file a board with segment, index, t_ns and the microvolts of each channel; channels,
    markers, gaps, measures and the time of day (t_ns, utc_ns) in files of their own.

    It is written down first: antiphon disclosures tells what has left this machine.

    Refused (77) when somebody in the session has not agreed to sharing, but for --own-use. With
    --encrypt-to nothing plain reaches DIRECTORY: age -d opens the files for whoever has the key.
    A damaged session is refused (65), but for --damaged: then <id>_damaged.txt says what is found.

    Example: antiphon export 20261123T040000Z --to csv ./tables
    """
    from recorder.export import FORMATS, export_of
    from recorder.export.damaged import telling
    from recorder.export.encrypted import export_encrypted
    from recorder.privacy.consent import require_shareable
    from recorder.privacy.disclosures import exported_to, write_down
    from recorder.store.reader import SessionReader
    from recorder.store.workplace import EXPORTS, sweep_workplaces

    if form not in FORMATS:
        raise click.BadParameter(f"no such format: {form}; known: {', '.join(FORMATS)}")
    path = session_path(session, config)
    write = telling(export_of(form), require_fit(path, damaged=damaged))
    with failing_with(EX_DATAERR, ValueError):
        require_shareable(path, own_use=own_use)
        with SessionReader(path) as reader:
            session_id = reader.header.id  # whatever the file is called
    with failing_with(EX_CANTCREAT, OSError):
        directory.mkdir(parents=True, exist_ok=True)
        for place in exported_to(config.sessions_path):
            with suppress(OSError):  # it is another's, or a stick that is read-only
                sweep_workplaces(Path(place), EXPORTS)
        at = wall_clock.utc_text(wall_clock.utc_ns())
        to = str(directory.absolute())
        write_down(config.sessions_path, at, "exported", session_id, to=to)
    with failing_with(EX_DATAERR, ValueError), progress_in_thousandths("export") as progress:
        if key:
            files = export_encrypted(write, path, directory, key, progress)
        else:
            files = write(path, directory, progress)
    names = [str(file) for file in files]
    tell("antiphon.export/1", names, as_json=as_json, files=names)
