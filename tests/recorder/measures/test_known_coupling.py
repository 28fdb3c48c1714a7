"""From samples to percentiles: two synthetic people whose coupling follows a script."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.board import Block
from hardware.emulated.synthetic import SyntheticDyad, SyntheticSource
from recorder.measures.pipeline import Pipeline
from recorder.measures.series import define
from recorder.settings.board import BoardSettings
from recorder.settings.measures import MeasureSettings
from recorder.wearers.lane import Lane
from tests.recorder.scripted_board import INFO

SECONDS = 840
RATES_HZ = (250.33, 249.71)
SYNCHRONY_S = 30.0
PLACES = 7  # of the eight channels one is a reference


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """Percentiles of alpha PLV, second by second.

    Attributes:
        end_s: (n,) end of each window.
        percentile: (n, places) NaN where not known.
    """

    end_s: NDArray[np.float64]
    percentile: NDArray[np.float64]

    def windows_in(self, dyad: SyntheticDyad, *, coupled: bool) -> NDArray[np.float64]:
        """Known percentiles of the windows that lie wholly in stretches of one sort."""
        inside = [self._is_all(dyad, end_s, coupled=coupled) for end_s in self.end_s.tolist()]
        chosen = self.percentile[inside]
        return chosen[np.isfinite(chosen)]

    def _is_all(self, dyad: SyntheticDyad, end_s: float, *, coupled: bool) -> bool:
        t_s = np.arange(end_s - SYNCHRONY_S, end_s, 0.25)
        return bool((dyad.truth(t_s).coupled == coupled).all())


def blocks(dyad: SyntheticDyad, place: int, rate_hz: float, seconds: int) -> Iterator[Block]:
    """A fifth of a second each, one read of the port."""
    counts = SyntheticSource(dyad, place, rate_hz).packets(0, round(seconds * rate_hz))[1]
    n = round(rate_hz / 5)
    for first in range(0, len(counts) - n, n):
        read_ns = round((first + n - 1) * 1e9 / rate_hz) + 8_000_000
        arrival_ns = np.full(n, read_ns, np.int64)
        yield Block(0, first, counts[first : first + n], np.zeros((n, 3), np.int32), arrival_ns)


def lane(dyad: SyntheticDyad, rate_hz: float) -> Lane:
    """Of a board whose nominal rate is the whole number nearest to its own."""
    return Lane(replace(INFO, rate_hz=float(round(rate_hz))), dyad.labels, 50.0)


def hops(
    dyad: SyntheticDyad, rates_hz: tuple[float, float] = RATES_HZ, seconds: int = SECONDS
) -> Iterator[Pipeline]:
    """Both people through their lanes and the pipeline, second by second."""
    lanes = (lane(dyad, rates_hz[0]), lane(dyad, rates_hz[1]))
    person, chosen = BoardSettings(channels=dyad.labels), MeasureSettings(kinds=("plv",))
    definitions = define(person, person, (lanes[0].filter, lanes[1].filter), chosen=chosen)
    pipeline = Pipeline(lanes, definitions, 0, rng=np.random.default_rng(1))
    feeds = [blocks(dyad, place, rate_hz, seconds) for place, rate_hz in enumerate(rates_hz)]
    for both in zip(*feeds, strict=False):
        for one, block in zip(lanes, both, strict=True):
            one.take(block)
            one.take_fits()
        if pipeline.advance(int(both[0].arrival_ns[-1])):
            yield pipeline


def newest(pipeline: Pipeline) -> dict[int, tuple[float, float]]:
    """Value and percentile of alpha PLV, by series."""
    rows = pipeline.definitions.rows
    alpha = {row.id for row in rows if (row.name, row.band) == ("plv", "alpha")}
    return {
        series: (value, percentile)
        for batch in pipeline.values().rows()
        for series, value, percentile in zip(
            batch.series.tolist(), batch.value.tolist(), batch.percentile.tolist(), strict=True
        )
        if series in alpha
    }


def followed(dyad: SyntheticDyad) -> Followed:
    ends_s, percentiles = [], []
    for pipeline in hops(dyad):
        ends_s.append(pipeline.end_ns * 1e-9)
        percentiles.append([percentile for _, percentile in newest(pipeline).values()])
    return Followed(np.array(ends_s), np.array(percentiles))


@pytest.fixture(scope="module")
def dyad() -> SyntheticDyad:
    return SyntheticDyad(11, coupled_s=60.0, uncoupled_s=60.0)


@pytest.fixture(scope="module")
def alternating(dyad: SyntheticDyad) -> Followed:
    return followed(dyad)


def test_coupled_stretches_are_above_their_own_chance(
    dyad: SyntheticDyad, alternating: Followed
) -> None:
    coupled = alternating.windows_in(dyad, coupled=True)
    assert len(coupled) > 100 * PLACES
    assert np.mean(coupled > 95) > 0.9


def test_uncoupled_stretches_are_not(dyad: SyntheticDyad, alternating: Followed) -> None:
    uncoupled = alternating.windows_in(dyad, coupled=False)
    assert len(uncoupled) > 100 * PLACES
    assert np.mean(uncoupled > 95) <= 0.08


@pytest.mark.parametrize("rates_hz", [(125.1, 250.4), (200.3, 255.8)])
def test_boards_of_different_rate_see_the_same_coupling(rates_hz: tuple[float, float]) -> None:
    dyad = SyntheticDyad(12, coupled_s=60.0, uncoupled_s=0.0)

    def last(rates: tuple[float, float]) -> list[float]:
        [pipeline] = deque(hops(dyad, rates, seconds=45), maxlen=1)
        return [value for value, _ in newest(pipeline).values()]

    np.testing.assert_allclose(last(rates_hz), last((250.0, 250.0)), atol=0.05)
