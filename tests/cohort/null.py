"""How often a cohort's tests find something between dyads who have nothing to do with each other.

    python -m tests.cohort.null [--cohorts 300] [--json]

COHORTS of ten dyads of a minute in each world: own pairs against the shuffled may beat 5 % of
the orders in as many as the 99 % interval around 5 % allows, corrected for how many rates are
looked at. Where dyads have different numbers of sessions (RAGGED) it may be seldomer: own means are
of more sessions than shuffled ones. A circular shift (dsp/every_shift.py) of the same people's
envelopes shows what a trend does that all share. Then slopes: COHORTS x TIMES of twenty dyads with
levels, spreads and slopes of their own, which are 0 on average, and how often the interval holds
what was planted. 1 where a rate does not fit.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from multiprocessing import Pool
from typing import Final

import click
import numpy as np
from numpy.typing import NDArray

from dsp.every_shift import Shifting, every_shift
from dsp.pair_shuffle import SHUFFLED, alone, every_pairing, score, shuffled
from dsp.shift_test import ShiftFamily
from dsp.slopes import over_dyads, slopes
from recorder.cohort.relations import mean_of
from tests.null.__main__ import LEVEL, interval
from tests.null.people import STEP_S, Bond, Complexes, World, dyad
from tests.results import Row, tell

Floats = NDArray[np.float64]

COHORTS: Final = 300
DYADS: Final = 10
SECONDS: Final = 60.0
SEED: Final = 20261129
DRAWS: Final = 199
ALPHA: Final = 1  # which band
TIMES: Final = 5
SLOPE: Final = 0.1
AMONG_ALL: Final = "the rarest of the four, corrected"
SHIFTED: Final = "for comparison, not tested: aec by circular shifts, one dyad"
RAGGED: Final = "one to three sessions each, trend"
# what all share, and how many sessions each dyad has: at least, at most
WORLDS: Final = {
    "nothing shared": (World(), (1, 1)),
    "alpha of all rises by e^0.7 and was below by as much": (World(trend=0.7), (1, 1)),
    "two sessions each, trend": (World(trend=0.7), (2, 2)),
    RAGGED: (World(trend=0.7), (1, 3)),
}
PLANTED: Final = Bond(phase=0.2)
P = dict[str, float]


@dataclass(frozen=True, slots=True)
class Rate:
    """How often something was found in one world."""

    test: str
    world: str
    rate: float
    n: int

    def fits(self, rates: int) -> bool:
        """Whether it is within the interval, which is corrected for so many rates."""
        low, high = interval(self.n, rates)
        return self.rate <= high and (self.rate >= low or self.world == RAGGED)


def cohort(world: World, sessions: tuple[int, int], bond: Bond | None, seed: tuple[int, int]) -> P:
    """One cohort: p of each measure in alpha, the corrected one, and of one dyad by itself."""
    rng = np.random.default_rng(seed)
    numbers = rng.integers(sessions[0], sessions[1] + 1, DYADS)
    found = [_session(rng, world, bond, numbers >= k) for k in range(1, sessions[1] + 1)]
    scores = mean_of([it for it, _ in found])
    tested = [it for it in shuffled([scores], rng, DRAWS) if it is not None]
    told = {kind: it.p for kind, it in zip(SHUFFLED, tested, strict=True)}
    told[AMONG_ALL] = min(it.p_corrected for it in tested)
    told[f"one dyad of {DYADS} by itself, plv"] = float(alone(scores)[0, 0])
    told[SHIFTED] = found[0][1]
    return told


def _session(
    rng: np.random.Generator, world: World, bond: Bond | None, there: NDArray[np.bool_]
) -> tuple[Floats, float]:
    """Scores of all pairings, NaN where one is not there; and p of the first dyad by shifts."""
    people = [dyad(rng, SECONDS, world, 1, bond) for _ in there]
    mine, yours = (_alpha([it[person] for it in people]) for person in (0, 1))
    value, points = every_pairing(mine, yours, STEP_S)
    scores = score(value, np.broadcast_to(points, value.shape))
    scores[:, ~there] = np.nan
    scores[:, :, ~there] = np.nan
    at_all = every_shift(Shifting(mine[0], STEP_S), Shifting(yours[0], STEP_S), ("aec",))
    tested = ShiftFamily(len(at_all.points)).add(at_all.value[0], at_all.points)
    return scores, tested.p if np.isfinite(tested.p) else 1.0


def _alpha(people: list[Complexes]) -> Complexes:
    return np.stack([it[ALPHA, 0] for it in people])


def slope_trial(slope: float, seed: tuple[int, int]) -> tuple[float, bool]:
    """Twenty dyads of six sessions: p, and whether the interval holds the slope."""
    rng = np.random.default_rng(seed)
    number = np.arange(1.0, 7.0)
    found = np.empty((1, 20))
    for column in range(20):
        level, own = rng.normal(0, 1), rng.normal(slope, 0.1)
        spread = rng.uniform(0.2, 0.6)
        y = level + own * number + spread * rng.normal(size=len(number))
        y[rng.random(len(number)) < 0.1] = np.nan  # who did not come
        found[0, column] = slopes(number, y[None])[0]
    [told] = over_dyads(found, rng, DRAWS)
    if told is None:
        raise RuntimeError("twenty dyads have no slope")
    return told.p, told.low <= slope <= told.high


def main() -> int:
    """Try, keep the rows and print them."""
    parser = ArgumentParser(prog="tests.cohort.null", description=__doc__)
    parser.add_argument("--cohorts", type=int, default=COHORTS)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    rates = [*_rates(asked.cohorts), *_slope_rates(asked.cohorts * TIMES)]
    looked_at = [it for it in rates if it.test != SHIFTED]
    failures = [it for it in looked_at if not it.fits(len(looked_at))]
    power = _trials(World(), (1, 1), PLANTED, min(asked.cohorts, 100))
    rows = [*map(partial(_row, looked_at=len(looked_at)), rates), _power_row(power)]
    told = [f"{it.test}; {it.world}: {it.rate:.3f} of {it.n}" for it in failures]
    tell("bench-cohort", rows, "antiphon.null-cohort/1", as_json=asked.json, failures=told)
    return int(bool(failures))


def _rates(cohorts: int) -> Iterator[Rate]:
    for name, (world, sessions) in WORLDS.items():
        found = _trials(world, sessions, None, cohorts)
        for test in found[0]:
            hits = float(np.mean([it[test] <= LEVEL for it in found]))
            yield Rate(test, name, hits, len(found))


def _slope_rates(trials: int) -> Iterator[Rate]:
    world = "slopes of 20 dyads differ, 0 on average"
    none = [slope_trial(0.0, (SEED, it)) for it in range(trials)]
    yield Rate("slope", world, float(np.mean([p <= LEVEL for p, _ in none])), trials)
    some = [slope_trial(SLOPE, (SEED + 1, it)) for it in range(trials)]
    missed = float(np.mean([not held for _, held in some]))
    yield Rate(f"slope of {SLOPE:g} outside of its interval of 95 %", world, missed, trials)


def _trials(world: World, sessions: tuple[int, int], bond: Bond | None, cohorts: int) -> list[P]:
    with Pool(2) as pool:
        seeds = [(SEED, it) for it in range(cohorts)]
        found = pool.imap(partial(cohort, world, sessions, bond), seeds, chunksize=4)
        with click.progressbar(found, length=cohorts, label="cohorts", file=sys.stderr) as bar:
            return list(bar)


def _row(it: Rate, looked_at: int) -> Row:
    low, high = interval(it.n, looked_at)
    aim = f"{max(low, 0):.1%} to {high:.1%}" if it.world != RAGGED else f"at most {high:.1%}"
    unit = "cohorts" if it.test != SHIFTED else "dyads"
    return Row(
        f"unrelated: {it.test}; {it.world}",
        f"{it.rate:.1%} of {it.n} {unit}",
        "" if it.test == SHIFTED else aim,
    )


def _power_row(found: list[P]) -> Row:
    told = ", ".join(
        f"{test} {np.mean([it[test] <= LEVEL for it in found]):.0%}"
        for test in (*SHUFFLED, AMONG_ALL)
    )
    return Row(
        f"planted in {DYADS} dyads: a fifth of alpha is the same, {len(found)} cohorts", told
    )


if __name__ == "__main__":
    sys.exit(main())
