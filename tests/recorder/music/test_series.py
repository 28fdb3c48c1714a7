"""Sounds whose features are known."""

from dataclasses import astuple, replace
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from recorder.music.series import MusicRow, features, newest, result_row
from recorder.music.spectra import RATE_HZ, steps

Sound = NDArray[np.float32]
SECONDS = 20


def times(seconds: float = SECONDS) -> NDArray[np.float64]:
    return np.arange(round(seconds * RATE_HZ)) / RATE_HZ


def heard(sound: NDArray[np.float64], part: int = 1024) -> list[MusicRow]:
    """Features of a sound that comes in parts, without the ends."""
    parts = np.array_split(sound.astype(np.float32), len(sound) // part)
    return features(steps(100.0, parts))[5:-5]


def clicks(at_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Short bursts of noise."""
    rng = np.random.default_rng(1)
    sound = 1e-4 * rng.standard_normal(len(times()))
    for first in (at_s * RATE_HZ).astype(int):
        burst = sound[first : first + 960]
        burst += 0.3 * rng.standard_normal(len(burst)) * np.linspace(1, 0, len(burst))
    return sound


def test_a_full_sine_of_997_hz_is_3_01_below_full_scale() -> None:
    rows = heard(np.sin(2 * np.pi * 997 * times()))
    assert [row.loudness_lufs for row in rows] == pytest.approx([-3.01] * len(rows), abs=0.02)
    assert [row.t_s for row in rows] == pytest.approx(105.5 + np.arange(len(rows)))


@pytest.mark.parametrize("pitch_hz", [220.0, 1000.0, 5000.0])
def test_the_brightness_of_a_sine_is_its_pitch(pitch_hz: float) -> None:
    rows = heard(0.3 * np.sin(2 * np.pi * pitch_hz * times()))
    assert [row.brightness_hz for row in rows] == pytest.approx([pitch_hz] * len(rows), rel=0.02)


def test_a_crescendo_grows_by_its_decibels() -> None:
    swell = 10 ** ((-40 + 1.5 * times()) / 20)
    rows = heard(swell * np.sin(2 * np.pi * 440 * times()))
    grows = np.diff([row.loudness_lufs or 0.0 for row in rows])
    np.testing.assert_allclose(grows, 1.5, atol=0.01)


@pytest.mark.parametrize("beat_s", [0.3, 0.5, 1.0])
def test_a_click_train_has_its_notes_and_a_clear_pulse(beat_s: float) -> None:
    rows = heard(clicks(np.arange(0.05, SECONDS - 0.1, beat_s)))
    assert [row.notes_per_s for row in rows] == pytest.approx([1 / beat_s] * len(rows), abs=0.25)
    assert min(row.pulse_clarity or 0.0 for row in rows) > 0.8


def test_clicks_at_random_have_notes_but_no_pulse() -> None:
    rng = np.random.default_rng(2)
    at_s = np.cumsum(rng.uniform(0.15, 0.85, 38))
    rows = heard(clicks(at_s[at_s < SECONDS - 0.1]))
    assert np.mean([row.notes_per_s or 0.0 for row in rows]) == pytest.approx(2.0, abs=0.4)
    assert max(row.pulse_clarity or 0.0 for row in rows) < 0.6


def test_silence_has_no_features() -> None:
    assert {row.loudness_lufs for row in heard(0 * times())} == {None}
    assert {row.pulse_clarity for row in heard(0 * times())} == {None}


def test_the_parts_a_sound_comes_in_make_no_difference() -> None:
    sound = clicks(np.arange(0.05, SECONDS - 0.1, 0.5))
    whole, little = heard(sound, len(sound)), heard(sound, 777)
    for one, other in zip(whole, little, strict=True):
        assert astuple(one) == pytest.approx(astuple(other), rel=1e-9)


def test_chapters_are_joined_and_of_one_time_the_newest_counts() -> None:
    rows = heard(clicks(np.arange(0.05, SECONDS - 0.1, 0.5)))
    later = [replace(it, t_s=it.t_s + 100) for it in rows]
    both = [result_row(it, {"sha256": str(k)}, "1", k) for k, it in enumerate((later, rows))]
    assert newest(both) == (*rows, *later)
    other = [replace(it, notes_per_s=9.0) for it in rows[:2]]
    assert newest([*both, result_row(other, {"sha256": "z"}, "1", 9)])[:3] == (*other, rows[2])


def test_the_notes_keep_it() -> None:
    rows = heard(clicks(np.arange(0.05, SECONDS - 0.1, 0.5)))
    kept = result_row(rows, {"file": "a.wav"}, "1", 5)
    assert newest([result_row(rows[:2], {}, "1", 4), kept]) == tuple(rows)
    assert all(earlier.t_s < later.t_s for earlier, later in pairwise(newest([kept])))
