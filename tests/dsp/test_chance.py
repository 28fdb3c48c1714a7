"""The chance level of two people whose signals are known to be related, or not."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.chance import CHUNK_S, DRAWS, ENOUGH, LAG_STEP_S, LAGS, MIN_SHIFT_S, ChanceLevel, Compared
from dsp.pair_sums import point_rows
from dsp.synchrony import PairSums

POINTS = 40
SMOOTH = 10  # points: some 4 Hz wide
HOP_S = 1.0
PER_S = round(1 / HOP_S)
KINDS = ("plv", "accorr", "aec")
Signals = NDArray[np.complex64]


def compared(pairs: int = 1, *, bands: int = 1, window_s: float = 10.0) -> Compared:
    return Compared(
        channels=(pairs, pairs),
        pairs=[(k, k) for k in range(pairs)],
        kinds=KINDS,
        window_hops=[round(window_s / HOP_S)] * bands,
        hop_points=POINTS,
        hop_s=HOP_S,
    )


def rhythm(seed: int, seconds: float, channels: int = 1, bands: int = 1) -> Signals:
    """Noise some 4 Hz wide, (bands, channels, points)."""
    rng = np.random.default_rng(seed)
    shape = (bands, channels, round(seconds * PER_S) * POINTS + SMOOTH - 1)
    noise = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    smooth = sum(noise[..., k : k - SMOOTH + 1 or None] for k in range(SMOOTH))
    return np.asarray(smooth, np.complex64)


def hops(z: Signals) -> list[Signals]:
    return np.split(z, z.shape[-1] // POINTS, axis=-1)


def fed(chance: ChanceLevel, z_a: Signals, z_b: Signals) -> ChanceLevel:
    for a, b in zip(hops(z_a), hops(z_b), strict=True):
        push(chance, a, b)
    return chance


def push(chance: ChanceLevel, z_a: Signals, z_b: Signals) -> NDArray[np.float32]:
    return chance.push(point_rows(z_a), point_rows(z_b))


def percentile(chance: ChanceLevel, value: float) -> float:
    """Of one value of PLV."""
    return float(chance.percentiles(np.full((len(KINDS), 1, 1), value))[0].item())


def level(bands: int = 1) -> ChanceLevel:
    return ChanceLevel(compared(bands=bands), np.random.default_rng(1))


def test_there_is_no_percentile_before_there_are_enough_draws() -> None:
    lags_s = MIN_SHIFT_S + LAG_STEP_S * (np.arange(LAGS) + 0.5)
    # Each lag gives a draw a chunk, once b has been there for so long.
    expected_s = (ENOUGH / LAGS) * CHUNK_S + lags_s.mean()
    z_a, z_b = rhythm(1, expected_s + 40), rhythm(2, expected_s + 40)
    chance, known = level(), []
    for a, b in zip(hops(z_a), hops(z_b), strict=True):
        push(chance, a, b)
        known.append(np.isfinite(percentile(chance, 0.2)))
    assert known.index(True) * HOP_S == pytest.approx(expected_s, abs=2 * CHUNK_S)
    assert all(known[known.index(True) :])


def test_the_sums_of_the_hop_itself_are_those_of_the_two() -> None:
    z_a, z_b = rhythm(1, 130, channels=2), rhythm(2, 130, channels=2)
    chance, wanted = ChanceLevel(compared(2), np.random.default_rng(1)), compared(2)
    added, pushed = (PairSums(wanted.pairs, wanted.window_hops, KINDS) for _ in range(2))
    for a, b in zip(hops(z_a), hops(z_b), strict=True):
        added.add(push(chance, a, b), POINTS)
        pushed.push(a, b)
    for kind, value in pushed.values().values.items():
        np.testing.assert_allclose(added.values().values[kind], value, rtol=0, atol=2e-6)


def test_without_pairs_there_are_no_sums() -> None:
    asked = replace(compared(2), pairs=[])
    chance, z = ChanceLevel(asked, np.random.default_rng(1)), rhythm(1, 60, channels=2)
    assert push(chance, *[hops(z)[0]] * 2).shape[1:] == (1, 0)
    assert fed(chance, z, z).percentiles(np.empty((len(KINDS), 1, 0))).size == 0


def test_a_pair_stands_alike_among_all_pairs_and_among_few() -> None:
    """Of all pairs one product is made, of few each by itself: at most a draw is rounded across."""
    z_a, z_b = rhythm(1, 330, channels=4), rhythm(2, 330, channels=4)
    few, every = [(0, 1), (2, 3)], [(a, b) for a in range(4) for b in range(4)]
    stand = []
    for pairs in (few, every):
        asked = replace(compared(4), pairs=pairs)
        chance = fed(ChanceLevel(asked, np.random.default_rng(1)), z_a, z_b)
        value = np.full((len(KINDS), 1, len(pairs)), [[[0.3]], [[0.0]], [[0.1]]])
        stand.append(chance.percentiles(value)[..., [pairs.index(pair) for pair in few]])
    assert np.isfinite(stand[0]).all()
    assert np.unique(stand[0]).size > 1
    np.testing.assert_allclose(stand[1], stand[0], rtol=0, atol=100 / ENOUGH)


def test_the_same_signal_in_both_is_beyond_all_chance_and_its_opposite_below() -> None:
    z = rhythm(3, 360)
    chance = fed(level(), z, z)
    assert percentile(chance, 1.0) == 100
    assert percentile(chance, 0.0) == 0
    assert 20 < percentile(chance, 0.15) < 90


def test_without_a_value_there_is_no_percentile() -> None:
    assert np.isnan(percentile(fed(level(), rhythm(1, 360), rhythm(2, 360)), np.nan))


def test_a_draw_never_takes_the_same_moment_of_both() -> None:
    """Both are clean in the same 25 s only: no two windows 30 s apart are clean."""
    z_a, z_b = rhythm(1, 360), rhythm(2, 360)
    gone = np.ones(z_a.shape[-1], np.bool_)
    gone[100 * 40 : 125 * 40] = False
    z_a[..., gone], z_b[..., gone] = np.nan, np.nan
    assert np.isnan(percentile(fed(level(), z_a, z_b), 0.2))


def test_what_is_older_than_ten_minutes_does_not_count() -> None:
    chance = level()
    still = np.ones((1, 1, 600 * PER_S * POINTS), np.complex64)
    fed(chance, still, still)
    assert percentile(chance, 0.9) == 0  # every draw was of one phase
    assert CHUNK_S * DRAWS / LAGS + MIN_SHIFT_S + LAG_STEP_S * LAGS < 600
    fed(chance, rhythm(1, 610), rhythm(2, 610))
    assert percentile(chance, 0.9) == 100


def test_unrelated_people_are_above_their_95th_percentile_one_time_in_twenty() -> None:
    """The short form of tests.bench.calibration: many pairs at once, a third of an hour."""
    pairs, seconds = 16, 1200
    z_a, z_b = rhythm(5, seconds, pairs, bands=2), rhythm(6, seconds, pairs, bands=2)
    wanted = compared(pairs, bands=2)
    chance = ChanceLevel(wanted, np.random.default_rng(7))
    sums = PairSums(wanted.pairs, wanted.window_hops, KINDS)
    found = []
    for k, (a, b) in enumerate(zip(hops(z_a), hops(z_b), strict=True)):
        sums.add(push(chance, a, b), POINTS)
        if k % 5 == 4 and k > 350:
            found.append(chance.percentiles(sums.values().found))
    above = np.array(found) > 95
    assert 0.035 < above.mean() < 0.065


def test_each_band_has_its_own_draws() -> None:
    z = rhythm(1, 360, bands=2)
    z[1] = 1  # one phase all the time
    chance = fed(level(bands=2), z, z)
    percentiles = chance.percentiles(np.full((len(KINDS), 2, 1), 0.9))
    np.testing.assert_array_equal(percentiles[0], [[100], [0]])


def test_memory_does_not_grow() -> None:
    chance, more = level(), list(zip(hops(rhythm(3, 100)), hops(rhythm(4, 100)), strict=True))

    def feed() -> int:
        for a, b in more:
            push(chance, a, b)
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = [feed() for _ in range(3)][-1]  # Python's lists of free objects have filled
        assert feed() - before < 1000
    finally:
        tracemalloc.stop()
