"""`antiphon raters`: moments of interest and of no interest, by raters and from interviews."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recorder.commands.damaged import damaged_option, require_fit
from recorder.commands.file_time import in_session, left_out_words, time_options
from recorder.commands.options import configured, json_option, say, session_path, tell
from recorder.failure import EX_CANTCREAT, EX_DATAERR, EX_USAGE, Failure, failing_with
from recorder.moments.moment import INTERVIEW, RATER
from recorder.privacy.names import code_suspicions
from recorder.settings.board import ROLES
from recorder.settings.file import Config
from recorder.wall_clock import utc_ns

if TYPE_CHECKING:
    from recorder.moments.agreement import Agreement
    from recorder.moments.moment import Moment
    from recorder.moments.noted import MomentRow
    from recorder.open import OpenSession, Rating
    from recorder.open.placing import Placed
    from recorder.spans.span import Found

CODE = re.compile(r"[A-Za-z0-9][\w.-]{0,31}", re.ASCII)
SHORTEST_STEP_S = 0.05
SEED = 1  # of the random shifts, unless another one is given
Whose = tuple[str, str, bool]  # author, provenance, blind


@dataclass(frozen=True, slots=True)
class Given:
    """What a file says: whose moments, how they came to be, and how they were placed."""

    author: str
    provenance: str
    blind: bool
    moments: "tuple[Moment, ...]"
    placed: "Placed"


@click.group(no_args_is_help=False)  # one line, as of any other usage
def raters() -> None:
    """Moments of interest and of no interest, by raters and from interviews.

    Example: antiphon raters show latest
    """


@raters.command()
@click.argument("session", metavar="ID|FILE")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--rater", metavar="CODE", help="Whose they are: a code, never a name.")
@click.option("--interview", type=click.Choice(ROLES), help="Told by one of the two afterwards.")
@click.option("--tier", "tiers", multiple=True, help="Only this tier; once for each.")
@click.option("--interest", multiple=True, metavar="LABEL", help="Also called so: of interest.")
@click.option("--no-interest", multiple=True, metavar="LABEL", help="Also called so: of none.")
@click.option("--observation", default="", metavar="NAME", help="Of a project of BORIS.")
@click.option("--saw-measures", is_flag=True, help="The measures were in view while rating.")
@click.option("--replace", "instead", is_flag=True, help="In the place of what this one said.")
@click.option("--also", is_flag=True, help="Beside what this one said, as of a further chapter.")
@time_options
@damaged_option
@json_option
@configured("sessions")
def add(
    session: str, file: Path, config: Config, *, damaged: bool, as_json: bool, **asked: Any
) -> None:
    """Take moments from FILE into the session's notes.

    \b
    .eaf            ELAN; antiphon export --to elan --blind makes one to rate in
    .boris          a project of BORIS; what it exports as .csv or .tsv, too
    .csv .tsv       with columns for begin, for end or duration, and for the label
    .json           saved by the page of antiphon review
    .TextGrid .vtt .srt

    A moment is called MOI, MONI, interest, no interest, or as --interest and --no-interest say, in
    its text or by its tier; after a colon it may say more. Raters are held to be blind to the
    measures, but for --saw-measures; a page says it itself.

    Example: antiphon raters add latest R1.eaf --rater R1
    """  # noqa: D301 - click wants the character itself
    path = session_path(session, config)
    require_fit(path, damaged=damaged)
    given = _given(path, file, asked)
    for what in code_suspicions(given.author) if given.provenance == RATER else ():
        say(f"antiphon: warning: {given.author} looks like {what}: codes only", err=True)
    if asked["instead"] and asked["also"]:
        raise Failure("either --replace or --also", EX_USAGE)
    kept_in, replaced = _keep(path, given, instead=asked["instead"], also=asked["also"])
    fields = {
        "session": path.stem,
        "notes": kept_in,
        "replaced": replaced,
        "rater": given.author,
        "provenance": given.provenance,
        "blind": given.blind,
        "moments": [asdict(moment) for moment in given.moments],
        "left_out": given.placed.left_out,
        "cut": given.placed.cut,
    }
    count = f"{len(given.moments)} moments of {given.author}, by {given.placed.by}"
    more = [left_out_words(given.placed), f"{replaced} taken back" if replaced else ""]
    line = "; ".join(filter(None, (count, *more)))
    tell("antiphon.raters-add/1", [line, f"kept in {kept_in}"], as_json=as_json, **fields)


def _given(path: Path, file: Path, asked: dict[str, Any]) -> Given:
    from recorder.moments.labels import known_names, moment_of, rated
    from recorder.moments.noted import require_apart
    from recorder.open import OpenSession
    from recorder.open.placing import require_own

    with failing_with(EX_DATAERR, ValueError, LookupError), OpenSession(path, "recorded") as opened:
        require_own(opened, file.name)
        found, (author, provenance, blind) = _read(opened, file, asked)
        names = known_names(asked["interest"], asked["no_interest"])
        spans = [it for it in found.spans if asked["tiers"] or it.tier not in found.ours]
        chosen = replace(found, spans=rated(spans, names, asked["tiers"]))
        there = in_session(opened, chosen, asked)
        moments = tuple(map(moment_of, there.spans))
        require_apart(moments)
    return Given(author, provenance, blind, moments, there)


def _read(opened: "OpenSession", file: Path, asked: dict[str, Any]) -> "tuple[Found, Whose]":
    """What is in the file, and whose it is."""
    from recorder.open.placing import require_own
    from recorder.spans.reading import read

    if file.suffix.lower() == ".json":
        return _read_page(opened, file, asked)
    found = read(file, asked["observation"])
    require_own(opened, found.session)
    rater, interview = asked["rater"], asked["interview"]
    if bool(rater) == bool(interview):
        raise Failure("whose are they? give --rater or --interview", EX_USAGE)
    if interview:
        return found, (interview, INTERVIEW, not asked["saw_measures"])
    return found, (_rater(rater), RATER, not asked["saw_measures"])


def _read_page(opened: "OpenSession", file: Path, asked: dict[str, Any]) -> "tuple[Found, Whose]":
    from recorder.moments.ratings import read_ratings
    from recorder.open.placing import require_own
    from recorder.spans.reading import read_text

    try:
        page = read_ratings(read_text(file))
    except ValueError as error:
        raise ValueError(f"{file.name}: {error}") from error
    require_own(opened, page.session, page.session_sha256)
    if (asked["rater"] or asked["interview"] or page.rater) != page.rater:
        raise Failure(f"{file.name}: these are the ratings of {page.rater}", EX_USAGE)
    if (page.provenance == INTERVIEW) != (page.rater in ROLES):
        text = "an interview is the patient's or the therapist's, and nobody else is called so"
        raise Failure(f"{file.name}: {text}", EX_DATAERR)
    if page.provenance == RATER:
        _rater(page.rater)
    return page.found, (page.rater, page.provenance, page.blind and not asked["saw_measures"])


def _rater(code: str) -> str:
    if not CODE.fullmatch(code) or code in ROLES:
        text = "letters and digits, '_', '-' and '.', and not patient or therapist"
        raise Failure(f"{code!r:.40} is no code of a rater: {text}", EX_USAGE)
    return code


def _keep(path: Path, given: Given, *, instead: bool, also: bool) -> tuple[str, int]:
    """Where the moments are kept, and how many were taken back for them."""
    from recorder.moments.noted import moments_by, rows_of, taking_back
    from recorder.store.note_rows import NoteIntervalRow, NoteMarkerRow
    from recorder.store.notes import open_notes
    from recorder.store.reader import SessionReader

    made_utc_ns = utc_ns()
    with SessionReader(path) as reader:
        started_ns = reader.header.started_t_ns
    first = NoteMarkerRow(
        started_ns, "", given.provenance, given.author, made_utc_ns, blind=given.blind
    )
    with (
        failing_with(EX_CANTCREAT, OSError),
        failing_with(EX_DATAERR, ValueError),
        open_notes(path) as notes,
    ):
        there: list[MomentRow] = [*notes.read(NoteIntervalRow), *notes.read(NoteMarkerRow)]
        _require_new_code(there, given.author)
        before = [] if also else moments_by(there, given.provenance, given.author)
        if before and not instead:
            text = (
                f"{len(before)} moments of {given.author} are there already: --replace puts these"
            )
            raise Failure(f"{text} in their place, --also beside them", EX_USAGE)
        rows = rows_of(given.moments, started_ns, first)
        _warn_of_same(rows, there)
        notes.add(*taking_back(before, made_utc_ns), *rows)
    return str(notes.path), len(before)


def _require_new_code(there: "Sequence[MomentRow]", code: str) -> None:
    """See that nobody has rated under this code in other capitals. Raises Failure."""
    for row in there:
        if row.author != code and row.author.casefold() == code.casefold():
            text = f"{row.author} has rated this session already: is {code} somebody else?"
            raise Failure(f"{text} Give a code that differs in more than capitals", EX_USAGE)


def _warn_of_same(rows: "Sequence[MomentRow]", there: "Sequence[MomentRow]") -> None:
    """Say that somebody else has rated the very same: one rater may be here twice."""
    from recorder.moments.noted import moments_by, span_of

    mine = {(*span_of(row), row.label) for row in rows}
    for author in sorted({row.author for row in there} - {rows[0].author}):
        theirs = moments_by(there, rows[0].provenance, author)
        if {(*span_of(row), row.label) for row in theirs} == mine:
            say(f"antiphon: warning: {author} has rated the very same: one rater twice?", err=True)


@raters.command()
@click.argument("session", metavar="ID|FILE")
@click.option("--at-least", type=click.IntRange(2), metavar="N", help="Raters to share a moment.")
@click.option("--step", "step_s", default=1.0, show_default=True, help="Of the grid, in seconds.")
@click.option("--seed", default=SEED, show_default=True, help="Of the random shifts.")
@click.option("--seeing", is_flag=True, help="Count raters, too, who saw the measures.")
@damaged_option
@json_option
@configured("sessions")
def show(session: str, config: Config, *, damaged: bool, as_json: bool, **asked: Any) -> None:
    """Who has rated a session, how far they agree, what they share, and what interviews say.

    Agreement is Krippendorff's alpha of interest, no interest, and neither, on a grid of time.
    Chance is told by turning each rater's time around at random: so high is alpha by chance in one
    case of twenty. Shared is what more than half of the raters hold to be the same, at the same
    time. Only raters count who did not see the measures; --seeing counts all.

    Example: antiphon raters show latest
    """
    from recorder.open import OpenSession
    from recorder.open.rated import by_rater

    path = session_path(session, config)
    require_fit(path, damaged=damaged)
    if asked["step_s"] < SHORTEST_STEP_S:
        raise click.BadParameter(f"a grid has steps of {SHORTEST_STEP_S} s or more")
    with failing_with(EX_DATAERR, ValueError), OpenSession(path, "recorded") as opened:
        counted = by_rater(opened.ratings, blind=not asked["seeing"])
        found, why = _agreement(counted, opened.duration_s, asked["step_s"], asked["seed"])
        shared = opened.consensus(asked["at_least"], blind=not asked["seeing"])
        rated, interviews = opened.ratings, opened.interviews
    people = _people(rated, counted)
    lines = [*_people_lines(people), *_agreement_lines(found, why)]
    lines += [
        _line(it.begin_s, it.end_s, f"shared  {it.sort}: {', '.join(it.raters)}") for it in shared
    ]
    lines += [_line(it.begin_s, it.end_s, _told(it)) for it in interviews]
    tell(
        "antiphon.raters/1",
        lines or ["nobody has rated it"],
        as_json=as_json,
        session=path.stem,
        raters=people,
        agreement=found and _plain(found),
        why_no_agreement=why,
        shared=[asdict(it) for it in shared],
        interviews=[asdict(it) for it in interviews],
        ratings=[asdict(it) for it in rated],
    )


def _agreement(
    counted: "Mapping[str, Sequence[Moment]]", duration_s: float, step_s: float, seed: int
) -> "tuple[Agreement | None, str]":
    """How far the raters agree, or else why that is not told."""
    from recorder.moments.agreement import agreement

    try:
        return agreement(counted, duration_s, seed, step_s=step_s), ""
    except ValueError as error:
        return None, str(error)


def _people(
    rated: "Sequence[Rating]", counted: "Mapping[str, Sequence[Moment]]"
) -> list[dict[str, Any]]:
    raters = sorted({it.author for it in rated if it.provenance == RATER})
    return [
        {
            "rater": code,
            "blind": all(it.blind for it in of_rater),
            "counted": code in counted,
            "of_interest": sum(it.sort == "interest" for it in of_rater),
            "of_no_interest": sum(it.sort != "interest" for it in of_rater),
            "length_s": round(sum(it.end_s - it.begin_s for it in of_rater), 3),
        }
        for code in raters
        if (of_rater := [it for it in rated if (it.provenance, it.author) == (RATER, code)])
    ]


def _people_lines(people: list[dict[str, Any]]) -> Iterator[str]:
    for it in people:
        numbers = f"{it['of_interest']} of interest, {it['of_no_interest']} of none"
        seeing = "" if it["blind"] else ", saw the measures"
        seeing += "" if it["counted"] else ": not counted"
        yield f"{it['rater']:<10} {numbers}, {it['length_s']:.1f} s{seeing}"


def _agreement_lines(found: "Agreement | None", why: str) -> Iterator[str]:
    if found is None:
        yield f"agreement  not told: {why}"
    elif isnan(found.alpha):
        yield "agreement  not told: all say the same of the whole session"
    else:
        chance = f"by chance up to {found.chance:.2f} (19 of 20 shifts), p {found.p:.3f}"
        yield f"agreement  alpha {found.alpha:.2f} of {len(found.raters)} raters, {chance}"


def _plain(found: "Agreement") -> dict[str, Any]:
    numbers = asdict(found)
    return {key: None if isinstance(it, float) and isnan(it) else it for key, it in numbers.items()}


def _line(begin_s: float, end_s: float, text: str) -> str:
    from recorder.spans.span import clock

    return f"{clock(begin_s):>9} to {clock(end_s):>9}  {text}"


def _told(it: "Rating") -> str:
    return f"{it.author} in the interview: {it.sort}" + (f": {it.text}" if it.text else "")
