"""What lost packets move in the measures, on recordings of heads; `make loss`.

    python -m tests.loss [--json]

Ten minutes of two unrelated people through lanes and pipeline, whole and with losses: as many as
each line of tests/loss/table.py says, drawn DRAWS times, either by each board for itself or by both
at the same instants. Of a figure's draws the median counts, then the worse of the two ways. 1 when
a line is not as good as its aim; nothing is measured where the recordings are not.
"""

import sys
from argparse import ArgumentParser
from dataclasses import asdict, astuple
from functools import partial
from multiprocessing import Pool

import click
import numpy as np

from recorder.bench.numbers import LOSS, loss_cost
from tests.loss.moved import NAMES, Moved, moved
from tests.loss.outcome import Outcome, outcome
from tests.loss.recorded import REASON, Person, people, there
from tests.loss.table import LINES, Line
from tests.results import Row, tell

SECONDS = 600.0
DRAWS = 3
SEED = 20190710
MOST_COST = 0.1  # 0.15 ms, where the measures of a second and board take 1.5

People = tuple[Person, Person]


def main() -> int:
    """Measure, keep the rows and print them."""
    parser = ArgumentParser(prog="tests.loss", description=__doc__)
    parser.add_argument("--json", action="store_true")
    as_json = parser.parse_args().json
    if not there():
        click.echo(f"skipped: {REASON}", err=True)
        return 0
    found = _measured()
    failures = [text for line, one in zip(LINES, found, strict=True) for text in line.failures(one)]
    cost = loss_cost(1)
    if cost.more > MOST_COST:
        failures.append(f"{LOSS:.0%} lost costs {cost.more:.1%} more, not {MOST_COST:.0%}")
    rows = [_row(line, one) for line, one in zip(LINES, found, strict=True)]
    figure = f"{cost.second_us:.0f} µs, {cost.more:+.1%} of what is spent without"
    rows.append(
        Row(f"{LOSS:.0%} lost: CPU for a second of a board", figure, f"150 µs, {MOST_COST:+.0%}")
    )
    lines = {line.losses.name: asdict(one) for line, one in zip(LINES, found, strict=True)}
    tell("loss", rows, "antiphon.loss/1", as_json=as_json, failures=failures, lines=lines)
    for failure in failures:
        click.echo(failure, err=True)
    return int(bool(failures))


def _measured() -> list[Moved]:
    """Of each line."""
    both = people(SECONDS)
    without = outcome(both)
    work = [(line, same, draw) for line in LINES for same in (False, True) for draw in range(DRAWS)]
    with Pool() as pool:
        found = pool.imap(partial(_one, both, without), work)
        with click.progressbar(found, length=len(work), label="losses", file=sys.stderr) as bar:
            figures = np.array([astuple(one) for one in bar])
    apart, same = np.median(figures.reshape(len(LINES), 2, DRAWS, -1), axis=2).swapaxes(0, 1)
    return [Moved(*a).worse(Moved(*b)) for a, b in zip(apart.tolist(), same.tolist(), strict=True)]


def _one(both: People, without: Outcome, work: tuple[Line, bool, int]) -> Moved:
    line, same, draw = work
    rng, n = np.random.default_rng([SEED, draw]), len(both[0].came)
    first = line.losses.draw(n, rng)
    lost = first, first if same else line.losses.draw(n, rng)
    return moved(without, outcome(both, lost))


def _row(line: Line, found: Moved) -> Row:
    figure = _text(asdict(found))
    return Row(f"{line.losses.name} of the samples lost", figure, _text(line.aims))


WORDS = dict(
    zip(
        NAMES,
        (
            *("FAA left {:.2f}", "PLV alpha {:.2f}", "PLV beta {:.2f}", "of all windows {:.2f}"),
            *("FAA off {:.3f}", "rms {:.3f}", "ln power off {:.3f}"),
            *("synchrony off {:.3f}", "rms {:.3f}", "percentile off {:.1f}"),
            *("alarms {:+.3f}", "at most {:+.3f}"),
        ),
        strict=True,
    )
)


def _text(figures: dict[str, float]) -> str:
    return ", ".join(WORDS[name].format(figure) for name, figure in figures.items())


if __name__ == "__main__":
    sys.exit(main())
