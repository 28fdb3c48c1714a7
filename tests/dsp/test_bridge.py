"""Holes in signals of which every sample is known."""

import tracemalloc
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dsp import bands
from dsp import bridge as bridges
from dsp.bands import BandFilter, band_filter
from dsp.bridge import REACH, Bridge, read_bridged
from dsp.ring import Ring
from hardware.recordings.reading import read_recording
from tests.places import RECORDINGS

RATE_HZ = 250.0
ALPHA, BETA = 1, 2
GUI_V6 = RECORDINGS / "openbci" / "gui_v6_blinks-jawClench-alpha.txt"

Samples = NDArray[np.float32]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def eeg(n: int, seed: int = 1, channels: int = 8, rate_hz: float = RATE_HZ) -> Samples:
    """Rhythm, noise and an electrode's offset, beside mains of 0.3 mV, each channel its own."""
    rng = np.random.default_rng(seed)
    t_s = np.arange(n)[:, None] / rate_hz
    mains = 300 * np.sin(2 * np.pi * 60 * t_s + rng.uniform(0, 6, channels))
    alpha = 10 * np.sin(2 * np.pi * 10.3 * t_s + rng.uniform(0, 6, channels))
    uv: Floats = mains + alpha + rng.normal(0, 4, (n, channels)) + rng.normal(0, 3e4, channels)
    return uv.astype(np.float32)


def lossy(n: int, share: float, seed: int = 2, longest: int = 8) -> Flags:
    """Which samples are lost: half of them one by one, half in runs."""
    rng = np.random.default_rng(seed)
    lost = rng.random(n) < share / 2
    for begin in np.flatnonzero(rng.random(n) < share / longest):
        lost[begin : begin + rng.integers(2, longest + 1)] = True
    return lost


def holed(x: Samples, *where: slice | Flags) -> Samples:
    y = x.copy()
    for one in where:
        y[one] = np.nan
    return y


def ring_of(x: Samples) -> Ring:
    """All of x, and room for the margins on either side."""
    ring = Ring(len(x) + 50, x.shape[1])
    ring.write(0, x)
    return ring


def bridged(x: Samples, rate_hz: float = RATE_HZ, mains_hz: float = 60.0) -> Samples:
    """All of x, read through a bridge."""
    samples: Samples = read_bridged(ring_of(x), 0, len(x), Bridge(rate_hz, mains_hz)).samples
    return samples


@pytest.mark.parametrize(
    ("rate_hz", "mains_hz"),
    [(250.0, 50.0), (250.0, 60.0), (125.0, 50.0), (125.0, 60.0), (200.0, 60.0), (256.0, 60.0)],
)
@given(
    phases=st.lists(st.floats(0, 6.3), min_size=2, max_size=2),
    slope=st.floats(-1, 1),
    begin=st.integers(REACH, 60),
)
@settings(max_examples=15, deadline=None)
def test_level_slope_mains_and_their_harmonic_go_on_across_every_hole(
    rate_hz: float, mains_hz: float, phases: list[float], slope: float, begin: int
) -> None:
    index = np.arange(100)
    turn = 2 * np.pi * mains_hz / rate_hz * index
    smooth = 5e4 + slope * index + 1000 * np.sin(turn + phases[0])
    if 2 * mains_hz < rate_hz / 2:
        smooth += 200 * np.sin(2 * turn + phases[1])
    x = smooth[:, None].astype(np.float32)
    for run in range(1, int(0.020 * rate_hz) + 1):
        found = bridged(holed(x, slice(begin, begin + run)), rate_hz, mains_hz)
        np.testing.assert_allclose(found, x, rtol=0, atol=0.05)  # float32 at 50 mV: 0.004


@pytest.mark.parametrize(("rate_hz", "longest"), [(250.0, 5), (125.0, 2), (200.0, 4), (256.0, 5)])
def test_a_hole_of_more_than_20_ms_stays(rate_hz: float, longest: int) -> None:
    x = eeg(200, rate_hz=rate_hz)
    for run in (1, longest, longest + 1, 40):
        stays = np.isnan(bridged(holed(x, slice(100, 100 + run)), rate_hz))
        assert stays.any() == (run > longest)
        assert stays.sum() in (0, 8 * run)


def test_what_came_is_as_it_came() -> None:
    x = holed(eeg(2000), lossy(2000, 0.05))
    ring = ring_of(x)
    found = read_bridged(ring, 0, 2000, Bridge(RATE_HZ, 60)).samples
    came = np.isfinite(x)
    np.testing.assert_array_equal(found[came], x[came])
    np.testing.assert_array_equal(ring.view(0, 2000), x)
    assert (np.isfinite(found) & ~came).any()


def test_without_a_hole_nothing_is_copied() -> None:
    ring = ring_of(eeg(500))
    stretch = read_bridged(ring, 100, 200, Bridge(RATE_HZ, 60))
    assert np.shares_memory(stretch.samples, ring.view(0, 500))
    assert stretch.spent is None


def test_a_hole_leans_on_its_own_channel_only() -> None:
    x = holed(eeg(200), slice(100, 103))
    others = x.copy()
    others[:, 1:] = holed(eeg(200, seed=9), slice(100, 103))[:, 1:]
    np.testing.assert_array_equal(bridged(x)[:, 0], bridged(others)[:, 0])
    assert (bridged(x)[100:103, 1:] != bridged(others)[100:103, 1:]).all()


def test_beside_a_railed_sample_a_hole_stays_in_that_channel() -> None:
    x = holed(eeg(200), slice(100, 101))
    for railed in (100 - REACH, 99, 101, 100 + REACH):
        y = x.copy()
        y[railed, 3] = np.inf
        found = bridged(y)
        assert np.isnan(found[100]).tolist() == [channel == 3 for channel in range(8)]
        np.testing.assert_array_equal(np.delete(found, 3, axis=1), np.delete(bridged(x), 3, axis=1))
        assert np.isposinf(found[railed, 3])
    y = x.copy()
    y[100 + REACH + 1, 3] = np.inf
    assert np.isfinite(bridged(y)[100]).all()


def test_halves_of_a_daisy_are_bridged_each_by_itself() -> None:
    x = eeg(400, channels=16, rate_hz=125.0)
    one, other = np.zeros((2, 400), np.bool_)
    one[[50, 51, 200]], other[[52, 120, 201, 202, 203]] = True, True
    y = x.copy()
    y[one, :8], y[other, 8:] = np.nan, np.nan
    found = bridged(y, 125.0)
    for half, lost in ((slice(0, 8), one), (slice(8, 16), other)):
        alone = bridged(holed(x[:, half], lost), 125.0)
        np.testing.assert_array_equal(np.isnan(found[:, half]), np.isnan(alone))
        np.testing.assert_allclose(found[:, half], alone, rtol=1e-6)
    assert np.isnan(found[201:204, 8:]).all()  # 24 ms


def test_near_the_begin_of_a_segment_and_the_newest_sample_nothing_can_be_known() -> None:
    ring = Ring(500, 8)
    ring.write(0, eeg(300))
    for place in (0, 3, 5, REACH, 150, 299 - REACH, 295, 298):
        ring.write(place, np.full((1, 8), np.nan, np.float32))
    stretch = read_bridged(ring, -50, 400, Bridge(RATE_HZ, 60))
    known = np.isfinite(stretch.samples[50:350]).all(axis=1)
    assert np.flatnonzero(~known).tolist() == [0, 3, 5, 295, 298]
    assert np.isnan(stretch.samples[:50]).all()
    assert stretch.spent is not None
    outside = np.r_[0:50, 350:400]
    assert not stretch.spent[:, outside].any()  # not there, but not lost
    assert (stretch.spent[:, 50 + np.array([0, 3, 5, 295, 298])] > 1).all()


def test_where_a_third_is_missing_nothing_is_bridged() -> None:
    x = holed(eeg(200), slice(100, 101))
    crowded = x.copy()
    crowded[90:100:2], crowded[102:112:2] = np.nan, np.nan
    assert np.isfinite(bridged(x)).all()
    assert np.isnan(bridged(crowded)[100]).all()


@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([8, 16]),
    st.lists(st.tuples(st.integers(0, 1100), st.integers(1, 100)), min_size=1, max_size=12),
)
@settings(max_examples=25, deadline=None)
def test_it_is_the_same_in_any_view_bit_for_bit(
    seed: int, channels: int, views: list[tuple[int, int]]
) -> None:
    n, one = 1200, Bridge(RATE_HZ, 60.0)
    x = holed(eeg(n, seed % 7, channels), lossy(n, 0.04, seed))
    x[lossy(n, 0.02, seed + 1), 8:] = np.nan  # halves of a Daisy
    x[np.random.default_rng(seed).integers(0, n, 3), 2] = -np.inf
    ring = ring_of(x)
    whole = read_bridged(ring, 0, n, one)
    assert whole.spent is not None
    every = np.broadcast_to(whole.spent, (channels, n))
    for first, length in views:
        part = read_bridged(ring, first, length, one)
        np.testing.assert_array_equal(part.samples, whole.samples[first : first + length])
        spent = np.zeros((channels, length)) if part.spent is None else part.spent
        np.testing.assert_array_equal(
            np.broadcast_to(spent, (channels, length)), every[:, first : first + length]
        )


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(1, 90), min_size=30, max_size=60))
@settings(max_examples=20, deadline=None)
def test_streaming_equals_one_pass_bit_for_bit(seed: int, pieces: list[int]) -> None:
    """Hops of a second, each as soon as its samples are there, out of a ring of 3 s."""
    n, taps = sum(pieces), band_filter(RATE_HZ, mains_hz=60.0)
    lost = lossy(n, 0.02, seed)
    lost[0] = False
    x = holed(eeg(n, seed % 5), lost)
    at_once, ring = ring_of(x), Ring(750, 8)
    first_hop: Floats = np.linspace(100, 343.75, 40) + seed % 13 / 17
    hop, hops, end = first_hop, 0, 0
    for piece in pieces:
        begin, end = end, end + piece
        for place in (begin + np.flatnonzero(~lost[begin:end])).tolist():
            ring.write(place, x[[place]])
        while hop[-1] + taps.reach <= ring.newest:
            streamed = taps.evaluate_with_loss(partial(taps.read, ring), hop)
            whole = taps.evaluate_with_loss(partial(taps.read, at_once), hop)
            np.testing.assert_array_equal(streamed[0], whole[0])
            np.testing.assert_array_equal(streamed[1], whole[1])
            hops += 1
            hop = first_hop + 250 * hops
    assert hops >= (n - 450) // 250


def test_a_late_sample_takes_the_place_of_its_bridge() -> None:
    x = eeg(300)
    ring = ring_of(holed(x, slice(150, 152)))
    before = read_bridged(ring, 100, 100, Bridge(RATE_HZ, 60))
    ring.write(150, x[150:151])
    after = read_bridged(ring, 100, 100, Bridge(RATE_HZ, 60))
    assert before.spent is not None
    assert after.spent is not None
    assert (before.spent.sum(), after.spent.sum()) == (2, 1)
    np.testing.assert_array_equal(after.samples[50], x[150])


def test_a_point_pays_for_what_is_bridged_and_is_lost_beyond_a_tenth() -> None:
    x = eeg(600)
    position = np.array([300.0])
    taps = band_filter(RATE_HZ, mains_hz=60.0)
    support = 2 * taps.half_span  # samples 238 to 363
    for holes, inside in ((0, 0), (1, 1), (12, 12), (13, 13), (40, 14)):
        y = holed(x, *(slice(place, place + 1) for place in range(240, 240 + 9 * holes, 9)))
        z, lost = taps.evaluate_with_loss(partial(taps.read, ring_of(y)), position)
        assert np.isnan(z).all() == (inside > 12)
        np.testing.assert_allclose(lost, 1.0 if inside > 12 else inside / support, rtol=1e-6)


def test_what_a_longer_hole_reaches_is_lost() -> None:
    taps = band_filter(RATE_HZ, mains_hz=60.0)
    positions = np.arange(100.0, 500.0)
    y = holed(eeg(600), slice(300, 306))
    z, lost = taps.evaluate_with_loss(partial(taps.read, ring_of(y)), positions)
    reached = (positions + taps.half_span >= 300) & (positions - taps.half_span + 1 <= 305)
    np.testing.assert_array_equal(np.isnan(z).all(axis=(0, 1)), reached)
    np.testing.assert_array_equal(lost, np.broadcast_to(reached, lost.shape))


def test_a_filter_without_a_bridge_loses_half_a_second_for_a_sample() -> None:
    plain = BandFilter(RATE_HZ)
    positions = np.arange(200.0, 400.0)
    y = holed(eeg(600), slice(300, 301))
    z, lost = plain.evaluate_with_loss(partial(plain.read, ring_of(y)), positions)
    np.testing.assert_array_equal(np.isnan(z[ALPHA]), lost == 1)
    assert (lost == 1).sum() == 8 * 2 * plain.half_span


def errors_db(x: Samples, run: int, mains_hz: float, fill: str) -> Floats:
    """Error of alpha and beta beneath holes of `run`, in dB of the band's power, (2, channels).

    Medians over the points: a clenched jaw is not what is bridged, for it is left out anyway.
    """
    taps, plain = band_filter(RATE_HZ, mains_hz=mains_hz), BandFilter(RATE_HZ)
    begins = np.arange(250, len(x) - 250, 251)  # at every phase of the mains
    y = x.copy()
    for begin in begins.tolist():
        y[begin : begin + run] = np.nan
    if fill == "line":
        there = np.isfinite(y[:, 0])
        y = np.stack(
            [np.interp(np.arange(len(y)), np.flatnonzero(there), one[there]) for one in y.T], axis=1
        ).astype(np.float32)
    offsets = np.linspace(-0.2, 0.2, 9) * RATE_HZ
    positions = (begins[:, None] + offsets).ravel()
    expected = plain.evaluate(ring_of(x), positions)[[ALPHA, BETA]]
    found = (taps if fill == "bridge" else plain).evaluate(ring_of(y), positions)[[ALPHA, BETA]]
    error, power = np.abs(found - expected) ** 2, np.abs(expected) ** 2
    in_db: Floats = 10 * np.log10(np.median(error, axis=2) / np.median(power, axis=2))
    return in_db


@pytest.mark.parametrize(
    ("run", "alpha_db", "beta_db"), [(1, -33, -27), (2, -28, -21), (3, -25, -18), (5, -20, -16)]
)
def test_of_a_real_head_a_bridge_is_hardly_seen(run: int, alpha_db: float, beta_db: float) -> None:
    if not GUI_V6.exists():
        pytest.skip(f"no recording at {GUI_V6}")
    x = read_recording(GUI_V6).uv[0].astype(np.float32)
    alpha, beta = errors_db(x, run, 60.0, "bridge").mean(axis=1)
    assert alpha < alpha_db
    assert beta < beta_db
    # What the mains make of a straight line.
    assert errors_db(x, run, 60.0, "line").mean() > (alpha + beta) / 2 + 10


@pytest.mark.parametrize(("off_hz", "limit_uv"), [(0.0, 0.02), (0.1, 0.03), (0.3, 0.3)])
def test_mains_may_wander(off_hz: float, limit_uv: float) -> None:
    wave = 300 * np.sin(2 * np.pi * (60 + off_hz) / RATE_HZ * np.arange(5000) + 0.3)
    x = wave[:, None].astype(np.float32)
    holes = np.arange(100, 4900, 61)
    found = bridged(holed(x, *(slice(place, place + 1) for place in holes)))
    assert np.sqrt(np.mean((found - x)[holes] ** 2)) < limit_uv


def test_what_is_done_is_declared() -> None:
    taps = {mains: band_filter(RATE_HZ, mains_hz=mains) for mains in (50.0, 60.0)}
    assert taps[60.0].missing == (
        "holes up to 20 ms bridged (level, slope, 60 and 120 Hz kept); at most 10% of 0.5 s"
    )
    assert Bridge(125.0, 60.0).definition.endswith("(level, slope, 60 Hz kept)")
    assert BandFilter(RATE_HZ).missing == "left out"
    hashes = {BandFilter(RATE_HZ).taps_hash, *(one.taps_hash for one in taps.values())}
    assert len(hashes) == 3
    # Written into sessions: a change of this constant is a change of every measure.
    assert taps[50.0].taps_hash == "9f06e9d33f90a02a"
    assert len(Bridge(RATE_HZ, 50.0).kernel) == 7


@pytest.mark.parametrize("name", ["LONGEST_S", "REACH", "MOST"])
def test_whatever_the_rule_leans_on_is_in_the_hash(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = BandFilter(RATE_HZ, bridge=Bridge(RATE_HZ, 50.0)).taps_hash
    for module in (bridges, bands):
        if hasattr(module, name):
            monkeypatch.setattr(module, name, getattr(module, name) * 2)
    assert BandFilter(RATE_HZ, bridge=Bridge(RATE_HZ, 50.0)).taps_hash != before


def test_memory_does_not_grow_with_the_patterns_of_loss() -> None:
    one, rng = Bridge(RATE_HZ, 50.0), np.random.default_rng(3)
    x = eeg(500)

    def again(times: int) -> None:
        for _ in range(times):
            read_bridged(ring_of(holed(x, rng.random(500) < 0.08)), 50, 400, one)

    again(100)
    assert bridges._weights.cache_info().currsize == 256
    tracemalloc.start()
    try:
        again(5)
        before = tracemalloc.get_traced_memory()[0]
        again(100)
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert after - before < 400_000  # the windows that took the place of those from before
