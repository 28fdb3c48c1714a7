"""`antiphon analyze`: a session measured again, and what can be concluded from it."""

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recorder.commands.damaged import damaged_option, require_fit
from recorder.commands.options import (
    configured,
    json_option,
    progress_in_thousandths,
    session_path,
    tell,
)
from recorder.failure import EX_DATAERR, EX_TEMPFAIL, Failure, failing_with
from recorder.settings.file import Config
from recorder.wall_clock import utc_ns

if TYPE_CHECKING:
    from recorder.analysis.analyse import Analysis
    from recorder.open import OpenSession, Result, Run

SHOWN = 4  # of each test
_PATH = click.Path(path_type=Path, dir_okay=False)


@click.command()
@click.argument("session", metavar="ID|FILE")
@click.option(
    "--contrast",
    "contrasts",
    metavar="FIRST[:SECOND]",
    multiple=True,
    help="Labels of intervals to compare; FIRST with all the rest. Without: each label.",
)
@click.option(
    "--individual-alpha", is_flag=True, help="Also around each person's own alpha peak, if found."
)
@click.option(
    "--against",
    metavar="ID|FILE",
    multiple=True,
    help="Another session, whose people take the other's place; 19 or more test something.",
)
@click.option("--out", type=_PATH, metavar="FILE.parquet", help="Write what is found there, too.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of all draws.")
@damaged_option
@json_option
@configured("sessions")
def analyze(
    session: str, config: Config, *, out: Path | None, damaged: bool, as_json: bool, **asked: Any
) -> None:
    """Measure a session again and test it; into its notes.

    Every number comes with what is found by chance. A damaged session is refused (65), but for
    --damaged: then the parameters in the notes say so. FILE.parquet needs the extra `analysis`.

    By default each person is compared with the other, shifted in time. --against compares the two
    with the people of other sessions, from the begin on, as well: what all sessions share, such as
    the same music at the same time, is not taken for theirs.

    Example: antiphon analyze latest --contrast music
    """
    from recorder.analysis.analyse import Asked, analyse
    from recorder.open import OpenSession
    from recorder.store.notes import open_notes

    file = session_path(session, config)
    asked["against"] = tuple(session_path(it, config) for it in asked["against"])
    for one in (file, *asked["against"]):
        require_fit(one, damaged=damaged)
    with failing_with(EX_DATAERR, ValueError), OpenSession(file, "best") as opened:
        if opened.state == "recording":
            raise Failure(f"{opened.id}: this session has not ended", EX_TEMPFAIL)
        with progress_in_thousandths("analyze") as progress:
            analysis = analyse(opened, Asked(**asked), utc_ns(), progress)
        files = _write(opened, analysis, out) if out else []
        with open_notes(file) as notes:
            notes.add(*(run.row() for run in analysis.runs))
    runs = [asdict(run) for run in analysis.runs]
    written = [str(it) for it in files]
    lines = _lines(analysis, files)
    tell("antiphon.analyze/1", lines, as_json=as_json, file=str(file), runs=runs, files=written)


def _write(opened: "OpenSession", analysis: "Analysis", out: Path) -> list[Path]:
    from recorder.export.analysis_files import write_analysis

    return write_analysis(opened, analysis, out)


def _lines(analysis: "Analysis", files: list[Path]) -> Iterator[str]:
    for run in analysis.runs:
        yield from _run_lines(run)
    yield "exploratory, one session: no diagnosis, and no claim beyond these two people"
    yield from (f"written: {file}" for file in files)


def _run_lines(run: "Run") -> Iterator[str]:
    """How many numbers are beyond chance, and the rarest of them."""
    from recorder.analysis.words import UNLIKELY

    tested = [it for it in run.results if it.p is not None]
    told = [it for it in tested if _p(it) <= UNLIKELY]
    describes = len(run.results) - len(tested)
    beside = f"; {describes} more that only describe" if describes else ""
    if not tested:
        reason = "too short, or too much is missing" if run.results else "nothing to compare"
        found = f"nothing can be concluded ({reason})" if run.test != "changes" else f"{describes}"
        yield f"{run.test}: {found}"
        told = list(run.results) if run.test == "changes" else []
    else:
        yield f"{run.test}: {len(told)} of {len(tested)} beyond chance{beside}"
    for it in sorted(told, key=_p)[:SHOWN]:
        place = " ".join(filter(None, (it.name, it.band, "-".join(it.channels))))
        yield f"  {place} ({' and '.join(it.persons)}): {it.said}"
    if len(told) > SHOWN:
        yield f"  and {len(told) - SHOWN} more: --json, --out"


def _p(it: "Result") -> float:
    """The corrected one where there is one."""
    return next((p for p in (it.p_corrected, it.p) if p is not None), 1.0)
