"""`antiphon transcript`: what was said, from a file of another program into the notes."""

from collections.abc import Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from recorder.commands.damaged import damaged_option, require_fit
from recorder.commands.file_time import in_session, left_out_words, time_options
from recorder.commands.options import configured, json_option, say, session_path, tell
from recorder.failure import (
    EX_CANTCREAT,
    EX_DATAERR,
    EX_NOPERM,
    EX_USAGE,
    Failure,
    failing_with,
)
from recorder.privacy.names import suspicions
from recorder.settings.file import Config
from recorder.wall_clock import utc_ns

if TYPE_CHECKING:
    from recorder.open import OpenSession
    from recorder.open.placing import Placed
    from recorder.spans.span import Found


@click.group(no_args_is_help=False)  # one line, as of any other usage
def transcript() -> None:
    """What was said in a session; antiphon find looks for a word in all of them.

    Example: antiphon transcript add latest words.vtt --speaker "Anna=patient"
    """


@transcript.command()
@click.argument("session", metavar="ID|FILE")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--speaker", "speakers", multiple=True, metavar="NAME=ROLE", help="Who that is.")
@click.option("--tier", "tiers", multiple=True, help="Only this tier; once for each.")
@click.option("--source", default="", metavar="NAME", help="What it is called (else as the file).")
@click.option("--replace", "instead", is_flag=True, help="In the place of what is called so.")
@time_options
@damaged_option
@json_option
@configured("sessions")
def add(
    session: str, file: Path, config: Config, *, damaged: bool, as_json: bool, **asked: Any
) -> None:
    """Take a transcript of the video from FILE into the session's notes.

    WebVTT (.vtt), with its voices; SRT (.srt); ELAN (.eaf), Praat (.TextGrid), with who speaks for
    a tier; tables (.csv, .tsv) with columns for begin, end, speaker and text. Each speaker is
    given a role or a code; the name is not kept. Its times are those of the video, and become the
    session's by antiphon align; without that, it is refused.

    Refused (77) when somebody has not agreed to a transcript: antiphon consent.

    Example: antiphon transcript add latest words.vtt --speaker Anna=patient --speaker Ben=therapist
    """
    path = session_path(session, config)
    require_fit(path, damaged=damaged)
    source = asked["source"] or file.name
    with failing_with(EX_DATAERR, ValueError, LookupError):
        there = _placed(path, file, asked)
    texts = [span.text for span in there.spans]
    with failing_with(EX_DATAERR, ValueError):
        _require_new(path, config, texts)
    kept_in, replaced = _keep(path, there, source, instead=asked["instead"])
    _warn(texts, asked["speakers"])
    fields = {
        "session": path.stem,
        "notes": kept_in,
        "source": source,
        "replaced": replaced,
        "lines": [asdict(span) for span in there.spans],
        "left_out": there.left_out,
        "cut": there.cut,
    }
    speakers = ", ".join(sorted({span.tier or "nobody named" for span in there.spans}))
    count = f"{len(texts)} lines by {speakers}, by {there.by}"
    line = "; ".join(filter(None, (count, left_out_words(there))))
    tell("antiphon.transcript-add/1", [line, f"kept in {kept_in}"], as_json=as_json, **fields)


def _placed(path: Path, file: Path, asked: dict[str, Any]) -> "Placed":
    from recorder.open import OpenSession
    from recorder.open.placing import require_own
    from recorder.spans.reading import read
    from recorder.transcript.speakers import speakers_asked, spoken

    with failing_with(EX_USAGE, ValueError):
        known = speakers_asked(asked["speakers"])
    with OpenSession(path, "recorded") as opened:
        require_agreed(opened)
        require_own(opened, file.name)
        found = read(file)
        require_own(opened, found.session)
        spans = _chosen(found, asked["tiers"])
        with failing_with(EX_USAGE, ValueError):
            spans = spoken(spans, known)
        return in_session(opened, replace(found, spans=spans), asked)


def require_agreed(opened: "OpenSession") -> None:
    """See that nobody has refused a transcript. Raises Failure when somebody has."""
    if refusing := opened.refusing("transcript"):
        text = f"no consent to a transcript from: {', '.join(refusing)}"
        raise Failure(f"{opened.id}: {text}", EX_NOPERM)


def _chosen(found: "Found", tiers: Iterable[str]) -> "tuple[Any, ...]":
    from recorder.transcript.speakers import of_our_elan

    if missing := [tier for tier in tiers if tier not in {span.tier for span in found.spans}]:
        raise ValueError(f"nothing is in tier {missing[0]!r:.40}")
    spans = tuple(span for span in found.spans if not tiers or span.tier in tiers)
    spans = of_our_elan(spans, found.ours)
    if not spans:
        raise ValueError("nobody says anything in it")
    return spans


def _require_new(path: Path, config: Config, texts: list[str]) -> None:
    """See that it is not the transcript of another session that is here. Raises ValueError."""
    from recorder.store.catalog import sessions

    for entry in sessions(config.sessions_path):
        if entry.path.name != path.name and _texts_of(entry.path) == texts:
            raise ValueError(f"this is of another session: the same is said in {entry.id}")


def _texts_of(path: Path) -> list[str] | None:
    from recorder.open import OpenSession

    try:
        with OpenSession(path, "recorded") as opened:
            return [it.text for it in opened.words]
    except (OSError, ValueError):
        return None  # what cannot be read says nothing


def _keep(path: Path, there: "Placed", source: str, *, instead: bool) -> tuple[str, int]:
    """Where the lines are kept, and how many they take the place of."""
    from recorder.store.note_rows import TranscriptRow
    from recorder.store.notes import open_notes
    from recorder.store.reader import SessionReader

    made_utc_ns = utc_ns()
    with SessionReader(path) as reader:
        started_ns = reader.header.started_t_ns
    rows = [
        TranscriptRow(
            started_ns + round(span.begin_s * 1e9),
            started_ns + round(span.end_s * 1e9),
            span.tier,
            span.text,
            source,
            made_utc_ns,
        )
        for span in there.spans
    ]
    with (
        failing_with(EX_CANTCREAT, OSError),
        failing_with(EX_DATAERR, ValueError),
        open_notes(path) as notes,
    ):
        before = [it for it in notes.read(TranscriptRow) if it.source == source]
        if before and not instead:
            text = f"{len(before)} lines of {source} are there already"
            raise Failure(f"{text}: --replace puts these in their place", EX_USAGE)
        notes.add(*rows)
    return str(notes.path), len(before)


def _warn(texts: list[str], speakers: Iterable[str]) -> None:
    """Say that names are in the lines, where they look so: they can be struck out."""
    names = [name.casefold() for text in speakers if (name := text.rpartition("=")[0].strip())]
    looking = [
        text for text in texts if suspicions(text) or any(name in text.casefold() for name in names)
    ]
    if looking:
        cure = "antiphon strike takes a line out for good"
        say(
            f"antiphon: warning: {len(looking)} lines look as if they named somebody: {cure}",
            err=True,
        )
