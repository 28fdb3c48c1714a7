"""Where a session is in a video, and where a video is in the session."""

from collections.abc import Iterable
from dataclasses import dataclass

from recorder.store.notes import AlignmentRow


@dataclass(frozen=True, slots=True)
class Video:
    """One camera's recording; session_s = offset_s + video_s * (1 + drift_ppm * 1e-6).

    Attributes:
        camera: its name.
        name, sha256: of the file.
        offset_s, drift_ppm: from its seconds to those since the session started.
        residual_ms: how far the pulses of the train lie from that.
        matched: how many of them there were.
    """

    camera: str
    name: str
    sha256: str
    offset_s: float
    drift_ppm: float
    residual_ms: float
    matched: int

    def session_s(self, video_s: float) -> float:
        """Seconds since the session started, of a second of the video."""
        return self.offset_s + video_s * (1 + self.drift_ppm * 1e-6)

    def video_s(self, session_s: float) -> float:
        """Second of the video, of a second since the session started."""
        return (session_s - self.offset_s) / (1 + self.drift_ppm * 1e-6)


def videos(rows: Iterable[AlignmentRow]) -> tuple[Video, ...]:
    """The newest alignment of each camera, by its name; `rows` by when they were made."""
    newest = {row.camera: row for row in rows}
    return tuple(
        Video(
            row.camera,
            row.video_name,
            row.video_sha256,
            row.offset_s,
            row.drift_ppm,
            row.residual_ms,
            row.matched,
        )
        for _, row in sorted(newest.items())
    )
