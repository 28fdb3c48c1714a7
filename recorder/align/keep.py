"""An alignment as it is kept in the session's notes."""

import re
from pathlib import Path

from recorder.align.search import Aligned
from recorder.store.columns import row_from
from recorder.store.finish import sha256_of
from recorder.store.notes import AlignmentRow

CAMERA = re.compile(r"\w[\w.-]{0,63}", re.ASCII)


def camera_name(given: str | None, video: Path) -> str:
    """The camera's name; without one, the video's own.

    Raises:
        ValueError: it holds other signs than letters, digits, '_', '-' and '.'.
    """
    if given is None:
        return re.sub(r"[^\w-]+", "_", video.stem, flags=re.ASCII)[:64]
    if not CAMERA.fullmatch(given):
        raise ValueError(f"{given!r} cannot name a camera: use letters, digits, '_', '-' and '.'")
    return given


def row_of(aligned: Aligned, camera: str, video: Path, made_utc_ns: int) -> AlignmentRow:
    """The row for the notes.

    Raises:
        OSError: the video cannot be read.
    """
    return row_from(
        AlignmentRow,
        aligned.mapping,
        camera=camera,
        video_name=video.name,
        video_sha256=sha256_of(video),
        residual_ms=aligned.mapping.residual_s * 1e3,
        made_utc_ns=made_utc_ns,
    )
