"""How often each test of `antiphon analyze` finds what is not there, and what is; `make null`.

    python -m tests.null [--dyads N] [--seconds S] [--json]

DYADS unrelated people with each of the SEEDS in each WORLD: every test that is offered for
inference has to find something at 5 % in as many as the 99 % interval around 5 % allows, corrected
for how many rates are looked at; what has steps (STEPPED) may find it more seldom. 1 when one does
not. And how often each finds what was planted. The seeds were named before. Dyads come in groups of
GROUP, in which each is held against the others.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing import Pool
from statistics import NormalDist
from typing import Final

import click
import numpy as np

from recorder.analysis.dyads import LEAST_PEOPLE
from tests.null.people import Bond, World, dyad
from tests.null.sessions import measured
from tests.null.trials import CHANGED, NAIVE, P, every_dyad, every_p
from tests.results import Row, tell

DYADS: Final = 600
SECONDS: Final = 600.0
SEEDS: Final = (20261129, 1, 2)
LEVEL: Final = 0.05
GROUP: Final = LEAST_PEOPLE
WORLDS: Final = {
    "nothing shared": World(),
    "alpha of both e^-0.7 to e^0.7": World(trend=0.7),
    "both move at once": World(holes=True),
}
BONDS: Final = {
    "a fifth of alpha": Bond(phase=0.2),
    "half of its waxing, 3 s later": Bond(waxing=0.5, behind_s=3.0),
    "moments by 1 SD": Bond(in_moments=1.0),
}
POWER_DYADS: Final = 100
# Whose p have steps, and are rather too large: counts, what looks for the best of 60 s of lags, and
# what has no p where one of 20 people has no value.
STEPPED: Final = ("answers", "following: faa", "dyads")
NOT_TESTED: Final = ("not for inference", NAIVE, CHANGED)


@dataclass(frozen=True, slots=True)
class Rate:
    """How often one test found something in one world, with one seed."""

    test: str
    world: str
    seed: int
    rate: float
    n: int

    def fits(self, rates: int) -> bool:
        """Whether it is within the interval, which is corrected for so many rates."""
        low, high = interval(self.n, rates)
        return self.rate <= high and (self.rate >= low or self.test.startswith(STEPPED))

    @property
    def is_for_inference(self) -> bool:
        """Whether it has to fit."""
        return not self.test.startswith(NOT_TESTED)


def interval(n: int, rates: int) -> tuple[float, float]:
    """Of 99 % around LEVEL, for the largest of so many rates of n each (Bonferroni)."""
    z = NormalDist().inv_cdf(1 - 0.01 / (2 * rates))
    wide = z * (LEVEL * (1 - LEVEL) / n) ** 0.5
    return LEVEL - wide, LEVEL + wide


def trials(
    world: World, bond: Bond | None, seconds: float, seeds: Sequence[tuple[int, int]]
) -> list[P]:
    """A group of sessions, and what every test finds in each."""
    bond = bond or Bond()
    rngs = [np.random.default_rng(seed) for seed in seeds]
    made = [measured(*dyad(rng, seconds, world, bond=bond)) for rng in rngs]
    alone = (every_p(one, rng, bond.in_moments) for one, rng in zip(made, rngs, strict=True))
    return [p | also for p, also in zip(alone, every_dyad(made), strict=True)]


def main() -> int:
    """Try, keep the rows and print them."""
    parser = ArgumentParser(prog="tests.null", description=__doc__)
    parser.add_argument("--dyads", type=int, default=DYADS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    if asked.dyads < GROUP or asked.dyads % GROUP:
        parser.error(f"dyads come in groups of {GROUP}")
    rates = list(_rates(asked.dyads, asked.seconds))
    looked_at = [it for it in rates if it.is_for_inference]
    failures = [_failure(it) for it in looked_at if not it.fits(len(looked_at))]
    power = dict(_power(min(asked.dyads, POWER_DYADS), asked.seconds))
    rows = list(_rows(rates, power, len(looked_at)))
    tell("null", rows, "antiphon.null/1", as_json=asked.json, failures=failures)
    for failure in failures:
        click.echo(failure, err=True)
    return int(bool(failures))


def _failure(it: Rate) -> str:
    return f"{it.test}, {it.world}, seed {it.seed}: {it.rate:.3f} of {it.n}"


def _rates(dyads: int, seconds: float) -> Iterator[Rate]:
    for name, world in WORLDS.items():
        for seed in SEEDS:
            found = _trials(world, None, seconds, [(seed, k) for k in range(dyads)])
            for test, rate in _shares(found).items():
                yield Rate(test, name, seed, rate, len(found))


def _power(dyads: int, seconds: float) -> Iterator[tuple[str, dict[str, float]]]:
    for name, bond in BONDS.items():
        found = _trials(World(), bond, seconds, [(SEEDS[0], k) for k in range(dyads)])
        yield name, _shares(found)


def _shares(found: list[P]) -> dict[str, float]:
    """Of each test, how often it found something; where it has no p, it did not."""
    tests = dict.fromkeys(test for it in found for test in it)
    return {test: float(np.mean([it.get(test, 1.0) <= LEVEL for it in found])) for test in tests}


def _trials(
    world: World, bond: Bond | None, seconds: float, seeds: list[tuple[int, int]]
) -> list[P]:
    groups = [seeds[at : at + GROUP] for at in range(0, len(seeds), GROUP)]
    with Pool() as pool:
        found = pool.imap(partial(trials, world, bond, seconds), groups)
        with click.progressbar(found, length=len(groups), label="groups", file=sys.stderr) as bar:
            return [p for group in bar for p in group]


def _rows(rates: list[Rate], power: dict[str, dict[str, float]], looked_at: int) -> Iterator[Row]:
    """A row a test: its rates in each world, with each seed, and what it finds of what is there."""
    for test in dict.fromkeys(it.test for it in rates):
        own = [it for it in rates if it.test == test]
        n = own[0].n
        told = [
            f"{world}: {' '.join(f'{100 * it.rate:.1f}' for it in own if it.world == world)}"
            for world in WORLDS
        ]
        found = [f"{bond} {100 * of[test]:.0f}" for bond, of in power.items()]
        figure = f"{'; '.join(told)} % of {n}; of what is there {', '.join(found)} %"
        low, high = (100 * it for it in interval(n, looked_at))
        aim = f"{max(low, 0):.1f} to {high:.1f} %" if own[0].is_for_inference else ""
        yield Row(test, figure, aim)


if __name__ == "__main__":
    sys.exit(main())
