"""Where a session is in a video, and where a video is in the session."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

from recorder.store.note_rows import AlignmentRow

ROUNDING_S = 1e-6  # of one clock's seconds to the other's and back
NOTHING = inf, -inf  # a span that begins after its end


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a video; there session_s = offset_s + video_s * (1 + drift_ppm * 1e-6).

    Attributes:
        begin_s, end_s: seconds of the video from which and up to which this holds; None: all of it.
        offset_s, drift_ppm: from its seconds to those since the session started.
        residual_ms: how far the pulses of the train lie from that.
        matched: how many of them there were.
        seen: of how many pulses in the video; None where that is not known.
    """

    begin_s: float | None
    end_s: float | None
    offset_s: float
    drift_ppm: float
    residual_ms: float
    matched: int
    seen: int | None

    def session_s(self, video_s: float) -> float:
        """Seconds since the session started, of a second of the video."""
        return self.offset_s + video_s * (1 + self.drift_ppm * 1e-6)

    def video_s(self, session_s: float) -> float:
        """Second of the video, of a second since the session started."""
        return (session_s - self.offset_s) / (1 + self.drift_ppm * 1e-6)

    @property
    def first_s(self) -> float:
        """As `begin_s`, a number also where it is all of the video."""
        return -inf if self.begin_s is None else self.begin_s

    @property
    def last_s(self) -> float:
        """As `end_s`."""
        return inf if self.end_s is None else self.end_s


@dataclass(frozen=True, slots=True)
class Video:
    """One camera's recording, and the pieces of it that are known to stand in the session.

    Attributes:
        camera: its name.
        name, sha256: of the file.
        pieces: in the order of the video; between them nothing is known.
    """

    camera: str
    name: str
    sha256: str
    pieces: tuple[Piece, ...]

    def session_s(self, video_s: float) -> float:
        """Seconds since the session started, of a second of the video.

        Raises:
            LookupError: no mapping holds there.
        """
        for piece in self.pieces:
            if piece.first_s <= video_s <= piece.last_s:
                return piece.session_s(video_s)
        raise LookupError(f"{self._where()}; second {video_s:.3f} of the video is outside of that")

    def video_s(self, session_s: float) -> float:
        """Second of the video, of a second since the session started.

        Raises:
            LookupError: no mapping holds there.
        """
        begin_s, end_s = self.video_span(session_s, session_s)
        if begin_s > end_s:
            text = f"second {session_s:.3f} of the session is outside of that"
            raise LookupError(f"{self._where()}; {text}")
        return begin_s

    def video_span(self, begin_s: float, end_s: float) -> tuple[float, float]:
        """From which second of the video to which it shows a stretch of the session.

        Where it lacks the begin or the end, from the first or to the last second that it has of
        it; of what it has nothing of, the begin is after the end.
        """
        return _span(
            (max(it.video_s(begin_s), it.first_s), min(it.video_s(end_s), it.last_s))
            for it in self.pieces
        )

    def session_span(self, begin_s: float, end_s: float) -> tuple[float, float]:
        """From which second of the session to which a stretch of the video shows it.

        Where no mapping holds at its begin or its end, from the first or to the last second where
        one does; where none does at all, the begin is after the end.
        """
        parts = [(it, max(begin_s, it.first_s), min(end_s, it.last_s)) for it in self.pieces]
        return _span(
            (it.session_s(begin), it.session_s(end)) if begin <= end else NOTHING
            for it, begin, end in parts
        )

    def _where(self) -> str:
        held = ", ".join(f"{it.first_s:.3f} to {it.last_s:.3f}" for it in self.pieces)
        return f"{self.camera}: the mapping of this video holds from second {held}"


def _span(parts: Iterable[tuple[float, float]]) -> tuple[float, float]:
    """From the first begin to the last end of those parts that are not backwards."""
    there = [(begin, max(begin, end)) for begin, end in parts if begin <= end + ROUNDING_S]
    if not there:
        return NOTHING
    return min(begin for begin, _ in there), max(end for _, end in there)


def videos(rows: Iterable[AlignmentRow]) -> tuple[Video, ...]:
    """The newest alignment of each file, by camera and in time; `rows` by when they were made.

    The files of one camera are chapters of its recording; of two that show the same time of the
    session, the one that was aligned later counts.
    """
    files: dict[tuple[str, str], list[AlignmentRow]] = {}
    for row in rows:
        same = files.pop((row.camera, row.video_sha256), [])
        same = [it for it in same if it.made_utc_ns == row.made_utc_ns]
        files[row.camera, row.video_sha256] = [*same, row]
    kept: list[Video] = []
    for (camera, sha256), own in reversed(files.items()):
        video = Video(camera, own[-1].video_name, sha256, _pieces(own))
        if not any(it.camera == camera and _share_time(it, video) for it in kept):
            kept.append(video)
    return tuple(sorted(kept, key=lambda it: (it.camera, it.session_span(-inf, inf))))


def _share_time(one: Video, other: Video) -> bool:
    """Whether there is a time of the session that both show."""
    (begin, end), (other_begin, other_end) = (it.session_span(-inf, inf) for it in (one, other))
    return begin < other_end and other_begin < end


def _pieces(rows: list[AlignmentRow]) -> tuple[Piece, ...]:
    pieces = (
        Piece(
            it.begin_s,
            it.end_s,
            it.offset_s,
            it.drift_ppm,
            it.residual_ms,
            it.matched,
            it.seen,
        )
        for it in rows
    )
    return tuple(sorted(pieces, key=lambda piece: piece.first_s))
