"""Verbs that tell of sessions: sessions, show."""

import shutil
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from recorder import wall_clock
from recorder.commands.damaged import warn
from recorder.commands.options import configured, json_option, session_path, tell
from recorder.failure import EX_DATAERR, failing_with
from recorder.settings.file import Config

if TYPE_CHECKING:
    from recorder.commands.session_lines import Elsewhere
    from recorder.open import OpenSession
    from recorder.store.catalog import Entry
    from recorder.sync.expiry import Expired


@click.command()
@click.option("--person", metavar="CODE", default="", help="Only those of this person.")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only those begun on it or later.")
@json_option
@configured("sessions")
def sessions(person: str, since: datetime | None, config: Config, *, as_json: bool) -> None:
    """The sessions on this machine, oldest first.

    Each with its local time (? where no time server was heard), the codes and the usable share of
    both people, the marks that were made while it was recorded, and where copies are. The usable
    share is the time with samples, times the share of contact checks that were good. What cannot
    be read is always told.

    Example: antiphon sessions --person P01 --since 2026-11-23
    """
    from recorder.store.catalog import sessions as list_sessions

    entries = [
        entry
        for entry in list_sessions(config.sessions_path)
        if entry.problem or (_is_of(entry, person) and _is_since(entry, since))
    ]
    listed = _listed(config.sessions_path, entries)
    old = _expired(config)
    if as_json:
        expired = None if old is None else old.ids
        told = [asdict(one.entry) | {"copied": one.copied} for one in listed]
        tell("antiphon.sessions/1", [], as_json=True, sessions=told, expired=expired)
        return
    lines = _lines(listed) or [
        f"no {'such ' * bool(person or since)}sessions in {config.sessions_path}"
    ]
    lines += _retention_lines(old, config.retention_days)
    tell("antiphon.sessions/1", lines, as_json=False)


@click.command()
@click.argument("session", metavar="ID|FILE")
@json_option
@configured("sessions")
def show(session: str, config: Config, *, as_json: bool) -> None:
    """What is in a session; `latest` stands for the newest one. Warns when it is damaged.

    Coverage of each person: the time with samples, what is missing by its causes, and the usable
    share, which is the former times the share of contact checks that were good. Then what was
    marked, noted and seen, notes from after the session included, and a picture as wide as the
    terminal: both frontal asymmetries, holes and marks.

    Example: antiphon show latest
    """
    from recorder.commands.session_lines import summary_lines, told_lines
    from recorder.open import OpenSession
    from recorder.open.picture import picture

    path = session_path(session, config)
    with failing_with(EX_DATAERR, ValueError), OpenSession(path, "best") as opened:
        warn(list(opened.damage))
        summary, gone = opened.summary(), _elsewhere(opened, config)
        if as_json:
            told = _told(opened, gone)
            tell("antiphon.show/1", [], as_json=True, **summary, **told, damage=opened.damage)
            return
        lines = [*summary_lines(opened, summary, gone), *told_lines(opened)]
        lines += picture(opened, shutil.get_terminal_size().columns)
    tell("antiphon.show/1", lines, as_json=False)


@dataclass(frozen=True, slots=True)
class _Listed:
    """A session in the list, and the destinations that have proved to hold it."""

    entry: "Entry"
    copied: list[str]


def _is_of(entry: "Entry", code: str) -> bool:
    return not code or code in entry.codes


def _is_since(entry: "Entry", since: datetime | None) -> bool:
    return since is None or (local := _local(entry)) is None or local >= since


def _local(entry: "Entry") -> datetime | None:
    """When it was begun, by this machine's time zone."""
    if entry.created_utc_ns is None:
        return None
    return wall_clock.local_time(entry.created_utc_ns).replace(tzinfo=None)


def _listed(sessions: Path, entries: "list[Entry]") -> list[_Listed]:
    from recorder.sync.receipts import copies_of, destinations

    named = destinations(sessions)
    return [_Listed(one, [*copies_of(sessions, one.path, named)]) for one in entries]


def _elsewhere(opened: "OpenSession", config: Config) -> "Elsewhere":
    from recorder.commands.session_lines import Elsewhere
    from recorder.privacy.disclosures import disclosures
    from recorder.store.files import DONE
    from recorder.sync.receipts import copies_of, destinations

    here = opened.path.parent
    sessions = here.parent if here.name == DONE else here
    copies = copies_of(sessions, opened.path, destinations(sessions))
    return Elsewhere(copies, disclosures(config.sessions_path, opened.id))


def _told(opened: "OpenSession", gone: "Elsewhere") -> dict[str, Any]:
    """What --json tells beside the summary."""
    return {
        "clock": opened.clock,
        "consent": [asdict(person) for person in opened.header.persons],
        "relabelled": list(opened.relabelled),
        "redactions": [asdict(row) for row in opened.redactions],
        "marks": [asdict(mark) for mark in opened.marks],
        "intervals": [asdict(interval) for interval in opened.intervals],
        "events": [asdict(event) for event in opened.events],
        "impedances": [asdict(row) for row in opened.impedances],
        "videos": [asdict(video) for video in opened.videos],
        "copies": {name: msgspec.to_builtins(it) for name, it in gone.copies.items()},
        "disclosures": [msgspec.to_builtins(it) for it in gone.disclosures],
    }


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


def _lines(listed: list[_Listed]) -> list[str]:
    """A line a session, the marks below each other."""
    people = [_people(one.entry) for one in listed]
    widest = max(map(len, people), default=0)
    return [_line(one, f"{who:<{widest}}") for one, who in zip(listed, people, strict=True)]


def _line(listed: _Listed, people: str) -> str:
    from recorder.commands.session_lines import clock, several

    entry = listed.entry
    length = "" if entry.duration_s is None else clock(entry.duration_s)
    size = f"{entry.size_bytes / 2**20:.1f} MiB"
    line = f"{entry.id}  {entry.state:<11} {length:>8} {size:>10}"
    if entry.problem:
        return f"{line} {entry.problem}"
    begun = f"{_local(entry):%Y-%m-%d %H:%M}{' ' if entry.created_is_certain else '?'}"
    marks = "? marks" if entry.marks is None else several(entry.marks, "mark")
    copied = "practice" if entry.practice else ", ".join(listed.copied) or "not copied"
    return f"{line}  {begun} {people}  {marks:<9}  {copied}"


def _people(entry: "Entry") -> str:
    """Codes and usable shares, `-` for a code that was taken out."""
    pairs = zip(entry.codes, entry.usable, strict=True)
    return ", ".join(
        f"{code or '-'} {'' if part is None else f'{part:.0%}'}".rstrip() for code, part in pairs
    )
