"""Export as BDF+C: a file a person, which every program for EEG reads.

    <id>_<role>.bdf           both people on one grid: the same start, length and rate, so that
                              sample k of one is sample k of the other
    <id>_<role>_native.bdf    with --native: each person's own counts, digit for digit, at the
                              board's own mean rate

Holes are bridged by a straight line and annotated as BAD_ with their cause; BAD_acq_skip stands
where a board began anew, BAD_padding after the last sample. Marks, intervals and notes are
annotations, too.
"""

from pathlib import Path

from recorder.export.asked import Asked
from recorder.export.bdf_file import require_edfio, write_bdf
from recorder.export.beside import file_of
from recorder.export.track import Track, grid_track, native_track
from recorder.open import OpenSession
from recorder.progress import Progress


def export_bdf(
    session: OpenSession, directory: Path, asked: Asked, progress: Progress
) -> list[Path]:
    """Write a file for each person who has samples; heeds rate_hz and native.

    Raises:
        Failure: edfio is not installed.
        ValueError: the session is damaged, or holds what BDF cannot say.
        OSError: nothing can be written.
    """
    require_edfio()
    roles = [role for role in session.roles if session.span_ns(role)]
    files = []
    for done, role in enumerate(roles):
        progress(done, len(roles))
        path = file_of(directory, f"{session.id}_{role}{'_native' * asked.native}.bdf")
        write_bdf(path, session, _track(session, role, asked))
        files.append(path)
    progress(1, 1)
    return files


def _track(session: OpenSession, role: str, asked: Asked) -> Track:
    slots = session.slots(role)
    if asked.native:
        return native_track(session, slots)
    return grid_track(session, slots, session.grid(asked.rate_hz))
