"""What can be said of many dyads: whether who met is more alike, and what develops.

    Paired      own pairs against the same people shuffled (shuffles.py, dsp/pair_shuffle.py): a row
                a measure and band, over all places together and place by place
    Alone       each dyad among its patient's pairings, over all places together
    Developed   the slope of an outcome within dyads, over the session's number or over a score
                (dsp/slopes.py)

Rows are corrected for each other: `Paired` over measures and bands, places by themselves;
`Developed` over all outcomes, for each thing that they are held against.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dsp.pair_shuffle import SHUFFLED, Shuffled, alone, score, shuffled
from dsp.slopes import Slope, over_dyads, slopes
from recorder.analysis.words import p_in_words, verdict
from recorder.cohort.dyads import Member
from recorder.cohort.scores import Scores
from recorder.cohort.shuffles import Pairings

Floats = NDArray[np.float64]

NUMBER: Final = "number"  # of the session
PLACES: Final = ""  # in the place of a site: the mean over all


@dataclass(frozen=True, slots=True)
class Paired:
    """One measure in one band, of all dyads; site "" is the mean over all places."""

    measure: str
    band: str
    site: str
    tested: Shuffled

    @property
    def said(self) -> str:
        """In words."""
        it = self.tested
        return (
            f"{verdict(it.p_corrected)}: {it.value:.3f}, shuffled {it.chance:.3f}, 95 of 100 orders"
            f" below {it.chance_high:.3f}; own less shuffled {it.low:+.3f} to {it.high:+.3f}; "
            f"p {p_in_words(it.p)}, among all {p_in_words(it.p_corrected)}"
        )


@dataclass(frozen=True, slots=True)
class Alone:
    """How rare one dyad is among its patient's pairings; never below 1 / pairings."""

    dyad: str
    measure: str
    band: str
    p: float
    pairings: int


@dataclass(frozen=True, slots=True)
class Developed:
    """The slope of an outcome over the session's number, or over a score."""

    outcome: str
    over: str
    slope: Slope

    @property
    def said(self) -> str:
        """In words."""
        it = self.slope
        return (
            f"{verdict(it.p_corrected)}: {it.value:+.4f} a unit of {self.over} "
            f"({it.low:+.4f} to {it.high:+.4f}), by chance within {it.chance_high:.4f} in 95 of "
            f"100; {it.dyads} dyads; p {p_in_words(it.p)}, among all {p_in_words(it.p_corrected)}"
        )


Key = tuple[str, str, str]  # measure, band, site


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Scores of dyads that are shuffled among each other, mean over their sessions.

    Attributes:
        dyads: names.
        scores: (dyads, dyads) of each series.
    """

    dyads: tuple[str, ...]
    scores: dict[Key, Floats]


def groups_of(found: Sequence[Pairings]) -> list[Group]:
    """Sessions of the same group together; places first by themselves, then their mean."""
    by_group: dict[str, list[Pairings]] = defaultdict(list)
    for it in found:
        by_group[it.shuffle.group].append(it)
    return [_group(some) for _, some in sorted(by_group.items())]


def _group(found: Sequence[Pairings]) -> Group:
    dyads = tuple(sorted({name for it in found for name in it.shuffle.dyads}))
    of_sessions: dict[Key, list[Floats]] = defaultdict(list)
    for it in found:
        rows = [dyads.index(name) for name in it.shuffle.dyads]
        for series, value, points in zip(it.shuffle.series, it.value, it.points, strict=True):
            scores = score(value, np.broadcast_to(points, value.shape))
            for measure, own in zip(SHUFFLED, scores, strict=True):
                whole = np.full((len(dyads), len(dyads)), np.nan)
                whole[np.ix_(rows, rows)] = own
                of_sessions[measure, *series].append(whole)
    scores_of = {key: mean_of(some) for key, some in of_sessions.items()}
    of_places: dict[Key, list[Floats]] = defaultdict(list)
    for (measure, band, _), scores in scores_of.items():
        of_places[measure, band, PLACES].append(scores)
    return Group(dyads, scores_of | {key: mean_of(some) for key, some in of_places.items()})


def mean_of(arrays: Sequence[Floats]) -> Floats:
    """Cell by cell, of what there is."""
    there = np.isfinite(arrays)
    total: Floats = np.where(there, arrays, 0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
    return np.where(there.any(axis=0), total, np.nan)


def paired(groups: Sequence[Group], seed: int) -> list[Paired]:
    """Every measure and band over all places together, then place by place."""
    keys = sorted({key for it in groups for key in it.scores})
    together = [key for key in keys if key[2] == PLACES]
    apart = [key for key in keys if key[2] != PLACES]
    return [
        Paired(*key, tested)
        for number, family in enumerate((together, apart))
        for key, tested in zip(family, _shuffled(groups, family, (seed, number)), strict=True)
        if tested is not None
    ]


def _shuffled(
    groups: Sequence[Group], family: Sequence[Key], seed: tuple[int, int]
) -> list[Shuffled | None]:
    stacks = [
        np.stack([it.scores.get(key, np.full((len(it.dyads),) * 2, np.nan)) for key in family])
        for it in groups
        if family
    ]
    return shuffled(stacks, np.random.default_rng(seed)) or [None] * len(family)


def alone_of(groups: Sequence[Group]) -> Iterator[Alone]:
    """Each dyad, in each measure and band, over all places together."""
    for group in groups:
        for (measure, band, site), scores in group.scores.items():
            if site == PLACES:
                pairings = np.isfinite(scores).sum(axis=1).tolist()
                rare = alone(scores[None])[0].tolist()
                for dyad, p, n in zip(group.dyads, rare, pairings, strict=True):
                    if p == p and n > 1:  # noqa: PLR0124 - not NaN
                        yield Alone(dyad, measure, band, p, n)


def developed(members: Sequence[Member], scores: Scores, seed: int) -> list[Developed]:
    """Every outcome over the session's number, and over each score that is a number."""
    standing = [it for it in members if it.stands]
    outcomes = sorted({name for it in standing for name in it.told.outcomes})
    return [
        Developed(outcome, over, slope)
        for number, over in enumerate((NUMBER, *scores.numbers()))
        for outcome, slope in zip(
            outcomes, _slopes(standing, outcomes, _over(scores, over), (seed, number)), strict=True
        )
        if slope is not None
    ]


def _over(scores: Scores, over: str) -> dict[str, float] | None:
    """A score of each session; None for the number."""
    if over == NUMBER:
        return None
    cells = {session: row.get(over) for session, row in scores.of.items()}
    return {session: cell for session, cell in cells.items() if isinstance(cell, float)}


def _slopes(
    standing: Sequence[Member],
    outcomes: Sequence[str],
    over: dict[str, float] | None,
    seed: tuple[int, int],
) -> list[Slope | None]:
    by_dyad: dict[str, list[Member]] = defaultdict(list)
    for it in standing:
        by_dyad[it.dyad].append(it)
    found = np.full((len(outcomes), len(by_dyad)), np.nan)
    for column, sessions in enumerate(by_dyad.values()):
        x = [it.number if over is None else over.get(it.seen.id, np.nan) for it in sessions]
        y = [[_known(it.told.outcomes.get(name)) for it in sessions] for name in outcomes]
        found[:, column] = slopes(np.array(x, np.float64), np.array(y, np.float64))
    return over_dyads(found, np.random.default_rng((*seed, 1)))


def _known(value: float | None) -> float:
    return np.nan if value is None else value
