"""`antiphon consent`: what people have agreed to, and taking it back after the session."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from recorder import wall_clock
from recorder.commands.options import configured, json_option, session_path, tell
from recorder.failure import (
    EX_DATAERR,
    EX_IOERR,
    EX_NOINPUT,
    EX_TEMPFAIL,
    EX_UNAVAILABLE,
    EX_USAGE,
    Failure,
    failing_with,
)
from recorder.settings.destination import is_at
from recorder.settings.file import Config
from recorder.store.beside import videos_of
from recorder.store.files import DONE
from recorder.store.finish import finish
from recorder.store.note_rows import ConsentRow
from recorder.store.notes import ReadNotes
from recorder.store.reader import SessionReader
from recorder.store.redaction import finish_redactions
from recorder.sync.receipts import alone, old_copies

TEXTS = ("transcript", "notes")  # what is agreed to after a session


@click.command()
@click.argument("session", metavar="ID")
@click.option("--role", type=click.Choice(["patient", "therapist"]), help="Who takes it back.")
@click.option("--withdraw", "what", type=click.Choice(["video", "share", "eeg"]), help="What.")
@click.option("--agree", type=click.Choice(TEXTS), help="To what they agree after the session.")
@click.option("--refuse", type=click.Choice(TEXTS), help="To what they do not agree.")
@click.option("--by", metavar="CODE", default="", help="Who writes it down: a code.")
@click.option("--apply", "really", is_flag=True, help="Do it; without it, only show what would be.")
@json_option
@configured("sessions")
def consent(session: str, config: Config, *, really: bool, as_json: bool, **asked: Any) -> None:
    """What the two have agreed to, and what one of them takes back after the session.

    video: the videos here are deleted. share: the session is given to nobody any more. eeg: all
    that was recorded and measured of this person, and their code, is taken out; the other's stays.
    For that the file is written anew; the next antiphon sync replaces the copies, and until then it
    is told where the old one is still. It cannot be undone.

    A transcript and notes are agreed to, or not, in the session's notes; the newest word counts. A
    transcript that somebody refuses is shown, searched and exported no more, and antiphon strike
    takes its lines out for good. Notes go into a page for sharing only when both agree.

    Exit code 75 while the session is being recorded, 69 when an old copy is where no sync gets to.

    Example: antiphon consent 20261123T040000Z-1f3a --role patient --withdraw eeg --apply
    """
    role, what = asked["role"], asked["what"]
    said = [word for word in (what, asked["agree"], asked["refuse"]) if word]
    if len(said) != bool(role) or (really and not what):
        text = "give --role and one of --withdraw, --agree, --refuse, or none to see what there is"
        raise Failure(text, EX_USAGE)
    path = session_path(session, config)
    if said and not what:
        _write_down(path, role, said[0], asked["by"], given=bool(asked["agree"]))
    with failing_with(EX_DATAERR, ValueError), failing_with(EX_IOERR, OSError):
        if really:
            path = _withdraw(path, role, what)
        _tell(path, config, what, really=really, as_json=as_json)


def _write_down(path: Path, role: str, what: str, author: str, *, given: bool) -> None:
    from recorder.store.notes import open_notes

    row = ConsentRow(role, what, given, author, wall_clock.utc_ns())
    with (
        failing_with(EX_DATAERR, ValueError),
        failing_with(EX_IOERR, OSError),
        open_notes(path) as notes,
    ):
        notes.add(row)


def take_ended(path: Path) -> Path:
    """Where a session is put away; does that when nobody has. Raises Failure when it cannot be."""
    try:
        with SessionReader(path) as reader:
            if reader.state == "recording":
                raise BlockingIOError
        return finish(path)
    except BlockingIOError as error:
        text = "it is being recorded, read, or not ended yet: stop it first, or try again"
        raise Failure(f"{path.stem}: {text}", EX_TEMPFAIL) from error


def _withdraw(path: Path, role: str, what: Any) -> Path:
    from recorder.privacy.withdrawal import withdraw

    path = take_ended(path)
    with alone(path.parent.parent), failing_with(EX_NOINPUT, LookupError):
        finish_redactions(path.parent.parent)
        with failing_with(EX_TEMPFAIL, BlockingIOError):
            withdraw(path, role, what, wall_clock.utc_ns())
    return path


def _tell(path: Path, config: Config, what: str | None, *, really: bool, as_json: bool) -> None:
    with SessionReader(path) as reader:
        persons, redactions = reader.header.persons, reader.redactions()
        later = ReadNotes(reader).read(ConsentRow)
    replaced = {row.replaced_sha256 for row in redactions}
    sessions = path.parent.parent if path.parent.name == DONE else path.parent
    old = [receipt.destination for receipt in old_copies(sessions, path, replaced)]
    videos = [str(video) for video in videos_of(path)]
    people = [asdict(person) for person in persons]
    fields = {
        "applied": really,
        "persons": people,
        "later": [asdict(row) for row in later],
        "videos": videos,
        "redactions": [asdict(row) for row in redactions],
        "old_copies": old,
    }
    told = _later_lines(later)
    lines = [*_lines(people, old), *told, *([] if really or not what else _promise(what, videos))]
    tell("antiphon.consent/1", lines, as_json=as_json, **fields)
    require_configured(old, config)


def old_copies_told(old: list[str]) -> Iterator[str]:
    """A line for each destination that has a file as it was before."""
    yield from (f"the old file is still at {one}: antiphon sync replaces it" for one in old)


def require_configured(old: list[str], config: Config) -> None:
    """See that a sync gets to all old copies. Raises Failure when it does not."""
    known = [destination.address for destination in config.destinations.values()]
    unreachable = {one for one in old if not any(is_at(one, address) for address in known)}
    if unreachable:
        text = "it is not configured any more: configure it and sync, or delete the copy by hand"
        where = ", ".join(sorted(unreachable))
        raise Failure(f"the old file is still at {where}: {text}", EX_UNAVAILABLE)


def _lines(people: list[dict[str, Any]], old: list[str]) -> Iterator[str]:
    for person in people:
        streams = {"eeg": "record", "video": "video", "share": "share"}
        agreed = [name for name, key in streams.items() if person[f"consent_{key}"]]
        yield f"{person['role']:<10} {person['code']:<8} {', '.join(agreed) or 'nothing'}"
    yield from old_copies_told(old)


def _later_lines(rows: list[ConsentRow]) -> Iterator[str]:
    newest = {(row.role, row.what): row.given for row in rows}
    for (role, what), given in newest.items():
        yield f"{role:<10} {'agrees' if given else 'does not agree'} to {what}"


def _promise(what: str, videos: list[str]) -> Iterator[str]:
    if what == "video":
        yield from (f"would be deleted: {video}" for video in videos)
    yield f"nothing was changed: --apply takes back {what}"
