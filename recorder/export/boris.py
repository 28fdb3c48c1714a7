"""Export as a project of BORIS, for people who code the video: `<id>.boris`.

An observation for each rater and each interview, with its moments; to be rated blindly, one without
any. Moments are state events, instants point events. Where a video is aligned with the session,
times are those of the first camera's, and what it does not show is left out, as the observation
says; each of several chapters has observations of its own. Else they are seconds since the session
started, of a live observation. BORIS asks for the video's place and length when it opens an
observation. Of the same session come the same bytes.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from recorder.export.asked import Asked
from recorder.export.beside import beside, file_of
from recorder.moments.moment import SORTS
from recorder.open import OpenSession, Rating, Video
from recorder.progress import Progress
from recorder.spans.boris import IN_SESSION_S
from recorder.wall_clock import utc_text

OF_INSTANTS = {sort: f"moment of {sort}" for sort in SORTS}  # codes of their point events
FORMAT_VERSION = "7.0"


def export_boris(
    session: OpenSession, directory: Path, asked: Asked, progress: Progress
) -> list[Path]:
    """Write what was rated, or what to rate in, as one project of BORIS.

    Raises:
        ValueError: the session is damaged.
        OSError: the file cannot be written.
    """
    path = file_of(directory, f"{session.id}.boris")
    text = json.dumps(_project(session, asked), indent=1, ensure_ascii=False)
    with beside(path) as part:
        part.write_text(text, encoding="utf-8")
    progress(1, 1)
    return [path]


def _project(session: OpenSession, asked: Asked) -> dict[str, Any]:
    by: dict[str, list[Rating]] = {}
    for it in session.ratings:
        by.setdefault(f"{session.id} {it.provenance} {it.author}", []).append(it)
    if asked.blind or not by:
        by = {session.id: []}
    date = utc_text(session.begun[0])[:19]
    chapters = session.chapters or (None,)
    codes: list[tuple[str, str]] = [(sort, "State event") for sort in SORTS]
    codes += [(code, "Point event") for code in OF_INSTANTS.values()]
    return {
        "time_format": "hh:mm:ss",
        "project_date": date,
        "project_name": session.id,
        "project_description": "",
        "project_format_version": FORMAT_VERSION,
        "subjects_conf": {},
        "behaviors_conf": {
            str(number): _behavior(number, code, kind) for number, (code, kind) in enumerate(codes)
        },
        "observations": {
            f"{name} {video.name}" if video and len(chapters) > 1 else name: (
                _observation(video, ratings, date)
            )
            for name, ratings in by.items()
            for video in chapters
        },
        "behavioral_categories": [],
        "independent_variables": {},
        "coding_map": {},
        "behaviors_coding_map": [],
        "converters": {},
    }


def _behavior(number: int, code: str, kind: str) -> dict[str, Any]:
    return {
        "type": kind,
        "key": str(1 + number),
        "code": code,
        "description": "",
        "category": "",
        "modifiers": "",
        "excluded": "",
        "coding map": "",
    }


def _observation(video: Video | None, ratings: Iterable[Rating], date: str) -> dict[str, Any]:
    placed = [(it, _placed(video, it)) for it in ratings]
    events = [
        event
        for it, (begin_s, end_s) in placed
        if begin_s <= end_s
        for event in _events(it, max(begin_s, 0.0), end_s)
    ]
    left_out = len(placed) - sum(begin_s <= end_s for _, (begin_s, end_s) in placed)
    told = [] if video else [IN_SESSION_S]
    told += [f"{left_out} left out: not in the video"] if left_out else []
    return {
        "file": {"1": [video.name]} if video else [],
        "type": "MEDIA" if video else "LIVE",
        "date": date,
        "description": "; ".join(told),
        "time offset": 0.0,
        "events": sorted(events),
        "independent_variables": {},
        "visualize_spectrogram": False,
        "close_behaviors_between_videos": False,
        "media_info": {"length": {}, "fps": {}, "hasVideo": {}, "hasAudio": {}, "offset": {}},
    }


def _placed(video: Video | None, it: Rating) -> tuple[float, float]:
    """Its begin and end, in the video if there is one; of what that lacks, the begin is later."""
    if video is None:
        return it.begin_s, it.end_s
    begin_s, end_s = video.video_span(it.begin_s, it.end_s)
    return (begin_s, end_s) if end_s >= 0 else (0.0, -1.0)


def _events(it: Rating, begin_s: float, end_s: float) -> list[list[Any]]:
    """Time, subject, code, modifiers, comment: a state's begin and its end, or a point."""
    code = it.sort if it.end_ns > it.begin_ns else OF_INSTANTS[it.sort]
    times_s = (begin_s, end_s) if it.end_ns > it.begin_ns else (begin_s,)
    return [[round(at_s, 6), "", code, "", it.text] for at_s in times_s]
