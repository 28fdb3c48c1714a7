"""The tap test is never wrong, and mostly right; `python -m tests.taps` has 200 pairs."""

import numpy as np

from tests.taps.__main__ import counted
from tests.taps.pairs import pair

PAIRS = 30


def test_it_is_right_or_not_sure() -> None:
    told = counted(7, PAIRS)
    assert told["wrong"] == 0
    assert told["right"] >= 0.95 * PAIRS


def test_pairs_differ_in_who_is_tapped() -> None:
    tapped = {pair(np.random.default_rng([7, number])).whose for number in range(PAIRS)}
    assert tapped >= {0, 1}
