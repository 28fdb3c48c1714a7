"""Verbs that tell of sessions: sessions, show."""

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
    session_path,
    sessions_option,
)
from recorder.failure import EX_DATAERR, failing_with


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

    path = session_path(session, config_file, sessions_dir)
    with failing_with(EX_DATAERR, ValueError), SessionReader(path) as reader:
        summary = summarise(reader)
    if as_json:
        print_json("antiphon.show/1", **{k: v for k, v in summary.items() if k != "schema"})
        return
    for line in _summary_lines(summary):
        click.echo(line)


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
