"""`antiphon prune`: old sessions deleted here, when their destinations prove to have them."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from recorder import wall_clock
from recorder.commands.damaged import damaged_option
from recorder.commands.options import configured, json_option, tell
from recorder.commands.sync import destinations, standing
from recorder.failure import EX_DATAERR, Failure
from recorder.settings.file import Config
from recorder.sync.delivery import Place
from recorder.sync.expiry import require_time_of_day
from recorder.sync.links import link_to, place_of
from recorder.sync.receipts import alone
from recorder.sync.retention import Verdict, delete, verdicts


@click.command()
@click.option(
    "--apply", "really", is_flag=True, help="Delete; without it, only show what would be."
)
@click.option(
    "--older-than",
    type=click.FloatRange(0),
    metavar="DAYS",
    help="Only what ended more than DAYS ago (else the configuration's keep_days).",
)
@damaged_option
@json_option
@configured("sessions")
def prune(
    older_than: float | None, config: Config, *, really: bool, damaged: bool, as_json: bool
) -> None:
    """Delete old sessions of which every destination has proved, again and now, to have a copy.

    Oldest first and never the newest. Without --apply nothing is deleted. A damaged session is kept
    (65), but for --damaged: the copies are damaged in the same way. So is one whose date is not
    certain; and while this machine's own time of day is not synchronised nothing is done (75).

    Example: antiphon prune --older-than 90
    """
    days = config.keep_days if older_than is None else older_than
    sessions = config.sessions_path
    chosen = standing(destinations(config.destinations))
    require_time_of_day()
    judged: list[Verdict] = []
    try:
        if sessions.is_dir():
            with alone(sessions) as lock:
                places = []
                for name, terms in chosen.items():
                    link = link_to(name, terms, sessions, lock)
                    link.require_ready()
                    places.append(place_of(sessions, link, terms))
                for verdict in _judged(sessions, places, days, damaged=damaged):
                    if really and not verdict.kept_because:
                        delete(verdict.path)
                    judged.append(verdict)
    finally:
        _tell(judged, really=really, as_json=as_json)
    if kept := [verdict.id for verdict in judged if verdict.is_damaged]:
        raise Failure(f"damaged, and kept: {', '.join(kept)}; see antiphon verify", EX_DATAERR)


def _judged(
    sessions: Path, places: list[Place], days: float, *, damaged: bool
) -> Iterator[Verdict]:
    """Each session is judged just before it may be deleted: the proof is fresh then."""
    now_ns = wall_clock.utc_ns()
    return verdicts(sessions, places, older_than_days=days, utc_ns=now_ns, damaged=damaged)


def _tell(judged: list[Verdict], *, really: bool, as_json: bool) -> None:
    going = [verdict for verdict in judged if not verdict.kept_because]
    freed_bytes = sum(verdict.bytes for verdict in going)
    sessions = [asdict(verdict) for verdict in judged]
    fields = {"applied": really, "freed_bytes": freed_bytes, "sessions": sessions}
    lines = [f"{verdict.id}  {_fate(verdict, really=really)}" for verdict in judged]
    total = f"{len(going)} of {len(judged)} finished sessions, {freed_bytes / 2**20:.1f} MiB"
    lines.append(f"deleted {total}" if really else f"--apply would delete {total}")
    tell("antiphon.prune/1", lines, as_json=as_json, **fields)


def _fate(verdict: Verdict, *, really: bool) -> str:
    if verdict.kept_because:
        return f"kept: {verdict.kept_because}"
    return "deleted" if really else "would be deleted"
