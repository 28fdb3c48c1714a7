"""`antiphon verify`: whether a session file is whole."""

from dataclasses import asdict

import click

from recorder.commands.options import (
    configured,
    json_option,
    progress_in_thousandths,
    session_path,
    tell,
)
from recorder.failure import EX_DATAERR, Failure
from recorder.settings.file import Config


@click.command()
@click.argument("session", metavar="ID|FILE")
@json_option
@configured("sessions")
@click.pass_context
def verify(context: click.Context, session: str, config: Config, *, as_json: bool) -> None:
    """Check a session file for damage. Exit code 65 when there is any.

    Example: antiphon verify latest
    """
    from recorder.store.check import verify as check

    path = session_path(session, config)
    with progress_in_thousandths("verify") as progress:
        report = check(path, progress)
    if not (as_json or report.counts):
        raise Failure("; ".join(report.problems), EX_DATAERR)
    verdict = f"{path}: {'whole' if report.ok else 'damaged'}"
    told = asdict(report) | {"ok": report.ok, "problems": list(report.problems)}
    cure = [] if report.ok else [f"antiphon repair {path} saves what is whole"]
    lines = [*report.problems, *report.notes, *cure, verdict]
    tell("antiphon.verify/1", lines, as_json=as_json, file=str(path), **told)
    context.exit(0 if report.ok else EX_DATAERR)
