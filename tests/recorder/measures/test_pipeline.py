import tracemalloc

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.synchrony import KINDS
from recorder.measures.pipeline import LATENESS_NS
from recorder.settings.board import DEFAULT_CHANNELS
from recorder.settings.measures import MeasureSettings
from tests.recorder.measures.dyad import SECOND_NS, Dyad, blocks_of
from tests.recorder.scripted_board import Signal, eeg
from tests.recorder.session_files import START_NS

ALPHA = {"F3": 10.0, "F4": 10.0, "O1": 10.0}


def with_burst(signal: Signal, begin_s: float, channel: int) -> Signal:
    """0.6 s of movement in one channel."""

    def uv(t_s: NDArray[np.float64]) -> NDArray[np.float64]:
        moved = signal(t_s)
        during = (t_s >= begin_s) & (t_s < begin_s + 0.6)
        moved[during, channel] += 500 * np.sin(2 * np.pi * 9 * t_s[during])
        return moved

    return uv


def test_values_are_those_of_their_definitions() -> None:
    """Only F4 of the therapist has strong alpha; both share alpha at O1, theta at P4, no more."""
    patient = with_tone(eeg(1, ALPHA), "P4", 6.0)
    therapist = with_tone(eeg(2, ALPHA | {"F4": 60.0}), "P4", 6.0)
    dyad = Dyad(patient, therapist)
    dyad.go_on(0, 32)
    assert dyad.value("faa", "patient", "F4-F3") == pytest.approx(0.0, abs=0.2)
    assert dyad.value("faa", "therapist", "F4-F3") == pytest.approx(2 * np.log(6), abs=0.2)
    plv = {
        (place, band): dyad.value("plv", "both", f"{place}-{place}", band)
        for place in ("O1", "P4", "O2")
        for band in ("theta", "alpha", "beta")
    }
    shared = {("O1", "alpha"), ("P4", "theta")}
    assert min(plv[one] for one in shared) > 0.9
    assert max(plv[place, band] for place, band in plv if (place, band) not in shared) < 0.75
    aec = {place: dyad.value("aec", "both", f"{place}-{place}") for place in ("O1", "O2")}
    assert max(aec.values()) < 0.6  # the amplitudes have nothing in common


def with_tone(signal: Signal, label: str, hz: float) -> Signal:
    def uv(t_s: NDArray[np.float64]) -> NDArray[np.float64]:
        toned = signal(t_s)
        toned[:, DEFAULT_CHANNELS.index(label)] += 10 * np.sin(2 * np.pi * hz * t_s)
        return toned

    return uv


def test_delta_is_measured_when_asked_for() -> None:
    """Both share 2 Hz at P4 and nothing else; a minute is its window."""
    patient, therapist = (with_tone(eeg(seed), "P4", 2.0) for seed in (1, 2))
    dyad = Dyad(patient, therapist, MeasureSettings(delta=True))
    dyad.go_on(0, 64)
    plv = [dyad.value("plv", "both", f"{place}-{place}", "delta") for place in ("P4", "P3", "O2")]
    assert plv[0] > 0.9
    assert max(plv[1:]) < 0.5


def test_a_persons_own_alpha_is_looked_for_at_its_own_peak() -> None:
    """A rhythm of 6.5 Hz at F4: alpha of this person, and of nobody else."""
    slow = with_tone(with_tone(eeg(1), "F4", 6.5), "F4", 6.5)
    dyad = Dyad(slow, eeg(2), MeasureSettings(patient_peak_hz=6.5, therapist_peak_hz=11.0))
    dyad.go_on(0, 13)
    own, usual = (dyad.value("faa", "patient", "F4-F3", band) for band in ("ialpha", "alpha"))
    assert own > usual + 1  # half a second does not keep 6.5 Hz out of 8 to 13 Hz altogether
    assert abs(dyad.value("faa", "therapist", "F4-F3", "ialpha")) < 0.3


@pytest.fixture(scope="module")
def full() -> Dyad:
    """All windows are full; only to be looked at."""
    dyad = Dyad(eeg(1), eeg(2))
    dyad.go_on(0, 33)
    return dyad


def test_every_definition_has_a_value_once_all_windows_are_full(full: Dyad) -> None:
    found = full.values()
    assert [row.id for row, *_ in found] == [row.id for row in full.pipeline.definitions.rows]
    for row, value, _, _ in found:
        assert np.isfinite(value) != ("_rel" in row.name), row
    assert all(clean == pytest.approx(1.0, abs=0.05) for _, _, clean, _ in found)


def test_times_are_the_centres_of_the_windows(full: Dyad) -> None:
    end_ns = full.pipeline.end_ns
    for row, _, _, t_ns in full.values():
        assert end_ns - t_ns == round(row.window_s / 2 * SECOND_NS)


def test_a_value_comes_once_a_second_and_soon() -> None:
    dyad = Dyad(eeg(1), eeg(2))
    assert dyad.go_on(0, 20.01) == pytest.approx(19, abs=1)
    late_ns = START_NS + 20 * SECOND_NS - dyad.pipeline.end_ns
    assert late_ns < 1.4e9  # 1 s between values, 0.25 s of filter, a read and a tick


@pytest.mark.parametrize("absent", [0, 1])
def test_one_persons_measures_go_on_without_the_other(absent: int) -> None:
    signals = [eeg(1, ALPHA), eeg(2, ALPHA)]
    dyad = Dyad(None if absent == 0 else signals[0], None if absent == 1 else signals[1])
    fresh = dyad.go_on(0, 34)
    assert fresh == pytest.approx(32, abs=1)
    assert dyad.pipeline.clean_share(absent) == 0.0
    assert dyad.pipeline.clean_share(1 - absent) > 0.95
    for row, value, _, _ in dyad.values():
        present = row.persons == (("patient", "therapist")[1 - absent],)
        assert np.isfinite(value) == (present and "_rel" not in row.name)


def test_a_board_that_vanishes_leaves_the_others_measures_and_no_synchrony() -> None:
    dyad = Dyad(eeg(1), eeg(2))
    dyad.go_on(0, 31)
    dyad.next[1] = None
    dyad.go_on(31, 50)
    assert np.isfinite(dyad.value("faa", "patient", "F4-F3"))
    assert np.isnan(dyad.value("faa", "therapist", "F4-F3"))
    assert np.isnan(dyad.value("plv", "both", "F4-F4"))


@pytest.mark.parametrize("therapist", [eeg(2, ALPHA), None], ids=["both", "alone"])
def test_movement_is_left_out_whether_the_other_board_is_there_or_not(
    therapist: Signal | None,
) -> None:
    still = Dyad(eeg(1, ALPHA), therapist)
    moved = Dyad(with_burst(eeg(1, ALPHA), 15.0, channel=1), therapist)
    for dyad in (still, moved):
        dyad.go_on(0, 22)
    assert moved.value("faa", "patient", "F4-F3") == pytest.approx(
        still.value("faa", "patient", "F4-F3"), abs=0.15
    )
    [clean] = [
        share
        for row, _, share, _ in moved.values()
        if row.name == "faa" and row.persons == ("patient",)
    ]
    assert 0.75 < clean < 0.95


def test_a_backlog_is_worked_off_a_second_at_a_time() -> None:
    dyad = Dyad(eeg(1), eeg(2))
    dyad.go_on(0, 12)
    now_ns = dyad.deliver(17.0)
    ends = []
    while dyad.pipeline.advance(now_ns):
        ends.append(dyad.pipeline.end_ns)
    assert len(ends) in (4, 5, 6)
    np.testing.assert_array_equal(np.diff(ends), SECOND_NS)
    assert now_ns - ends[-1] < SECOND_NS + LATENESS_NS


def test_nothing_is_computed_before_it_is_due() -> None:
    dyad = Dyad(eeg(1), None)
    assert not dyad.pipeline.advance(dyad.deliver(1.0))
    assert dyad.pipeline.end_ns < START_NS
    assert dyad.pipeline.advance(START_NS + LATENESS_NS + SECOND_NS)
    assert START_NS < dyad.pipeline.end_ns < START_NS + SECOND_NS


def test_memory_is_fixed_once_the_windows_are_full() -> None:
    dyad = Dyad(eeg(1), eeg(2))
    dyad.go_on(0, 35)
    tracemalloc.start()
    dyad.go_on(35, 36)
    before, _ = tracemalloc.get_traced_memory()
    dyad.go_on(36, 56)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 20_000


def test_restarted_boards_give_values_again() -> None:
    dyad = Dyad(eeg(1), eeg(2))
    dyad.go_on(0, 15)
    for person, seed in enumerate((1, 2)):
        dyad.sent[person] = blocks_of(eeg(seed), 20.0, segment=1)
        dyad.next[person] = next(dyad.sent[person])
    dyad.go_on(15, 33)
    assert np.isfinite(dyad.value("faa", "patient", "F4-F3"))
    dyad.go_on(33, 52)
    assert all(np.isfinite(value) for row, value, _, _ in dyad.values() if "_rel" not in row.name)


def test_percentiles_come_with_the_synchrony_once_chance_is_known() -> None:
    dyad = Dyad(eeg(1, {"O1": 10.0}), eeg(2, {"O1": 10.0}))
    rows = {row.id: row for row in dyad.pipeline.definitions.rows}

    def percentiles() -> dict[tuple[str, ...], float]:
        return {
            (rows[series].name, rows[series].band, *rows[series].channels): percentile
            for batch in dyad.pipeline.values().rows()
            for series, percentile in zip(
                batch.series.tolist(), batch.percentile.tolist(), strict=True
            )
        }

    dyad.go_on(0, 240)
    assert np.isnan(list(percentiles().values())).all()
    dyad.go_on(240, 310)
    for (name, *_), percentile in percentiles().items():
        assert 0 <= percentile <= 100 if name in KINDS else np.isnan(percentile)


def test_all_pairs_and_kinds_can_be_asked_for() -> None:
    dyad = Dyad(eeg(1), eeg(2), MeasureSettings(kinds=KINDS, every_pair=True))
    assert dyad.go_on(0, 31) == 30
    found = [one for one in dyad.values() if one[0].name in KINDS]
    assert len(found) == len(KINDS) * 3 * 7 * 7
    assert all(np.isfinite(value) for _, value, _, _ in found)


def test_of_every_pair_two_places_are_stored_once_a_window() -> None:
    dyad = Dyad(eeg(1), eeg(2), MeasureSettings(kinds=("plv",), every_pair=True))
    stored = {}
    for second in range(61):
        if dyad.go_on(second, second + 1):
            hop = round((dyad.pipeline.end_ns - START_NS) / SECOND_NS)
            stored[hop] = [row for row, *_ in dyad.values() if row.name == "plv"]
    for hop, rows in stored.items():
        apart = {row.band for row in rows if row.channels[0] != row.channels[1]}
        alike = {row.band for row in rows if row.channels[0] == row.channels[1]}
        assert alike == {"theta", "alpha", "beta"}
        assert apart == {row.band for row in rows if hop % row.window_s == 0}
    assert sorted(stored) == list(range(1, 61))
    assert len(stored[30]) == len(stored[60]) == 3 * 7 * 7


def test_against_both_ears_half_of_the_other_ear_is_taken_off() -> None:
    """The other ear shows 8 µV of alpha, as if F3 and F4 had it with the opposite sign."""

    def with_ear(t_s: NDArray[np.float64]) -> NDArray[np.float64]:
        return eeg(1, {"F3": 4.0, "F4": 12.0, "A2": 8.0})(t_s)

    as_recorded, linked = (
        Dyad(with_ear, None, MeasureSettings(linked_ears=linked)) for linked in (False, True)
    )
    for dyad in (as_recorded, linked):
        dyad.go_on(0, 15)
    assert as_recorded.value("faa", "patient", "F4-F3") == pytest.approx(2 * np.log(3), abs=0.2)
    # 12 - 4 over 4 - 4: what is left in F3 is noise.
    assert linked.value("faa", "patient", "F4-F3") > 2 * np.log(4)
    assert {row.reference for row, *_ in linked.values()} >= {"(A1+A2)/2"}
