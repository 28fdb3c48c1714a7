"""`antiphon sync`: finished sessions copied to where they are kept, and each copy proved."""

import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

import click
import msgspec

from recorder import wall_clock
from recorder.commands.options import configured, json_option, progress_bar, tell
from recorder.failure import (
    EX_CONFIG,
    EX_DATAERR,
    EX_IOERR,
    EX_UNAVAILABLE,
    EX_USAGE,
    Failure,
    failing_with,
)
from recorder.settings.destination import Terms, Workstation
from recorder.settings.file import Config
from recorder.settings.values import BoxAddress
from recorder.store.redaction import finish_redactions
from recorder.sync.delivery import Outcome, Place, deliver_all, misnamed, to_copy
from recorder.sync.erase import bury_all, finish_erasures, to_bury, unfilm_all
from recorder.sync.finished import LeftOut, left_out
from recorder.sync.links import WindowClosed, link_to, place_of, require_open, while_open
from recorder.sync.look import clear_looks, show_running
from recorder.sync.notes import bring_together
from recorder.sync.receipts import alone
from recorder.wire.elsewhere import over_ssh

PULL_PORT, SSHD_PORT = 2222, 22  # at the box, and here
SSH_FAILED = 255


@dataclass(slots=True)
class Round:
    """What one destination got, what it was found to be, and what stopped it, if anything did."""

    destination: str
    outcomes: list[Outcome] = field(default_factory=list)
    failure: Failure | None = None
    found: str = ""


@click.command()
@click.option("--to", "name", default="", metavar="NAME", help="Only this destination.")
@click.option("--test", "only_test", is_flag=True, help="Connect and try everything; copy nothing.")
@click.option("--look", is_flag=True, help="What is being recorded, too, as it is by now.")
@click.option("--pull", "box", metavar="BOX", default="", help="Have a box copy to this machine.")
@click.option("--dry-run", is_flag=True, help="Show what would be copied; connect to nothing.")
@json_option
@configured("sessions")
def sync(  # noqa: PLR0913 - one parameter an option
    name: str,
    box: str,
    config: Config,
    *,
    look: bool,
    only_test: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Copy finished sessions to the configured destinations, and have each copy verified there.

    A destination is a workstation over ssh, a disk that is plugged in or a share of the network, or
    what rclone gets to. Videos go along where everybody has agreed to video. Notes go both ways:
    each machine keeps its own, and nothing is replaced by what has less.

    A cut connection loses nothing: the next sync resumes there. Only copies of sessions that
    were erased here (antiphon erase) are deleted there. What a destination's encrypt_to names a key
    for leaves this machine encrypted.

    With --look a session that is being recorded is copied as it is on the disk by now, to be looked
    at: ID.antiphon.look, which goes when the finished session has come.

    With --pull, on a workstation that the box cannot reach: the box (a host as ssh takes it) is
    asked over ssh, with your own keys, to copy through that connection to this machine's sshd. At
    the box that is the destination --to, which is `pulled`, on 127.0.0.1 and port 2222.

    With --test the host key, the key, the disk, what is written there and read back are tried, with
    nothing to copy.

    Example: antiphon sync --to ward
    """
    if box:
        pull(box, name, ["--look"] if look else [])
        return
    if only_test and dry_run:
        raise Failure("--test connects, and --dry-run does not: give one of them", EX_USAGE)
    chosen = destinations(config.destinations, name)
    chosen = chosen if name else standing(chosen)
    rounds: list[Round] = []
    sessions = config.sessions_path
    if only_test:
        with Path(os.devnull).open() as no_lock:  # there may be a sync on its way
            _each(_try_out, chosen, sessions, no_lock.fileno(), rounds)
    elif sessions.is_dir():
        with alone(sessions) as lock:
            if not dry_run:
                _finish_earlier(sessions)
            act = _plan if dry_run else partial(_copy, look=look)
            _each(act, chosen, sessions, lock, rounds)
    left = [] if only_test else left_out(sessions)
    _tell(rounds, left, dry_run=dry_run, as_json=as_json)
    _fail_with(rounds, left)


def destinations(configured: Mapping[str, Terms], name: str = "") -> dict[str, Terms]:
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


def standing(chosen: dict[str, Terms]) -> dict[str, Terms]:
    """Those that can be reached at any time."""
    pulled = {name for name, one in chosen.items() if isinstance(one, Workstation) and one.pulled}
    return {name: one for name, one in chosen.items() if name not in pulled}


def pull(box: str, name: str, words: list[str]) -> None:
    """Ask a box to copy to this machine; what it says is said here.

    Raises:
        Failure: it cannot be asked, or has failed, with its own exit code.
    """
    if not name:
        raise Failure("--pull needs --to NAME: what this machine is called at the box", EX_USAGE)
    with failing_with(EX_USAGE, msgspec.ValidationError):
        msgspec.convert(box, BoxAddress)
    asked = ("sudo", "-n", "-u", "antiphon", "antiphon", "sync", "--to", name, *words)
    command = over_ssh(box, *asked, back=(PULL_PORT, SSHD_PORT))
    try:
        code = subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode
    except FileNotFoundError as error:
        raise Failure("ssh is missing: apt install openssh-client", EX_UNAVAILABLE) from error
    if code == SSH_FAILED:
        raise Failure(f"{box}: ssh gets nowhere, see above", EX_UNAVAILABLE)
    if code:
        raise Failure(f"{box}: it did not copy everything, see above", code)


def _each(
    act: Callable[[Path, Round, Terms, int], None],
    chosen: Mapping[str, Terms],
    sessions: Path,
    lock: int,
    rounds: list[Round],
) -> None:
    for name, terms in chosen.items():
        rounds.append(Round(name))
        act(sessions, rounds[-1], terms, lock)


def _finish_earlier(sessions: Path) -> None:
    """What an erasure or a withdrawal that was cut short has left to be done."""
    finish_erasures(sessions)
    with failing_with(EX_DATAERR, ValueError), failing_with(EX_IOERR, OSError):
        finish_redactions(sessions)


def _plan(sessions: Path, one: Round, terms: Terms, lock: int) -> None:
    place = place_of(sessions, link_to(one.destination, terms, sessions, lock), terms)
    buried = to_bury(sessions, place.link.address)
    one.outcomes += [Outcome(tombstone.id, "to erase", 0) for tombstone in buried]
    paths = to_copy(sessions, place.receipts, videos=terms.videos)
    one.outcomes += [Outcome(path.name, "to copy", path.stat().st_size) for path in paths]
    one.outcomes += misnamed(sessions)


def _try_out(sessions: Path, one: Round, terms: Terms, lock: int) -> None:
    link = link_to(one.destination, terms, sessions, lock)
    try:
        link.require_ready()
        one.found = link.try_out()
    except Failure as failure:
        one.failure = failure


def _copy(sessions: Path, one: Round, terms: Terms, lock: int, *, look: bool) -> None:
    one.outcomes += misnamed(sessions)
    link = link_to(one.destination, terms, sessions, lock)
    try:
        link.require_ready()
        place = place_of(sessions, link, terms)
        one.outcomes.extend(bury_all(sessions, place))
        one.outcomes.extend(unfilm_all(sessions, place))
        require_open(one.destination, terms, _local_time())
        _send(sessions, one, terms, place)
        clear_looks(one.outcomes, place)
        if look:
            one.outcomes.extend(show_running(sessions, place))
    except WindowClosed as closed:
        one.found = str(closed).removeprefix(f"{one.destination}: ")
    except Failure as failure:
        one.failure = failure


def _send(sessions: Path, one: Round, terms: Terms, place: Place) -> None:
    contained: dict[str, str] = {}
    one.outcomes.extend(bring_together(sessions, place, contained))
    paths = to_copy(sessions, place.receipts, videos=terms.videos)
    with progress_bar(one.destination, sum(path.stat().st_size for path in paths)) as show:
        told = while_open(one.destination, terms, _local_time, lambda done, _: show(done))
        for outcome in deliver_all(paths, place, told, contained):
            one.outcomes.append(outcome)


def _local_time() -> datetime:
    return wall_clock.local_time(wall_clock.utc_ns())


def _tell(rounds: list[Round], left: list[LeftOut], *, dry_run: bool, as_json: bool) -> None:
    files = [
        {"destination": one.destination, **asdict(outcome)}
        for one in rounds
        for outcome in one.outcomes
    ]
    problems = [text for text, _ in _failures(rounds, left)]
    not_finished = [{"name": one.name, "reason": one.reason} for one in left]
    found = {one.destination: one.found for one in rounds if one.found}
    fields = {"dry_run": dry_run, "files": files, "left_out": not_finished, "problems": problems}
    tell("antiphon.sync/1", _lines(rounds, left), as_json=as_json, **fields, found=found)


def _lines(rounds: list[Round], left: list[LeftOut]) -> Iterator[str]:
    for one in rounds:
        yield from (f"{one.destination}  {_line(outcome)}" for outcome in one.outcomes)
        if one.found:
            yield f"{one.destination}  {one.found}"
        elif not one.outcomes and one.failure is None:
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
