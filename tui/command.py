"""`antiphon ui`: the screen. Loads nothing that touches boards or numbers."""

import click

from recorder.commands.options import configured
from recorder.settings.file import Config


@click.command()
@configured("socket", "template")
@click.option("--last", is_flag=True, hidden=True, help="The service ends with this screen.")
@click.option(
    "--read-only", is_flag=True, help="Show, and ask for nothing: no key changes anything."
)
@click.option(
    "--slow", is_flag=True, help="For a slow line: traces go slowly, drawn twice a second."
)
@click.pass_context
def ui(context: click.Context, config: Config, *, last: bool, read_only: bool, slow: bool) -> None:
    """The screen, a client of the running service. It may come and go; the recording goes on.

    Example: antiphon ui
    """
    from tui.app import run

    context.exit(run(config.socket_path, config, is_last=last, read_only=read_only, slow=slow))
