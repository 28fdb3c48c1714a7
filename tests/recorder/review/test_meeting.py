from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dsp.synchrony import window_measures
from recorder.open import OpenSession
from recorder.open.band_signals import grid_times_ns
from recorder.review.curves import seconds_of
from recorder.review.meeting import HIGH, KINDS, PER_CENT, STEP, meeting
from tests.recorder.review.sessions import short
from tests.recorder.review.unpacking import unpacked

WINDOW_S = 30
POINTS = 40


@pytest.fixture(scope="module")
def session(path: Path) -> OpenSession:
    return OpenSession(path, "best")


@pytest.fixture(scope="module")
def met(session: OpenSession) -> dict[str, Any]:
    found = meeting(session, seconds_of(session))
    assert found is not None
    return found


def test_values_are_those_of_each_window_by_itself(
    session: OpenSession, met: dict[str, Any]
) -> None:
    times_ns = grid_times_ns(session.started_ns, session.duration_s)
    band = [it.name for it in session.recipe("patient").filter.bands].index("alpha")
    z = {role: session.band_signals(role, times_ns)[[band]] for role in session.roles}
    f3 = {role: session.labels(role).index("F3") for role in session.roles}
    compared = 0
    for kind in met["kinds"]:
        value = unpacked(kind["met"]["value"], STEP)[0]
        for second in range(WINDOW_S // 2, len(value) - WINDOW_S // 2, 17):
            begin = (second - WINDOW_S // 2) * POINTS
            window = slice(begin, begin + WINDOW_S * POINTS)
            whole = window_measures(
                z["patient"][:, [f3["patient"]], window],
                z["therapist"][:, [f3["therapist"]], window],
            )[kind["name"]][0, 0, 0]
            if np.isfinite(value[second]):
                assert value[second] == pytest.approx(whole, abs=STEP)
                compared += 1
    assert compared > 10 * len(KINDS)


def test_the_curves_look_alike_and_the_percentiles_do_not(met: dict[str, Any]) -> None:
    [kind] = [it for it in met["kinds"] if it["name"] == "accorr"]
    assert kind["met"]["above"] > 0.4  # they are coupled half of the time
    assert kind["never"]["above"] < 0.2
    percentile = unpacked(kind["met"]["percentile"], PER_CENT)[0]
    known = percentile[np.isfinite(percentile)]
    assert np.mean(known >= HIGH) == pytest.approx(kind["met"]["above"], abs=0.02)


def test_the_chance_band_holds_nine_of_ten_of_two_who_never_met(met: dict[str, Any]) -> None:
    inside = []
    for kind in met["kinds"]:
        value, low, high = (
            unpacked(kind["never"][name], STEP)[0] for name in ("value", "low", "high")
        )
        known = np.isfinite(low)
        inside.append(np.mean((value[known] >= low[known]) & (value[known] <= high[known])))
    assert np.mean(inside) > 0.7


def test_a_session_that_is_too_short_for_chance_has_no_synchrony(tmp_path: Path) -> None:
    with OpenSession(short(tmp_path / "20261123T040000Z-1f3a.antiphon"), "best") as session:
        assert meeting(session, seconds_of(session)) is None
