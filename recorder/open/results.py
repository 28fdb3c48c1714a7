"""What analyses found in a session, as its notes hold it: a flat row for each number.

`OpenSession.results` is the way to read it: the newest run of each test. This is what stays the
same for whoever shows results; the room recorder/analysis/ makes them.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from recorder.store.note_rows import ResultRow

SCHEMA: Final = "antiphon.results/1"


@dataclass(frozen=True, slots=True)
class Result:
    """One number that a test has found, with its chance level. None is what there is not.

    Attributes:
        test: synchrony, segments, following, contrast, answers, changes or dyads.
        name: the measure, such as plv or faa.
        band: its band; "" of none.
        persons: whose, one or both; who leads first, where somebody does.
        channels: labels, in the order of the measure's formula.
        value: what was found, in the measure's own unit.
        unit: of `value`; "" of a ratio, a correlation, a count.
        low, high: its interval of 95 %.
        chance: what is found by chance, on average.
        chance_high: 95 of 100 chance values are below it (for two sides, in absolute size).
        p: share of chance values that are as large; of this number alone.
        p_corrected: the same of the largest of all that was tested together.
        lag_s: by how much the second person is behind the first.
        begin_s, end_s: where in the session; None: in all of it.
        n: how many chance values.
        clean: share of the time that was usable.
        for_inference: False: describes, and does not test; `said` has the reason.
        said: the same in a sentence, for people.
    """

    test: str
    name: str
    band: str
    persons: tuple[str, ...]
    channels: tuple[str, ...]
    value: float | None
    said: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    chance: float | None = None
    chance_high: float | None = None
    p: float | None = None
    p_corrected: float | None = None
    lag_s: float | None = None
    begin_s: float | None = None
    end_s: float | None = None
    n: int = 0
    clean: float | None = None
    for_inference: bool = True


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a test: with which parameters, when, by which version, and what it found."""

    test: str
    parameters: dict[str, Any]
    results: tuple[Result, ...]
    version: str
    made_utc_ns: int

    def row(self) -> ResultRow:
        """As the notes keep it."""
        outcome = {"schema": SCHEMA, "results": [asdict(one) for one in self.results]}
        parameters, told = (json.dumps(it, allow_nan=False) for it in (self.parameters, outcome))
        return ResultRow(self.test, parameters, told, self.version, self.made_utc_ns)


def newest_runs(rows: Iterable[ResultRow]) -> tuple[Run, ...]:
    """The newest run of each test, in the order of their names; `rows` by when they were made.

    Rows of another schema are other programs' and are left out.
    """
    newest = {row.name: run for row in rows if (run := _run(row)) is not None}
    return tuple(run for _, run in sorted(newest.items()))


def _run(row: ResultRow) -> Run | None:
    outcome = json.loads(row.outcome)
    if not isinstance(outcome, dict) or outcome.get("schema") != SCHEMA:
        return None
    results = tuple(_result(one) for one in outcome["results"])
    return Run(row.name, json.loads(row.parameters), results, row.version, row.made_utc_ns)


def _result(told: dict[str, Any]) -> Result:
    """What a later version tells beside what is known here is left out."""
    known = {field.name: told[field.name] for field in fields(Result) if field.name in told}
    known |= {name: tuple(known[name]) for name in ("persons", "channels")}
    return Result(**known)
