"""Two boards on one radio channel, 1 024 times with the boards' milliseconds and as often without.

    python -m tests.radio [--json]

Counters 0 to 255 apart and drifting through each other, 1 to 100 % of the other board's packets
heard. 1 when a sample of the other one was stored, or anything else is not as it must be.
"""

import sys
from argparse import ArgumentParser

import click

from tests.hardware.cyton.one_channel import (
    KEPT,
    TIMED,
    TOLD_WITHIN_S,
    UNTIMED,
    Outcome,
    channels,
    flaws,
    listen,
)
from tests.results import Row, tell

SEED = 1
APART = range(256)
NAMES = {TIMED: "with the boards' milliseconds", UNTIMED: "without them"}


def main() -> int:
    """Run all, keep the rows and print them."""
    parser = ArgumentParser(prog="tests.radio", description=__doc__)
    parser.add_argument("--json", action="store_true")
    as_json = parser.parse_args().json
    runs = {stop: _run(stop) for stop in NAMES}
    rows = [_row(stop, outcomes, wrong) for stop, (outcomes, wrong) in runs.items()]
    wrong = sum(wrong for _, wrong in runs.values())
    tell("radio", rows, "antiphon.radio/1", as_json=as_json, wrong=wrong)
    return int(wrong > 0)


def _run(stop: int) -> tuple[list[Outcome], int]:
    """All outcomes, and how many are wrong."""
    outcomes, wrong = [], 0
    for channel in channels(APART, stop, SEED):
        outcome = listen(channel)
        outcomes.append(outcome)
        if found := flaws(channel, outcome):
            wrong += 1
            click.echo(f"{channel}: {'; '.join(found)}", err=True)
    return outcomes, wrong


def _row(stop: int, outcomes: list[Outcome], wrong: int) -> Row:
    kept = min(outcome.own / outcome.heard for outcome in outcomes)
    told_s = max(outcome.told_s or 0.0 for outcome in outcomes)
    given_up = sum(outcome.doubt is not None for outcome in outcomes)
    foreign = sum(outcome.foreign for outcome in outcomes)
    aim = f"none, {KEPT:.0%}, {TOLD_WITHIN_S:.0f} s" if stop == TIMED else "none, a gap in all"
    return Row(
        f"two boards on one radio channel, {NAMES[stop]}: what is recorded of the other person",
        f"{len(outcomes)} runs: {foreign} samples; own packets kept at least {kept:.1%}; told after"
        f" {told_s:.1f} s at most; {given_up} given up, with a gap; {wrong} wrong",
        aim,
    )


if __name__ == "__main__":
    sys.exit(main())
