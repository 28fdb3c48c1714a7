"""`antiphon cohort`: many sessions, on this machine or on a cluster."""

import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recorder.commands.options import json_option, progress_bar, say, tell
from recorder.failure import EX_CANTCREAT, EX_DATAERR, EX_USAGE, Failure, failing_with

if TYPE_CHECKING:
    from recorder.cohort.run import Ran, Wanted
    from recorder.cohort.sites import Seen
    from recorder.cohort.workers import Pool

SHOWN = 20  # sessions that are not in it
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.argument("sites", metavar="[SITE=]DIR...", nargs=-1, required=True)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="FOLDER",
    help="Of the results; FOLDER.jobs beside it is kept for the next run.",
)
@click.option(
    "--scores", type=_FILE, multiple=True, metavar="FILE.csv", help="Of sessions, to be joined."
)
@click.option("--begins", default="", metavar="MARK", help="Where the protocol begins.")
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=os.cpu_count() or 1,
    show_default="one a core",
    help="Processes of this machine.",
)
@click.option("--scheduler", metavar="tcp://HOST:PORT", help="Of a Dask cluster, instead.")
@click.option("--for-sharing", is_flag=True, help="Only of who agreed; new codes, no dates.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of all draws.")
@json_option
def cohort(out: Path, *, workers: int, scheduler: str | None, as_json: bool, **asked: Any) -> None:
    """Analyse all sessions of some directories, and what can be said of many dyads.

    Every session is analysed as antiphon analyze does, but nothing is written beside it. Own pairs
    are held against the same people shuffled, outcomes against the number of the session and
    against scores. FOLDER then holds all numbers as Parquet by site and month, a table for a mixed
    model, and a page. What has not changed is not done again; what is erased disappears.

    A csv of scores has columns session, or patient with number or date (2026-11-29), and any
    others, such as alliance, mood, attendance.

    With --scheduler a Dask cluster does the work: any number of machines with antiphon[cohort],
    which see DIR and FOLDER.jobs under the same paths.

    With --for-sharing only sessions are used of which everybody agreed to sharing, nothing in
    FOLDER has a date, a code or a word of theirs, and it is written down what leaves the house:
    antiphon disclosures. FOLDER.jobs stays in it.

    A session that cannot be used is named and stops no other: exit code 65 when there are such.

    Example: antiphon cohort ./ward3 clinic=./sessions --out ./results
    """
    from recorder.cohort.run import Wanted
    from recorder.cohort.sites import sites_of

    words = asked.pop("sites")
    wanted = Wanted(sites=sites_of(words), out=out, **asked)
    if out.absolute() in [it.path.absolute() for it in wanted.sites]:
        raise Failure(f"{out}: results do not go among the sessions", EX_USAGE)
    with failing_with(EX_DATAERR, ValueError), failing_with(EX_CANTCREAT, PermissionError):
        ran = _run(wanted, _pool(workers, scheduler))
    found = ran.found
    tell(
        "antiphon.cohort/1",
        _lines(ran, out),
        as_json=as_json,
        folder=str(out),
        used=len(found.used),
        analysed=ran.analysed,
        kept=ran.kept,
        shuffled=ran.shuffled,
        shuffles_kept=ran.shuffles_kept,
        changed=[str(it) for it in ran.changed],
        left_out=[_named(it) for it in found.seen if it.kind != "used"],
        paired=[asdict(it) for it in found.paired if not it.site],
        developed=[asdict(it) for it in found.developed],
    )
    if failures := found.failures:
        text = f"{len(failures)} of {len(found.seen)} sessions could not be used"
        raise Failure(f"{text}; the first: {_line(failures[0])}", EX_DATAERR)


def _pool(workers: int, scheduler: str | None) -> "Pool":
    from functools import partial

    from recorder.cohort.workers import Cluster, processes

    return Cluster(scheduler) if scheduler else partial(processes, workers)


def _run(wanted: "Wanted", pool: "Pool") -> "Ran":
    from recorder.cohort.run import run

    def failed(it: "Seen") -> None:
        say(_line(it), err=True)

    with progress_bar("cohort", 1000) as show:
        return run(wanted, pool, lambda done, total: show(1000 * done // max(total, 1)), failed)


def _lines(ran: "Ran", out: Path) -> Iterator[str]:
    found = ran.found
    left_out = [it for it in found.seen if it.kind not in ("used", "foreign", "empty")]
    yield (
        f"{len(found.used)} sessions used: {ran.analysed} analysed now, {ran.kept} before; "
        f"shuffles: {ran.shuffled} now, {ran.shuffles_kept} before"
    )
    for it in left_out[:SHOWN]:
        if it not in found.failures:
            yield _line(it)
    for pair in found.paired:
        if not pair.site and pair.tested.p_corrected <= 0.05:
            yield f"{pair.measure} {pair.band}: {pair.said}"
    for one in found.developed:
        if one.slope.p_corrected <= 0.05:
            yield f"{one.outcome}: {one.said}"
    yield "exploratory: no diagnosis, and no claim beyond these people"
    changed = len(ran.changed)
    yield f"{out / 'report.html'}: {changed or 'no'} file{'s' if changed != 1 else ''} changed"


def _line(it: "Seen") -> str:
    return f"{it.kind}: {it.site}/{it.id}: {it.why}"


def _named(it: "Seen") -> dict[str, str]:
    return {"site": it.site, "id": it.id, "kind": it.kind, "why": it.why}
