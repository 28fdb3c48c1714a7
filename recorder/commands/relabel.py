"""`antiphon relabel`: what the channels of a session are called, said afterwards."""

import click

from recorder.commands.damaged import damaged_option, require_fit
from recorder.commands.options import configured, json_option, session_path, tell
from recorder.failure import EX_DATAERR, EX_NOINPUT, EX_USAGE, failing_with
from recorder.settings.board import ROLES
from recorder.settings.file import Config
from recorder.wall_clock import utc_ns


@click.command()
@click.argument("session", metavar="ID|FILE")
@click.option("--role", type=click.Choice(ROLES), required=True, help="Whose channels.")
@click.option("--channels", metavar="F3,F4,...", required=True, help="All of them, in order.")
@click.option("--by", metavar="CODE", default="", help="Who says so: a code.")
@damaged_option
@json_option
@configured("sessions")
def relabel(  # noqa: PLR0913 - one parameter an option
    session: str, role: str, channels: str, by: str, config: Config, *, damaged: bool, as_json: bool
) -> None:
    """Say what the channels of one person are called, into the session's notes.

    Of a recording that has numbers for names, or of a cap that was plugged in otherwise. The
    session file stays as it is. Whoever opens the session sees the newest labels: show, exports
    and their headings, montage and kinds, and of which channels a measure was. Sites are those of
    the 10-05 system; ECG, EMG, EOG, RESP and MISC are channels without EEG.

    Example: antiphon relabel latest --role patient --channels F3,F4,Fz,P3,P4,O1,O2,A2
    """
    from recorder.open import OpenSession
    from recorder.open.labels import new_labels
    from recorder.store.note_rows import RelabelRow
    from recorder.store.notes import open_notes

    path = session_path(session, config)
    require_fit(path, damaged=damaged)
    with failing_with(EX_DATAERR, ValueError), OpenSession(path, "recorded") as opened:
        with failing_with(EX_NOINPUT, LookupError):
            board, before = opened.board(role), opened.labels(role)
        with failing_with(EX_USAGE, ValueError):
            labels = new_labels(board, (text.strip() for text in channels.split(",")))
    with failing_with(EX_DATAERR, ValueError), open_notes(path) as notes:
        notes.add(RelabelRow(role, labels, by, utc_ns()))
    lines = [f"{role}: {', '.join(before)}", f"now {', '.join(labels)}"]
    fields = {"file": str(path), "role": role, "before": before, "channels": labels}
    tell("antiphon.relabel/1", lines, as_json=as_json, **fields)
