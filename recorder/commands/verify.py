"""`antiphon verify`: whether a session file is whole."""

from dataclasses import asdict
from pathlib import Path

import click

from recorder.commands.options import (
    config_option,
    json_option,
    print_json,
    progress_in_thousandths,
    session_path,
    sessions_option,
)
from recorder.failure import EX_DATAERR, Failure


@click.command()
@click.argument("session", metavar="ID|FILE")
@json_option
@sessions_option
@config_option
@click.pass_context
def verify(
    context: click.Context,
    session: str,
    config_file: Path | None,
    sessions_dir: Path | None,
    *,
    as_json: bool,
) -> None:
    """Check a session file for damage. Exit code 65 when there is any.

    Example: antiphon verify latest
    """
    from recorder.store.check import verify as check

    path = session_path(session, config_file, sessions_dir)
    with progress_in_thousandths("verify") as progress:
        report = check(path, progress)
    if as_json:
        told = asdict(report) | {"ok": report.ok, "problems": list(report.problems)}
        print_json("antiphon.verify/1", file=str(path), **told)
    elif not report.counts:
        raise Failure("; ".join(report.problems), EX_DATAERR)
    else:
        for line in (*report.problems, *report.notes):
            click.echo(line)
        click.echo(f"{path}: {'whole' if report.ok else 'damaged'}")
    context.exit(0 if report.ok else EX_DATAERR)
