"""`antiphon logs`: what the service has written lately."""

import click

from recorder.commands.options import ROOT, json_option, tell
from recorder.support.journal import unit_log


@click.command()
@click.option(
    "-n",
    "--lines",
    type=click.IntRange(1, 100_000),
    default=100,
    show_default=True,
    help="How many lines at most.",
)
@click.option("--since", default="", metavar="WHEN", help='Only since then, such as "1 hour ago".')
@json_option
def logs(lines: int, since: str, *, as_json: bool) -> None:
    """What the service has written to the journal, oldest first.

    Example: antiphon logs --since "1 hour ago"
    """
    told = unit_log(lines, since, root=ROOT)
    tell("antiphon.logs/1", told, as_json=as_json, lines=told)
