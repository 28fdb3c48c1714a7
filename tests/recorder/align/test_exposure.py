from dataclasses import replace

import numpy as np
import pytest

from recorder.align.exposure import fit_exposure, near_pulses
from tests.recorder.align.rendered import Scene, lit, train


@pytest.mark.parametrize("full_at", [0.1, 0.5, 1.0], ids=["overexposed", "bright", "dim"])
@pytest.mark.parametrize("exposure", [0.0, 0.25, 0.5, 1.0])
def test_exposure_and_its_beginning_are_found(exposure: float, full_at: float) -> None:
    scene = replace(Scene(), seconds=90.0, exposure=exposure)
    rng = np.random.default_rng(3)
    bright = np.minimum(1.0, lit(scene, train()) / full_at)
    bright += rng.normal(0, 0.05, len(bright))
    middle_of_exposure_s = exposure / scene.fps / 2
    guess_s = scene.session_s(np.arange(len(bright)) / scene.fps) + middle_of_exposure_s
    near = near_pulses(guess_s, bright, (train().rise_s, train().fall_s))
    found = fit_exposure(near, 1 / scene.fps)
    assert found.delay_s == pytest.approx(-middle_of_exposure_s, abs=0.0025)
    assert found.exposure_s == pytest.approx(exposure / scene.fps, abs=0.005)
    assert abs(found.tilt) * scene.seconds / 2 < 0.003
