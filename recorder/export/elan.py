"""Export as ELAN's annotation file, for people who watch the video; `<id>.eaf`, through pympi.

Tiers: `marks` and `intervals` of the session, and those of each rater after his or her code; the
`words` of each speaker; `notes`; and `gaps` of each person. What overlaps within a tier goes into a
second one of that name. An instant is MARK_MS long, for ELAN has none that are not.

Where a video is aligned with the session, tiers are in its time, drift and all, and it is linked;
those of other cameras are linked by their offset. What was before its first frame, or where no
mapping of it holds, is left out, and counted in a property. Each further chapter of the first
camera has a file of its own, `<id>.chapter-2.eaf`, for ELAN plays no videos one after the other.
Without a video tiers are in seconds since the session started. Of the same session come the same
bytes: its date is the session's. To be rated blindly, a file has no tiers of raters and interviews,
and an empty one for each sort of moment; measures are in none. Properties say of which session it
is and which tiers were there, for `raters add`.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from recorder.export.asked import Asked
from recorder.export.beside import beside, file_of
from recorder.export.library import library
from recorder.moments.moment import SORTS
from recorder.open import OpenSession, Video
from recorder.plain_text import shown
from recorder.progress import Progress
from recorder.spans.elan import IN_SESSION_S, SESSION, TIERS, TIME
from recorder.wall_clock import utc_text

MARK_MS = 1000
OTHERS = ("rater", "interview")  # what who rates blindly does not see
LEFT_OUT = "antiphon: left out, before the video"
KINDS = {
    ".avi": "video/x-msvideo",
    ".mkv": "video/x-matroska",
    ".mov": "video/quicktime",
    ".mp4": "video/mp4",
    ".mpg": "video/mpeg",
    ".webm": "video/webm",
}


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of a tier, in seconds since the session started; as long as that for an instant."""

    begin_s: float
    end_s: float
    text: str


def export_elan(
    session: OpenSession, directory: Path, asked: Asked, progress: Progress
) -> list[Path]:
    """Write what was marked, said and noted as a file for ELAN, or one for each chapter.

    Raises:
        Failure: pympi is missing.
        ValueError: the session is damaged.
        OSError: the file cannot be written.
    """
    paths = []
    for number, chapter in enumerate(session.chapters or (None,), 1):
        name = f"{session.id}.chapter-{number}.eaf" if number > 1 else f"{session.id}.eaf"
        path = file_of(directory, name)
        with beside(path) as part:
            _eaf(session, asked, chapter).to_file(str(part))
        paths.append(path)
        progress(number, max(1, len(session.chapters)))
    return paths


def _eaf(session: OpenSession, asked: Asked, video: Video | None) -> Any:
    """In the time of that video."""
    elan = library("pympi.Elan", "pympi-ling", "analysis")
    eaf = elan.Eaf(author="antiphon")
    eaf.adocument["DATE"] = f"{utc_text(session.begun[0])[:19]}+00:00"
    if video:
        _link_videos(eaf, video, session.videos)
    eaf.add_property("antiphon: clock", session.clock)
    tiers = [*_tiers(session, blind=asked.blind)]
    left_out = sum(_add_tier(video, eaf, *tier) for tier in tiers)
    eaf.add_property(LEFT_OUT, left_out)
    eaf.add_property(SESSION, session.id)
    eaf.add_property(TIME, "video" if video else IN_SESSION_S)
    eaf.add_property(TIERS, json.dumps([shown(name) for name, _ in tiers]))
    eaf.remove_tier("default")
    for sort in SORTS if asked.blind else ():
        eaf.add_tier(sort)
    return eaf


def _tiers(session: OpenSession, *, blind: bool) -> Iterator[tuple[str, list[Span]]]:
    """Name and spans of each tier, those of one name together; `blind` as in Asked."""
    found: dict[str, list[Span]] = {}
    for mark in session.marks:
        if blind and mark.provenance in OTHERS:
            continue
        found.setdefault(f"marks {mark.author}", []).append(Span(mark.t_s, mark.t_s, mark.label))
    for it in session.intervals:
        if blind and it.provenance in OTHERS:
            continue
        span = Span(it.begin_s, it.end_s, it.label)
        found.setdefault(f"intervals {it.author}", []).append(span)
    for word in session.words:
        span = Span(word.begin_s, word.end_s, word.text)
        found.setdefault(f"words {word.speaker}", []).append(span)
    for note in session.notes:
        found.setdefault("notes", []).append(Span(note.t_s, note.t_s, note.text))
    roles = {board.id: board.role for board in session.header.boards}
    for gap in session.gaps:
        span = Span(session.t_s(gap.begin_ns), session.t_s(gap.end_ns), gap.cause)
        found.setdefault(f"gaps {roles.get(gap.board, '')}", []).append(span)
    for name, spans in found.items():
        for number, row in enumerate(_rows(spans), 1):
            yield f"{name.strip()} {number if number > 1 else ''}".strip(), row


def _rows(spans: Iterable[Span]) -> list[list[Span]]:
    """Spans in as few rows as it takes for none to overlap with another of its row."""
    rows: list[list[Span]] = []
    ends_s: list[float] = []
    for span in sorted(spans):
        free = [row for row, end_s in enumerate(ends_s) if end_s <= span.begin_s]
        at = free[0] if free else len(rows)
        if not free:
            rows.append([])
            ends_s.append(0.0)
        rows[at].append(span)
        ends_s[at] = span.end_s if span.end_s > span.begin_s else span.begin_s + MARK_MS / 1000
    return rows


def _add_tier(video: Video | None, eaf: Any, name: str, spans: list[Span]) -> int:
    """Add a tier, if there is anything in it; how many of its spans are before the video."""
    told = [(*_span_ms(video, span), shown(span.text)) for span in spans]
    there = [it for it in told if it[1] > 0]
    if there:
        eaf.add_tier(shown(name))
    for begin_ms, end_ms, text in there:
        eaf.add_annotation(shown(name), max(begin_ms, 0), end_ms, text)
    return len(told) - len(there)


def _span_ms(video: Video | None, span: Span) -> tuple[int, int]:
    """Begin and end in ELAN; not after 0 of what the video does not have."""
    begin_s, end_s = span.begin_s, span.end_s
    if video:
        begin_s, end_s = video.video_span(begin_s, end_s)
    if begin_s > end_s:
        return 0, 0
    begin_ms, end_ms = round(1000 * begin_s), round(1000 * end_s)
    if span.begin_s == span.end_s:
        return begin_ms, begin_ms + MARK_MS if begin_ms >= 0 else 0
    return begin_ms, max(end_ms, begin_ms + 1)


def _link_videos(eaf: Any, first: Video, videos: Iterable[Video]) -> None:
    """The first, and those of other cameras."""
    begin_s = first.pieces[0].session_s(0.0)
    for video in (first, *(it for it in videos if it.camera != first.camera)):
        kind = KINDS.get(PurePath(video.name).suffix.lower(), "unknown")
        origin_ms = round(1000 * video.pieces[0].video_s(begin_s)) or None
        name = shown(video.name)
        eaf.add_linked_file(name, relpath=f"./{name}", mimetype=kind, time_origin=origin_ms)
