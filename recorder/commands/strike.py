"""`antiphon strike`: a text that was typed by mistake, taken out of an ended session for good."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from recorder import wall_clock
from recorder.commands.consent import old_copies_told, require_configured, take_ended
from recorder.commands.options import configured, json_option, session_path, tell
from recorder.failure import (
    EX_DATAERR,
    EX_IOERR,
    EX_NOINPUT,
    EX_TEMPFAIL,
    EX_USAGE,
    Failure,
    failing_with,
)
from recorder.settings.file import Config
from recorder.store.beside import notes_files_of, sha256_of
from recorder.store.redaction import finish_redactions
from recorder.sync.receipts import alone, old_copies

if TYPE_CHECKING:
    from recorder.privacy.striking import Typed


@click.command()
@click.argument("session", metavar="ID")
@click.argument("number", type=click.IntRange(1), required=False)
@click.option("--text", default="", metavar="TEXT", help="All in which TEXT stands.")
@click.option("--apply", "really", is_flag=True, help="Do it; without it, only show what would be.")
@json_option
@configured("sessions")
def strike(
    session: str, number: int | None, text: str, config: Config, *, really: bool, as_json: bool
) -> None:
    """Take marks and notes out for good that should not have been typed, such as a name.

    Without NUMBER and --text all of a session are listed with their numbers. "(struck out)" takes
    the place of the text; the next antiphon sync replaces the copies, and it is told where they
    are. It cannot be undone. Exit code 69 when one is where no sync gets to.

    Example: antiphon strike 20261123T040000Z-1f3a 3 --apply
    """
    from recorder.privacy.striking import strike as strike_out
    from recorder.privacy.striking import typed

    if really and not number and not text:
        raise Failure("strike out what? give its number, or --text", EX_USAGE)
    path = session_path(session, config)
    with failing_with(EX_DATAERR, ValueError), failing_with(EX_IOERR, OSError):
        if really:
            path = take_ended(path)
        listed = typed(path)
        chosen = _chosen(listed, number, text)
        old: list[str] = []
        if really:
            directory = path.parent.parent
            with alone(directory), failing_with(EX_TEMPFAIL, BlockingIOError):
                finish_redactions(directory)
                before = _hashes(path)
                strike_out(path, [listed[one - 1] for one in chosen], wall_clock.utc_ns())
                old = _old_copies(directory, before, _hashes(path))
    word = "struck out" if really else "would be" if number or text else ""
    lines = [f"{one:>3}  {listed[one - 1].text}  {word}".rstrip() for one in chosen]
    lines += old_copies_told(old)
    told = [{"number": one, **asdict(listed[one - 1])} for one in chosen]
    tell("antiphon.strike/1", lines, as_json=as_json, applied=really, texts=told, old_copies=old)
    require_configured(old, config)


def _hashes(path: Path) -> dict[Path, str]:
    """Of the session file and its notes."""
    return {file: sha256_of(file) for file in (path, *notes_files_of(path))}


def _old_copies(directory: Path, before: dict[Path, str], now: dict[Path, str]) -> list[str]:
    """The destinations that have one of these files as it was before."""
    changed = [(file, sha256) for file, sha256 in before.items() if now.get(file) != sha256]
    return sorted(
        {
            receipt.destination
            for file, sha256 in changed
            for receipt in old_copies(directory, file, {sha256})
        }
    )


def _chosen(listed: list["Typed"], number: int | None, text: str) -> list[int]:
    """The numbers of those that are meant, from 1 on. Raises Failure when there is none."""
    numbers = range(1, len(listed) + 1)
    chosen = [
        one
        for one in numbers
        if (number is None or one == number) and text.casefold() in listed[one - 1].text.casefold()
    ]
    if not chosen and (number or text):
        raise Failure(f"no such mark or note: there are {len(listed)}", EX_NOINPUT)
    return chosen
