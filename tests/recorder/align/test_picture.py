"""Places of a picture: a light in any row of any height is in one of them."""

import numpy as np
import pytest

from recorder.align.picture import ACROSS, DOWN, places, where


@pytest.mark.parametrize("height", [30, 31, 45, 59, 90, 97])
def test_a_light_in_any_row_is_the_brightest_spot_of_a_place_that_has_it(height: int) -> None:
    for row in range(height):
        grey = np.full((height, 80), 10, np.uint8)
        grey[row, 41] = 200
        spots, means = places(grey).reshape(2, DOWN * ACROSS)
        cell = int(spots.argmax())
        assert spots[cell] == 200
        assert means[cell] > 10
        assert where(cell)[1] * height == pytest.approx(row + 0.5, abs=height / 30 + 1.5)


def test_a_mean_is_that_of_the_place() -> None:
    grey = np.arange(90 * 160, dtype=np.uint32).reshape(90, 160).astype(np.uint8)
    _, means = places(grey).reshape(2, DOWN, ACROSS)
    assert means[3, 5] == pytest.approx(grey[9:15, 20:28].mean())
