"""Rendered videos whose place in the session is known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dsp.pulsetrain import NotFound
from recorder.align.media import open_media
from recorder.align.picture import picture, where
from recorder.align.search import LIGHT, Aligned, align
from recorder.progress import no_progress
from tests.recorder.align.rendered import Scene, lit, train, video

pytest.importorskip("av", reason="PyAV is not installed")

TRAIN = train()
SCENE = Scene()


def aligned(path: Path) -> Aligned | NotFound:
    with open_media(path) as media:
        return align(TRAIN, picture(media, no_progress), LIGHT)


def worst_error_ms(found: Aligned | NotFound, scene: Scene) -> float:
    """At the beginning, in the middle and at the end of the video."""
    assert isinstance(found, Aligned), found
    [piece] = found.pieces
    video_s = np.linspace(0, scene.seconds, 3)
    error_s = piece.to_known(video_s) - scene.session_s(video_s)
    return 1e3 * float(np.abs(error_s).max())


@pytest.mark.parametrize(
    "scene",
    [
        SCENE,
        replace(
            SCENE, exposure=0.0, begin_s=77.777, light=70.0, person=True, flicker=0.05, seed=22
        ),
    ],
    ids=["shaking", "short exposure, dim, person, flicker"],
)
def test_a_video_is_aligned_within_5_ms(scene: Scene, tmp_path: Path) -> None:
    found = aligned(video(tmp_path / "bedside.mp4", scene, TRAIN))
    assert worst_error_ms(found, scene) < 5
    assert isinstance(found, Aligned)
    [piece] = found.pieces
    # with a short exposure, a pulse can fall between two frames
    visible = np.count_nonzero(np.diff((lit(scene, TRAIN) > 0.3).astype(int)) == 1)
    assert piece.matched >= 0.7 * visible
    assert piece.false_alarm < 1e-6
    assert found.exposure_s == pytest.approx(scene.exposure / scene.fps, abs=0.25 / scene.fps)
    across, down = where(found.cell)
    assert across == pytest.approx(scene.at[1] / 320, abs=0.06)
    assert down == pytest.approx(scene.at[0] / 240, abs=0.07)


def test_a_video_without_the_train_is_refused(tmp_path: Path) -> None:
    scene = replace(SCENE, seconds=40, light=0.0, person=True, flicker=0.05, seed=23)
    found = aligned(video(tmp_path / "bedside.mp4", scene, TRAIN))
    assert isinstance(found, NotFound)
    assert "chance" in found.reason
