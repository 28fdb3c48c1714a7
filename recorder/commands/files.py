"""Verbs that read session files: sessions, show, verify, export."""

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from recorder.commands.options import (
    config_option,
    configuration,
    json_option,
    print_json,
    sessions_option,
)
from recorder.commands.progress import progress_in_thousandths
from recorder.failure import EX_CANTCREAT, EX_DATAERR, EX_NOINPUT, Failure, failing_with


@click.command()
@json_option
@sessions_option
@config_option
def sessions(config_file: Path | None, sessions_dir: Path | None, *, as_json: bool) -> None:
    """The sessions on this machine, oldest first.

    Example: antiphon sessions --json
    """
    from recorder.store.catalog import sessions as list_sessions

    directory = configuration(config_file, sessions=sessions_dir).sessions_path
    entries = list_sessions(directory)
    if as_json:
        print_json("antiphon.sessions/1", sessions=[asdict(entry) for entry in entries])
        return
    for entry in entries:
        length = "" if entry.duration_s is None else _minutes(entry.duration_s)
        size = f"{entry.size_bytes / 2**20:.1f} MiB"
        click.echo(f"{entry.id}  {entry.state:<11} {length:>8} {size:>10} {entry.problem}".rstrip())
    if not entries:
        click.echo(f"no sessions in {directory}")


@click.command()
@click.argument("session", metavar="ID|FILE")
@json_option
@sessions_option
@config_option
def show(
    session: str, config_file: Path | None, sessions_dir: Path | None, *, as_json: bool
) -> None:
    """What is in a session; `latest` stands for the newest one.

    Example: antiphon show latest
    """
    from recorder.store.reader import SessionReader
    from recorder.store.summary import summarise

    path = _find(session, config_file, sessions_dir)
    with failing_with(EX_DATAERR, ValueError), SessionReader(path) as reader:
        summary = summarise(reader)
    if as_json:
        print_json("antiphon.show/1", **{k: v for k, v in summary.items() if k != "schema"})
        return
    for line in _summary_lines(summary):
        click.echo(line)


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

    path = _find(session, config_file, sessions_dir)
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


@click.command()
@click.argument("session", metavar="ID|FILE")
@click.option("--to", "form", required=True, help="Which format: csv.")
@click.argument("directory", type=click.Path(path_type=Path, file_okay=False))
@click.option("--encrypt-to", "key", default="", metavar="KEY", help="Only for this age key.")
@click.option("--own-use", is_flag=True, help="It stays with you: consent to sharing not needed.")
@json_option
@sessions_option
@config_option
def export(  # noqa: PLR0913 - one parameter an option
    session: str,
    form: str,
    directory: Path,
    config_file: Path | None,
    sessions_dir: Path | None,
    *,
    key: str,
    own_use: bool,
    as_json: bool,
) -> None:
    """Write a session into DIRECTORY for other programs.

    csv: a file a board with segment, index, t_ns and the microvolts of each channel; channels,
    markers, gaps, measures and the time of day (t_ns, utc_ns) in files of their own.

    Refused (77) when somebody in the session has not agreed to sharing, but for --own-use. With
    --encrypt-to nothing plain reaches DIRECTORY: age -d opens the files for whoever has the key.

    Example: antiphon export 20261123T040000Z --to csv ./tables
    """
    from recorder.export import FORMATS
    from recorder.export.encrypted import export_encrypted
    from recorder.privacy.consent import require_shareable

    if form not in FORMATS:
        raise click.BadParameter(f"no such format: {form}; known: {', '.join(FORMATS)}")
    path = _find(session, config_file, sessions_dir)
    with failing_with(EX_DATAERR, ValueError):
        require_shareable(path, own_use=own_use)
    with failing_with(EX_CANTCREAT, OSError):
        directory.mkdir(parents=True, exist_ok=True)
    with failing_with(EX_DATAERR, ValueError), progress_in_thousandths("export") as progress:
        if key:
            files = export_encrypted(FORMATS[form], path, directory, key, progress)
        else:
            files = FORMATS[form](path, directory, progress)
    if as_json:
        print_json("antiphon.export/1", files=[str(file) for file in files])
        return
    for file in files:
        click.echo(str(file))


def _find(session: str, config_file: Path | None, sessions_dir: Path | None) -> Path:
    from recorder.store.catalog import find

    with failing_with(EX_NOINPUT, LookupError):
        return find(configuration(config_file, sessions=sessions_dir).sessions_path, session)


def _summary_lines(summary: dict[str, Any]) -> list[str]:
    begun = datetime.fromtimestamp(summary["begun_utc_ns"] // 1_000_000_000, UTC)
    doubt = "" if summary["begun_is_certain"] else " (no time server was heard)"
    lines = [
        f"session    {summary['id']}, {summary['state']}",
        f"begun      {begun:%Y-%m-%d %H:%M:%S} UTC{doubt}, {_minutes(summary['duration_s'])} long",
        f"people     {', '.join(f'{role} {code}' for role, code in summary['persons'].items())}",
        f"markers    {summary['markers']}",
        f"size       {summary['size_bytes'] / 2**20:.1f} MiB",
    ]
    return lines + [_board_line(board) for board in summary["boards"]]


def _board_line(board: dict[str, Any]) -> str:
    rate = "rate not known" if board["rate_hz"] is None else f"{board['rate_hz']:.3f} Hz"
    gaps = ", ".join(f"{gap['times']} x {cause}" for cause, gap in board["gaps"].items())
    counts = f"{board['samples']} samples, {board['lost']} lost, {board['late']} late"
    segments = f"{board['segments']} segment{'' if board['segments'] == 1 else 's'}"
    others = ", ".join(
        f"{it['label']} {it['kind']}" for it in board["channels"] if it["kind"] != "eeg"
    )
    no_eeg = f"; no EEG: {others}" if others else ""
    return f"{board['role']:<10} {counts}, {rate}, {segments}; gaps: {gaps or 'none'}{no_eeg}"


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
