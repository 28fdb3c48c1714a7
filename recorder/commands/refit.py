"""`antiphon refit`: the clocks of a session once more."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from recorder.commands.damaged import damaged_option, require_fit
from recorder.commands.options import (
    configured,
    json_option,
    progress_in_thousandths,
    session_path,
    tell,
)
from recorder.failure import EX_DATAERR, EX_NOINPUT, failing_with
from recorder.settings.board import ROLES
from recorder.settings.file import Config
from recorder.wall_clock import utc_ns

if TYPE_CHECKING:
    from recorder.clocks.refitting import Refitted


@click.command()
@click.argument("session", metavar="ID|FILE")
@click.option("--pin", default="D11", show_default=True, help="Where the boards saw the trigger.")
@damaged_option
@json_option
@configured("sessions")
def refit(session: str, config: Config, *, pin: str, damaged: bool, as_json: bool) -> None:
    """Fit the boards' clocks again with the whole session in view; into its notes.

    The file itself stays as it is; who reads times may choose. A damaged one is refused (65), but
    for --damaged: then the method's name in the notes says so.

    Example: antiphon refit latest
    """
    from recorder.clocks.refitting import refit_session

    file = session_path(session, config)
    is_damaged = bool(require_fit(file, damaged=damaged))
    with (
        failing_with(EX_NOINPUT, FileNotFoundError),
        failing_with(EX_DATAERR, ValueError),
        progress_in_thousandths("refit") as progress,
    ):
        told = refit_session(file, pin, utc_ns(), progress, is_damaged=is_damaged)
    segments = [asdict(one) for one in told]
    tell("antiphon.refit/1", map(_line, told), as_json=as_json, file=str(file), segments=segments)


def _line(one: "Refitted") -> str:
    ties = f"{one.edges} edges of the host's" if one.edges else f"{one.tied} edges of both boards"
    fitted = f"moved by {one.moved_ms:.2f} ms, {ties}, {one.refused} refused"
    return f"{ROLES[one.board]:<9} segment {one.segment}: {one.problem or fitted}"
