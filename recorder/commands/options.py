"""Options that several verbs share."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from recorder.settings.file import Config, load

Command = TypeVar("Command", bound=Callable[..., Any])

_PATH = click.Path(path_type=Path)


def config_option(command: Command) -> Command:
    """--config FILE, as `config_file`."""
    return click.option(
        "--config",
        "config_file",
        type=_PATH,
        envvar="ANTIPHON_CONFIG",
        help="Configuration file (else /etc/antiphon/antiphon.toml, else the defaults).",
    )(command)


def socket_option(command: Command) -> Command:
    """--socket PATH, where the service listens."""
    return click.option(
        "--socket",
        type=_PATH,
        envvar="ANTIPHON_SOCKET",
        help="The service's socket (else the configuration's).",
    )(command)


def sessions_option(command: Command) -> Command:
    """--sessions DIR, where session files are."""
    return click.option(
        "--sessions",
        "sessions_dir",
        type=_PATH,
        envvar="ANTIPHON_SESSIONS",
        help="Directory of the session files (else the configuration's).",
    )(command)


def consent_option(command: Command) -> Command:
    """--consent, what both people have agreed to, as `consent`."""
    return click.option(
        "--consent",
        type=click.Choice(["eeg", "video", "share"]),
        multiple=True,
        default=("eeg",),
        show_default=True,
        help="What both have agreed to; once for each. Without video the camera stays off.",
    )(command)


def json_option(command: Command) -> Command:
    """--json, as `as_json`."""
    return click.option(
        "--json", "as_json", is_flag=True, help="One JSON object, with a schema field."
    )(command)


def configuration(config_file: Path | None, **overrides: Path | str | None) -> Config:
    """The configuration with the command line's own values on top."""
    given = {key: str(value) for key, value in overrides.items() if value is not None}
    return msgspec.structs.replace(load(config_file), **given)


def print_json(schema: str, **fields: Any) -> None:
    """Print one JSON object; numbers that are not known are null."""
    click.echo(json.dumps({"schema": schema, **fields}, allow_nan=False, default=str))
