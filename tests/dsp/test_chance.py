"""The chance level of two people whose signals are known to be related, or not."""

import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.chance import ENOUGH, HISTORY_S, ChanceLevel, Compared
from dsp.synchrony import PairSums

POINTS = 10
HOP_S = 0.25
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
    shape = (bands, channels, round(seconds * PER_S) * POINTS + POINTS - 1)
    noise = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    smooth = sum(noise[..., k : k - POINTS + 1 or None] for k in range(POINTS))
    return np.asarray(smooth, np.complex64)


def hops(z: Signals) -> list[Signals]:
    return np.split(z, z.shape[-1] // POINTS, axis=-1)


def fed(chance: ChanceLevel, z_a: Signals, z_b: Signals) -> ChanceLevel:
    for a, b in zip(hops(z_a), hops(z_b), strict=True):
        chance.push(a, b)
    return chance


def percentile(chance: ChanceLevel, value: float) -> float:
    """Of one value of PLV."""
    values = {kind: np.full((1, 1), value) for kind in KINDS}
    return float(chance.percentiles(values)["plv"].item())


def level(bands: int = 1) -> ChanceLevel:
    return ChanceLevel(compared(bands=bands), np.random.default_rng(1))


def test_there_is_no_percentile_before_there_are_enough_draws() -> None:
    room_s = 70  # for two shifts of 30 s and a window of 10 s
    z_a, z_b = rhythm(1, room_s + ENOUGH + 10), rhythm(2, room_s + ENOUGH + 10)
    chance, known = level(), []
    for a, b in zip(hops(z_a), hops(z_b), strict=True):
        chance.push(a, b)
        known.append(np.isfinite(percentile(chance, 0.2)))
    first_s = known.index(True) * HOP_S
    assert first_s == pytest.approx(room_s + ENOUGH, abs=2)
    assert all(known[known.index(True) :])


def test_the_same_signal_in_both_is_beyond_all_chance_and_its_opposite_below() -> None:
    z = rhythm(3, 200)
    chance = fed(level(), z, z)
    assert percentile(chance, 1.0) == 100
    assert percentile(chance, 0.0) == 0
    assert 20 < percentile(chance, 0.15) < 90


def test_without_a_value_there_is_no_percentile() -> None:
    assert np.isnan(percentile(fed(level(), rhythm(1, 200), rhythm(2, 200)), np.nan))


def test_a_draw_never_takes_the_same_moment_of_both() -> None:
    """Both are clean in the same 25 s only: no two windows 30 s apart are clean."""
    z_a, z_b = rhythm(1, 200), rhythm(2, 200)
    gone = np.ones(z_a.shape[-1], np.bool_)
    gone[100 * 40 : 125 * 40] = False
    z_a[..., gone], z_b[..., gone] = np.nan, np.nan
    assert np.isnan(percentile(fed(level(), z_a, z_b), 0.2))


def test_what_is_older_than_ten_minutes_does_not_count() -> None:
    chance = level()
    still = np.ones((1, 1, round(HISTORY_S) * 40), np.complex64)
    fed(chance, still, still)
    assert percentile(chance, 0.9) == 0  # every draw was of one phase
    seconds = 2 * HISTORY_S
    fed(chance, rhythm(1, seconds), rhythm(2, seconds))
    assert percentile(chance, 0.9) == 100


def test_unrelated_people_are_above_their_95th_percentile_one_time_in_twenty() -> None:
    """The short form of recorder.bench.calibration: many pairs at once, a quarter of an hour."""
    pairs, seconds = 16, 900
    z_a, z_b = rhythm(5, seconds, pairs, bands=2), rhythm(6, seconds, pairs, bands=2)
    wanted = compared(pairs, bands=2)
    chance = ChanceLevel(wanted, np.random.default_rng(7))
    sums = PairSums(wanted.pairs, wanted.window_hops, KINDS)
    found = []
    for k, (a, b) in enumerate(zip(hops(z_a), hops(z_b), strict=True)):
        chance.push(a, b)
        sums.push(a, b)
        if k % 20 == 19 and k > 800:
            percentiles = chance.percentiles(sums.values().values)
            found.append([percentiles[kind] for kind in KINDS])
    above = np.array(found) > 95
    assert 0.035 < above.mean() < 0.065


def test_each_band_has_its_own_draws() -> None:
    z = rhythm(1, 200, bands=2)
    z[1] = 1  # one phase all the time
    chance = fed(level(bands=2), z, z)
    values = {kind: np.full((2, 1), 0.9) for kind in KINDS}
    np.testing.assert_array_equal(chance.percentiles(values)["plv"], [[100], [0]])


def test_memory_does_not_grow() -> None:
    chance = fed(level(), rhythm(1, 100), rhythm(2, 100))
    z_a, z_b = rhythm(3, 500), rhythm(4, 500)
    tracemalloc.start()
    try:
        fed(chance, z_a[..., :400], z_b[..., :400])
        before = tracemalloc.get_traced_memory()[0]
        fed(chance, z_a, z_b)
        assert tracemalloc.get_traced_memory()[0] - before < 2000
    finally:
        tracemalloc.stop()
