"""`antiphon sync`: finished sessions copied to workstations, each copy proved."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from recorder.commands.options import configured, json_option, progress_bar, tell
from recorder.failure import EX_CONFIG, EX_DATAERR, EX_IOERR, EX_USAGE, Failure, failing_with
from recorder.settings.destination import Destination
from recorder.settings.file import Config
from recorder.store.redaction import finish_redactions
from recorder.sync.delivery import Outcome, Place, deliver_all, misnamed, to_copy
from recorder.sync.erase import bury_all, finish_erasures, to_bury
from recorder.sync.finished import LeftOut, left_out
from recorder.sync.notes import bring_together
from recorder.sync.outbox import OUTBOX, Outbox
from recorder.sync.receipts import Receipts, alone
from recorder.sync.ssh import SshLink


@dataclass(frozen=True, slots=True)
class Round:
    """What one destination got, and what stopped it, if anything did."""

    destination: str
    outcomes: list[Outcome]
    failure: Failure | None = None


@click.command()
@click.option("--to", "name", default="", metavar="NAME", help="Only this destination.")
@click.option("--dry-run", is_flag=True, help="Show what would be copied; connect to nothing.")
@json_option
@configured("sessions")
def sync(name: str, config: Config, *, dry_run: bool, as_json: bool) -> None:
    """Copy finished sessions to the configured destinations, and have each copy verified there.

    Notes go both ways: each machine keeps its own, and nothing is replaced by what has less.

    A cut connection loses nothing: the next sync resumes there. Only copies of sessions that
    were erased here (antiphon erase) are deleted there. What a destination's encrypt_to names a key
    for leaves this machine encrypted.

    Example: antiphon sync --to ward
    """
    chosen = destinations(config.sync, name)
    rounds: list[Round] = []
    if config.sessions_path.is_dir():
        with alone(config.sessions_path) as lock:
            if not dry_run:
                finish_erasures(config.sessions_path)
                with failing_with(EX_DATAERR, ValueError), failing_with(EX_IOERR, OSError):
                    finish_redactions(config.sessions_path)
            for name_of, destination in chosen.items():
                link = SshLink(name_of, destination, lock)
                rounds.append(_round(config.sessions_path, link, dry_run=dry_run))
    left = left_out(config.sessions_path)
    _tell(rounds, left, dry_run=dry_run, as_json=as_json)
    _fail_with(rounds, left)


def destinations(configured: Mapping[str, Destination], name: str = "") -> dict[str, Destination]:
    """All destinations, or the one that is called `name`.

    Raises:
        Failure: there is none.
    """
    if not configured:
        text = "no destination is configured: add a [sync.NAME] section to antiphon.toml"
        raise Failure(text, EX_CONFIG)
    if name and name not in configured:
        raise Failure(f"no destination is called {name!r}: {', '.join(configured)}", EX_USAGE)
    return {name: configured[name]} if name else dict(configured)


def place_of(sessions: Path, link: SshLink) -> Place:
    """The destination behind a link, with what this machine keeps about it."""
    key = link.destination.encrypt_to
    receipts = Receipts(sessions, link.name, link.address, key)
    return Place(link, receipts, outbox=Outbox(sessions / OUTBOX / link.name, key))


def _round(sessions: Path, link: SshLink, *, dry_run: bool) -> Round:
    place = place_of(sessions, link)
    paths = to_copy(sessions, place.receipts)
    if dry_run:
        erased = [Outcome(one.id, "to erase", 0) for one in to_bury(sessions, link.address)]
        planned = [Outcome(path.name, "to copy", path.stat().st_size) for path in paths]
        return Round(link.name, erased + planned + misnamed(sessions))
    outcomes = misnamed(sessions)
    try:
        link.require_keys()
        outcomes.extend(bury_all(sessions, place))
        contained: dict[str, str] = {}
        outcomes.extend(bring_together(sessions, place, contained))
        paths = to_copy(sessions, place.receipts)
        with progress_bar(link.name, sum(path.stat().st_size for path in paths)) as show:
            for outcome in deliver_all(paths, place, lambda n, _: show(n), contained):
                outcomes.append(outcome)
    except Failure as failure:
        return Round(link.name, outcomes, failure)
    return Round(link.name, outcomes)


def _tell(rounds: list[Round], left: list[LeftOut], *, dry_run: bool, as_json: bool) -> None:
    files = [
        {"destination": one.destination, **asdict(outcome)}
        for one in rounds
        for outcome in one.outcomes
    ]
    problems = [text for text, _ in _failures(rounds, left)]
    not_finished = [{"name": one.name, "reason": one.reason} for one in left]
    fields = {"dry_run": dry_run, "files": files, "left_out": not_finished, "problems": problems}
    tell("antiphon.sync/1", _lines(rounds, left), as_json=as_json, **fields)


def _lines(rounds: list[Round], left: list[LeftOut]) -> Iterator[str]:
    for one in rounds:
        yield from (f"{one.destination}  {_line(outcome)}" for outcome in one.outcomes)
        if not one.outcomes and one.failure is None:
            yield f"{one.destination}  nothing to copy"
    yield from (f"left out  {one.name}: {one.reason}" for one in left)


def _line(outcome: Outcome) -> str:
    size = f"{outcome.bytes / 2**20:.1f} MiB"
    return f"{outcome.name:<34}  {outcome.state:<13} {size:>10}  {outcome.problem}".rstrip()


def _failures(rounds: list[Round], left: list[LeftOut]) -> list[tuple[str, int]]:
    stopped = [(str(one.failure), one.failure.code) for one in rounds if one.failure]
    refused = [
        (f"{one.destination}: {outcome.name}: {outcome.problem}", outcome.code)
        for one in rounds
        for outcome in one.outcomes
        if outcome.problem
    ]
    unfinished = [(f"left out {one.name}: {one.reason}", one.code) for one in left if one.code]
    return stopped + refused + unfinished


def _fail_with(rounds: list[Round], left: list[LeftOut]) -> None:
    failures = _failures(rounds, left)
    if failures:
        (text, code), *more = failures
        raise Failure(f"{text} (and {len(more)} more)" if more else text, code)
