"""`antiphon feed`: numbers of another instrument, line by line, into the running session."""

import csv
import math
import time
from collections.abc import Iterable, Iterator
from typing import TextIO

import click

from recorder.commands.options import configured
from recorder.companions.external import RATE_LIMIT_HZ, Allowance
from recorder.failure import EX_DATAERR, Failure, failing_with
from recorder.settings.file import Config
from recorder.wire.client import Conversation

# A little less than the service takes: its clock does not start when ours does.
SENT_HZ = RATE_LIMIT_HZ - 1
TOO_MANY = f"more than {RATE_LIMIT_HZ:.0f} values a second"


@click.command()
@click.argument("name")
@click.option("--unit", default="", metavar="UNIT", help="What the numbers are in, such as bpm.")
@click.option(
    "--column",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    metavar="N",
    help="Which column of the csv it is.",
)
@configured("socket")
def feed(name: str, unit: str, column: int, config: Config) -> None:
    """Store the numbers on standard input as the series NAME of the running session.

    One line is one value, at the moment it is read. Of more than 25 a second some are left out, and
    in the end it is told how many. A first line that is no number is a heading.

    Example: antiphon feed "heart rate" --unit bpm
    """
    with failing_with(EX_DATAERR, csv.Error), Conversation(config.socket_path) as service:
        left_out = _feed(service, name, unit, _numbers(_standard_input(), column))
    if left_out:
        click.echo(f"left out {left_out} of them: {TOO_MANY}", err=True)


def _feed(service: Conversation, name: str, unit: str, values: Iterable[float]) -> int:
    """Send as many as the service takes; how many were left out."""
    allowance, left_out = Allowance(SENT_HZ), 0
    for value in values:
        if allowance.takes(time.monotonic_ns()):
            service.ask("value", label=name, unit=unit, value=value)
        else:
            left_out += 1
            if left_out == 1:
                click.echo(f"{name}: {TOO_MANY}: not all are stored", err=True)
    return left_out


def _standard_input() -> TextIO:
    """As Windows may have saved it, with a byte order mark; a heading may be in any encoding."""
    return open(0, encoding="utf-8-sig", errors="replace", newline="", closefd=False)


def _numbers(lines: Iterable[str], column: int) -> Iterator[float]:
    """The numbers of a column; empty fields are left out.

    Raises:
        Failure: a line has no such column, or something else than a number there.
    """
    for number, row in enumerate(csv.reader(lines), start=1):
        text = row[column - 1].strip() if len(row) >= column else ""
        if not text:
            continue
        value = _number(text)
        if value is not None:
            yield value
        elif number > 1:
            raise Failure(f"line {number}: {text!r} is not a number", EX_DATAERR)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
