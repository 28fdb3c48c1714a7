"""What cameras make: each kind with a known truth, without a video in between."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.pulsetrain import NotFound
from recorder.align.picture import where
from recorder.align.search import LIGHT, Aligned, align
from tests.recorder.align.rendered import Scene, lit, stretches, train

Times = NDArray[np.float64]
TRAIN = train()
SCENE = Scene(seconds=60.0, fps=30)


def times(scene: Scene) -> Times:
    return np.arange(round(scene.seconds * scene.fps)) / scene.fps


def worst_error_s(found: Aligned | NotFound, true_s: Callable[[Times], Times]) -> float:
    """At the begin and the end of each piece, on the session's clock."""
    assert isinstance(found, Aligned), found
    errors = []
    for piece in found.pieces:
        ends = np.array([piece.begin_s, piece.end_s])
        errors += [*(piece.to_known(ends) - true_s(ends))]
    return float(np.abs(errors).max())


@pytest.mark.parametrize("fps", [15, 30, 60, 240])
@pytest.mark.parametrize("exposure", [0.1, 0.5, 1.0])
def test_a_minute_is_aligned_within_3_ms(fps: int, exposure: float) -> None:
    scene = replace(SCENE, fps=fps, exposure=exposure, seconds=30.0 if fps == 240 else 60.0)
    found = align(TRAIN, stretches(times(scene), lit(scene, TRAIN)), LIGHT)
    assert worst_error_s(found, scene.session_s) < 0.003
    assert isinstance(found, Aligned)
    [piece] = found.pieces
    assert piece.begin_s == 0.0
    assert piece.end_s == pytest.approx(scene.seconds, abs=1e-6)
    assert 0.8 * piece.seen <= piece.matched <= piece.seen


def test_ten_minutes_are_aligned_within_2_ms_and_5_ppm() -> None:
    scene = replace(SCENE, seconds=600.0)
    found = align(TRAIN, stretches(times(scene), lit(scene, TRAIN)), LIGHT)
    assert worst_error_s(found, scene.session_s) < 0.002
    assert isinstance(found, Aligned)
    assert found.pieces[0].drift_ppm == pytest.approx(scene.drift_ppm, abs=5)
    across, down = where(found.cell)
    assert (across, down) == pytest.approx(where(700), abs=0.03)


@pytest.mark.parametrize("losts", [[(40, 6)], [(40, 15)], [(50, 1)], [(25, 1), (60, 6)]], ids=str)
def test_where_frames_were_lost_the_mapping_is_in_pieces(losts: list[tuple[int, int]]) -> None:
    scene = replace(SCENE, seconds=90.0)
    true_s = times(scene)
    for at_s, frames in reversed(losts):
        true_s = np.delete(true_s, slice(at_s * scene.fps, at_s * scene.fps + frames))
    told_s = times(scene)[: len(true_s)]
    found = align(TRAIN, stretches(told_s, lit(scene, TRAIN, true_s)), LIGHT)

    def session_s(video_s: Times) -> Times:
        frame = np.searchsorted(told_s, video_s + 1e-6) - 1
        return scene.session_s(true_s[frame] + video_s - told_s[frame])

    assert worst_error_s(found, session_s) < 0.003
    assert isinstance(found, Aligned)
    assert len(found.pieces) == len(losts) + 1
    for before, after in zip(found.pieces, found.pieces[1:], strict=False):
        assert before.end_s < after.begin_s < before.end_s + 5


@pytest.mark.parametrize("ppm", [1001.0, -500.0, 5700.0, 41_700.0, -41_700.0])
def test_a_rate_that_is_told_wrongly_is_found(ppm: float) -> None:
    true_s = times(SCENE) * (1 + ppm * 1e-6)
    found = align(TRAIN, stretches(times(SCENE), lit(SCENE, TRAIN, true_s)), LIGHT)
    assert worst_error_s(found, lambda it: SCENE.session_s(it * (1 + ppm * 1e-6))) < 0.003


@pytest.mark.parametrize(("from_s", "to_s"), [(73, 100), (0, 27), (40, 66)])
def test_a_short_overlap_with_a_long_video_is_found(from_s: int, to_s: int) -> None:
    scene = replace(SCENE, seconds=100.0)
    shown = lit(scene, TRAIN) * ((times(scene) > from_s) & (times(scene) < to_s))
    found = align(TRAIN, stretches(times(scene), shown), LIGHT)
    assert worst_error_s(found, scene.session_s) < 0.005
    assert isinstance(found, Aligned)
    [piece] = found.pieces
    assert piece.seen == pytest.approx(to_s - from_s, abs=4)
    assert (piece.begin_s, piece.end_s) == pytest.approx((from_s, to_s), abs=2)


@pytest.mark.parametrize(("mains_hz", "fps", "depth"), [(100, 24, 0.25), (120, 25, 0.4)])
def test_room_light_that_flickers_does_not_hide_the_light(
    mains_hz: int, fps: int, depth: float
) -> None:
    scene = replace(SCENE, fps=fps, exposure=0.1)

    def flicker(t_s: Times, row: Times) -> Times:
        bands: Times = 1 + depth * np.sin(2 * np.pi * (mains_hz * t_s + 1.2 * row))
        return bands

    found = align(TRAIN, stretches(times(scene), lit(scene, TRAIN), flicker), LIGHT)
    assert worst_error_s(found, scene.session_s) < 0.004


def test_an_exposure_that_pumps_moves_nothing() -> None:
    def pumps(t_s: Times, row: Times) -> Times:
        gain: Times = 1 + 0.3 * np.sin(2 * np.pi * 0.3 * t_s) + 0 * row
        return gain

    found = align(TRAIN, stretches(times(SCENE), lit(SCENE, TRAIN), pumps), LIGHT)
    assert worst_error_s(found, SCENE.session_s) < 0.003


@pytest.mark.parametrize("seed", [99, 100])
def test_another_sessions_train_is_refused(seed: int) -> None:
    found = align(TRAIN, stretches(times(SCENE), lit(SCENE, train(seed))), LIGHT)
    assert isinstance(found, NotFound)
    assert "chance" in found.reason


def test_a_dark_video_is_refused() -> None:
    found = align(TRAIN, stretches(times(SCENE), 0 * times(SCENE)), LIGHT)
    assert isinstance(found, NotFound)
