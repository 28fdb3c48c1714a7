"""`antiphon ui`: the screen. Loads nothing that touches boards or numbers."""

import click

from recorder.commands.options import configured
from recorder.settings.file import Config


@click.command()
@configured("socket")
@click.option("--last", is_flag=True, hidden=True, help="The service ends with this screen.")
@click.pass_context
def ui(context: click.Context, config: Config, *, last: bool) -> None:
    """The screen, a client of the running service. It may come and go; the recording goes on.

    Example: antiphon ui
    """
    from tui.app import run

    context.exit(run(config.socket_path, marks=config.marks, screen=config.screen, is_last=last))
