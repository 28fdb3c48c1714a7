"""What is said of many dyads: what was planted, and nothing else."""

from pathlib import Path

import numpy as np
import pytest

from dsp.pair_shuffle import SHUFFLED
from recorder.cohort.dyads import Member
from recorder.cohort.relations import PLACES, Developed, alone_of, developed, groups_of, paired
from recorder.cohort.scores import Scores
from recorder.cohort.shuffles import GROUP, Pairings, Shuffle, shuffles_of
from tests.recorder.cohort.members import member

DYADS, SESSIONS = 20, 6
PER_SESSION, PER_POINT = 0.1, 0.3


def cohort(seed: int) -> tuple[list[Member], Scores]:
    """One outcome that grows with the sessions, one that follows mood, ten that do nothing."""
    rng = np.random.default_rng(seed)
    members, scores = [], {}
    for dyad in range(DYADS):
        level = rng.normal(size=12)
        for number in range(1, SESSIONS + 1):
            mood = float(rng.normal())
            noise = level + rng.normal(0, 0.2, 12)
            told: dict[str, float | None] = {f"noise{it}": float(noise[it]) for it in range(10)}
            told["grows"] = float(noise[10]) + PER_SESSION * number
            told["follows"] = float(noise[11]) + PER_POINT * mood
            if rng.random() < 0.1:
                told["grows"] = None
            one = member(dyad, number, told)
            members.append(one)
            scores[one.seen.id] = {"mood": mood, "came": "yes"}
    return members, Scores(("mood", "came"), scores)  # type: ignore[arg-type]


def test_what_develops_is_found_with_its_interval_and_nothing_else() -> None:
    found: dict[tuple[str, str], Developed] = {
        (it.outcome, it.over): it for it in developed(*cohort(2), seed=1)
    }
    assert {over for _, over in found} == {"number", "mood"}
    planted = {("grows", "number"): PER_SESSION, ("follows", "mood"): PER_POINT}
    for key, it in found.items():
        rare = it.slope.p_corrected <= 0.05
        assert rare == (key in planted), key
        if rare:
            assert it.slope.low <= planted[key] <= it.slope.high
            assert it.slope.dyads == DYADS
            assert it.said.startswith("beyond chance: +")


def test_intervals_hold_what_was_planted() -> None:
    held = []
    for seed in range(20):
        slopes = {(it.outcome, it.over): it.slope for it in developed(*cohort(seed), seed=1)}
        held.append(slopes["grows", "number"].low <= PER_SESSION <= slopes["grows", "number"].high)
    assert np.mean(held) >= 0.85


def pairings(rng: np.random.Generator, own: float, dyads: int, number: int) -> Pairings:
    names = tuple(f"ward/{it:02}" for it in range(dyads))
    series = (("alpha", "F3"), ("alpha", "F4"))
    value = rng.normal(0.2, 0.05, (len(series), len(SHUFFLED), dyads, dyads))
    value[:, 0] += own * np.eye(dyads)
    points = np.full((len(series), dyads, dyads), 4800.0)
    places = tuple(Path(f"{it}.{number}") for it in names)
    shuffle = Shuffle("/1 of 1", names, places, (0,) * dyads, 4800, 0.025, series, Path("x"))
    return Pairings(shuffle, value, points)


def test_who_met_is_found_over_all_places_and_place_by_place() -> None:
    rng = np.random.default_rng(2)
    groups = groups_of([pairings(rng, 0.1, 12, number) for number in (1, 2)])
    found = {(it.measure, it.site): it for it in paired(groups, seed=1)}
    assert {site for _, site in found} == {PLACES, "F3", "F4"}
    for (measure, _), it in found.items():
        assert (it.tested.p_corrected <= 0.05) == (measure == "plv")
    assert found["plv", PLACES].tested.low <= 0.1 <= found["plv", PLACES].tested.high
    rare = [it for it in alone_of(groups) if it.measure == "plv" and it.p <= 1 / 12]
    assert len(rare) >= 8
    assert min(it.p for it in alone_of(groups)) == pytest.approx(1 / 12)


def test_dyads_are_dealt_into_groups_of_a_protocol_and_a_number(tmp_path: Path) -> None:
    members = [member(dyad, number, {}) for dyad in range(GROUP + 6) for number in (1, 2)]
    lonely = member(99, 3, {})
    found = shuffles_of([*members, lonely], tmp_path)
    assert len(found) == 4
    assert sorted(len(it.dyads) for it in found) == [15, 15, 15, 15]
    by_group = {it.group: set(it.dyads) for it in found}
    one, other = by_group.values()
    assert not one & other
    assert len({it.file for it in found}) == len(found)
    assert [it.file for it in shuffles_of([*members, lonely], tmp_path)] == [
        it.file for it in found
    ]
