import math
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest

from dsp.absence import Absence
from hardware.board import BoardState, Gap, GapCause
from recorder.companions.lsl_feed import LslFeed
from recorder.companions.running import Companion
from recorder.recording.rollover import Parts
from recorder.service.status import describe
from recorder.settings.board import BoardSettings
from recorder.settings.file import Config
from recorder.settings.lsl import LslSettings
from recorder.settings.measures import MeasureSettings
from recorder.store.check import verify
from recorder.store.reader import SessionReader
from tests.recorder.bedside import Bedside
from tests.recorder.bounded import wait_until
from tests.recorder.scripted_board import RATE_HZ, eeg

BASELINES = "SELECT text FROM event WHERE kind = 'baseline' ORDER BY rowid"


def samples(path: Path, board: int) -> dict[tuple[int, int], list[int]]:
    """Counts by (segment, index)."""
    with SessionReader(path) as session:
        return {
            (run.segment, int(index)): counts.tolist()
            for run in session.samples(board)
            for index, counts in zip(run.index, run.counts, strict=True)
        }


def query(path: Path, sql: str) -> list[tuple[object, ...]]:
    with SessionReader(path) as session:
        return session.query(sql)


def test_what_the_boards_sent_is_in_the_file(tmp_path: Path) -> None:
    bed = Bedside(tmp_path)
    bed.start()
    bed.stream_both(5.0)
    bed.run_until(6.0)
    path = bed.stop()
    assert verify(path).problems == ()
    for person in (0, 1):
        found = samples(path, person)
        assert list(found) == [(0, index) for index in range(1250)]
        sent = bed.air[person].signal(np.arange(1250) / RATE_HZ)
        counts = np.array(list(found.values()))
        np.testing.assert_allclose(counts * bed.air[person].info.uv_per_count, sent, atol=0.03)


def test_loss_and_late_packets_are_where_they_belong(tmp_path: Path) -> None:
    bed = Bedside(tmp_path)
    bed.start()
    bed.stream(0, 0.0, [*range(300), *range(310, 320), 303, *range(320, 1000)])
    bed.stream(1, 0.0, range(1000))
    bed.run_until(4.2)
    path = bed.stop()
    assert verify(path).problems == ()
    with SessionReader(path) as session:
        gaps = [(gap.board, gap.first_index, gap.n, gap.cause) for gap in session.gaps()]
        late = [row.first_index for row in session.blocks(0) if row.late]
    assert gaps == [(0, 300, 3, "radio"), (0, 304, 6, "radio")]
    assert late == [303]


def test_a_board_that_comes_back_begins_a_new_segment(tmp_path: Path) -> None:
    bed = Bedside(tmp_path)
    bed.start()
    bed.stream(1, 0.0, range(5000))
    bed.stream(0, 0.0, range(1000))
    bed.boards[0].plan_state(bed.at(5.0), BoardState.LOST, "the dongle is gone: put it back")
    bed.stream(0, 9.0, range(2000))
    bed.boards[0].plan_state(bed.at(9.0), BoardState.STREAMING)
    bed.run_until(17.0)
    path = bed.stop()
    assert verify(path).problems == ()
    with SessionReader(path) as session:
        assert session.segments(0) == [0, 1]
        [gap] = session.gaps()
        assert (gap.segment, gap.n) == (1, 0)
        assert gap.end_ns - gap.begin_ns == pytest.approx(5e9, rel=0.01)
        first, second = (session.times_ns(0, segment, np.array([0]))[0] for segment in (0, 1))
        assert second - first == pytest.approx(9e9, abs=20e6)
    states = query(path, "SELECT text FROM event WHERE kind = 'board'")
    assert states == [
        ("patient: lost the dongle is gone: put it back",),
        ("patient: streaming",),
    ]


def test_what_came_before_the_start_is_not_recorded(tmp_path: Path) -> None:
    bed = Bedside(tmp_path)
    bed.stream_both(4.0)
    bed.run_until(2.0)
    bed.start()
    bed.run_until(3.0)
    bed.recorder.mark("shift")
    bed.run_until(5.0)
    path = bed.stop()
    assert verify(path).problems == ()
    first = min(index for _, index in samples(path, 0))
    assert first == pytest.approx(500, abs=15)
    assert query(path, "SELECT label, t_ns FROM marker") == [("shift", bed.at(3.0))]


def test_sessions_that_follow_each_other_share_nothing(tmp_path: Path) -> None:
    bed = Bedside(tmp_path)
    bed.stream_both(12.0)
    paths = []
    for end_s in (5.0, 10.0):
        bed.start()
        bed.run_until(end_s)
        bed.recorder.mark("end")
        paths.append(bed.stop())
        bed.run_until(end_s + 1.0)
    for path in paths:
        assert verify(path).problems == ()
        assert query(path, "SELECT count(*) FROM clock_utc") != [(0,)]
        assert query(path, "SELECT id, label FROM marker") == [(1, "end")]
    assert not samples(paths[0], 0).keys() & samples(paths[1], 0).keys()


def test_every_knot_of_the_clock_is_stored_even_after_a_stall_of_the_host(tmp_path: Path) -> None:
    bed = Bedside(tmp_path)
    bed.start()
    bed.stream_both(20.0)
    bed.run_until(12.0)
    bed.clock.advance(6.0)  # nobody ticks
    bed.run_until(21.0)
    path = bed.stop()
    assert verify(path).problems == ()
    knots = query(path, "SELECT idx, t_ns FROM clock_fit WHERE board = 0 ORDER BY idx")
    steps = [int(str(after[0])) - int(str(before[0])) for before, after in pairwise(knots)]
    assert len(knots) >= 19
    assert max(steps) <= 1.1 * RATE_HZ


def test_measures_go_on_without_gaps_after_a_stall_of_the_host(tmp_path: Path) -> None:
    bed = Bedside(tmp_path)
    bed.start()
    bed.stream_both(24.0)
    bed.run_until(14.0)
    bed.clock.advance(5.0)
    bed.run_until(24.0)
    path = bed.stop()
    with SessionReader(path) as session:
        [faa, *_] = session.measures("faa")
    np.testing.assert_array_equal(np.diff(faa.t_ns), 1_000_000_000)
    assert len(faa.t_ns) >= 22


def test_measures_name_their_series_and_their_person(tmp_path: Path) -> None:
    bed = Bedside(tmp_path, signals=(eeg(1), eeg(2, {"F4": 30.0})))
    bed.start()
    bed.stream_both(20.0)
    bed.run_until(20.0)
    measures = bed.recorder.measures
    assert measures is not None
    faa = {m.who: m.value for m in measures.values if m.kind == "faa" and m.where == "F4-F3"}
    assert faa["patient"] == pytest.approx(0.0, abs=0.6)
    assert faa["therapist"] is not None
    assert faa["therapist"] > 3
    path = bed.stop()
    with SessionReader(path) as session:
        stored = {one.series.persons: one.value[-1] for one in session.measures("faa")}
    assert stored["therapist",] == pytest.approx(faa["therapist"])
    assert stored["patient",] == pytest.approx(faa["patient"])


def test_a_session_begins_with_the_filters_that_are_there(tmp_path: Path) -> None:
    """Making them would hold up a small machine."""
    bed = Bedside(tmp_path)
    bed.stream_both(4.0)
    bed.run_until(2.0)
    before = [wearer.lane.filter for wearer in bed.recorder.wearers if wearer.lane is not None]
    bed.start()
    bed.run_until(4.0)
    after = [wearer.lane.filter for wearer in bed.recorder.wearers if wearer.lane is not None]
    assert [id(one) for one in before] == [id(one) for one in after]
    assert len(after) == 2


def test_how_long_has_been_measured_is_told_with_and_without_a_session(tmp_path: Path) -> None:
    bed = Bedside(tmp_path)
    bed.stream_both(20.0)
    bed.run_until(8.0)
    idle = bed.recorder.measures
    assert idle is not None
    assert 0 < idle.t_s == idle.measured_s < 8
    assert bed.recorder.measures is idle  # named once, for whoever asks
    bed.start()  # each session has measures of its own
    bed.run_until(18.0)
    measures = bed.recorder.measures
    assert measures is not None
    assert measures.measured_s == pytest.approx(measures.t_s, abs=1)


def test_what_is_not_known_is_null_for_screens_and_never_a_nan(tmp_path: Path) -> None:
    bed = Bedside(tmp_path)
    bed.stream(0, 0.0, range(5000))
    bed.run_until(15.0)
    measures = bed.recorder.measures
    assert measures is not None
    between = [m.value for m in measures.values if m.who == "both"]
    assert between
    assert set(between) == {None}
    assert {m.why for m in measures.values if m.who == "both"} == {Absence.CLOCK}
    assert {m.why for m in measures.values if m.who == "therapist"} == {Absence.NO_DATA}
    own = [m for m in measures.values if m.who == "patient"]
    assert {m.why for m in own} == {"", Absence.NO_BASELINE}
    assert all(m.error is not None for m in own if m.value is not None)
    assert b"NaN" not in msgspec.json.encode(
        [measures, describe(bed.recorder, Parts(bed.config, bed.recorder), [])]
    )


def test_two_steady_rhythms_have_no_mean_phase_and_that_is_told(tmp_path: Path) -> None:
    def rhythm(t_s: np.ndarray) -> np.ndarray:
        return np.repeat(30 * np.sin(2 * np.pi * 10 * t_s)[:, None], 8, axis=1)

    kinds = Config(measures=MeasureSettings(kinds=("ccorr", "plv")))
    bed = Bedside(tmp_path, signals=(rhythm, rhythm), config=kinds)
    bed.stream_both(40.0)
    bed.run_until(40.0)
    assert bed.recorder.measures is not None
    alpha = [m for m in bed.recorder.measures.values if m.band == "alpha" and m.who == "both"]
    told = {(m.kind, m.value is None, m.why) for m in alpha}
    assert told == {("ccorr", True, "phases_balance"), ("plv", False, "")}


def test_values_are_at_the_centre_of_their_windows(tmp_path: Path) -> None:
    """Alpha that begins at 15 s raises the power of a 10 s window to half when it is there."""
    loud, quiet = eeg(1, {"F4": 40.0}), eeg(1)

    def begins_late(t_s: np.ndarray) -> np.ndarray:
        return np.where(t_s[:, None] < 15.0, quiet(t_s), loud(t_s))

    bed = Bedside(tmp_path, signals=(begins_late, eeg(2)))
    bed.start()
    bed.stream_both(28.0)
    bed.run_until(28.0)
    path = bed.stop()
    with SessionReader(path) as session:
        faa = next(one for one in session.measures("faa") if one.series.persons == ("patient",))
    power = np.exp(faa.value)
    half = np.nanmax(power) / 2
    crossing_ns = faa.t_ns[np.flatnonzero(power > half)[0]]
    assert (crossing_ns - bed.at(15.0)) * 1e-9 == pytest.approx(0.0, abs=1.1)


def test_a_board_with_fewer_channels_than_the_montage_names(tmp_path: Path) -> None:
    bed = Bedside(tmp_path, channels=4)
    bed.start()
    bed.stream_both(16.0)
    bed.run_until(16.0)
    path = bed.stop()
    assert verify(path).problems == ()
    with SessionReader(path) as session:
        assert [c.label for c in session.board(0).channels] == ["F3", "F4", "Fz", "P3"]
        assert {one.series.channels for one in session.measures("plv")} == {
            (label, label) for label in ("F3", "F4", "Fz", "P3")
        }
        assert all(math.isfinite(one.value[-1]) for one in session.measures("faa"))
    assert len(bed.recorder.wearers[0].contacts()) == 4


def test_montages_without_a_common_channel_still_record(tmp_path: Path) -> None:
    config = Config(
        patient=BoardSettings(channels=("F3", "F4")), therapist=BoardSettings(channels=("O1", "O2"))
    )
    bed = Bedside(tmp_path, channels=2, config=config)
    bed.start()
    bed.stream_both(15.0)
    bed.run_until(15.0)
    path = bed.stop()
    assert verify(path).problems == ()
    with SessionReader(path) as session:
        assert {one.series.persons for one in session.measures()} == {("patient",), ("therapist",)}
        assert {one.series.name for one in session.measures()} > {"faa", "occalpha"}


def test_measures_begin_when_both_boards_are_known(tmp_path: Path) -> None:
    bed = Bedside(tmp_path, known=(True, False))
    bed.stream(0, 0.0, range(5000))
    bed.run_until(5.0)
    assert bed.recorder.measures is None
    bed.stream(1, 5.0, range(3750))
    bed.run_until(8.0)
    assert bed.recorder.measures is not None


def test_marks_around_a_rest_make_a_baseline(tmp_path: Path) -> None:
    """Rest for a minute and a half; then F4 of the therapist has twice the amplitude."""
    quiet, loud = eeg(2, {"F3": 20.0, "F4": 20.0}), eeg(2, {"F3": 20.0, "F4": 40.0})

    def louder(t_s: np.ndarray) -> np.ndarray:
        return np.where(t_s[:, None] < 105.0, quiet(t_s), loud(t_s))

    bed = Bedside(tmp_path, signals=(eeg(1), louder))
    bed.start()
    bed.stream_both(130.0)
    bed.run_until(12.0)
    bed.recorder.mark("baseline starts")
    bed.run_until(103.0)
    bed.recorder.mark("baseline ends")
    bed.run_until(130.0)
    measures = bed.recorder.measures
    assert measures is not None
    [away] = [m for m in measures.values if m.kind == "faa_rel" and m.who == "therapist"]
    assert away.value == pytest.approx(2 * np.log(2), abs=0.3)
    assert away.error is not None
    path = bed.stop()
    assert [str(text).split(":")[0] for (text,) in query(path, BASELINES)] == [
        "patient",
        "therapist",
    ]


def test_marking_without_a_session_is_refused(tmp_path: Path) -> None:
    bed = Bedside(tmp_path)
    for write in (bed.recorder.mark, bed.recorder.note):
        with pytest.raises(LookupError, match="start one first"):
            write("shift")


def test_raw_data_is_committed_though_the_measures_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bed = Bedside(tmp_path)
    bed.start()
    bed.stream_both(2.8)
    bed.run_until(1.0)

    def fail(*_: object) -> bool:
        raise ArithmeticError("a measure failed")

    monkeypatch.setattr("recorder.measures.pipeline.Pipeline.advance", fail)
    for _ in range(60):
        bed.clock.advance(0.05)
        with pytest.raises(ArithmeticError):
            bed.recorder.tick()
    session = bed.recorder.session
    assert session is not None
    wait_until(lambda: session.saved_s > 2.5)
    path = bed.stop()
    assert len(samples(path, 0)) == len(samples(path, 1)) == 700


def test_a_companion_that_cannot_be_made_is_an_event_and_the_boards_are_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Iterator[Companion]:
        raise ImportError("no module named gpiod")

    monkeypatch.setattr("recorder.recording.recorder.companions", fail)
    bed = Bedside(tmp_path)
    bed.start()
    bed.stream_both(2.0)
    bed.run_until(3.0)
    path = bed.stop()
    assert verify(path).counts["samples"] == 1000
    faults = query(path, "SELECT text FROM event WHERE kind = 'fault'")
    assert faults == [("companions: no module named gpiod",)]


@pytest.mark.parametrize("way", ["poll", "hear"])
def test_a_trigger_that_raises_is_an_event_and_every_sample_is_recorded(
    tmp_path: Path, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("cannot convert float NaN to integer")

    bed = Bedside(tmp_path)
    monkeypatch.setattr(bed.recorder.triggers, way, fail)
    bed.stream_both(5.0)
    bed.start()
    bed.run_until(6.0)
    path = bed.stop()
    report = verify(path)
    assert (report.problems, report.counts["samples"]) == ((), 2500)
    told = query(path, "SELECT text FROM event WHERE kind = 'fault'")
    assert told
    assert all("cannot convert float NaN to integer" in str(text) for (text,) in told)
    assert len(told) <= 2


def test_outlets_that_raise_are_an_event_and_every_sample_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Torn:
        def close(self) -> None:
            pass

        def __getattr__(self, _: str) -> object:
            raise ValueError("cannot convert float NaN to integer")

    monkeypatch.setattr(LslFeed, "_make", lambda self, *_: setattr(self, "_outlets", Torn()))
    bed = Bedside(tmp_path, config=Config(lsl=LslSettings(outlets=True)))
    bed.stream_both(40.0)
    bed.start()
    bed.run_until(41.0)
    bed.recorder.mark("shift")
    path = bed.stop()
    assert (verify(path).problems, verify(path).counts["samples"]) == ((), 20_000)
    assert query(path, "SELECT count(*) FROM event WHERE kind = 'fault'") == [(1,)]


def test_samples_the_host_did_not_fetch_are_one_gap(tmp_path: Path) -> None:
    bed = Bedside(tmp_path)
    bed.start()
    events = bed.air[0].stretch(bed.at(0.0), range(1000))
    kept = [timed for timed in events if not 300 <= getattr(timed[1], "first_index", 0) < 500]
    at_ns = events[50][0]
    bed.boards[0].plan([*kept, (at_ns, Gap(0, 300, 200, GapCause.OVERRUN, at_ns, at_ns))])
    bed.stream(1, 0.0, range(1000))
    bed.run_until(4.2)
    path = bed.stop()
    assert verify(path).problems == ()
    with SessionReader(path) as session:
        assert [(gap.first_index, gap.n) for gap in session.gaps()] == [(300, 200)]
