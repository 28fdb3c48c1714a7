"""50 and 60 Hz told apart: in synthetic rooms, and in every stretch of real recordings."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dsp.mains import DECISIVE_DB, FIRST_STRETCHES, HumMeter, MainsOpinion, excess
from dsp.ring import Ring
from hardware.recordings.reading import read_recording
from tests.places import RECORDINGS

Floats = NDArray[np.float64]

RATE_HZ = 250.0
CHANNELS = 8
# What hums where it was recorded; a file may hold two people.
RECORDED = {
    "openbci/gui_v6_blinks-jawClench-alpha.txt": 60.0,
    "openbci/brainhat_blinkWink10.csv": 60.0,
    "openbci/brainhat_NewBlinkTest.csv": 60.0,
    "openbci/brainhat_gui_daisy.txt": 60.0,
    "dyad/two_wearers.npz": 50.0,
}


def times_s(seconds: float, rate_hz: float = RATE_HZ) -> Floats:
    return np.arange(round(seconds * rate_hz)) / rate_hz


def eeg(seconds: float, seed: int = 0, rate_hz: float = RATE_HZ) -> Floats:
    """Alpha and 1/f noise on electrodes' offsets, (n, channels)."""
    rng = np.random.default_rng(seed)
    t = times_s(seconds, rate_hz)
    n = len(t)
    hertz = np.maximum(np.fft.rfftfreq(n, 1 / rate_hz), 0.5)[:, None]
    noise = rng.standard_normal((n // 2 + 1, CHANNELS)) + 1j * rng.standard_normal(
        (n // 2 + 1, CHANNELS)
    )
    wave = np.fft.irfft(noise / hertz, n, axis=0)
    offsets = rng.uniform(-1e5, 1e5, CHANNELS)
    return np.asarray(10 * wave / wave.std() + 8 * np.sin(2 * np.pi * 10 * t)[:, None] + offsets)


def hum(seconds: float, hertz: float, amplitude_uv: float, rate_hz: float = RATE_HZ) -> Floats:
    t = times_s(seconds, rate_hz)[:, None]
    return np.asarray(amplitude_uv * np.sin(2 * np.pi * hertz * t + np.arange(CHANNELS)))


def stretch(uv: Floats, rate_hz: float = RATE_HZ) -> float:
    return excess(uv.astype(np.float32), rate_hz)


@pytest.mark.parametrize("name", RECORDED)
def test_every_stretch_of_every_recording_tells_what_hums(name: str) -> None:
    path = RECORDINGS / name
    if not path.exists():
        pytest.skip(f"no recording at {path}")
    recording = read_recording(path)
    n, hop = round(2 * recording.rate_hz), round(recording.rate_hz)
    for person in recording.uv.astype(np.float32):
        found_db = np.array(
            [
                excess(person[at : at + n], recording.rate_hz)
                for at in range(0, len(person) - n, hop)
            ]
        )
        towards_db = found_db if RECORDED[name] == 60 else -found_db
        assert len(found_db) > 15
        assert towards_db.min() > 1.5 * DECISIVE_DB


@pytest.mark.parametrize("rate_hz", [125.0, 200.0, 250.0, 256.0, 500.0])
@pytest.mark.parametrize("hertz", [49.95, 50.0, 60.0, 60.05])
@pytest.mark.parametrize("amplitude_uv", [5.0, 50.0, 500.0, 2000.0])
def test_it_is_told_at_any_rate_and_strength(
    rate_hz: float, hertz: float, amplitude_uv: float
) -> None:
    uv = eeg(2, rate_hz=rate_hz) + hum(2, hertz, amplitude_uv, rate_hz)
    towards_db = stretch(uv, rate_hz) * (1 if hertz > 55 else -1)
    assert towards_db > 2 * DECISIVE_DB


def test_a_rate_that_is_half_a_per_cent_off_does_no_harm() -> None:
    for true_hz in (248.75, 251.25):
        uv = eeg(2.1, rate_hz=true_hz)[:500] + hum(2.1, 60, 100, true_hz)[:500]
        assert stretch(uv) > 2 * DECISIVE_DB


def spoilt(kind: str) -> Floats:
    """Two seconds with 20 µV of 60 Hz in which something else is much stronger."""
    rng = np.random.default_rng(1)
    uv, t = eeg(2) + hum(2, 60, 20), times_s(2)
    if kind == "movement":
        uv[:, :4] += 2000 * np.sin(2 * np.pi * 3 * t)[:, None]
    elif kind == "muscle":
        uv[:, :4] += rng.normal(0, 60, (len(t), 4))
    elif kind == "step":
        uv[250:, :4] += 20_000
    elif kind == "flat":
        uv[:, :6] = 0
    elif kind == "railed":
        uv[:, 0], uv[7, 1] = np.inf, -np.inf
    elif kind == "lost":
        uv[rng.random(len(uv)) < 0.05] = np.nan
    elif kind == "gone":
        uv[100:300, :4] = np.nan
    return uv


@pytest.mark.parametrize("kind", ["movement", "muscle", "step", "flat", "railed", "lost", "gone"])
def test_it_is_told_beside_what_is_stronger(kind: str) -> None:
    assert stretch(spoilt(kind)) > DECISIVE_DB


@pytest.mark.parametrize("value", [0.0, 7e4, np.nan, np.inf, -np.inf])
def test_channels_that_tell_nothing_say_nothing(value: float) -> None:
    assert np.isnan(stretch(np.full((500, CHANNELS), value)))


@given(st.integers(0, 2**32 - 1), st.floats(0, 1), st.floats(0, 2e5))
@settings(deadline=None, max_examples=50)
def test_whatever_comes_it_says_a_number_or_nothing(
    seed: int, missing: float, noise_uv: float
) -> None:
    rng = np.random.default_rng(seed)
    uv = rng.normal(0, noise_uv, (500, 3))
    uv[rng.random(uv.shape) < missing] = rng.choice([np.nan, np.inf, -np.inf])
    found_db = stretch(uv)
    assert np.isnan(found_db) or abs(found_db) < 30


def heard(uv: Floats, opinion: MainsOpinion | None = None) -> MainsOpinion:
    """An opinion of one board's samples, asked after each second."""
    opinion = opinion or MainsOpinion()
    ring, meter = Ring(2000, CHANNELS), HumMeter(RATE_HZ, list(range(CHANNELS)))
    for at in range(0, len(uv), 250):
        ring.write(at, uv[at : at + 250].astype(np.float32))
        for excess_db in meter.new_excesses(ring):
            opinion.hear(excess_db)
        if meter.heard >= FIRST_STRETCHES:
            opinion.decide()
    return opinion


def test_ten_seconds_decide() -> None:
    for hertz in (50.0, 60.0):
        uv = eeg(10) + hum(10, hertz, 20)
        assert heard(uv[:-250]).hz is None
        assert heard(uv).hz == hertz


def test_without_mains_nothing_is_found() -> None:
    """Where every channel is the same noise, as beside a bad reference, chance is greatest."""
    rng = np.random.default_rng(3)
    for _ in range(100):
        uv = np.repeat(rng.normal(0, 5, (2500, 1)), CHANNELS, axis=1)
        assert heard(uv).hz is None
    assert heard(eeg(600, seed=4)).hz is None
    clenched = eeg(60) + rng.normal(0, 60, (15_000, CHANNELS))
    assert heard(clenched).hz is None


def test_an_opinion_changes_only_when_the_evidence_lasts() -> None:
    opinion = heard(eeg(60) + hum(60, 60, 20))
    heard(eeg(20) + hum(20, 50, 2000), opinion)
    assert opinion.hz == 60
    heard(eeg(60) + hum(60, 60, 20), opinion)
    heard(eeg(90) + hum(90, 50, 20), opinion)
    assert opinion.hz == 50


def test_an_opinion_stays_when_the_hum_goes() -> None:
    opinion = heard(eeg(60) + hum(60, 60, 20))
    assert heard(eeg(600), opinion).hz == 60


def test_what_was_not_found_at_first_is_found_when_it_comes() -> None:
    opinion = heard(eeg(60))
    assert heard(eeg(60) + hum(60, 60, 20), opinion).hz == 60


def excesses(uv: Floats, cuts: list[int]) -> list[float]:
    """A meter's, of samples that come in pieces."""
    ring, meter = Ring(2000, CHANNELS), HumMeter(RATE_HZ, [0, 3])
    found = []
    for first, end in zip([0, *cuts], [*cuts, len(uv)], strict=True):
        ring.write(first, uv[first:end].astype(np.float32))
        found += meter.new_excesses(ring)
    assert meter.heard == len(found)
    return found


@given(st.sets(st.integers(1, 2999), max_size=40))
@settings(deadline=None, max_examples=30)
def test_a_meter_hears_the_same_however_the_samples_come(cuts: set[int]) -> None:
    uv = eeg(12) + hum(12, 60, 20)
    whole = [stretch(uv[at : at + 500, [0, 3]]) for at in range(0, 2501, 250)]
    pieces = sorted(cuts | set(range(1000, 3000, 1000)))  # no more than the ring holds
    assert excesses(uv, pieces) == pytest.approx(whole, abs=1e-3)


def test_a_meter_leaves_out_what_the_ring_has_lost() -> None:
    uv = eeg(20)
    assert len(excesses(uv, [])) == 7  # of the last 8 s


def test_a_meter_begins_anew_with_a_segment() -> None:
    ring, meter = Ring(2000, CHANNELS), HumMeter(RATE_HZ, [0])
    for segment in range(3):
        ring.clear()
        ring.write(0, (eeg(5) + hum(5, 60, 20)).astype(np.float32))
        assert len(meter.new_excesses(ring, segment)) == 4
        assert meter.new_excesses(ring, segment) == []
    ring.clear()
    ring.write(0, eeg(1).astype(np.float32))
    assert meter.new_excesses(ring, 3) == []
    ring.write(250, eeg(1).astype(np.float32))
    assert len(meter.new_excesses(ring, 3)) == 1


def test_a_rate_that_does_not_show_both_is_refused() -> None:
    with pytest.raises(ValueError, match="do not tell 50 from 60 Hz"):
        HumMeter(122.0, [0])
    HumMeter(125.0, [0])


def test_memory_does_not_grow() -> None:
    uv, opinion = eeg(8), MainsOpinion()
    heard(uv, opinion)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(50):
        heard(uv, opinion)
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 10_000
