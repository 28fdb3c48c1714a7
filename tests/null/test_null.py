"""A small part of `make null`: few unrelated people, and people who are related."""

import numpy as np
import pytest

from recorder.analysis.synchrony import FOR_INFERENCE
from tests.null.__main__ import Rate, interval
from tests.null.people import Bond, World, dyad
from tests.null.sessions import measured
from tests.null.trials import DESCRIBE, every_p

SECONDS = 300.0
DYADS = 24
TREND = World(trend=0.7)


def rates(world: World, bond: Bond | None = None, dyads: int = DYADS) -> dict[str, float]:
    found = []
    for k in range(dyads):
        rng = np.random.default_rng([7, k])
        found.append(every_p(measured(*dyad(rng, SECONDS, world, bond=bond)), rng))
    return {test: float(np.mean([it[test] <= 0.05 for it in found])) for test in found[0]}


@pytest.fixture(scope="module")
def trend() -> dict[str, float]:
    return rates(TREND)


def test_unrelated_people_who_both_get_drowsy_are_not_found_related(
    trend: dict[str, float],
) -> None:
    tested = {
        test: rate
        for test, rate in trend.items()
        if Rate(test, "", 0, rate, DYADS).is_for_inference
    }
    assert len(tested) > 12
    _, high = interval(DYADS, len(tested))
    assert {test: rate for test, rate in tested.items() if rate > high} == {}


def test_measures_that_are_fooled_by_it_are_not_for_inference(trend: dict[str, float]) -> None:
    assert trend["not for inference: aec"] > 0.15
    assert not set(DESCRIBE) & set(FOR_INFERENCE)


def test_people_who_are_related_are_found() -> None:
    found = rates(World(), Bond(phase=0.3), dyads=6)
    assert found["synchrony: plv, all places and bands"] > 0.8
    assert found["synchrony: accorr"] > 0.8
    found = rates(World(), Bond(waxing=0.9, behind_s=3.0), dyads=6)
    assert found["following: envelope"] > 0.8
    assert found["synchrony: plv"] < 0.5


def test_the_interval_is_that_of_the_binomial() -> None:
    assert interval(600, 1) == pytest.approx((0.0271, 0.0729), abs=1e-4)
    assert interval(600, 100)[1] > interval(600, 1)[1]
    assert Rate("answers", "", 1, 0.0, 600).fits(1)
    assert not Rate("contrast: all series", "", 1, 0.0, 600).fits(1)
