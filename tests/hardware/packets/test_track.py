"""Counter and milliseconds together tell a board's packets, and how many lie between them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.packets.track import Heard, Track

S = 1_000_000_000
rates = st.floats(250 * 0.988, 250 * 1.012)


def sent(number: list[int], rate_hz: float = 250.0, born_ms: int = 0, way_ms: int = 7) -> Heard:
    """Packets as they come, of samples taken at exact instants."""
    taken_ms = np.array(number) * (1e3 / rate_hz)
    ms = (np.floor(taken_ms).astype(np.int64) + born_ms + 2**31) % 2**32 - 2**31
    arrival_ns = ((taken_ms + way_ms) * 1e6).astype(np.int64)
    return Heard(np.array(number) % 256, ms.astype(np.int32), arrival_ns)


def followed(seconds: float, rate_hz: float, born_ms: int = 0) -> tuple[Track, int]:
    """The track of a board after so long, and the number of its newest packet."""
    numbers = [*range(0, max(int(seconds * rate_hz), 2), 25)]
    heard = sent(numbers, rate_hz, born_ms)
    track = Track(heard, 0, 250.0, 256)
    for at in range(1, len(numbers)):
        track.move(heard, at, 25)
    return track, numbers[-1]


@given(rates, st.integers(0, 2**32 - 1), st.integers(1, 60 * 250))
def test_any_gap_of_a_minute_is_known_to_the_sample(rate_hz: float, born: int, gap: int) -> None:
    track, newest = followed(12.0, rate_hz, born)
    steps = track.look(sent([newest + gap, newest + gap + 1], rate_hz, born))
    assert steps.ahead.tolist() == [gap, gap + 1]
    assert steps.fits.all()


@given(rates, st.integers(1, 250 * 5))
def test_soon_after_the_start_a_gap_is_known_or_said_not_to_be(rate_hz: float, gap: int) -> None:
    track, newest = followed(0.3, rate_hz)
    steps = track.look(sent([newest + gap], rate_hz))
    assert steps.ahead.tolist() == [gap] or not steps.fits[0]
    assert steps.fits[0] or gap > 250


def test_late_packets_lie_behind() -> None:
    track, newest = followed(3.0, 250.0)
    steps = track.look(sent([newest - 3, newest, newest - 100]))
    assert steps.ahead.tolist() == [-3, 0, -100]
    assert steps.fits.all()


@given(st.integers(12, 1024 - 12))
def test_a_packet_whose_milliseconds_are_not_those_of_its_counter_does_not_fit(off_ms: int) -> None:
    track, newest = followed(3.0, 250.0)
    other = sent([newest + 1], born_ms=off_ms - 2 * 1024)
    assert not track.look(other).fits[0]


@pytest.mark.parametrize(("early_ms", "fits"), [(0, True), (1024, False), (2048, False)])
def test_no_packet_comes_earlier_than_its_time(early_ms: int, fits: bool) -> None:
    """Counter and milliseconds agree, but the host's clock has not come so far."""
    track, newest = followed(3.0, 250.0)
    packet = sent([newest + 1 + early_ms // 4], way_ms=7 - early_ms)
    assert track.look(packet).fits.tolist() == [fits]


@given(rates)
def test_the_usual_case_is_told_quickly_and_rightly(rate_hz: float) -> None:
    track, newest = followed(5.0, rate_hz)
    usual = list(range(newest + 1, newest + 26))
    assert track.goes_on(sent(usual, rate_hz))
    assert track.goes_on(sent(list(range(newest + 1, newest + 150)), rate_hz))
    for other in (usual[1:], usual[:9] + usual[10:], usual[::-1], [*usual, usual[-1]]):
        assert not track.goes_on(sent(other, rate_hz))
    assert not track.goes_on(sent(usual, rate_hz, born_ms=20))


def test_a_board_that_stamps_some_packets_at_a_time_when_it_sends_them_is_one_board() -> None:
    track, newest = followed(5.0, 250.0)
    heard = sent(list(range(newest + 1, newest + 26)))
    sent_as = [11] * 12 + [24] * 13  # two pieces: of 44 and of 48 ms
    late = Heard(heard.counters, heard.ms[sent_as], heard.arrival_ns[sent_as])
    track.learn_stamping(late)
    assert track.look(late).fits.all()


@pytest.mark.parametrize("off_ms", [-90, -20, 20, 90])
def test_a_stamp_that_is_off_by_itself_is_not_the_boards(off_ms: int) -> None:
    for place in (0, 11, 24):
        track, newest = followed(5.0, 250.0)
        heard = sent(list(range(newest + 1, newest + 26)))
        heard.ms[place] += off_ms
        track.learn_stamping(heard)
        assert track.look(heard).fits.tolist() == [at != place for at in range(25)]


def test_the_period_is_measured_by_the_boards_own_clock() -> None:
    track, _ = followed(200.0, 251.3)
    assert track.period_ms == pytest.approx(1e3 / 251.3, rel=5e-5)


def test_a_board_that_missed_a_sample_is_still_the_same() -> None:
    """The converter was read late once: from then on the milliseconds are one sample ahead."""
    track, newest = followed(3.0, 250.0)
    assert track.goes_on(sent([newest + 1], born_ms=4))
