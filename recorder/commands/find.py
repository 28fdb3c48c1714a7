"""`antiphon find`: where a word was said, in all sessions of this machine."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from recorder.commands.options import configured, json_option, say, tell
from recorder.failure import EX_USAGE, Failure
from recorder.settings.file import Config
from recorder.store.note_rows import STRUCK


@dataclass(frozen=True, slots=True)
class Hit:
    """A line of a transcript in which the word stands."""

    session: str
    codes: tuple[str, ...]
    begin_s: float
    end_s: float
    speaker: str
    text: str
    source: str


@click.command()
@click.argument("word")
@json_option
@configured("sessions")
def find(word: str, config: Config, *, as_json: bool) -> None:
    """Where WORD was said: the session, who was in it, when, who speaks, and the line.

    Within longer words, too; capitals do not matter. Sessions in which somebody has not agreed to
    a transcript are not searched.

    Example: antiphon find river
    """
    from recorder.store.catalog import sessions

    if not word.strip():
        raise Failure("which word?", EX_USAGE)
    hits: list[Hit] = []
    left_out: dict[str, str] = {}
    for entry in sessions(config.sessions_path):
        try:
            hits += _hits(entry.path, word)
        except (OSError, ValueError, PermissionError) as error:
            left_out[entry.id] = str(error)
    lines = [_line(hit) for hit in hits] or ["said nowhere"]
    told = [_plain(hit) for hit in hits]
    tell("antiphon.find/1", lines, as_json=as_json, word=word, found=told, not_searched=left_out)
    for session_id, why in left_out.items():
        say(f"antiphon: {session_id} was not searched: {why}", err=True)


def _hits(path: Path, word: str) -> Iterator[Hit]:
    """Raises PermissionError where somebody has not agreed to it."""
    from recorder.open import OpenSession
    from recorder.transcript.search import holds

    with OpenSession(path, "recorded") as opened:
        if refusing := opened.refusing("transcript"):
            raise PermissionError(f"no consent to a transcript from: {', '.join(refusing)}")
        codes = tuple(person.code for person in opened.header.persons if person.code)
        for it in opened.words:
            if it.text != STRUCK and holds(it.text, word):
                yield Hit(opened.id, codes, it.begin_s, it.end_s, it.speaker, it.text, it.source)


def _line(hit: Hit) -> str:
    from recorder.spans.span import clock

    who = f"{hit.speaker}: " if hit.speaker else ""
    return f"{hit.session}  {' · '.join(hit.codes)}  {clock(hit.begin_s):>9}  {who}{hit.text}"


def _plain(hit: Hit) -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(hit)
