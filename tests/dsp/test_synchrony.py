"""Synchrony against HyPyP's values, exact oracles and the definitions written out."""

import tracemalloc
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dsp.absence import Absence
from dsp.pair_sums import lost_points, pair_sums, point_rows, row_sums
from dsp.synchrony import KINDS, MIN_RESULTANT, ROUNDING_32, PairSums, window_measures
from tests.places import RECORDINGS

Analytic = NDArray[np.complex128]
AnyAnalytic = NDArray[np.complexfloating]

NAMES_IN_HYPYP = {kind: kind for kind in KINDS} | {
    "imcoh": "imaginary_coh",
    "aec": "envelope_corr",
    "powcorr": "pow_corr",
}
POINTS = 10


@pytest.fixture(scope="module")
def hypyp() -> dict[str, NDArray[np.complex128]]:
    path = RECORDINGS / "reference"
    path /= "hypyp.npz"
    if not path.exists():
        pytest.skip(f"no reference values at {path}")
    with np.load(path) as archive:
        return {name: archive[name] for name in archive.files}


@pytest.mark.parametrize(("cut", "samples"), [("2s", 500), ("4s", 1000)])
@pytest.mark.parametrize(("dtype", "tolerance"), [("complex128", 1e-12), ("complex64", 5e-6)])
def test_windows_have_the_values_of_hypyp(
    hypyp: dict[str, NDArray[np.complex128]], cut: str, samples: int, dtype: str, tolerance: float
) -> None:
    # (person, epoch, channel, band, time) -> person, (band, channel, time)
    z_a, z_b = hypyp["z_full"][:, 0].transpose(0, 2, 1, 3).astype(dtype)
    for k, start in enumerate(hypyp[f"starts_{cut}"].real.astype(int)):
        window = slice(start, start + samples)
        for measure, found in window_measures(z_a[..., window], z_b[..., window]).items():
            expected = hypyp[f"cut_{cut}_{NAMES_IN_HYPYP[measure]}"][k].real
            if measure == "ccorr":  # where it is not defined, HyPyP's is the ratio of roundings
                lengths = resultant(z_a[..., window]), resultant(z_b[..., window])
                shorter = np.minimum(lengths[0][..., :, None], lengths[1][..., None, :])
                expected = np.where(shorter < MIN_RESULTANT, np.nan, expected)
            np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance)


def resultant(z: Analytic) -> NDArray[np.float64]:
    """Mean resultant length of the phases."""
    return np.asarray(np.abs(np.exp(1j * np.angle(z)).mean(axis=-1)))


def test_hops_have_the_values_of_hypyp(hypyp: dict[str, NDArray[np.complex128]]) -> None:
    z_a, z_b = hypyp["z_full"][:, 0].transpose(0, 2, 1, 3)
    pairs = [(k, k) for k in range(8)]
    sums = PairSums(pairs, [50, 50, 50], KINDS)
    for hop in range(100):
        window = slice(hop * POINTS, (hop + 1) * POINTS)
        sums.push(z_a[..., window], z_b[..., window])
    at = hypyp["starts_2s"].tolist().index(500)
    values = sums.values()
    for measure, name in NAMES_IN_HYPYP.items():
        expected = hypyp[f"cut_2s_{name}"][at].diagonal(axis1=1, axis2=2)
        np.testing.assert_allclose(values.values[measure], expected, rtol=0, atol=1e-12)


T = np.arange(2500) / 250
A1 = 1 + 0.5 * np.sin(2 * np.pi * 0.3 * T)
A2 = 1 + 0.5 * np.sin(2 * np.pi * 0.3 * T + 0.7)
CARRIER = 2 * np.pi * 10 * T
ONE_SIDED = 2 * np.pi * 0.5 * T
NONE = float("nan")


# Which vector: z_a, z_b, and the values in the order of KINDS. The phases of V1 to V5 balance.
ORACLES = {
    "V1 wobbling lag: J0(0.8), cos 0.7": (
        A1 * np.exp(1j * CARRIER),
        A2 * np.exp(1j * (CARRIER - 0.4 + 0.8 * np.sin(ONE_SIDED))),
        (
            0.846287352750,
            NONE,
            0.846287352750,
            0.824175010217,
            0.320948866251,
            0.658029134534,
            0.764842187284,
            0.755690263525,
        ),
    ),
    "V2 10 against 10.05 Hz": (
        np.exp(1j * CARRIER),
        np.exp(2j * np.pi * 10.05 * T),
        (
            0.636619814255,
            NONE,
            0.635015311487,
            0.636619814255,
            0.636619688592,
            1.0,
            NONE,
            NONE,
        ),
    ),
    "V3 a quarter of a cycle late": (
        A1 * np.exp(1j * CARRIER),
        A1 * np.exp(1j * (CARRIER - np.pi / 2)),
        (1, NONE, 1, 1, 1, 1, 1, 1),
    ),
    "V4 identical": (
        A1 * np.exp(1j * CARRIER),
        A1 * np.exp(1j * CARRIER),
        (1, NONE, 1, 1, 0, 0, 1, 1),
    ),
    # Its wPLI is 0 / 0: what others find is the ratio of two roundings.
    "V5 opposite envelopes": (
        A1 * np.exp(1j * CARRIER),
        (2 - A1) * np.exp(1j * CARRIER),
        (1, NONE, 1, 0.777777777778, 0, 0, -1, -0.969230769231),
    ),
    "V6 phases that stay near one angle": (
        np.exp(1j * (0.6 * np.sin(2 * np.pi * 5 * T) + 0.3)),
        np.exp(1j * (0.6 * np.sin(2 * np.pi * 5 * T + 0.5) - 0.2)),
        (
            0.978085951188,
            0.877392591541,
            0.877392591541,
            0.978085951188,
            0.468919383950,
            1.0,
            NONE,
            NONE,
        ),
    ),
}


@pytest.mark.parametrize("name", ORACLES)
def test_exact_values(name: str) -> None:
    z_a, z_b, expected = ORACLES[name]
    found = window_measures(z_a[None, None], z_b[None, None])
    values = [found[kind].item() for kind in KINDS]
    np.testing.assert_allclose(values, expected, rtol=0, atol=1e-9)


@pytest.mark.parametrize("lag", [0.0, 0.4, 2.0])
def test_two_rhythms_that_rest_half_of_the_time_have_the_ccorr_of_their_lag(lag: float) -> None:
    """While they rest they are at their mean phases, pi/4 and pi/3, and add nothing."""
    turning = np.arange(2500) < 1250
    z_a = np.exp(1j * np.where(turning, CARRIER, np.pi / 4))
    z_b = np.exp(1j * np.where(turning, CARRIER - lag, np.pi / 3))
    found = window_measures(z_a[None, None], z_b[None, None])["ccorr"].item()
    assert found == pytest.approx(abs(np.cos(lag + np.pi / 12)), abs=1e-12)


def noise(seed: int, *shape: int) -> Analytic:
    rng = np.random.default_rng(seed)
    z: Analytic = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    return z


def written_out(z_a: AnyAnalytic, z_b: AnyAnalytic, least: float = MIN_RESULTANT) -> list[float]:
    """Every measure by its definition, in the order of KINDS; no angle of what is below `least`."""
    a, b = np.angle(z_a), np.angle(z_b)
    same, mirrored = np.mean(np.exp(1j * (a - b))), np.mean(np.exp(1j * (a + b)))
    n = (np.angle(mirrored) - np.angle(same)) / 2
    m = np.angle(same) + n
    below = 2 * np.sqrt(np.mean(np.sin(a - m) ** 2) * np.mean(np.sin(b - n) ** 2))
    sine_a = np.sin(a - np.angle(np.exp(1j * a).sum()))
    sine_b = np.sin(b - np.angle(np.exp(1j * b).sum()))
    mean_phases = [abs(np.exp(1j * phase).mean()) for phase in (a, b)]
    turned = max(abs(np.exp(2j * phase).mean()) for phase in (a, b)) - least
    cross = z_a * z_b.conj()
    coherency = cross.sum() / np.sqrt((np.abs(z_a) ** 2).sum() * (np.abs(z_b) ** 2).sum())
    return [
        abs(same),
        abs((sine_a * sine_b).sum()) / np.sqrt((sine_a**2).sum() * (sine_b**2).sum())
        if min(mean_phases) >= least
        else NONE,
        (abs(same) - abs(mirrored)) / below
        if min(abs(same), abs(mirrored)) >= least * turned
        else NONE,
        abs(coherency),
        abs(coherency.imag),
        abs(cross.imag.sum()) / np.abs(cross.imag).sum(),
        np.corrcoef(np.abs(z_a), np.abs(z_b))[0, 1],
        np.corrcoef(np.abs(z_a) ** 2, np.abs(z_b) ** 2)[0, 1],
    ]


@given(st.integers(0, 2**32 - 1), st.integers(3, 12))
@settings(max_examples=40, deadline=None)
def test_sums_of_hops_equal_the_definitions(seed: int, hops: int) -> None:
    z_a, z_b = noise(seed, 2, 3, hops * POINTS), noise(seed + 1, 2, 3, hops * POINTS)
    sums = PairSums([(0, 2), (1, 0)], [hops, 2], KINDS)
    for hop in range(hops):
        window = slice(hop * POINTS, (hop + 1) * POINTS)
        sums.push(z_a[..., window], z_b[..., window])
    found = sums.values().values
    for band, points in ((0, hops * POINTS), (1, 2 * POINTS)):
        for k, (ia, ib) in enumerate([(0, 2), (1, 0)]):
            expected = written_out(z_a[band, ia, -points:], z_b[band, ib, -points:])
            values = [found[kind][band, k] for kind in KINDS]
            np.testing.assert_allclose(values, expected, rtol=0, atol=1e-10)


HOP = 40


@dataclass(frozen=True)
class Delicate:
    """Two rhythms that may nearly balance, hardly vary, hardly lag; a may rest for a while."""

    seed: int
    hops: int
    cycles: int  # in a hop
    wobble: float  # of phases, a power of ten as the next two
    swell: float  # of amplitudes
    lean: float  # of all to one side
    rest: int  # hops of a

    def signals(self) -> NDArray[np.complex64]:
        rng = np.random.default_rng(self.seed)
        points = HOP * self.hops
        swell, wobble = rng.normal(size=(2, 1, points)) + rng.normal(size=(2, 2, points))
        angle = 2 * np.pi * self.cycles * np.arange(points) / HOP + 10**self.wobble * wobble
        z = (1 + 10**self.swell * swell) * np.exp(1j * angle) + 10**self.lean
        z[0, : HOP * self.rest] = 1
        turned: NDArray[np.complex64] = z * np.exp(1j * rng.uniform(0, 6, (2, 1)))
        return turned.astype(np.complex64)


DELICATE = st.builds(
    Delicate,
    seed=st.integers(0, 2**32 - 1),
    hops=st.integers(3, 12),
    cycles=st.integers(0, 9),
    wobble=st.floats(-8, 0.5),
    swell=st.floats(-8, 0),
    lean=st.floats(-8, 0),
    rest=st.integers(0, 2),
)


@given(DELICATE)
@example(Delicate(seed=1, hops=4, cycles=3, wobble=-8, swell=-1, lean=-8, rest=2))
@settings(max_examples=150, deadline=None)
def test_no_value_is_that_of_its_rounding(delicate: Delicate) -> None:
    """What is told is right to the third decimal, or absent: on-line too, in sums of float32."""
    z = delicate.signals()
    exact_a, exact_b = z.astype(np.clongdouble)
    with np.errstate(divide="ignore", invalid="ignore"):
        exact, defined = (
            written_out(exact_a, exact_b, least) for least in (0, 0.9 * MIN_RESULTANT)
        )
    lag = (exact_a * exact_b.conj()).imag
    if np.abs(lag).sum() < 2 * ROUNDING_32 * np.abs(exact_a * exact_b).sum():
        exact[KINDS.index("wpli")] = NONE
    sums = PairSums([(0, 0)], [delicate.hops], KINDS)
    for hop in np.split(z, delicate.hops, axis=-1):
        sums.add(pair_sums(hop[:1, None], hop[1:, None], frozenset(KINDS))[..., 0], HOP)
    shorter, less = (min(of) for of in zip(*map(centred, (exact_a, exact_b)), strict=True))
    for found in (sums.values().values, window_measures(*z[:, None, None])):
        for kind, true, known in zip(KINDS, exact, np.isfinite(defined), strict=True):
            value = found[kind].item()
            if np.isfinite([value, true]).all():
                assert value == pytest.approx(float(true), abs=2e-3), kind
            assert known or np.isnan(value) or kind not in {"ccorr", "accorr"}
        assert np.isfinite([found[kind] for kind in ("plv", "coh", "imcoh", "wpli")]).all()
        if shorter > 1.1 * MIN_RESULTANT and less > ROUNDING_32:
            assert np.isfinite(found["ccorr"])


def centred(z: AnyAnalytic) -> tuple[float, float]:
    """Length of the mean phase, and the spread of the phases around it: their mean squared sine."""
    u = z / np.abs(z)
    length = np.abs(u.mean())
    return float(length), float((((u * u.mean().conj()).imag / length) ** 2).mean())


@given(DELICATE)
@settings(max_examples=50, deadline=None)
def test_the_last_bit_of_a_sample_moves_no_value(delicate: Delicate) -> None:
    """As the kernels of another processor would move it."""
    z = delicate.signals().astype(np.complex128)
    bits = np.random.default_rng(delicate.seed).choice([-1, 0, 1], z.shape)
    before, after = (
        window_measures(*each[:, None, None]) for each in (z, z * (1 + 2.0**-52 * bits))
    )
    for kind, value in before.items():
        if np.isfinite(value) and np.isfinite(after[kind]):
            assert value.item() == pytest.approx(after[kind].item(), abs=1e-3), kind


def online(z_a: Analytic, z_b: Analytic) -> PairSums:
    """One channel of each, all of it in one push, in float32 as the pipeline has it."""
    sums = PairSums([(0, 0)], [1], KINDS)
    of_a, of_b = (z[None, None].astype(np.complex64) for z in (z_a, z_b))
    sums.add(pair_sums(of_a, of_b, frozenset(KINDS))[..., 0], len(z_a))
    return sums


@pytest.mark.parametrize("name", list(ORACLES)[:5])
def test_phases_that_balance_have_no_ccorr_and_that_is_the_reason(name: str) -> None:
    sums = online(*ORACLES[name][:2])
    values = sums.values().values
    assert np.isnan(values["ccorr"].item())
    assert sums.absence("ccorr", 0, 0) is Absence.BALANCED
    assert np.isfinite([values[kind].item() for kind in ("plv", "accorr", "coh", "wpli")]).all()


@pytest.mark.parametrize(("resting", "there"), [(3, False), (5, True)])
def test_one_point_in_ten_thousand_to_one_side_makes_a_mean_phase(
    resting: int, there: bool
) -> None:
    z = np.concatenate([np.ones(resting), np.exp(2j * np.pi * np.arange(40_000) / 40)])
    found = (online(z, z).values().values, window_measures(z[None, None], z[None, None]))
    assert [bool(np.isfinite(one["ccorr"].item())) for one in found] == [there, there]


QUARTERS = np.array([1, 1j, -1, -1j] * 10)


def test_sums_that_are_exactly_zero_have_no_angle_and_need_none() -> None:
    found = window_measures(QUARTERS[None, None], QUARTERS[None, None] * (0.6 + 0.8j))
    assert found["accorr"].item() == pytest.approx(1, abs=1e-12)
    assert np.isnan(found["ccorr"].item())
    reversing = QUARTERS * np.repeat([1, -1], 20)
    wobbling = QUARTERS * np.exp(1e-10j * (np.arange(40) % 20 == 0))
    found = window_measures(wobbling[None, None], reversing[None, None])
    assert found["accorr"].item() == pytest.approx(0, abs=1e-9)


def test_phases_that_stay_are_no_balance() -> None:
    still = np.full(400, 3.1 - 4.2j)
    sums = online(still, still)
    assert np.isnan(
        [sums.values().values[kind].item() for kind in ("ccorr", "accorr", "aec")]
    ).all()
    for kind in ("ccorr", "accorr", "aec", "powcorr"):
        assert sums.absence(kind, 0, 0) is Absence.STILL


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_points_missing_in_either_person_are_left_out_of_both(seed: int) -> None:
    rng = np.random.default_rng(seed)
    z_a, z_b = noise(seed, 1, 2, 80), noise(seed + 1, 1, 2, 80)
    # Nowhere so many that less than half of the window is left.
    gone_a, gone_b = (np.isin(np.arange(80), rng.choice(80, 15)) for _ in range(2))
    holed_a, holed_b = z_a.copy(), z_b.copy()
    holed_a[..., gone_a] = np.nan
    holed_b[..., gone_b] = complex(0, np.inf)
    kept = ~(gone_a | gone_b)
    expected = window_measures(z_a[..., kept], z_b[..., kept])
    sums = PairSums([(0, 0), (1, 1)], [8], KINDS)
    for window in np.split(np.arange(80), 8):
        sums.push(holed_a[..., window], holed_b[..., window])
    found = sums.values()
    for measure, matrix in window_measures(holed_a, holed_b).items():
        np.testing.assert_allclose(matrix, expected[measure], rtol=0, atol=1e-12)
        pairs = matrix.diagonal(axis1=1, axis2=2)
        np.testing.assert_allclose(found.values[measure], pairs, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.clean_share, kept.mean())


def test_the_share_pays_for_what_was_bridged_in_either_person() -> None:
    sums, lost = PairSums([(0, 1)], [8], KINDS), np.zeros((2, 2, POINTS), np.float32)
    lost[0, 0], lost[1, 1, :5] = 0.04, 0.08  # of channel 0 of one, of channel 1 of the other
    for hop in range(8):
        z_a, z_b = noise(hop, 2, 1, 2, POINTS)
        z_a[..., 5:] = np.nan  # what is not there pays nothing
        rows = point_rows(z_a), point_rows(z_b)
        sums.add(
            row_sums(*rows, frozenset(KINDS))[..., [0], [1]], POINTS, lost_points(*rows, *lost)
        )
    assert sums.values().clean_share.item() == pytest.approx(0.5 * (1 - 0.04 - 0.08), rel=1e-6)
    assert lost_points(*rows, 0 * lost[0], 0 * lost[1]) is None


def run_hops(flags: list[tuple[bool, bool]], window: int) -> PairSums:
    sums = PairSums([(0, 0)], [window], KINDS)
    for hop, clean in enumerate(flags):
        z = noise(hop, 2, 1, 1, POINTS)
        z[~np.array(clean)] = np.nan
        sums.push(z[0], z[1])
    return sums


def test_below_half_clean_there_is_no_value_but_a_share() -> None:
    found = run_hops([(True, True)] * 3 + [(True, False)] * 3 + [(False, True)] * 2, 8).values()
    assert found.clean_share.item() == pytest.approx(3 / 8)
    assert all(np.isnan(value.item()) for value in found.values.values())
    found = run_hops([(True, True)] * 4 + [(True, False)] * 4, 8).values()
    assert all(np.isfinite(value.item()) for value in found.values.values())


def test_a_window_that_is_not_yet_half_full_has_no_value() -> None:
    found = run_hops([(True, True)] * 3, 8).values()
    assert found.clean_share.item() == pytest.approx(3 / 8)
    assert np.isnan(found.values["plv"]).all()
    assert np.isnan(PairSums([(0, 0)], [8], KINDS).values().values["plv"]).all()


def test_only_the_kinds_that_are_asked_for_are_computed() -> None:
    z = noise(1, 2, 1, 1, POINTS)
    every = window_measures(*z)
    for kind in KINDS:
        sums = PairSums([(0, 0)], [1], [kind])
        sums.push(*z)
        found = sums.values().values
        assert list(found) == [kind]
        np.testing.assert_allclose(found[kind], every[kind][:, 0], rtol=0, atol=1e-12)


def test_each_band_has_its_own_window() -> None:
    sums = PairSums([(0, 0)], [4, 2], ["plv"])
    for hop in range(4):
        turn = np.exp(1j * (hop // 2) * np.pi) * np.ones((2, 1, POINTS))
        sums.push(turn * noise(1, 2, 1, POINTS), noise(1, 2, 1, POINTS))
    np.testing.assert_allclose(sums.values().values["plv"], [[0], [1]], atol=1e-12)


def test_a_loud_past_leaves_nothing_behind() -> None:
    sums = PairSums([(0, 0)], [4], KINDS)
    for hop in range(8):
        z = noise(hop, 2, 1, 1, POINTS) * (1e6 if hop < 4 else 1e-3)
        sums.push(*z)
    last = np.concatenate([noise(hop, 2, 1, 1, POINTS) for hop in range(4, 8)], axis=-1)
    for kind, value in window_measures(*last).items():
        np.testing.assert_allclose(sums.values().values[kind], value[:, 0], rtol=0, atol=1e-12)


def test_a_channel_that_is_zero_has_no_phase_and_is_left_out() -> None:
    sums = PairSums([(0, 0)], [1], KINDS)
    sums.push(np.zeros((1, 1, POINTS), np.complex64), noise(3, 1, 1, POINTS))
    assert sums.values().clean_share.item() == 0


@pytest.mark.parametrize("dtype", ["complex64", "complex128"])
def test_signals_that_do_not_vary_have_no_correlation(dtype: str) -> None:
    still = np.full((1, 1, 400), 3.1 - 4.2j).astype(dtype)
    found = window_measures(still, still)
    assert found["plv"].item() == pytest.approx(1)
    assert np.isnan(found["accorr"]).all()
    assert np.isnan(found["aec"]).all()


def test_a_window_without_a_common_point_has_no_value() -> None:
    gone = np.full((1, 2, 50), np.nan, np.complex128)
    for matrix in window_measures(gone, noise(1, 1, 3, 50)).values():
        assert matrix.shape == (1, 2, 3)
        assert np.isnan(matrix).all()


def test_without_homologous_pairs_there_are_no_values() -> None:
    sums = PairSums([], [4, 4], KINDS)
    sums.push(noise(1, 2, 3, POINTS), noise(2, 2, 3, POINTS))
    assert sums.values().values["plv"].shape == (2, 0)


def test_memory_does_not_grow() -> None:
    sums = PairSums([(k, k) for k in range(8)], [120, 120, 40], KINDS)
    z = noise(1, 3, 8, POINTS).astype(np.complex64)

    def feed() -> int:
        for _ in range(500):
            sums.push(z, z)
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = feed()  # Python's lists of free objects have filled
        assert feed() - before < 1000
    finally:
        tracemalloc.stop()
