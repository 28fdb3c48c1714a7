"""tests/RESULTS.md: what was measured, on which machine, when, and by which command.

Each target of make that measures has a table there, between two marks with its name. A row stays
until the same thing is measured again. Needs no package: `make bench-peers` has none of ours.
"""

import json
import os
import shlex
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from recorder.bench.machine import machine_name
from recorder.wall_clock import utc_ns, utc_text
from tests.places import ROOT

RESULTS = ROOT / "tests" / "RESULTS.md"
HEAD = ["| what | figure | aim | machine | date | command |", "|---|---|---|---|---|---|"]


class Row(NamedTuple):
    """One thing that was measured; `what` names it and is no other's, `aim` may be empty."""

    what: str
    figure: str
    aim: str = ""


def tell(
    target: str, rows: list[Row], schema: str, /, *, as_json: bool, text: str = "", **figures: Any
) -> None:
    """Keep the rows, and print them; or one JSON object of the figures instead.

    Args:
        target: of make.
        rows: of its table.
        schema: of the JSON object.
        as_json: whether that is what was asked for.
        text: for people, where it is more than the rows.
        figures: the object's other fields.
    """
    keep(target, rows)
    if as_json:
        text = json.dumps({"schema": schema, **figures}, allow_nan=False)
    sys.stdout.write(f"{text or as_text(rows)}\n")


def as_text(rows: list[Row]) -> str:
    """A line for each row."""
    return "\n".join(f"{what}: {figure}{aim and f' (aim {aim})'}" for what, figure, aim in rows)


def keep(
    target: str,
    rows: Iterable[Row],
    at_utc_ns: int | None = None,
    words: Sequence[str] | None = None,
) -> None:
    """Put rows, measured now or then, into the table of a target, each over its like.

    `words` are what its program was told, those of the command line as a rule; a test has none.
    """
    date = utc_text(utc_ns() if at_utc_ns is None else at_utc_ns)[:10]
    where = f"{os.cpu_count()} x {machine_name()} | {date} | `{_command(target, words)}`"
    lines = {what: f"| {what} | {figure} | {aim} | {where} |" for what, figure, aim in rows}
    text = RESULTS.read_text(encoding="utf-8")
    RESULTS.write_text(with_rows(text, target, lines), encoding="utf-8")


def with_rows(text: str, target: str, lines: dict[str, str]) -> str:
    """`text` with lines of a table, by what they are of, in the table of `target`.

    Raises:
        ValueError: its marks are not there, or not once.
    """
    begin, end = f"<!-- {target} -->\n", f"<!-- /{target} -->\n"
    if text.count(begin) != 1 or text.count(end) != 1 or text.index(end) < text.index(begin):
        raise ValueError(f"the marks {begin.strip()} and {end.strip()} must be there, once each")
    before, _, rest = text.partition(begin)
    table, _, after = rest.partition(end)
    kept = {line.split("|")[1].strip(): line for line in table.splitlines()[len(HEAD) :]}
    whole = "".join(f"{line}\n" for line in [*HEAD, *(kept | lines).values()])
    return f"{before}{begin}{whole}{end}{after}"


def _command(target: str, told: Sequence[str] | None) -> str:
    """What whoever wants the same figures types."""
    words = [word for word in (sys.argv[1:] if told is None else told) if word != "--json"]
    return f"make {target} ARGS={shlex.quote(shlex.join(words))}" if words else f"make {target}"
