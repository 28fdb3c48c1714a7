"""How often each test of `antiphon analyze` finds what is not there, and what is; `make null`.

    python -m tests.null [--dyads N] [--seconds S] [--json]

DYADS unrelated people with each of the SEEDS in each WORLD: every test that is offered for
inference has to find something at 5 % in as many as the 99 % interval around 5 % allows, corrected
for how many rates are looked at; what has steps (STEPPED) may find it more seldom. 1 when one does
not. Then how often each finds what was planted. The seeds were named before.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from multiprocessing import Pool
from statistics import NormalDist
from typing import Final

import click
import numpy as np

from tests.null.people import Bond, World, dyad
from tests.null.sessions import measured
from tests.null.trials import CHANGED, NAIVE, P, every_p
from tests.results import Row, tell

DYADS: Final = 600
SECONDS: Final = 600.0
SEEDS: Final = (20261129, 1, 2)
LEVEL: Final = 0.05
WORLDS: Final = {
    "nothing shared": World(),
    "alpha of both rises by e^0.7 and falls below by as much": World(trend=0.7),
    "both move at the same times": World(holes=True),
}
BONDS: Final = {
    "a fifth of alpha is the same": Bond(phase=0.2),
    "half of the waxing of alpha is the same, 3 s later": Bond(waxing=0.5, behind_s=3.0),
}
POWER_DYADS: Final = 100
# Whose p have steps, and are rather too large: counts, and what looks for the best of 60 s of lags.
STEPPED: Final = ("answers", "following: faa", "following: faa, all places and bands")
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
        return self.rate <= high and (self.rate >= low or self.test in STEPPED)

    @property
    def is_for_inference(self) -> bool:
        """Whether it has to fit."""
        return not self.test.startswith(NOT_TESTED)


def interval(n: int, rates: int) -> tuple[float, float]:
    """Of 99 % around LEVEL, for the largest of so many rates of n each (Bonferroni)."""
    z = NormalDist().inv_cdf(1 - 0.01 / (2 * rates))
    wide = z * (LEVEL * (1 - LEVEL) / n) ** 0.5
    return LEVEL - wide, LEVEL + wide


def trial(world: World, bond: Bond | None, seconds: float, seed: tuple[int, int]) -> P:
    """One session, and what every test finds in it."""
    rng = np.random.default_rng(seed)
    return every_p(measured(*dyad(rng, seconds, world, bond=bond)), rng)


def main() -> int:
    """Try, keep the rows and print them."""
    parser = ArgumentParser(prog="tests.null", description=__doc__)
    parser.add_argument("--dyads", type=int, default=DYADS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    rates = list(_rates(asked.dyads, asked.seconds))
    looked_at = [it for it in rates if it.is_for_inference]
    failures = [_failure(it) for it in looked_at if not it.fits(len(looked_at))]
    power = dict(_power(min(asked.dyads, POWER_DYADS), asked.seconds))
    rows = [*_null_rows(rates, len(looked_at)), *_power_rows(power)]
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
            for test in found[0]:
                hits = [it[test] <= LEVEL for it in found]
                yield Rate(test, name, seed, float(np.mean(hits)), len(hits))


def _power(dyads: int, seconds: float) -> Iterator[tuple[str, dict[str, float]]]:
    for name, bond in BONDS.items():
        found = _trials(World(), bond, seconds, [(SEEDS[0], k) for k in range(dyads)])
        rates = {test: float(np.mean([it[test] <= LEVEL for it in found])) for test in found[0]}
        yield name, rates


def _trials(
    world: World, bond: Bond | None, seconds: float, seeds: list[tuple[int, int]]
) -> list[P]:
    with Pool() as pool:
        found = pool.imap(partial(trial, world, bond, seconds), seeds, chunksize=4)
        with click.progressbar(found, length=len(seeds), label="dyads", file=sys.stderr) as bar:
            return list(bar)


def _null_rows(rates: list[Rate], looked_at: int) -> Iterator[Row]:
    """A row a test and world: the rate with each seed."""
    together: dict[tuple[str, str], list[Rate]] = {}
    for it in rates:
        together.setdefault((it.test, it.world), []).append(it)
    for (test, world), own in together.items():
        n = own[0].n
        low, high = interval(n, looked_at)
        figure = f"{', '.join(f'{it.rate:.1%}' for it in own)} of {n} dyads"
        aim = f"{max(low, 0):.1%} to {high:.1%}" if own[0].is_for_inference else ""
        yield Row(f"{test}; {world}", figure, aim)


def _power_rows(power: dict[str, dict[str, float]]) -> Iterator[Row]:
    for bond, rates in power.items():
        best = {test: rate for test, rate in rates.items() if rate >= 2 * LEVEL}
        told = ", ".join(f"{test} {rate:.0%}" for test, rate in best.items() if test != NAIVE)
        yield Row(f"planted: {bond}", told or "nothing found")


if __name__ == "__main__":
    sys.exit(main())
