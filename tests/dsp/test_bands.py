"""Band signals of sines whose amplitude and phase are known at every instant."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dsp.bands import DEFAULT_BANDS, Band, BandFilter, SessionGrid
from dsp.clock import BoardClock
from dsp.ring import Ring
from tests.places import RECORDINGS

THETA, ALPHA, BETA = range(3)
RATE_HZ = 250.0
START_NS = 10**15

Floats = NDArray[np.float64]
Complexes = NDArray[np.complexfloating]

INDEX: Floats = np.arange(1000.0)


def ring_of(values: Floats) -> Ring:
    """A ring that holds (n, channels) or (n,) samples from index 0."""
    samples = values.reshape(len(values), -1).astype(np.float32)
    ring = Ring(max(len(samples), 400), samples.shape[1])
    ring.write(0, samples)
    return ring


def sine(frequency_hz: float, position: Floats, rate_hz: float = RATE_HZ) -> Floats:
    wave: Floats = 20 * np.sin(2 * np.pi * frequency_hz * position / rate_hz)
    return wave


def analytic_sine(frequency_hz: float, position: Floats, rate_hz: float = RATE_HZ) -> Complexes:
    """The analytic signal of `sine`."""
    wave: Complexes = -20j * np.exp(2j * np.pi * frequency_hz * position / rate_hz)
    return wave


def degrees_between(z: Complexes, expected: Complexes) -> Floats:
    turn: Floats = np.angle(z * expected.conj(), deg=True)
    return np.abs(turn)


@pytest.fixture(scope="module")
def positions() -> Floats:
    return np.sort(np.random.default_rng(1).uniform(100, 900, 500))


@pytest.fixture(scope="module")
def band_filter() -> BandFilter:
    return BandFilter(RATE_HZ)


@pytest.mark.parametrize("rate_hz", [125.0, 200.0, 250.0, 256.0])
@pytest.mark.parametrize("offset_uv", [0.0, 1e5, -1e5])
def test_a_ten_hertz_sine_has_its_own_amplitude_and_phase_at_any_position(
    rate_hz: float, offset_uv: float, positions: Floats
) -> None:
    ring = ring_of(sine(10, INDEX, rate_hz) + offset_uv)
    z = BandFilter(rate_hz).evaluate(ring, positions)[ALPHA, 0]
    np.testing.assert_allclose(np.abs(z), 20, rtol=1e-3)
    assert degrees_between(z, analytic_sine(10, positions, rate_hz)).max() < 0.05


@pytest.mark.parametrize("frequency_hz", np.arange(4, 30.5, 0.5))
def test_phase_is_true_all_over_the_band(
    frequency_hz: float, band_filter: BandFilter, positions: Floats
) -> None:
    z = band_filter.evaluate(ring_of(sine(frequency_hz, INDEX)), positions)
    inside = [k for k, b in enumerate(DEFAULT_BANDS) if b.low_hz <= frequency_hz <= b.high_hz]
    for band in inside:
        assert degrees_between(z[band, 0], analytic_sine(frequency_hz, positions)).max() < 0.2


@pytest.mark.parametrize(
    ("band", "frequency_hz", "low", "high"),
    [
        (THETA, 6, 0.999, 1.001),
        (THETA, 4, 0.5, 0.7),
        (THETA, 8, 0.5, 0.7),
        (THETA, 10, 0, 0.12),
        (ALPHA, 8, 0.5, 0.6),
        (ALPHA, 13, 0.5, 0.6),
        (ALPHA, 6, 0, 0.11),
        (ALPHA, 15, 0, 0.11),
        (BETA, 21, 0.999, 1.001),
        (BETA, 13, 0.45, 0.55),
        (BETA, 30, 0.45, 0.55),
        (BETA, 10, 0, 0.02),
        (BETA, 50, 0, 1e-4),
        (BETA, 60, 0, 1e-4),
        (ALPHA, 50, 0, 1e-4),
        (ALPHA, 1, 0, 2e-3),
    ],
)
def test_gain(
    band: int, frequency_hz: float, low: float, high: float, band_filter: BandFilter
) -> None:
    positions = np.linspace(200, 800, 301)
    z = band_filter.evaluate(ring_of(sine(frequency_hz, INDEX)), positions)
    gain = np.abs(z[band, 0]) / 20
    assert low <= gain.min()
    assert gain.max() <= high


def test_the_offset_of_an_electrode_does_not_leak(
    band_filter: BandFilter, positions: Floats
) -> None:
    ring = ring_of(np.array([[1e5, -1e5, 90_000.123]]).repeat(1000, axis=0))
    assert np.abs(band_filter.evaluate(ring, positions)).max() < 0.05


def test_a_drifting_electrode_does_not_leak_into_alpha(band_filter: BandFilter) -> None:
    ring = ring_of(9e4 + 0.4 * INDEX)  # 100 µV a second
    z = band_filter.evaluate(ring, np.linspace(200, 800, 99))
    assert np.abs(z[ALPHA]).max() < 0.3


def test_channels_keep_their_places(band_filter: BandFilter) -> None:
    amplitudes = np.array([1.0, 2.0, 3.0, 4.0])
    ring = ring_of(sine(10, INDEX)[:, None] * amplitudes)
    z = band_filter.evaluate(ring, np.array([300.4, 301.9]))
    assert z.shape == (3, 4, 2)
    assert z.dtype == np.complex64
    np.testing.assert_allclose(np.abs(z[ALPHA, :, 1]), 20 * amplitudes, rtol=1e-3)


@pytest.mark.parametrize(
    ("rate_a", "true_a", "rate_b", "true_b"),
    [(250, 250.33, 250, 249.8), (250, 250.33, 125, 124.9), (125, 125.1, 256, 255.9)],
)
def test_boards_of_different_rate_give_the_same_signal_at_the_same_instants(
    rate_a: float, true_a: float, rate_b: float, true_b: float
) -> None:
    t_ns = SessionGrid(START_NS + 40_000_000_000).hop_times_ns(0)
    signals = []
    for nominal_hz, true_hz in ((rate_a, true_a), (rate_b, true_b)):
        clock = BoardClock(nominal_hz, delay_ns=0.0)
        index = np.arange(45.0 * true_hz)
        for i in range(len(index)):
            clock.observe(i, START_NS + round(i / true_hz * 1e9))
        ring = ring_of(sine(10, index, true_hz) + sine(19, index, true_hz))
        signals.append(BandFilter(nominal_hz).evaluate(ring, clock.index_at(t_ns)))
    a, b = signals
    for band in (ALPHA, BETA):
        # The kernel is as many per cent too long or short as the nominal rate is off.
        np.testing.assert_allclose(np.abs(a[band]), np.abs(b[band]), rtol=4e-3)
        assert degrees_between(a[band], b[band]).max() < 0.5


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(10, 90), min_size=20, max_size=40))
@settings(max_examples=20, deadline=None)
def test_streaming_in_any_pieces_equals_one_pass(seed: int, pieces: list[int]) -> None:
    band_filter = BandFilter(RATE_HZ)
    n = sum(pieces)
    x = np.random.default_rng(seed).normal(0, 10, (n, 2)).astype(np.float32)
    at_once = band_filter.evaluate(ring_of(x.astype(np.float64)), np.arange(0, n, 6.25))
    ring, streamed, done = Ring(400, 2), [], 0
    positions = np.arange(0, n, 6.25)
    for piece in np.split(x, np.cumsum(pieces)[:-1]):
        ring.write(ring.newest + 1, piece)
        ready = int(np.count_nonzero(positions + band_filter.half_span <= ring.newest))
        if ready > done:
            streamed.append(band_filter.evaluate(ring, positions[done:ready]))
        done = ready
    in_pieces = np.concatenate(streamed, axis=2)
    np.testing.assert_allclose(in_pieces, at_once[..., :done], rtol=1e-6, atol=2e-5)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("missing", [300, 471])
def test_a_missing_sample_takes_exactly_the_points_that_it_touches(
    value: float, missing: int, band_filter: BandFilter
) -> None:
    x = np.random.default_rng(2).normal(0, 10, (1000, 2))
    positions = np.arange(100, 900, 1.3)
    whole = band_filter.evaluate(ring_of(x), positions)
    x[missing, 1] = value
    holed = band_filter.evaluate(ring_of(x), positions)
    before = np.rint(positions * 64) // 64 + 1 - band_filter.half_span
    touched = (before <= missing) & (missing < before + 2 * band_filter.half_span)
    assert np.isnan(holed[:, 1, touched]).all()
    np.testing.assert_allclose(holed[:, 1, ~touched], whole[:, 1, ~touched], rtol=1e-6, atol=2e-5)
    np.testing.assert_array_equal(holed[:, 0], whole[:, 0])


def test_outside_the_history_there_is_no_signal(band_filter: BandFilter) -> None:
    ring = ring_of(sine(10, INDEX))
    span = band_filter.half_span
    for positions, absent in (
        ([span - 2.0, span - 1.0], [True, False]),
        ([999.0 - span, 1000.0 - span], [False, True]),
    ):
        z = band_filter.evaluate(ring, np.array(positions))
        assert np.isnan(z[ALPHA, 0]).tolist() == absent


def test_the_hash_names_the_taps() -> None:
    assert BandFilter(250).taps_hash == BandFilter(250.0).taps_hash
    others = [
        BandFilter(125),
        BandFilter(250, span_s=0.4),
        BandFilter(250, (Band("alpha", 8, 12),)),
        BandFilter(250, phases=32),
    ]
    assert len({BandFilter(250).taps_hash, *(other.taps_hash for other in others)}) == 5
    # Written into sessions: a change of this constant is a change of every measure.
    assert BandFilter(250).taps_hash == "a54c58f039fd31cf"


def test_bands_can_be_chosen() -> None:
    band_filter = BandFilter(RATE_HZ, (Band("smr", 12, 15),), span_s=1.0)
    z = band_filter.evaluate(ring_of(sine(13, INDEX)), np.array([500.5]))
    assert z.shape == (1, 1, 1)
    assert abs(z[0, 0, 0]) == pytest.approx(20, rel=1e-3)
    assert band_filter.delay_s == 0.5
    assert band_filter.half_span == 125


@pytest.mark.parametrize("band", [Band("high", 60, 70), Band("upside down", 12, 8)])
def test_a_band_that_does_not_fit_is_refused(band: Band) -> None:
    with pytest.raises(ValueError, match=band.name):
        BandFilter(125, (band,))


def test_hops_follow_each_other_without_a_gap() -> None:
    grid = SessionGrid(START_NS)
    assert grid.hop_ns == 250_000_000
    times = np.concatenate([grid.hop_times_ns(k) for k in range(4)])
    assert times.dtype == np.int64
    assert times[0] == START_NS
    assert (np.diff(times) == 25_000_000).all()


def test_closed_eyes_show_as_alpha_at_the_back_of_a_real_head() -> None:
    folder = RECORDINGS / "openbci"
    path = folder / "gui_v6_blinks-jawClench-alpha.txt"
    if not path.exists():
        pytest.skip(f"no recording at {path}")
    x = np.genfromtxt(path, delimiter=",", skip_header=5, usecols=range(1, 9))
    z = BandFilter(RATE_HZ).evaluate(ring_of(x), np.arange(200, len(x) - 200, 6.25))
    five_s = np.abs(z[:, :, : z.shape[2] // 200 * 200]).reshape(3, 8, -1, 200)
    amplitude = np.median(five_s, axis=3)
    back_over_front = amplitude[:, 6:].mean(axis=1) / amplitude[:, :2].mean(axis=1)
    assert back_over_front[ALPHA].max() > 2
    assert back_over_front[THETA].max() < 1.5
