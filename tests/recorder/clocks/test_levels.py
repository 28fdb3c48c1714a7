import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.clocks.levels import are_opposite
from recorder.clocks.matching import Moment

MS = 1_000_000
START_NS = 10**15


def train(seed: int = 3, pulses: int = 12, *, lost: float = 0.0) -> list[Moment]:
    """Pulses of 20 to 50 ms, one every 0.5 to 1.5 s, as our own train has them."""
    rng = np.random.default_rng(seed)
    rises = START_NS + np.cumsum(rng.uniform(500, 1500, pulses) * MS).astype(np.int64)
    widths = (rng.uniform(20, 50, pulses) * MS).astype(np.int64)
    kept = rng.uniform(size=pulses) >= lost
    edges = np.stack([rises, rises + widths], 1)[kept]
    return [(int(t_ns), level) for pair in edges for t_ns, level in zip(pair, (1, 0), strict=True)]


def strobe(rate_hz: float, high: float, pulses: int = 100) -> list[Moment]:
    period_ns = 1e9 / rate_hz
    moments: list[Moment] = []
    for n in range(pulses):
        rise_ns = START_NS + round(n * period_ns)
        moments += [(rise_ns, 1), (rise_ns + round(high * period_ns), 0)]
    return moments


def late(edges: list[Moment], by_ms: float) -> list[Moment]:
    return [(t_ns + round(by_ms * MS), level) for t_ns, level in edges]


def turned(edges: list[Moment]) -> list[Moment]:
    return [(t_ns, 1 - level) for t_ns, level in edges]


SHAPES = {
    "train": train(),
    "strobe of 5 ms, 30 Hz": strobe(30, 0.15),
    "long strobe, 30 Hz": strobe(30, 0.85),
    "square, 1 Hz": strobe(1, 0.5, 20),
    "square, 5 Hz": strobe(5, 0.5),
    "flash of 1 ms, 2 Hz": strobe(2, 0.002, 20),
}


@pytest.mark.parametrize("by_ms", [-12, -5, 0, 5, 12])
@pytest.mark.parametrize("name", SHAPES)
def test_a_path_that_is_the_wrong_way_round_is_told_from_one_that_is_late(
    name: str, by_ms: float
) -> None:
    mine = SHAPES[name]
    for pulses in (1, 5):
        assert not are_opposite(mine, late(mine, by_ms), pulses)
        assert are_opposite(mine, turned(late(mine, by_ms)), pulses)
        assert are_opposite(turned(mine), late(mine, by_ms), pulses)
        assert not are_opposite(turned(mine), turned(late(mine, by_ms)), pulses)


@given(st.integers(0, 2**32), st.floats(-15, 15), st.floats(0, 0.4))
def test_lost_pulses_do_not_turn_a_path(seed: int, by_ms: float, lost: float) -> None:
    mine, other = train(seed), late(train(seed, lost=lost), by_ms)
    assert not are_opposite(mine, other)
    if len(other) >= 4:
        assert are_opposite(mine, turned(other))


def test_the_first_pulse_already_shows_it() -> None:
    mine = train(pulses=1)
    assert are_opposite(mine, turned(late(mine, 3)))
    assert not are_opposite(mine, turned(late(mine, 3)), 5)
    assert not are_opposite(mine, late(mine, 3))


def test_a_strobe_of_60_hz_that_is_half_a_period_late_is_not_taken_for_one() -> None:
    mine = strobe(60, 0.5)
    assert not are_opposite(mine, late(mine, 1000 / 120))


def test_what_was_put_right_is_right_after_twenty_seconds() -> None:
    mine = train(pulses=60)
    half = len(mine) // 2
    other = [*turned(mine[:half]), *mine[half:]]
    assert are_opposite(mine[:half], other[:half])
    assert not are_opposite(mine, other)


@pytest.mark.parametrize(
    "other", [[], [(START_NS, 1)], [(START_NS + n * 10**9, 1) for n in range(9)]]
)
def test_a_path_that_only_rises_tells_nothing(other: list[Moment]) -> None:
    assert not are_opposite(train(), other)
    assert not are_opposite(other, turned(train()))


def test_other_pulses_are_not_opposite() -> None:
    assert not are_opposite(train(1), train(2), 5)
