"""What several verbs share: options, the session that is meant, JSON, progress bars."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
from click.termui import progressbar

from recorder.failure import EX_NOINPUT, failing_with
from recorder.progress import Progress
from recorder.settings.board import ROLES
from recorder.settings.file import Config, load

Command = TypeVar("Command", bound=Callable[..., Any])

ROOT = Path("/")  # where /dev, /sys and /proc are
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


def ports_options(command: Command) -> Command:
    """--patient and --therapist, each a path or a USB serial number."""
    for role in reversed(ROLES):
        command = click.option(
            f"--{role}",
            metavar="PORT",
            help=f"The {role}'s port: a path or a USB serial number (else the configuration's).",
        )(command)
    return command


def json_option(command: Command) -> Command:
    """--json, as `as_json`."""
    return click.option(
        "--json", "as_json", is_flag=True, help="One JSON object, with a schema field."
    )(command)


def configuration(config_file: Path | None, **overrides: Path | str | None) -> Config:
    """The configuration with the command line's own values on top."""
    given = {key: str(value) for key, value in overrides.items() if value is not None}
    return msgspec.structs.replace(load(config_file), **given)


def ports_asked(config: Config, given: dict[str, str | None]) -> dict[str, str]:
    """The ports that are given; when none is, those of the configuration."""
    asked = {role: port for role, port in given.items() if port}
    return asked or {role: port for role in ROLES if (port := config.board(role).port)}


def session_path(session: str, config_file: Path | None, sessions_dir: Path | None) -> Path:
    """The file of the session that ID|FILE means.

    Raises:
        Failure: there is none, or more than one.
    """
    from recorder.store.catalog import find

    with failing_with(EX_NOINPUT, LookupError):
        return find(configuration(config_file, sessions=sessions_dir).sessions_path, session)


def print_json(schema: str, **fields: Any) -> None:
    """Print one JSON object; numbers that are not known are null."""
    click.echo(json.dumps({"schema": schema, **fields}, allow_nan=False, default=str))


@contextmanager
def progress_bar(label: str, length: int) -> Iterator[Callable[[int], None]]:
    """A bar from 0 to `length` on stderr, if that is a terminal.

    What it yields takes how far it is, and never goes back.
    """
    hidden = not sys.stderr.isatty()
    with progressbar(range(length), label=label, file=sys.stderr, hidden=hidden) as bar:

        def show(done: int) -> None:
            bar.update(max(0, min(done, length) - bar.pos))

        yield show


@contextmanager
def progress_in_thousandths(label: str) -> Iterator[Progress]:
    """A bar for work that tells (done, in all), whatever it counts."""
    with progress_bar(label, 1000) as show:
        yield lambda done, total: show(1000 * done // max(total, 1))
