from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.board import MISSING_COUNT, Block, GapCause
from recorder.settings.board import DEFAULT_CHANNELS
from recorder.wearers.lane import Lane, bands_of_each, find_flaws
from tests.recorder.scripted_board import BATCH, INFO, Air, Signal, Timed, eeg
from tests.recorder.session_files import START_NS

SECOND_NS = 1_000_000_000


def lane(labels: tuple[str, ...] = DEFAULT_CHANNELS) -> Lane:
    return Lane(INFO, labels, mains_hz=50.0)


def filled(order: Sequence[int], signal: Signal | None = None) -> Lane:
    one = lane()
    feed(one, Air(signal or eeg(1)).stretch(START_NS, order))
    return one


def clean(one: Lane, *seconds: float) -> NDArray[np.bool_]:
    """Which channels were good in the second before each of these, (seconds, channels)."""
    times_ns = np.array([START_NS + round(s * SECOND_NS) for s in seconds])
    good: NDArray[np.bool_] = find_flaws([one], times_ns)[0] == 0
    return good


def feed(one: Lane, events: Iterable[Timed]) -> None:
    for _, event in events:
        if isinstance(event, Block):
            one.take(event)


def spiked(signal: Signal, begin_s: float) -> Signal:
    """A second of 1 mV in the first channel."""

    def uv(t_s: NDArray[np.float64]) -> NDArray[np.float64]:
        moved = signal(t_s)
        during = (t_s >= begin_s) & (t_s < begin_s + 1.0)
        moved[during, 0] += 1000 * np.sin(2 * np.pi * 3 * t_s[during])
        return moved

    return uv


def test_history_is_in_microvolts() -> None:
    one = filled(range(500))
    expected = eeg(1)(np.arange(400, 500) / 250.0)
    np.testing.assert_allclose(one.ring.view(400, 100), expected, atol=0.03)


def test_only_the_channels_of_the_montage_are_kept() -> None:
    one = lane(("F3", "F4"))
    feed(one, Air().stretch(START_NS, range(300)))
    assert one.ring.view(0, 300).shape == (300, 2)
    assert clean(one, 1.0).shape == (1, 2)


def test_a_railed_sample_is_known_as_railed() -> None:
    def railed(t_s: NDArray[np.float64]) -> NDArray[np.float64]:
        uv = eeg(1)(t_s)
        uv[:, 2] = 1e9
        return uv

    one = filled(range(500), railed)
    assert [str(state) for state in one.quality().state] == [
        "railed" if place == 2 else "good" for place in range(8)
    ]


def test_before_the_first_sample_nothing_is_known_and_nothing_fails() -> None:
    one = lane()
    times_ns = START_NS + np.arange(10) * 25_000_000
    z, lost = one.bands(times_ns)
    assert np.isnan(z).all()
    assert (z.shape, lost.shape) == ((3, 8, 10), (8, 10))
    assert not lost.any()
    assert not one.reaches(START_NS)
    assert not clean(one, 0.0).any()
    assert {str(state) for state in one.quality().state} == {"no data"}


WHOLE = range(750)
HOLED = [k for k in WHOLE if k not in (300, 301, 420) and not 500 <= k < 520]


@pytest.mark.parametrize("orders", [(WHOLE, WHOLE), (WHOLE, HOLED), (HOLED, range(700))])
def test_bands_of_both_at_once_are_those_of_each_alone_bit_for_bit(
    orders: tuple[Sequence[int], Sequence[int]],
) -> None:
    both = [filled(order, eeg(seed)) for seed, order in enumerate(orders)]
    times_ns = START_NS + np.arange(1_000_000_000, 2_000_000_000, 25_000_000)
    for one, (z, lost) in zip(both, bands_of_each(both, times_ns), strict=True):
        alone = one.bands(times_ns)
        np.testing.assert_array_equal(z, alone[0])
        np.testing.assert_array_equal(lost, alone[1])


def test_bands_of_boards_that_differ_are_those_of_each() -> None:
    both = [filled(range(500)), lane(("F3", "F4"))]
    times_ns = START_NS + np.array([1_500_000_000])
    (known, _), (unknown, _) = bands_of_each(both, times_ns)
    np.testing.assert_array_equal(known, both[0].bands(times_ns)[0])
    assert unknown.shape == (3, 2, 1)
    assert np.isnan(unknown).all()


def test_it_reaches_what_its_filter_can_compute() -> None:
    one = filled(range(1000))
    newest_ns = one.clock.time_ns(999)
    delay_ns = round(one.filter.delay_s * SECOND_NS)
    assert one.reaches(newest_ns - delay_ns - 8_000_000)
    assert not one.reaches(newest_ns - delay_ns + 8_000_000)
    times_ns = np.array([newest_ns - delay_ns - 8_000_000, newest_ns])
    known = np.isfinite(one.bands(times_ns)[0]).all(axis=(0, 1))
    assert known.tolist() == [True, False]


def test_lost_samples_are_missing_and_late_ones_fill_them() -> None:
    one = filled([*range(500), *range(510, 520), 503, *range(520, 800)])
    missing = np.isnan(one.ring.view(500, 10)).all(axis=1)
    assert missing.tolist() == [place != 3 for place in range(10)]


def test_a_new_segment_begins_with_an_empty_history_and_keeps_the_rate() -> None:
    one = lane()
    air = Air(rate_hz=250.4)
    feed(one, air.stretch(START_NS, range(250 * 30)))
    known = one.clock.fit
    feed(one, air.stretch(START_NS + 40 * SECOND_NS, range(50)))
    assert (one.segment, one.ring.newest) == (1, 49)
    assert np.isnan(one.ring.view(-50, 50)).all()
    assert known is not None
    assert one.clock.fit is not None
    assert known.rate_hz == pytest.approx(250.4, abs=0.02)
    assert one.clock.fit.rate_hz == pytest.approx(known.rate_hz)


def test_the_clock_finds_the_rate_and_its_time() -> None:
    one = lane()
    feed(one, Air(rate_hz=249.6).stretch(START_NS, range(250 * 60)))
    fit = one.clock.fit
    assert fit is not None
    assert fit.rate_hz == pytest.approx(249.6, abs=0.02)
    sampled_ns = START_NS + round(10_000 / 249.6 * 1e9)
    assert one.clock.time_ns(10_000) == pytest.approx(sampled_ns, abs=20e6)


def test_every_knot_is_handed_out_once_with_its_segment() -> None:
    one = lane()
    air = Air()
    feed(one, air.stretch(START_NS, range(250 * 5)))
    feed(one, air.stretch(START_NS + 10 * SECOND_NS, range(250 * 3)))
    fits = one.take_fits()
    assert one.take_fits() == []
    assert [segment for segment, _ in fits] == sorted(segment for segment, _ in fits)
    assert {segment for segment, _ in fits} == {0, 1}
    places = [(segment, fit.index) for segment, fit in fits]
    assert places == sorted(set(places))
    assert len(places) == pytest.approx(8, abs=1)


def test_contact_is_judged_in_the_second_that_is_asked_for() -> None:
    one = filled(range(250 * 8), spiked(eeg(1), 3.0))
    assert [bool(clean(one, s)[0, 0]) for s in (2, 4, 6)] == [True, False, True]
    assert clean(one, 4)[0, 1:].all()


def test_seconds_that_overlap_are_judged_each_on_its_own() -> None:
    one = filled(range(250 * 8), spiked(eeg(1), 3.0))
    seconds = np.arange(2.0, 3.6, 0.25)
    together = clean(one, *seconds)
    assert together[:, 0].any()
    assert not together[:, 0].all()
    np.testing.assert_array_equal(together, np.concatenate([clean(one, s) for s in seconds]))


def test_contact_of_a_silent_board_is_that_of_its_last_second() -> None:
    air = Air(spiked(eeg(1), 3.0))
    one = lane()
    air.begin(START_NS, GapCause.RESTART)
    feed(one, air.go_on(START_NS, range(250 * 4)))
    assert not clean(one, 60, 60.25)[:, 0].any()


@pytest.mark.parametrize("seconds", [1, 20])
def test_what_had_waited_while_the_host_stood_still_does_not_move_the_clock(seconds: int) -> None:
    """Pauses in a row, all that is read seconds late; its samples are in the history."""
    events = Air().stretch(START_NS, range(250 * (seconds + 10)))
    one, plain = lane(), lane()
    for at, (_, block) in enumerate(events):
        if not isinstance(block, Block):
            continue
        waited = seconds <= at * BATCH / 250 < seconds + 5
        late_ns = block.arrival_ns + (3 * SECOND_NS if waited else 0)
        one.take(replace(block, arrival_ns=late_ns, is_backlog=waited))
        if not waited:
            plain.take(block)
    index = np.arange(0, 250 * (seconds + 9), 50)
    assert one.clock.relocks == 0
    assert one.ring.newest == 250 * (seconds + 10) - 1
    assert not np.isnan(one.ring.view(one.ring.newest - 999, 1000)).any()
    np.testing.assert_array_equal(one.clock.time_ns(index), plain.clock.time_ns(index))


def test_mains_are_kept_out_of_a_judgement_as_soon_as_they_are_known() -> None:
    def humming(t_s: np.ndarray) -> np.ndarray:
        return np.asarray(eeg(1)(t_s) + 300 * np.sin(2 * np.pi * 60 * t_s)[:, None])

    one = filled(range(250 * 4), humming)
    assert not clean(one, 2).any()
    for mains_hz, sure, is_clean in ((50.0, False, True), (60.0, True, True), (50.0, True, False)):
        one.expect_mains(mains_hz, sure=sure)
        assert one.mains_hz == mains_hz
        assert clean(one, 2).all() == is_clean
        assert {str(state) for state in one.quality().state} == {"good" if is_clean else "noisy"}


def test_a_board_that_does_not_show_the_mains_that_were_found_is_judged_as_before() -> None:
    one = Lane(replace(INFO, rate_hz=110.0), DEFAULT_CHANNELS, mains_hz=50.0)
    feed(one, Air(rate_hz=110.0).stretch(START_NS, range(440)))
    one.expect_mains(60.0, sure=True)
    assert one.mains_hz == 50.0
    assert {str(state) for state in one.quality().state} == {"good"}


def test_half_a_sample_is_missing_in_its_own_channels_only() -> None:
    one = lane()
    for _, event in Air().stretch(START_NS, range(100)):
        if isinstance(event, Block):
            counts = event.counts.copy()
            counts[:, 5:] = MISSING_COUNT
            one.take(replace(event, counts=counts))
    present = np.isfinite(one.ring.view(0, 100)).all(axis=0)
    assert present.tolist() == [True] * 5 + [False] * 3


def test_channels_that_the_board_has_later_are_read_later() -> None:
    delay_s = (0.002,) * 4 + (0.006,) * 4

    def late(t_s: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.stack([20 * np.sin(2 * np.pi * 10 * (t_s - d)) for d in delay_s], axis=1)

    one = Lane(replace(INFO, channel_delay_s=delay_s), DEFAULT_CHANNELS, mains_hz=50.0)
    feed(one, Air(late).stretch(START_NS, range(1000)))
    times_ns = START_NS + 2 * SECOND_NS + np.arange(10) * 25_000_000
    z = one.bands(times_ns)[0][1]
    np.testing.assert_allclose(z, np.broadcast_to(z[:1], z.shape), atol=0.05)
    plain = lane()
    feed(plain, Air(late).stretch(START_NS, range(1000)))
    plainly = plain.bands(times_ns)[0][1]
    apart = np.angle(plainly[0] / plainly[7])
    np.testing.assert_allclose(np.degrees(apart), 360 * 10 * 0.004, atol=0.5)


def test_a_hop_waits_for_the_channels_that_come_last() -> None:
    plain, late = lane(), Lane(replace(INFO, channel_delay_s=(0.1,) * 8), DEFAULT_CHANNELS, 50.0)
    for one in (plain, late):
        feed(one, Air().stretch(START_NS, range(500)))
    fit = plain.clock.fit
    assert fit is not None
    last_ns = plain.clock.time_ns(499.0 - plain.filter.reach)
    assert plain.reaches(last_ns)
    assert not late.reaches(last_ns)


def test_a_hundredth_lost_does_not_change_what_is_called_a_blink() -> None:
    """Lids of 84 µV, just beyond the limit, beside 0.3 mV of mains, as they pass the second."""
    ends_s = np.arange(3.5, 9, 0.05)

    def lids(t_s: NDArray[np.float64]) -> NDArray[np.float64]:
        since_s = t_s % 2.0
        lid = 84 * np.sin(np.pi * since_s / 0.3) ** 2 * (since_s < 0.3)
        mains = 300 * np.sin(2 * np.pi * 50 * t_s)
        return np.asarray(eeg(1)(t_s) + (lid + mains)[:, None])

    whole = filled(range(2500), lids)
    expected = np.concatenate([clean(whole, end_s) for end_s in ends_s])
    assert 0.2 < expected.mean() < 0.95
    for seed in range(3):
        there = np.random.default_rng(seed).random(2500) > 0.01
        holed = filled(np.flatnonzero(there).tolist(), lids)
        found = np.concatenate([clean(holed, end_s) for end_s in ends_s])
        assert (found != expected).mean() < 0.004
