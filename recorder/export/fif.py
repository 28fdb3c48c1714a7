"""Export as MNE's own files, through mne: `<id>_<role>_raw.fif`.

Both people on one grid of `rate_hz`, of equal length and start, as `OpenSession.to_mne` has them:
holes bridged and annotated as BAD_ with their cause, marks and intervals as annotations.
"""

from pathlib import Path

from recorder.export.asked import Asked
from recorder.export.beside import beside, file_of
from recorder.export.library import library
from recorder.open import OpenSession
from recorder.progress import Progress


def export_fif(
    session: OpenSession, directory: Path, asked: Asked, progress: Progress
) -> list[Path]:
    """Write both people for MNE.

    Raises:
        Failure: mne is missing.
        LookupError: only one person has a board.
        ValueError: the session is damaged.
        OSError: a file cannot be written.
    """
    library("mne", "mne", "mne")
    roles = session.roles
    written: list[Path] = []
    for raw in session.each_to_mne(asked.rate_hz, roles):
        path = file_of(directory, f"{session.id}_{roles[len(written)]}_raw.fif")
        with beside(path) as part:
            raw.save(part, verbose="error")
        del raw  # before the other one's is made; zip would hold it
        written.append(path)
        progress(len(written), len(roles))
    return written
