"""`antiphon erase`: a session, or all of a person's, gone from here and soon from the copies."""

import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import click

from recorder import wall_clock
from recorder.commands.options import configured, json_option, session_path, tell
from recorder.failure import EX_CONFIG, EX_DATAERR, EX_NOINPUT, EX_USAGE, Failure
from recorder.settings.file import Config
from recorder.store.catalog import LATEST
from recorder.store.files import session_of
from recorder.sync.census import Remnant, census, elsewhere
from recorder.sync.erase import Erasure, Found, parts_of, planned, sessions_of
from recorder.sync.erase import erase as erase_all
from recorder.sync.expiry import Expired, require_time_of_day, without_damaged
from recorder.sync.expiry import expired as find_expired
from recorder.sync.receipts import alone
from recorder.sync.tombstones import Why


@dataclass(frozen=True, slots=True)
class Told:
    """What the verb tells: of each session, and of where it remains."""

    found: Found
    sessions: list[Erasure]
    remnants: list[Remnant]
    applied: bool
    undated: list[str] = field(default_factory=list)


@click.command()
@click.argument("session", metavar="[ID]", default="")
@click.option("--person", metavar="CODE", default="", help="All sessions of this person instead.")
@click.option("--expired", is_flag=True, help="All that are older than retention_days instead.")
@click.option("--apply", "really", is_flag=True, help="Erase; without it, only show what would be.")
@click.option("--yes", is_flag=True, help="Of this code in capitals or small letters, too.")
@json_option
@configured("sessions")
def erase(session: str, config: Config, *, really: bool, as_json: bool, **wanted: Any) -> None:
    """Erase a session with all its parts, notes, hash and videos from this machine.

    A tombstone stays, and with it the next antiphon sync erases the copies at every destination.
    In the end this machine is searched again, and it is told where a copy is still, and where it
    was exported to. What was printed or copied by hand is yours to find.

    Erased is not destroyed: a flash card or SSD keeps old blocks, and overwriting a file does not
    reach them, so it is not tried. Only an encrypted disk helps against whoever takes the card out.

    --expired takes the sessions that ended more than the configuration's retention_days ago. One
    that is damaged, or whose date is not certain, is kept and named. Nothing is erased (75) while
    this machine's own time of day is not synchronised.

    `latest` is the newest session. Without --apply nothing is erased. A session that is being
    recorded cannot be. Exit code 66 when nothing fits, 69 when a copy or an export is where no sync
    gets to.

    Example: antiphon erase --person P07 --apply
    """
    found, undated, why = _wanted(config, session, **wanted)
    directory = config.sessions_path
    addresses = {destination.address for destination in config.destinations.values()}
    if really and found.ids:
        done = _erase_all(directory, found.ids, why)
        remnants = census(directory, found.ids, addresses)
        told = Told(found, done, remnants, applied=True, undated=undated)
    else:
        left = elsewhere(directory, found.ids, addresses)
        told = Told(found, planned(directory, found.ids), left, applied=really, undated=undated)
    _tell(told, as_json=as_json)
    _fail_with(told, wanted["person"])


def _wanted(
    config: Config, session: str, *, person: str, expired: bool, yes: bool
) -> tuple[Found, list[str], Why]:
    """Which sessions are meant, those that are kept for want of a date, and why it is done."""
    if [bool(session), bool(person), expired].count(True) != 1:
        text = "give one of: the ID of a session, --person CODE, --expired"
        raise Failure(text, EX_USAGE)
    directory = config.sessions_path
    if expired:
        old = _expired(config)
        return Found(old.ids, [], [], {}), old.undated, "retention"
    if person:
        found = _with_other_spellings(sessions_of(directory, person), person, yes=yes)
        return found, [], "person"
    if session == LATEST:
        session = session_of(session_path(session, config))
    return Found(parts_of(directory, session), [], [], {}), [], "session"


def _expired(config: Config) -> Expired:
    """What is older than the configuration's retention_days. Raises Failure when it says none."""
    if not config.retention_days:
        raise Failure("retention_days is not set: no session is ever too old", EX_CONFIG)
    require_time_of_day()
    directory = config.sessions_path
    found = find_expired(directory, config.retention_days, wall_clock.utc_ns())
    return without_damaged(directory, found)


def _with_other_spellings(found: Found, person: str, *, yes: bool) -> Found:
    """With those of codes that differ in capitals only, if somebody says that they are meant.

    Nobody is asked where nobody can answer.
    """
    if not found.spelled:
        return found
    spelled = ", ".join(f"{code!r} ({len(ids)})" for code, ids in found.spelled.items())
    text = f"{len(found.ids)} sessions of {person!r}; written otherwise: {spelled}"
    if not yes and sys.stdin.isatty() and sys.stderr.isatty():
        yes = click.confirm(f"{text}. Are they meant, too?", err=True)
    elif not yes:
        click.echo(f"{text}: --yes takes them, too", err=True)
    others = {one for ids in found.spelled.values() for one in ids} if yes else set()
    return replace(found, ids=sorted({*found.ids, *others}))


def _erase_all(directory: Path, ids: list[str], why: Why) -> list[Erasure]:
    when = wall_clock.utc_text(wall_clock.utc_ns())
    with alone(directory):
        return erase_all(directory, ids, why, when)


def _tell(told: Told, *, as_json: bool) -> None:
    found = told.found
    fields = {
        "applied": told.applied,
        "deleted_before": found.elsewhere,
        "sessions": [asdict(one) for one in told.sessions],
        "unreadable": found.unreadable,
        "spelled_otherwise": found.spelled,
        "undated": told.undated,
        "remains": [asdict(one) for one in told.remnants],
    }
    tell("antiphon.erase/1", _lines(told), as_json=as_json, **fields)


def _lines(told: Told) -> Iterator[str]:
    for one in told.sessions:
        size = f"{one.bytes / 2**20:.1f} MiB"
        line = f"{one.id}  {one.state:<8} {len(one.files):>3} files {size:>10}  {one.problem}"
        yield line.rstrip()
    if told.found.elsewhere:
        ids = _few(told.found.elsewhere)
        yield f"deleted here earlier, so that it is not known whose: {ids}"
    if told.undated:
        yield f"kept, because their dates are not certain: {_few(told.undated)}"
    for remnant in told.remnants:
        yield f"{remnant.id}  remains   {remnant.where}: {remnant.why}"
    if told.sessions and not told.applied:
        yield "nothing was erased: --apply does it"
    elif told.sessions and not told.remnants:
        yield "searched again: nothing of it remains here, nor at a destination"


def _fail_with(told: Told, person: str) -> None:
    for one in told.sessions:
        if one.problem:
            raise Failure(f"{one.id}: {one.problem}", one.code)
    if told.found.unreadable:
        text = f"cannot be read, so that it is not known whose: {_few(told.found.unreadable)}"
        raise Failure(text, EX_DATAERR)
    if person and not told.sessions:
        raise Failure(f"no session here is of {person!r}", EX_NOINPUT)
    left = [one for one in told.remnants if one.code and told.applied]
    if left:
        where = _few([f"{one.id} at {one.where}" for one in left])
        raise Failure(f"not all is erased: {where}: {left[0].why}", left[0].code)


def _few(names: list[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more
