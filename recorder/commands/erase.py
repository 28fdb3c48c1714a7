"""`antiphon erase`: a session, or all of a person's, gone from here and soon from the copies."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from recorder import wall_clock
from recorder.commands.options import configured, json_option, tell
from recorder.failure import EX_DATAERR, EX_USAGE, Failure
from recorder.settings.file import Config
from recorder.sync.erase import Erasure, Found, parts_of, planned, sessions_of
from recorder.sync.erase import erase as erase_one
from recorder.sync.receipts import alone
from recorder.sync.tombstones import Why


@click.command()
@click.argument("session", metavar="[ID]", default="")
@click.option("--person", metavar="CODE", default="", help="All sessions of this person instead.")
@click.option("--apply", "really", is_flag=True, help="Erase; without it, only show what would be.")
@json_option
@configured("sessions")
def erase(session: str, person: str, config: Config, *, really: bool, as_json: bool) -> None:
    """Erase a session with all its parts, notes, hash and videos from this machine.

    A tombstone stays, and with it the next antiphon sync erases the copies at every destination.
    What was exported, printed or copied by hand is yours to find.

    Erased is not destroyed: a flash card or SSD keeps old blocks, and overwriting a file does not
    reach them, so it is not tried. Only an encrypted disk helps against whoever takes the card out.

    Without --apply nothing is erased. A session that is being recorded cannot be. Doing it again
    is no error.

    Example: antiphon erase --person P07 --apply
    """
    if bool(session) == bool(person):
        raise Failure("give either the ID of a session, or --person CODE", EX_USAGE)
    directory = config.sessions_path
    found = (
        sessions_of(directory, person) if person else Found(parts_of(directory, session), [], [])
    )
    done = [planned(directory, one) for one in found.ids]
    if really and found.ids:
        done = _erase_all(directory, found.ids, "person" if person else "session")
    _tell(done, found, really=really, as_json=as_json)
    _fail_with(done, found)


def _erase_all(directory: Path, ids: list[str], why: Why) -> list[Erasure]:
    when = wall_clock.utc_text(wall_clock.utc_ns())
    with alone(directory):
        return [erase_one(directory, one, why, when) for one in ids]


def _tell(done: list[Erasure], found: Found, *, really: bool, as_json: bool) -> None:
    told = {"sessions": [asdict(one) for one in done], "unreadable": found.unreadable}
    fields = {"applied": really, "deleted_before": found.elsewhere, **told}
    tell("antiphon.erase/1", _lines(done, found, really=really), as_json=as_json, **fields)


def _lines(done: list[Erasure], found: Found, *, really: bool) -> Iterator[str]:
    for one in done:
        size = f"{one.bytes / 2**20:.1f} MiB"
        line = f"{one.id}  {one.state:<8} {len(one.files):>3} files {size:>10}  {one.problem}"
        yield line.rstrip()
    if not done:
        yield "no session here is of this person"
    if found.elsewhere:
        yield f"deleted here earlier, so that it is not known whose: {_few(found.elsewhere)}"
    if done and not really:
        yield "nothing was erased: --apply does it"


def _fail_with(done: list[Erasure], found: Found) -> None:
    for one in done:
        if one.problem:
            raise Failure(f"{one.id}: {one.problem}", one.code)
    if found.unreadable:
        text = f"cannot be read, so that it is not known whose: {_few(found.unreadable)}"
        raise Failure(text, EX_DATAERR)


def _few(names: list[str]) -> str:
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + more
