"""Verbs that tell of sessions: sessions, show."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from recorder import wall_clock
from recorder.commands.damaged import warn
from recorder.commands.missing import MOMENT_S
from recorder.commands.options import configured, json_option, session_path, tell
from recorder.failure import EX_DATAERR, failing_with
from recorder.settings.file import Config

if TYPE_CHECKING:
    from recorder.store.catalog import Entry
    from recorder.sync.expiry import Expired


@click.command()
@json_option
@configured("sessions")
def sessions(config: Config, *, as_json: bool) -> None:
    """The sessions on this machine, oldest first.

    Example: antiphon sessions --json
    """
    from recorder.store.catalog import sessions as list_sessions

    entries = list_sessions(config.sessions_path)
    old = _expired(config)
    lines = [*map(_entry_line, entries)] or [f"no sessions in {config.sessions_path}"]
    lines += _retention_lines(old, config.retention_days)
    listed = [asdict(entry) for entry in entries]
    expired = None if old is None else old.ids
    tell("antiphon.sessions/1", lines, as_json=as_json, sessions=listed, expired=expired)


@click.command()
@click.argument("session", metavar="ID|FILE")
@json_option
@configured("sessions")
def show(session: str, config: Config, *, as_json: bool) -> None:
    """What is in a session; `latest` stands for the newest one. Warns when it is damaged.

    Example: antiphon show latest
    """
    from recorder.store.fit import damage_seen
    from recorder.store.reader import SessionReader
    from recorder.store.summary import summarise

    path = session_path(session, config)
    with failing_with(EX_DATAERR, ValueError), SessionReader(path) as reader:
        damage = damage_seen(reader)
        warn(damage)
        summary = summarise(reader)
    tell("antiphon.show/1", _summary_lines(summary), as_json=as_json, **summary, damage=damage)


def _expired(config: Config) -> "Expired | None":
    """What is older than retention_days; None when this machine cannot know."""
    from recorder.sync.expiry import Expired, expired

    if not config.retention_days:
        return Expired()
    if not wall_clock.synchronised():
        return None
    return expired(config.sessions_path, config.retention_days, wall_clock.utc_ns())


def _retention_lines(old: "Expired | None", days: float) -> list[str]:
    if old is None:
        return [
            f"which are older than {days:g} days is not known: the time of day is not synchronised"
        ]
    lines = []
    if old.ids:
        lines.append(f"{len(old.ids)} ended more than {days:g} days ago: antiphon erase --expired")
    if old.undated:
        lines.append(f"of {len(old.undated)} it is not certain when they were")
    return lines


def _entry_line(entry: "Entry") -> str:
    length = "" if entry.duration_s is None else _minutes(entry.duration_s)
    size = f"{entry.size_bytes / 2**20:.1f} MiB"
    return f"{entry.id}  {entry.state:<11} {length:>8} {size:>10} {entry.problem}".rstrip()


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
    gaps = ", ".join(_gaps(cause, gap) for cause, gap in board["gaps"].items())
    counts = f"{board['samples']} samples, {board['lost']} lost, {board['late']} late"
    segments = f"{board['segments']} segment{'' if board['segments'] == 1 else 's'}"
    others = ", ".join(
        f"{it['label']} {it['kind']}" for it in board["channels"] if it["kind"] != "eeg"
    )
    no_eeg = f"; no EEG: {others}" if others else ""
    return f"{board['role']:<10} {counts}, {rate}, {segments}; gaps: {gaps or 'none'}{no_eeg}"


def _gaps(cause: str, gaps: dict[str, float]) -> str:
    length = f" ({gaps['seconds']:.1f} s)" if gaps["seconds"] >= MOMENT_S else ""
    return f"{gaps['times']} x {cause}{length}"


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
