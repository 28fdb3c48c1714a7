"""Contact states of channels whose trouble is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dsp.quality import (
    ChannelQuality,
    ContactState,
    Expected,
    Flaw,
    assess,
    find_flaws,
    find_flaws_of_both,
)
from dsp.second import take_apart, take_both_apart
from hardware.recordings.reading import read_recording
from tests.places import RECORDINGS

RATE_HZ = 250.0
RAIL_UV = 187_500.0
T = np.arange(250) / RATE_HZ

Samples = NDArray[np.float32]
Floats = NDArray[np.float64]


def eeg(seed: int = 0) -> Floats:
    """A second of quiet rhythm on an electrode's offset, with a little noise."""
    rng = np.random.default_rng(seed)
    wave: Floats = 9e4 + 12 * np.sin(2 * np.pi * 10 * T) + rng.normal(0, 3, len(T))
    return wave


def mains(amplitude_uv: float, frequency_hz: float = 50.0) -> Floats:
    wave: Floats = amplitude_uv * np.sin(2 * np.pi * frequency_hz * T + 0.4)
    return wave


def judge(*channels: Floats, mains_hz: float | None = 50.0) -> ChannelQuality:
    uv = np.stack(channels, axis=1).astype(np.float32)
    return assess(uv, rate_hz=RATE_HZ, rail_uv=RAIL_UV, mains_hz=mains_hz)


def with_values(channel: Floats, where: slice, value: float) -> Floats:
    changed = channel.copy()
    changed[where] = value
    return changed


@pytest.mark.parametrize(
    ("channel", "state"),
    [
        pytest.param(eeg(), "good", id="quiet"),
        pytest.param(eeg() + mains(450), "good", id="as much mains as real recordings hold"),
        pytest.param(eeg() + mains(450, 49.95), "good", id="mains that wander"),
        pytest.param(eeg() + 400 * T, "good", id="a drifting electrode"),
        pytest.param(with_values(eeg(), slice(30, 35), np.nan), "good", id="a few lost"),
        pytest.param(with_values(eeg(), slice(0, 124), np.nan), "good", id="just enough"),
        pytest.param(eeg() + 180 * np.exp(-(((T - 0.5) / 0.08) ** 2)), "noisy", id="a blink"),
        pytest.param(eeg() + 200 * np.sin(2 * np.pi * 31 * T), "noisy", id="clenched teeth"),
        pytest.param(eeg() + mains(5000), "noisy", id="an electrode that has come off"),
        pytest.param(np.zeros(250), "flat", id="a channel switched off"),
        pytest.param(np.full(250, 70_000.0), "flat", id="a constant"),
        pytest.param(np.random.default_rng(1).normal(5, 0.14, 250), "flat", id="a shorted input"),
        pytest.param(np.full(250, RAIL_UV), "railed", id="railed high"),
        pytest.param(np.full(250, -RAIL_UV - 0.02), "railed", id="railed low"),
        pytest.param(np.full(250, np.inf), "railed", id="railed, blanked"),
        pytest.param(with_values(eeg(), slice(7, 8), -RAIL_UV), "railed", id="railed once"),
        pytest.param(with_values(eeg(), slice(7, 8), -np.inf), "railed", id="railed once, blanked"),
        pytest.param(np.full(250, np.nan), "no data", id="nothing"),
        pytest.param(with_values(eeg(), slice(0, 126), np.nan), "no data", id="too little"),
    ],
)
def test_state(channel: Floats, state: str) -> None:
    quality = judge(eeg(5), channel)
    assert quality.state == (ContactState.GOOD, ContactState(state))
    assert all(isinstance(one, ContactState) for one in quality.state)
    assert quality.clean.tolist() == [True, state == "good"]


def lid(height_uv: float, at_s: float = 0.5) -> Floats:
    """A lid that closes and opens again within 0.3 s."""
    wave: Floats = height_uv * np.cos(np.pi * np.clip((T - at_s) / 0.3, -0.5, 0.5)) ** 2
    return wave


def muscle(rms_uv: float, seed: int = 3) -> Floats:
    """Noise from 20 Hz on, of so many µV at 51-69 Hz."""
    hz = np.fft.rfftfreq(len(T), 1 / RATE_HZ)
    rng = np.random.default_rng(seed)
    spectrum = (hz > 20) * (rng.standard_normal(len(hz)) + 1j * rng.standard_normal(len(hz)))
    band = np.fft.irfft(spectrum * ((hz >= 51) & (hz <= 69)), len(T))
    wave: Floats = np.fft.irfft(spectrum, len(T)) * rms_uv / band.std()
    return wave


@pytest.mark.parametrize(
    ("channel", "flaws"),
    [
        pytest.param(eeg(), Flaw(0), id="quiet"),
        pytest.param(eeg() + lid(110), Flaw.BLINK, id="a blink"),
        pytest.param(eeg() - lid(110), Flaw.BLINK, id="a blink, the leads exchanged"),
        pytest.param(eeg() + lid(400), Flaw.BLINK, id="a large blink"),
        pytest.param(eeg() + lid(40), Flaw(0), id="a blink as the back of the head sees it"),
        pytest.param(eeg() + muscle(14), Flaw.MUSCLE, id="muscle"),
        pytest.param(eeg() + muscle(4), Flaw(0), id="as much muscle as people at rest have"),
        pytest.param(eeg() + muscle(60), Flaw.MUSCLE, id="clenched teeth"),
        pytest.param(eeg() + 300 * np.tanh((T - 0.5) / 0.05), Flaw.MOVEMENT, id="a push"),
        pytest.param(eeg() + 120 * np.sin(2 * np.pi * 3 * T), Flaw.MOVEMENT, id="swaying"),
        pytest.param(eeg() + mains(5000), Flaw.MAINS, id="mains"),
        pytest.param(
            eeg() + lid(300) + muscle(20), Flaw.BLINK | Flaw.MUSCLE, id="a blink and muscle"
        ),
        pytest.param(np.zeros(250), Flaw.FLAT, id="flat"),
        pytest.param(np.full(250, np.inf), Flaw.RAILED, id="railed"),
        pytest.param(np.full(250, np.nan), Flaw.NO_DATA, id="nothing"),
        pytest.param(with_values(eeg(), slice(7, 8), np.inf), Flaw.RAILED, id="railed once"),
    ],
)
def test_flaws(channel: Floats, flaws: Flaw) -> None:
    quality = judge(eeg(5), channel)
    assert quality.flaws.tolist() == [0, flaws]
    assert quality.clean.tolist() == [True, flaws == 0]


def test_alpha_is_neither_blink_nor_movement() -> None:
    waxing = 55 * np.hanning(250) * np.sin(2 * np.pi * 10 * T)
    assert judge(eeg() + waxing).flaws.tolist() == [0]


@pytest.mark.parametrize("at_s", np.arange(0.25, 0.85, 0.1).tolist())
def test_a_blink_is_seen_wherever_the_bands_would_see_it(at_s: float) -> None:
    assert judge(eeg() + lid(140, at_s)).flaws.tolist() == [Flaw.BLINK]


@given(st.integers(0, 2**32 - 1), st.floats(0, 0.6), st.floats(0, 400))
@settings(deadline=None, max_examples=40)
def test_all_ways_to_ask_agree(seed: int, missing: float, noise_uv: float) -> None:
    rng = np.random.default_rng(seed)
    uv = (5e4 + rng.normal(0, noise_uv + 0.1, (250, 3))).astype(np.float32)
    uv[rng.random((250, 3)) < missing] = np.nan
    quality = assess(uv, rate_hz=RATE_HZ, rail_uv=RAIL_UV)
    flaws = find_flaws(uv, rate_hz=RATE_HZ, rail_uv=RAIL_UV)
    assert flaws.tolist() == quality.flaws.tolist()
    assert quality.clean.tolist() == (flaws == 0).tolist()
    assert [state is ContactState.GOOD for state in quality.state] == quality.clean.tolist()


@given(
    st.integers(0, 2**32 - 1),
    st.tuples(*[st.floats(249, 251)] * 2),
    st.floats(0, 100),
    st.sampled_from([0.0, np.nan, np.inf]),
    st.sampled_from([50.0, 60.0, None]),
)
@settings(deadline=None, max_examples=40)
def test_two_people_are_judged_at_once_as_each_alone(
    seed: int,
    rates_hz: tuple[float, float],
    noise_uv: float,
    spoilt: float,
    mains_hz: float | None,
) -> None:
    rng = np.random.default_rng(seed)
    uv = (5e4 + rng.normal(0, noise_uv + 0.1, (2, 250, 3))).astype(np.float32)
    uv[:, :, 2] += lid(rng.uniform(0, 300), 0.5)
    uv[1, 40:50, 0] += spoilt
    expected = [Expected(rate_hz, RAIL_UV, mains_hz) for rate_hz in rates_hz]
    both = find_flaws_of_both(uv, expected)
    alone = [find_flaws(one, **its._asdict()) for one, its in zip(uv, expected, strict=True)]
    assert both.tolist() == np.array(alone).tolist()
    at_once = take_both_apart(uv, rates_hz, RAIL_UV, mains_hz)
    assert (at_once is None) == (spoilt != 0)
    if at_once is None:
        return
    for person, rate_hz in enumerate(rates_hz):
        own = take_apart(uv[person], rate_hz, RAIL_UV, mains_hz)
        assert np.array_equal(own.levels_uv, at_once.levels_uv[:, person])
        assert np.array_equal(own.slow_uv, at_once.slow_uv[person])


@pytest.mark.parametrize("rate_hz", [125.0, 200.0, 256.0])
def test_muscle_is_found_at_other_rates_whatever_of_its_band_they_show(rate_hz: float) -> None:
    rng = np.random.default_rng(6)
    n = round(rate_hz)
    # White noise of so much has 5 and 14 µV in 18 Hz.
    for rms_uv, flaws in ((5.0, 0), (14.0, Flaw.MUSCLE)):
        noise = rng.normal(0, rms_uv * np.sqrt(rate_hz / 36), (n, 1)).astype(np.float32)
        assert find_flaws(noise, rate_hz=rate_hz, rail_uv=RAIL_UV).tolist() == [flaws]


def test_a_channel_without_samples_has_no_figures() -> None:
    quality = judge(eeg(), np.full(250, np.nan), np.full(250, np.inf))
    assert np.isnan(quality.peak_to_peak_uv).tolist() == [False, True, True]
    assert np.isnan(quality.mains_share).tolist() == [False, True, True]


def test_mains_share_is_the_part_of_the_power_that_is_mains() -> None:
    tone = 12 * np.sin(2 * np.pi * 10 * T)
    quality = judge(tone, tone + mains(12), tone + mains(36), mains(12))
    np.testing.assert_allclose(quality.mains_share, [0, 0.5, 0.9, 1], atol=0.02)


def test_mains_are_looked_for_where_they_are_said_to_be() -> None:
    channel = eeg() + mains(300, 60)
    at_60, at_50 = judge(channel, mains_hz=60), judge(channel, mains_hz=50)
    assert at_60.state == (ContactState.GOOD,)
    assert at_60.mains_share[0] > 0.9
    assert at_50.state == (ContactState.NOISY,)
    assert at_50.mains_share[0] < 0.1


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("mains_hz", [50.0, 60.0])
@pytest.mark.parametrize("hum_uv", [50, 500, 1000, 1950])
@pytest.mark.parametrize("offset_uv", [-150_000, 0, 150_000])
def test_hum_that_the_filters_take_out_is_no_noise(
    offset_uv: float, hum_uv: float, mains_hz: float, known: bool
) -> None:
    """Up to 4 mV peak to peak, with all the wander of a grid, beside any electrode's offset."""
    for hertz in (mains_hz - 0.05, mains_hz, mains_hz + 0.05):
        channel = eeg() - 9e4 + offset_uv + mains(hum_uv, hertz)
        quality = judge(channel, mains_hz=mains_hz if known else None)
        assert quality.state == (ContactState.GOOD,)
        assert quality.noise == ("",)
        assert quality.peak_to_peak_uv[0] < 80
        assert quality.mains_share[0] > 0.9


@pytest.mark.parametrize("mains_hz", [50.0, 60.0])
def test_muscle_is_told_from_hum_of_any_strength(mains_hz: float) -> None:
    for known in (mains_hz, None):
        clenched = judge(eeg() + muscle(14) + mains(1500, mains_hz), mains_hz=known)
        assert clenched.flaws.tolist() == [Flaw.MUSCLE]
        assert clenched.noise == ("muscle",)
        resting = judge(eeg() + muscle(4) + mains(1500, mains_hz), mains_hz=known)
        assert resting.flaws.tolist() == [0]


def test_hum_beyond_the_amplifiers_range_is_a_rail() -> None:
    beside_it, below_it = (offset_uv + mains(1000) for offset_uv in (187_000, 180_000))
    assert judge(eeg() - 9e4 + beside_it, eeg() - 9e4 + below_it).state == ("railed", "good")


def test_while_the_mains_are_not_known_neither_is_taken_for_anything_else() -> None:
    for hertz in (50, 60):
        channels = (eeg() + mains(300, hertz), eeg() + lid(110) + mains(300, hertz))
        quality = judge(*channels, eeg() + mains(5000, hertz), mains_hz=None)
        assert quality.flaws.tolist() == [0, Flaw.BLINK, Flaw.MAINS]
        assert quality.noise == ("", "blinks", "mains")


def test_what_makes_a_channel_noisy_is_said() -> None:
    pushed = eeg() + 300 * np.tanh((T - 0.5) / 0.05)
    loud = eeg() + muscle(60) + mains(5000)
    assert judge(eeg(), pushed, loud, np.full(250, np.inf)).noise == ("", "movement", "mains", "")


def test_peak_to_peak_is_that_of_the_rhythm_below_drift_and_mains() -> None:
    tone = 20 * np.sin(2 * np.pi * 10 * T)
    quality = judge(tone, tone + 9e4 + 300 * T + mains(300))
    np.testing.assert_allclose(quality.peak_to_peak_uv, 40, rtol=0.1)


def test_a_hole_in_strong_mains_is_not_taken_for_movement() -> None:
    channel = eeg() + mains(300)
    holed = with_values(channel, slice(100, 120), np.nan)
    quality = judge(channel, holed)
    assert quality.state == (ContactState.GOOD,) * 2
    assert quality.peak_to_peak_uv[1] == pytest.approx(quality.peak_to_peak_uv[0], abs=8)


def test_channels_do_not_influence_each_other() -> None:
    alone = judge(eeg())
    beside = judge(np.full(250, np.nan), eeg(), np.full(250, np.inf), eeg() + mains(9000))
    assert beside.peak_to_peak_uv[1] == pytest.approx(alone.peak_to_peak_uv[0], rel=1e-5)
    assert beside.mains_share[1] == pytest.approx(alone.mains_share[0], rel=1e-4)


def test_other_rates_are_judged_alike() -> None:
    t = np.arange(125) / 125
    channel = 9e4 + 12 * np.sin(2 * np.pi * 10 * t) + 300 * np.sin(2 * np.pi * 50 * t)
    quality = assess(channel.astype(np.float32)[:, None], rate_hz=125, rail_uv=RAIL_UV)
    assert quality.state == (ContactState.GOOD,)


def test_a_measured_rate_takes_out_mains_that_the_nominal_rate_would_leave() -> None:
    t = np.arange(250) / 250.52
    channel = (9e4 + 900 * np.sin(2 * np.pi * 60 * t)).astype(np.float32)[:, None]
    measured = assess(channel, rate_hz=250.52, rail_uv=RAIL_UV, mains_hz=60)
    nominal = assess(channel, rate_hz=250.0, rail_uv=RAIL_UV, mains_hz=60)
    assert measured.peak_to_peak_uv[0] < 1
    assert nominal.peak_to_peak_uv[0] > 50


def test_a_rate_too_low_to_see_the_mains_is_refused() -> None:
    for mains_hz in (50.0, None):
        with pytest.raises(ValueError, match="do not show mains"):
            assess(np.zeros((100, 1), np.float32), rate_hz=100, rail_uv=RAIL_UV, mains_hz=mains_hz)


def test_while_the_mains_are_not_known_a_rate_that_shows_one_of_them_will_do() -> None:
    t = np.arange(110) / 110
    channel = 9e4 + 12 * np.sin(2 * np.pi * 10 * t) + 300 * np.sin(2 * np.pi * 50 * t)
    uv = channel.astype(np.float32)[:, None]
    assert assess(uv, rate_hz=110, rail_uv=RAIL_UV, mains_hz=None).state == (ContactState.GOOD,)


def test_samples_are_not_changed() -> None:
    uv = eeg().astype(np.float32)[:, None]
    uv.flags.writeable = False
    before = uv.copy()
    assess(uv, rate_hz=RATE_HZ, rail_uv=RAIL_UV)
    np.testing.assert_array_equal(uv, before)


def test_a_real_recording_full_of_mains_is_mostly_good() -> None:
    folder = RECORDINGS / "openbci"
    path = folder / "gui_v6_blinks-jawClench-alpha.txt"
    if not path.exists():
        pytest.skip(f"no recording at {path}")
    uv = np.genfromtxt(path, delimiter=",", skip_header=5, usecols=range(1, 9)).astype(np.float32)
    seconds = [
        assess(second, rate_hz=250.33, rail_uv=RAIL_UV, mains_hz=60)
        for second in np.split(uv[:22_250], 89)
    ]
    share = np.array([second.mains_share for second in seconds])
    assert np.median(share) > 0.9
    states = [state for second in seconds for state in second.state]
    assert set(states) == {ContactState.GOOD, ContactState.NOISY}
    # It holds half a minute of blinks and clenched teeth.
    assert 0.7 < states.count(ContactState.GOOD) / len(states) < 0.9


@pytest.mark.parametrize(
    ("name", "rate_hz"),
    [("gui_v6_blinks-jawClench-alpha.txt", 250.33), ("brainhat_blinkWink10.csv", 250.52)],
)
def test_real_people_are_judged_alike_before_their_mains_are_known(
    name: str, rate_hz: float
) -> None:
    path = RECORDINGS / "openbci" / name
    if not path.exists():
        pytest.skip(f"no recording at {path}")
    uv = read_recording(path).uv[0].astype(np.float32)
    flaws = np.array(
        [
            [
                find_flaws(second, rate_hz=rate_hz, rail_uv=RAIL_UV, mains_hz=mains_hz)
                for second in np.split(uv[: len(uv) // 250 * 250], len(uv) // 250)
            ]
            for mains_hz in (60.0, None, 50.0)
        ]
    )
    right, unknown, wrong = flaws
    assert np.mean(right != unknown) < 0.02
    assert np.mean((wrong & Flaw.MUSCLE) > 0) > 0.99


def test_clenched_teeth_and_blinks_of_a_real_person_are_told_apart() -> None:
    folder = RECORDINGS / "openbci"
    path = folder / "gui_v6_blinks-jawClench-alpha.txt"
    if not path.exists():
        pytest.skip(f"no recording at {path}")
    uv = np.genfromtxt(path, delimiter=",", skip_header=5, usecols=range(1, 9)).astype(np.float32)
    flaws = np.array(
        [
            find_flaws(uv[row : row + 250], rate_hz=250.33, rail_uv=RAIL_UV, mains_hz=60)
            for row in range(0, len(uv) - 250, 62)
        ]
    )
    second = np.arange(len(flaws)) * 62 / 250
    clenched = flaws[(second > 8) & (second < 12.5)]
    resting = flaws[(second > 20) & (second < 72)]
    assert np.mean((clenched & Flaw.MUSCLE).any(axis=1)) > 0.9
    assert np.mean((resting & Flaw.MUSCLE) > 0) < 0.05
    assert np.mean(resting > 0) < 0.1
    blinking = flaws[(second > 3.5) & (second < 7)]
    # Blinks that follow each other within the second are movement.
    assert np.mean((blinking[:, :2] > 0).any(axis=1)) > 0.7
    assert np.mean(((blinking[:, :2] & Flaw.BLINK) > 0).any(axis=1)) > 0.3
    assert np.mean((blinking[:, 2:] & Flaw.BLINK) > 0) < 0.1
