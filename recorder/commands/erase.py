"""`antiphon erase`: a session, or all of a person's, gone from here and soon from the copies."""

from dataclasses import asdict
from pathlib import Path

import click

from recorder import wall_clock
from recorder.commands.options import (
    config_option,
    configuration,
    json_option,
    print_json,
    sessions_option,
)
from recorder.failure import EX_DATAERR, EX_USAGE, Failure
from recorder.sync.erase import Erasure, Found, parts_of, planned, sessions_of
from recorder.sync.erase import erase as erase_one
from recorder.sync.receipts import alone
from recorder.sync.tombstones import Why


@click.command()
@click.argument("session", metavar="[ID]", default="")
@click.option("--person", metavar="CODE", default="", help="All sessions of this person instead.")
@click.option("--apply", "really", is_flag=True, help="Erase; without it, only show what would be.")
@json_option
@sessions_option
@config_option
def erase(
    session: str,
    person: str,
    config_file: Path | None,
    sessions_dir: Path | None,
    *,
    really: bool,
    as_json: bool,
) -> None:
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
    directory = configuration(config_file, sessions=sessions_dir).sessions_path
    found = sessions_of(directory, person) if person else _only(directory, session)
    done = [planned(directory, one) for one in found.ids]
    if really and found.ids:
        done = _erase_all(directory, found.ids, "person" if person else "session")
    _tell(done, found, really=really, as_json=as_json)
    _fail_with(done, found)


def _only(directory: Path, session: str) -> Found:
    return Found(parts_of(directory, session), [], [])


def _erase_all(directory: Path, ids: list[str], why: Why) -> list[Erasure]:
    when = wall_clock.utc_text(wall_clock.utc_ns())
    with alone(directory):
        return [erase_one(directory, one, why, when) for one in ids]


def _tell(done: list[Erasure], found: Found, *, really: bool, as_json: bool) -> None:
    if as_json:
        told = {"sessions": [asdict(one) for one in done], "unreadable": found.unreadable}
        print_json("antiphon.erase/1", applied=really, deleted_before=found.elsewhere, **told)
        return
    for one in done:
        size = f"{one.bytes / 2**20:.1f} MiB"
        line = f"{one.id}  {one.state:<8} {len(one.files):>3} files {size:>10}  {one.problem}"
        click.echo(line.rstrip())
    if not done:
        click.echo("no session here is of this person")
    if found.elsewhere:
        click.echo(f"deleted here earlier, so that it is not known whose: {_few(found.elsewhere)}")
    if done and not really:
        click.echo("nothing was erased: --apply does it")


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
