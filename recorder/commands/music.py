"""`antiphon music`: what the music of a session was like, from a recording's sound."""

from pathlib import Path

import click

from recorder import __version__, wall_clock
from recorder.commands.options import configured, json_option, progress_bar, session_path, tell
from recorder.failure import EX_CANTCREAT, EX_DATAERR, failing_with
from recorder.settings.file import Config


@click.command()
@click.argument("session", metavar="ID|FILE")
@click.option(
    "--sound",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="A video or a sound file that was aligned with the session.",
)
@json_option
@configured("sessions")
def music(session: str, sound: Path, config: Config, *, as_json: bool) -> None:
    """Tell from second to second what the music was like, as one more series of a session.

    Loudness in LUFS, brightness in Hz (centroid of the spectrum), notes a second, and clarity of
    the pulse from 0 to 1, of all that is heard: music, voices and the room. Kept in the notes,
    where `open_session(ID).music` and `export` read it.

    Example: antiphon music 20261123T040000Z --sound bedside.mp4
    """
    from recorder.music.listening import in_session, listen
    from recorder.music.series import result_row
    from recorder.store.beside import sha256_of
    from recorder.store.note_rows import AlignmentRow
    from recorder.store.notes import open_notes

    path = session_path(session, config)
    with failing_with(EX_DATAERR, ValueError, LookupError), progress_bar("music", 1000) as show:
        rows = listen(sound, lambda done, total: show(1000 * done // max(total, 1)))
    sha256 = sha256_of(sound)
    with (
        failing_with(EX_CANTCREAT, OSError),
        failing_with(EX_DATAERR, ValueError, LookupError),
        open_notes(path) as notes,
    ):
        told = in_session(rows, notes.read(AlignmentRow), sha256)
        parameters: dict[str, object] = {"file": sound.name, "sha256": sha256}
        notes.add(result_row(told, parameters, __version__, wall_clock.utc_ns()))
    heard = [row for row in told if row.loudness_lufs is not None]
    lines = [f"{len(told)} s, of which {len(heard)} s are heard", f"kept in {notes.path}"]
    answer = {"seconds": len(told), "heard": len(heard), "notes": str(notes.path), **parameters}
    tell("antiphon.music/1", lines, as_json=as_json, session=path.stem, **answer)
