"""From the seconds of a file to those of the session, for what is to be kept in the notes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite

from recorder.open.session import OpenSession
from recorder.open.shared import SHARED, SharedSession
from recorder.open.video import Video
from recorder.spans.span import Found, Span, clock
from recorder.store.catalog import OWN_ID
from recorder.store.note_files import origins_known

SESSION_NAME = re.compile(rf"{OWN_ID.pattern}|{SHARED}[0-9a-f]+")
EDGE_S = 0.04  # a frame: what reaches so far over the ends of a session is cut


@dataclass(frozen=True, slots=True)
class Placed:
    """Spans in seconds since the session started.

    Attributes:
        spans: in the order of the file.
        left_out: of how many nothing lies within the session and the mapping.
        cut: of how many a part does.
        by: how they were placed, in words.
    """

    spans: tuple[Span, ...]
    left_out: int
    cut: int
    by: str


def placed(session: OpenSession, found: Found, camera: str, *, partly: bool) -> Placed:
    """Where the spans of a file are in a session.

    Args:
        session: whose seconds they become.
        found: what the file holds; its seconds are those of a video, unless it says otherwise.
        camera: whose video; "" for the one that the file names, or the only one.
        partly: leave out what does not lie within the session and the mapping.

    Raises:
        LookupError: no mapping of that video is known.
        ValueError: the file is of another session, a span ends before it begins, or one lies
            outside and not `partly`, or all do.
    """
    video = None if found.in_session_s else _video_of(session, found.media, camera)
    by = "seconds since the session started" if video is None else f"the video of {video.camera}"
    kept, left_out, cut = [], 0, 0
    for span in found.spans:
        _require_forward(span)
        begin_s, end_s = _within(session, video, span)
        if begin_s > end_s or (begin_s == end_s and span.begin_s < span.end_s):
            left_out += 1
            continue
        cut += _is_cut(video, span, begin_s, end_s)
        kept.append(replace(span, begin_s=begin_s, end_s=end_s))
    if not kept or ((left_out or cut) and not partly):
        raise ValueError(_outside(session, video, found.spans, left_out + cut))
    return Placed(tuple(kept), left_out, cut, by)


def require_own(session: OpenSession, told: str, sha256: str = "") -> None:
    """See that what is told of a file does not say that it is of another session.

    Args:
        session: the one it must be of.
        told: the file's name, or which session it says it is of; "" where it says nothing.
        sha256: of the session file that it was made of; "" where it says nothing.

    Raises:
        ValueError: it is of another one.
    """
    named = SESSION_NAME.search(told)
    if named and named[0] not in (session.id, _shared_id(session, named[0])):
        raise ValueError(f"this is of another session: {named[0]}, not {session.id}")
    if sha256 and sha256 not in {it.session_sha256 for it in origins_known(session.path)}:
        raise ValueError(f"this was made of another file of {session.id} than is here")


def _shared_id(session: OpenSession, told: str) -> str:
    """As strangers know the session, if it may be that."""
    if not told.startswith(SHARED):
        return ""
    with SharedSession(session.path, "recorded", ()) as shared:
        return shared.id


def _video_of(session: OpenSession, media: str, camera: str) -> Video:
    named = [it for it in session.videos if it.name == media and camera in ("", it.camera)]
    return named[0] if len(named) == 1 else session.video(camera)


def _require_forward(span: Span) -> None:
    if not (isfinite(span.begin_s) and isfinite(span.end_s)):
        raise ValueError(f"{span.text!r:.40} has no time")
    if span.end_s < span.begin_s:
        text = f"ends at {clock(span.end_s)}, before it begins"
        raise ValueError(f"{clock(span.begin_s)}: {span.text!r:.40} {text}")


def _within(session: OpenSession, video: Video | None, span: Span) -> tuple[float, float]:
    """The part of it that is in mapping and session; where there is none, the begin is later."""
    begin_s, end_s = span.begin_s, span.end_s
    if video is not None:
        begin_s, end_s = video.session_span(begin_s, end_s)
    return max(begin_s, 0.0), min(end_s, session.duration_s)


def _is_cut(video: Video | None, span: Span, begin_s: float, end_s: float) -> bool:
    """Whether more of it is missing than a frame at either end."""
    if video is not None:
        begin_s, end_s = video.video_span(begin_s, end_s)
    return begin_s - span.begin_s > EDGE_S or span.end_s - end_s > EDGE_S


def _outside(session: OpenSession, video: Video | None, spans: Sequence[Span], count: int) -> str:
    def is_out(span: Span) -> bool:
        begin_s, end_s = _within(session, video, span)
        return begin_s > end_s or _is_cut(video, span, begin_s, end_s)

    first = next(filter(is_out, spans), spans[0])
    where = f"{clock(first.begin_s)} to {clock(first.end_s)}, {first.text!r:.40}"
    held = f"the session is {clock(session.duration_s)} long"
    if video is not None:
        held += f", and in the video of {video.camera} from {_ends(session, video)}"
    more = f" and {count - 1} more lie" if count > 1 else " lies"
    return f"{where}{more} outside: {held}; --partly takes the rest"


def _ends(session: OpenSession, video: Video) -> str:
    begin_s, end_s = video.video_span(0.0, session.duration_s)
    return f"{clock(begin_s)} to {clock(end_s)}"
