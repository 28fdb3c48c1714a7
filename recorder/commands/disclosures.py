"""`antiphon disclosures`: what has left this machine, and what was erased on it."""

import click
import msgspec

from recorder.commands.options import configured, json_option, tell
from recorder.settings.file import Config


@click.command()
@click.argument("session", metavar="[ID]", default="")
@json_option
@configured("sessions")
def disclosures(session: str, config: Config, *, as_json: bool) -> None:
    """What was exported, copied to workstations and erased, by whom and when, oldest first.

    With ID only of that session. What was printed or copied by hand nobody has written down.

    Example: antiphon disclosures --json
    """
    from recorder.privacy.disclosures import disclosures as written_down

    found = written_down(config.sessions_path, session)
    lines = [f"{it.at}  {it.what:<8}  {it.session}  {it.to}  by {it.by}" for it in found]
    lines = lines or ["nothing has been exported, copied or erased here"]
    told = [msgspec.to_builtins(it) for it in found]
    tell("antiphon.disclosures/1", lines, as_json=as_json, disclosures=told)
