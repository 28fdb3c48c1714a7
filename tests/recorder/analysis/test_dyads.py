"""People of other sessions in the other's place."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from recorder.analysis.analyse import Asked, analyse
from recorder.analysis.dyads import DYADS, LEAST_PEOPLE, dyads
from recorder.analysis.replay import Replayed
from recorder.analysis.synchrony import synchrony
from recorder.open import Result, open_session
from tests.null.people import Bond, dyad
from tests.null.sessions import LABELS, measured
from tests.recorder.analysis.sessions import made_up

SECONDS = 120.0
OTHERS = 19


def people(seed: int, bond: Bond | None = None) -> Replayed:
    return measured(*dyad(np.random.default_rng([5, seed]), SECONDS, bond=bond))


@pytest.fixture(scope="module")
def others() -> list[Replayed]:
    return [people(seed) for seed in range(OTHERS)]


def plv(results: list[Result]) -> list[Result]:
    return [it for it in results if (it.name, it.band) == ("plv", "alpha")]


def p_of(result: Result) -> float:
    assert result.p is not None
    return result.p


def test_the_own_one_is_rarer_than_all_others_where_they_are_related(
    others: list[Replayed],
) -> None:
    found = plv(dyads(people(99, Bond(phase=0.9)), others, LABELS))
    assert {it.persons for it in found} == {("patient", "therapist"), ("therapist", "patient")}
    for it in found:
        assert it.p == it.p_corrected == pytest.approx(1 / LEAST_PEOPLE)
        assert it.n == OTHERS
        assert "with those of 19 other sessions" in it.said


def test_the_rank_of_the_own_one_is_any_where_they_are_not(others: list[Replayed]) -> None:
    ranks = [
        OTHERS
        + 1
        - round(p_of(plv(dyads(one, others[:k] + others[k + 1 :] + [people(50)], LABELS))[0]) * 20)
        for k, one in enumerate(others[:8])
    ]
    assert len(set(ranks)) > 3
    assert 3 < np.mean(ranks) < 16


def test_fewer_others_conclude_nothing(others: list[Replayed]) -> None:
    for it in dyads(people(99), others[1:], LABELS):
        assert (it.p, it.p_corrected) == (None, None)
        assert "fewer than 19 others: nothing can be concluded" in it.said


def test_music_that_all_sessions_share_is_not_taken_for_theirs(others: list[Replayed]) -> None:
    """Everybody hears the same, and it is in everybody's alpha: shifts find it, others do not."""
    same = people(99).z[:, :1]
    heard = [replace(it, z=(it.z + 2 * same).astype(np.complex64)) for it in others]
    own = replace(people(98), z=(people(98).z + 2 * same).astype(np.complex64))
    [it, *_] = plv(dyads(own, heard, LABELS))
    [shifted, *_] = plv(synchrony(own, LABELS))
    assert p_of(shifted) < 0.01
    assert p_of(it) > 0.05
    assert it.chance == pytest.approx(it.value, rel=0.1)


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return [
        made_up(
            tmp_path_factory.mktemp("session"),
            shared=6.0,
            seconds=30,
            name=f"{day}1123T040000Z-1f3a",
        )
        for day in (2026, 2027)
    ]


def test_sessions_are_measured_one_after_the_other_and_named(paths: list[Path]) -> None:
    told: list[tuple[int, int]] = []
    with open_session(paths[0]) as opened:
        asked = Asked(against=(paths[1],))
        runs = analyse(opened, asked, 5, lambda *it: told.append(it)).runs
    [run] = [it for it in runs if it.test == DYADS]
    assert run.parameters["sessions"] == [paths[1].stem]
    assert len(run.results) == 2 * 5 * 3 * 3
    shares = [done / total for done, total in told]
    assert shares == sorted(shares)


def test_a_session_is_not_compared_with_itself(paths: list[Path]) -> None:
    with open_session(paths[0]) as opened, pytest.raises(ValueError, match="each once"):
        analyse(opened, Asked(against=(paths[0],)), 5)
