"""200 exchanges of two dongles and 200 returns without one, by all that tells dongles apart.

    python -m tests.exchanges [--json] [--seed N]

Two emulated boards on a simulated clock, in sessions and between them. 1 when a sample was stored
under the other person's name, fewer than 95 % of the returns that were no exchange were recorded
again within 10 s without a person's word, or a file is not whole.
"""

import sys
from argparse import ArgumentParser
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np

from tests.exchanges.stories import WITHIN_S, Marks, Outcome, Story, returns
from tests.results import Row, tell

SEED = 1
STORIES, LONG = 5, 10  # of each kind, and how often something happens in each
SHARE = 0.95


def main() -> int:
    """Tell all stories, keep the rows and print them."""
    parser = ArgumentParser(prog="tests.exchanges", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seed", type=int, default=SEED)
    asked = parser.parse_args()
    kinds = [(asked.seed, marks, number) for marks in Marks for number in range(STORIES)]
    columns = list(zip(*kinds, strict=True))
    with ProcessPoolExecutor() as pool:
        told = [pool.map(tell_story, *columns, repeat(exchanged)) for exchanged in (True, False)]
        exchanges, others = (list(outcomes) for outcomes in told)
    resumed_s = [seconds for it in others for seconds in it.resumed_s]
    in_time = sum(seconds <= WITHIN_S for seconds in resumed_s)
    wrong = _wrong([*exchanges, *others]) + (in_time < SHARE * len(resumed_s))
    rows = [_row_of_exchanges(exchanges), _row_of_returns(others, in_time, resumed_s)]
    tell("exchanges", rows, "antiphon.exchanges/1", as_json=asked.json, wrong=wrong)
    return int(wrong > 0)


def tell_story(seed: int, marks: Marks, number: int, exchanged: bool) -> Outcome:
    """One pair of dongles, at which the same happens again and again."""
    rng = np.random.default_rng([seed, list(Marks).index(marks), number, exchanged])
    with TemporaryDirectory() as directory:
        story = Story(Path(directory), marks, rng)
        outcome = story.tell(returns(rng, LONG, exchanged=exchanged))
    for fault in outcome.faults:
        click.echo(f"{marks}, {number}, exchanged {exchanged}: {fault}", err=True)
    return outcome


def _wrong(outcomes: list[Outcome]) -> int:
    return sum(it.foreign + it.never + len(it.faults) for it in outcomes)


def _row_of_exchanges(outcomes: list[Outcome]) -> Row:
    foreign, samples = sum(it.foreign for it in outcomes), sum(it.samples for it in outcomes)
    exchanges, asked = sum(it.exchanges for it in outcomes), sum(it.asked for it in outcomes)
    return Row(
        "dongles that came back exchanged, with and without serial numbers: samples under the other"
        " person's name",
        f"{exchanges} exchanges: {foreign} of {samples} samples; {exchanges - asked} noticed and"
        f" set right, {asked} asked and waited for a person's word",
        "none",
    )


def _row_of_returns(outcomes: list[Outcome], in_time: int, resumed_s: list[float]) -> Row:
    foreign, asked = sum(it.foreign for it in outcomes), sum(it.asked for it in outcomes)
    return Row(
        "dongles that came back as they were: recorded again by themselves within 10 s",
        f"{in_time} of {len(resumed_s)} returns, {in_time / len(resumed_s):.1%}; {asked} asked;"
        f" {foreign} samples under the other person's name",
        f"{SHARE:.0%}",
    )


if __name__ == "__main__":
    sys.exit(main())
