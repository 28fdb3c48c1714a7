"""`antiphon ui`: the screen. Loads nothing that touches boards or numbers."""

from pathlib import Path

import click

from recorder.commands.options import config_option, configuration, socket_option


@click.command()
@socket_option
@config_option
@click.option("--last", is_flag=True, hidden=True, help="The service ends with this screen.")
@click.pass_context
def ui(
    context: click.Context, config_file: Path | None, socket: Path | None, *, last: bool
) -> None:
    """The screen, a client of the running service. It may come and go; the recording goes on.

    Example: antiphon ui
    """
    from tui.app import run

    config = configuration(config_file, socket=socket)
    context.exit(run(config.socket_path, marks=config.marks, is_last=last))
