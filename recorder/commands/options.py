"""What several verbs share: options, the session that is meant, answers, progress bars."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec
from click.termui import progressbar

from recorder.failure import EX_NOINPUT, Answer, failing_with
from recorder.plain_text import shown
from recorder.progress import Progress
from recorder.settings.board import ROLES
from recorder.settings.file import Config, load

Command = TypeVar("Command", bound=Callable[..., Any])

ROOT = Path("/")  # where /dev, /sys and /proc are
_PATH = click.Path(path_type=Path)

config_option = click.option(
    "--config",
    "config_file",
    type=_PATH,
    envvar="ANTIPHON_CONFIG",
    help="Configuration file (else /etc/antiphon/antiphon.toml, else the defaults).",
)
consent_option = click.option(
    "--consent",
    type=click.Choice(["eeg", "video", "share"]),
    multiple=True,
    default=("eeg",),
    show_default=True,
    help="What both have agreed to; once for each. Without video the camera stays off.",
)
json_option = click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="One JSON object, with a schema field: antiphon.error/1 if there is no other.",
)
# What may be given instead of the configuration's own, by its key there.
_OVERRIDES = {
    "sessions": click.option(
        "--sessions",
        type=_PATH,
        envvar="ANTIPHON_SESSIONS",
        help="Directory of the session files (else the configuration's).",
    ),
    "template": click.option(
        "--template",
        metavar="NAME|FILE",
        envvar="ANTIPHON_TEMPLATE",
        help="The template of sessions (else the configuration's).",
    ),
    "socket": click.option(
        "--socket",
        type=_PATH,
        envvar="ANTIPHON_SOCKET",
        help="The service's socket (else the configuration's).",
    ),
}


def configured(*keys: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """--config FILE and options for `keys`: a verb gets the Config with them on top as `config`."""

    def decorate(verb: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(verb)
        def with_config(config_file: Path | None, **given: Any) -> Any:
            instead = {key: given.pop(key) for key in keys}
            return verb(config=configuration(config_file, **instead), **given)

        return overrides(*keys)(config_option(with_config))

    return decorate


def overrides(*keys: str) -> Callable[[Command], Command]:
    """Options for what may be given instead of the configuration's own `keys`."""

    def decorate(command: Command) -> Command:
        for key in reversed(keys):
            command = _OVERRIDES[key](command)
        return command

    return decorate


def said(given: Mapping[str, Path | str | None]) -> dict[str, str]:
    """Of what may be given, what was."""
    return {key: str(value) for key, value in given.items() if value is not None}


def ports_options(command: Command) -> Command:
    """--patient and --therapist, each a path or a USB serial number."""
    for role in reversed(ROLES):
        command = click.option(
            f"--{role}",
            metavar="PORT",
            help=f"The {role}'s port: a path or a USB serial number (else the configuration's).",
        )(command)
    return command


def configuration(config_file: Path | None, **instead: Path | str | None) -> Config:
    """The configuration with the command line's own values on top.

    Raises:
        ConfigError: the configuration cannot be used.
        UnicodeEncodeError: a path is not UTF-8; the service could not tell it.
    """
    template = instead.pop("template", None)
    config = load(config_file, None if template is None else str(template))
    config = msgspec.structs.replace(config, **said(instead))
    for path in (config.sessions_path, config.socket_path):
        str(path).encode()
    return config


def ports_asked(config: Config, given: dict[str, str | None]) -> dict[str, str]:
    """The ports that are given; when none is, those of the configuration."""
    asked = {role: port for role, port in given.items() if port}
    return asked or {role: port for role in ROLES if (port := config.board(role).port)}


def session_path(session: str, config: Config) -> Path:
    """The file of the session that ID|FILE means.

    Raises:
        Failure: there is none, or more than one.
    """
    from recorder.store.catalog import find

    with failing_with(EX_NOINPUT, LookupError):
        return find(config.sessions_path, session)


def tell(schema: str, lines: Iterable[str], /, *, as_json: bool, **fields: Any) -> None:
    """Print one JSON object of the `fields`, or else the `lines` for people."""
    if as_json:
        context = click.get_current_context(silent=True)
        if context is not None and isinstance(context.obj, Answer):
            context.obj.given = True
        lines = [json.dumps({"schema": schema, **fields}, allow_nan=False, default=str)]
    for line in lines:
        say(line)


def say(text: str, *, err: bool = False) -> None:
    """Print a line for people, in which nothing of others' making is obeyed by a terminal."""
    click.echo(shown(text), err=err)


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
