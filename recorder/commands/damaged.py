"""What verbs do with a damaged session file: they warn, or refuse it unless --damaged is given."""

from pathlib import Path

import click

from recorder.commands.options import say
from recorder.failure import EX_DATAERR, EX_IOERR, EX_NOINPUT, Failure, failing_with

damaged_option = click.option(
    "--damaged", is_flag=True, help="Also of a damaged session; what is made says so."
)

_CURE = "antiphon verify tells it all, antiphon repair saves what is whole"


def require_fit(path: Path, *, damaged: bool) -> list[str]:
    """What is damaged in a session file, which `damaged` has to admit; it is told on stderr.

    Raises:
        Failure: it is damaged, and that is not admitted; or it cannot be read.
    """
    found = _damage_of(path)
    if found and not damaged:
        text = f"{_CURE}; --damaged takes the session as it is"
        raise Failure(f"damaged: {_in_short(found)}; {text}", EX_DATAERR)
    warn(found)
    return found


def warn(found: list[str]) -> None:
    """Say on stderr, in one line, that a session is damaged."""
    if found:
        say(f"damaged: {_in_short(found)}; {_CURE}", err=True)


def _in_short(found: list[str]) -> str:
    return found[0] + (f" (and {len(found) - 1} more)" if len(found) > 1 else "")


def _damage_of(path: Path) -> list[str]:
    from recorder.store.fit import damage_of

    with (
        failing_with(EX_IOERR, OSError),
        failing_with(EX_NOINPUT, FileNotFoundError),
        failing_with(EX_DATAERR, ValueError),
    ):
        return damage_of(path)
