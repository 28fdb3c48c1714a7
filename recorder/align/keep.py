"""An alignment is kept in the session's notes: the session file itself never changes again."""

import re
from pathlib import Path

from recorder.align.search import Aligned
from recorder.store.finish import sha256_of
from recorder.store.notes import AlignmentRow, open_notes

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
    mapping = aligned.mapping
    return AlignmentRow(
        camera=camera,
        video_name=video.name,
        video_sha256=sha256_of(video),
        offset_s=mapping.offset_s,
        drift_ppm=mapping.drift_ppm,
        residual_ms=mapping.residual_s * 1e3,
        matched=mapping.matched,
        made_utc_ns=made_utc_ns,
    )


def keep(session_path: Path, alignment: AlignmentRow) -> Path:
    """Write an alignment into the session's notes; where those are.

    Raises:
        ValueError: the session has not ended, or its notes are damaged or another's.
        OSError: they cannot be written.
    """
    with open_notes(session_path) as notes:
        notes.add(alignment)
        return notes.path
