"""What verbs that take a file of another program share: how its seconds are the session's."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from recorder.open import OpenSession
    from recorder.open.placing import Placed
    from recorder.spans.span import Found

Command = TypeVar("Command", bound=Callable[..., Any])


def time_options(command: Command) -> Command:
    """--camera, --time and --partly."""
    for option in (
        click.option(
            "--partly", is_flag=True, help="Leave out what is outside of session or mapping."
        ),
        click.option(
            "--time",
            type=click.Choice(["video", "session"]),
            help="Of what its seconds are: the video (else as the file says), or the session.",
        ),
        click.option("--camera", default="", metavar="NAME", help="Of which camera's video."),
    ):
        command = option(command)
    return command


def in_session(opened: "OpenSession", found: "Found", asked: dict[str, Any]) -> "Placed":
    """The spans of a file in the session's seconds, as it was asked for.

    Raises:
        LookupError, ValueError: see recorder.open.placing.placed.
    """
    from recorder.open.placing import placed

    if asked["time"]:
        found = replace(found, in_session_s=asked["time"] == "session")
    return placed(opened, found, asked["camera"], partly=asked["partly"])


def left_out_words(placed: "Placed") -> str:
    """What of a file was not taken, in words; "" when all was."""
    told = [f"{placed.left_out} outside left out"] if placed.left_out else []
    told += [f"{placed.cut} cut at the ends"] if placed.cut else []
    return ", ".join(told)
