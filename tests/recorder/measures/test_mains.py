"""A box that does not believe its configuration about the mains."""

import logging
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.board import BoardState
from recorder.companions import lsl_feed
from recorder.recording.alarms import Alarms, found
from recorder.recording.impairments import Impairments
from recorder.recording.rollover import Parts
from recorder.service.status import describe
from recorder.settings.board import BoardSettings
from recorder.settings.file import Config
from recorder.settings.lsl import LslSettings
from recorder.store.check import verify
from recorder.store.reader import SessionReader
from recorder.wire.messages import Alarm, Status
from recorder.wire.wording import in_words
from tests.recorder.bedside import Bedside
from tests.recorder.scripted_board import Signal, eeg

ALARM = "the mains here are 60 Hz, the configuration says 50: set mains_hz"
END = f"over: {ALARM}"
EVENTS = "SELECT text FROM event WHERE kind = 'alarm' ORDER BY rowid"


def humming(seed: int, hertz: Callable[[NDArray[np.float64]], object], uv: float = 300.0) -> Signal:
    """EEG with so many microvolts of hum, of a frequency that may change with time."""
    quiet = eeg(seed, {"O1": 10.0, "O2": 10.0})

    def signal(t_s: NDArray[np.float64]) -> NDArray[np.float64]:
        hum: NDArray[np.float64] = uv * np.sin(2 * np.pi * np.asarray(hertz(t_s)) * t_s)
        return quiet(t_s) + hum[:, None]

    return signal


class Watched(Bedside):
    """A bedside with somebody who looks for alarms."""

    def __init__(self, directory: Path, signals: tuple[Signal, Signal], config: Config) -> None:
        super().__init__(directory, signals=signals, config=config)
        self._alarms = Alarms()
        self._parts = Parts(self.config, self.recorder, self.clock)

    def run_until(self, seconds: float) -> None:
        while self.clock() < self.at(seconds):
            super().run_until((self.clock() - self.at(0.0)) * 1e-9 + 0.5)
            self._alarms.observe(self.clock(), self._found(), self.recorder.session)

    @property
    def status(self) -> Status:
        for board in self.boards:
            board.plan_state(self.clock(), BoardState.STREAMING)
        return describe(self.recorder, self._parts, self._alarms.standing)

    @property
    def alarms(self) -> list[str]:
        return [in_words(alarm) for alarm in self._alarms.standing]

    def _found(self) -> list[Alarm]:
        """Those about the mains: the disk does not follow a clock that does not wait."""
        wrong = found(self.recorder, self._parts, Impairments())
        return [alarm for alarm in wrong if alarm.kind == "mains_differ"]


def room(
    directory: Path,
    hertz: Callable[[NDArray[np.float64]], object],
    *,
    uv: float = 300.0,
    config: Config | None = None,
) -> Watched:
    signals = humming(1, hertz, uv), humming(2, hertz, uv)
    return Watched(directory, signals, config or Config())


def always(hertz: float) -> Callable[[NDArray[np.float64]], float]:
    return lambda t_s: hertz


def between(begin_s: float, end_s: float) -> Callable[[NDArray[np.float64]], object]:
    """60 Hz in between, else 50."""
    return lambda t_s: np.where((t_s >= begin_s) & (t_s < end_s), 60.0, 50.0)


def query(path: Path, sql: str) -> list[tuple[object, ...]]:
    with SessionReader(path) as session:
        return session.query(sql)


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    told = [record.getMessage() for record in caplog.records]
    return [line.removeprefix("alarm: ") for line in told if "mains" in line]


def test_the_wrong_countrys_setting_is_an_alarm_and_all_is_measured(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bed = room(tmp_path, always(60.0))
    bed.start()
    bed.stream_both(28.0)
    bed.run_until(28.0)
    assert bed.alarms == [ALARM]
    assert bed.status.mains_hz == 60.0
    measures = bed.recorder.measures
    assert measures is not None
    shown = {value.kind for value in measures.values if value.value is not None}
    assert shown >= {"faa", "parietal", "fmtheta", "occalpha", "plv", "accorr", "aec"}
    path = bed.stop()
    assert query(path, EVENTS) == [(ALARM,)]
    assert lines(caplog) == [ALARM]
    assert verify(path).problems == ()


def test_what_was_measured_before_stays_declared_as_it_was(tmp_path: Path) -> None:
    bed = room(tmp_path, always(60.0))
    bed.start()
    bed.stream_both(20.0)
    bed.run_until(20.0)
    path = bed.stop()
    with SessionReader(path) as session:
        series = session.series()
        newest_ns = {
            found.series.mains_hz: int(found.t_ns[-1]) for found in session.measures("faa")
        }
    ids = [row.id for row in series]
    assert len(set(ids)) == len(ids)
    before, after = ([row for row in series if row.mains_hz == hertz] for hertz in (50.0, 60.0))
    assert len(before) == len(after) == len(ids) / 2 > 50
    assert [(row.name, row.channels) for row in before] == [
        (row.name, row.channels) for row in after
    ]
    assert newest_ns[50.0] < bed.at(10.0) < newest_ns[60.0]


def test_before_it_is_known_nothing_false_is_told(tmp_path: Path) -> None:
    bed = room(tmp_path, always(60.0))
    bed.stream_both(20.0)
    told, contacts = set(), set()
    while bed.recorder.mains.found_hz is None:
        bed.run_until((bed.clock() - bed.at(0.0)) * 1e-9 + 0.5)
        measures = bed.recorder.measures
        told |= {value.why for value in measures.values} if measures else set()
        if bed.clock() > bed.at(1.5):
            contacts |= {contact.state for board in bed.status.boards for contact in board.contacts}
    assert bed.clock() == pytest.approx(bed.at(10.0), abs=0.6e9)
    assert told == {"", "not_yet", "no_baseline"}
    assert contacts <= {"good", "no data"}
    assert "good" in contacts


@pytest.mark.parametrize("configured_hz", [50.0, 60.0])
@pytest.mark.parametrize("uv", [0.0, 2.0, 500.0])
def test_where_the_configuration_is_right_or_nothing_hums_nothing_changes(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, configured_hz: float, uv: float
) -> None:
    config = Config(mains_hz=configured_hz)
    bed = room(tmp_path, always(configured_hz), uv=uv, config=config)
    bed.start()
    bed.stream_both(14.0)
    bed.run_until(14.0)
    assert bed.alarms == []
    assert bed.status.mains_hz == (configured_hz if uv else None)
    path = bed.stop()
    assert query(path, EVENTS) == []
    assert lines(caplog) == []
    assert query(path, "SELECT DISTINCT mains_hz FROM series") == [(configured_hz,)]
    assert query(
        path, "SELECT count(*) - count(DISTINCT name || band || channels || persons) FROM series"
    ) == [(0,)]


def test_the_alarm_ends_when_the_evidence_has_changed_for_good(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    bed = room(tmp_path, between(0.0, 15.0))
    bed.start()
    bed.stream_both(60.0)
    bed.run_until(15.0)
    assert bed.alarms == [ALARM]
    bed.run_until(58.0)
    assert (bed.alarms, bed.status.mains_hz) == ([], 50.0)
    path = bed.stop()
    assert [text for (text,) in query(path, EVENTS)] == lines(caplog) == [ALARM, END]
    declared = query(path, "SELECT mains_hz FROM series WHERE name = 'faa' ORDER BY id")
    assert declared == [(50.0,), (50.0,), (60.0,), (60.0,), (50.0,), (50.0,)]


def test_ten_seconds_of_something_else_change_no_opinion(tmp_path: Path) -> None:
    bed = room(tmp_path, between(20.0, 30.0), uv=100.0)
    bed.start()
    bed.stream_both(45.0)
    bed.run_until(45.0)
    path = bed.stop()
    assert query(path, EVENTS) == []
    assert query(path, "SELECT DISTINCT mains_hz FROM series") == [(50.0,)]


def test_a_session_that_begins_while_the_alarm_stands_says_so_once(tmp_path: Path) -> None:
    bed = room(tmp_path, always(60.0))
    bed.stream_both(45.0)
    bed.run_until(15.0)
    for end_s in (25.0, 35.0):
        bed.start()
        bed.run_until(end_s)
        path = bed.stop()
        assert query(path, EVENTS) == [(ALARM,)]
        assert query(path, "SELECT DISTINCT mains_hz FROM series") == [(60.0,)]
        assert query(path, "SELECT min(id) FROM series") == [(1,)]


def test_a_rest_that_had_begun_before_goes_on(tmp_path: Path) -> None:
    bed = room(tmp_path, always(60.0))
    bed.start()
    bed.stream_both(80.0)
    bed.run_until(5.0)
    bed.recorder.mark("baseline starts")
    bed.run_until(72.0)
    bed.recorder.mark("baseline ends")
    bed.run_until(75.0)
    measures = bed.recorder.measures
    assert measures is not None
    values = {(value.kind, value.who): value.value for value in measures.values}
    assert values["faa_rel", "patient"] is not None
    assert values["faa_rel", "therapist"] is not None


def test_other_programs_go_on_being_told_the_measures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pushed: list[tuple[int, NDArray[np.float64]]] = []

    class Streams:
        def __init__(self, *_: object, **__: object) -> None: ...

        def push_block(self, *_: object) -> None: ...

        def push_measures(self, end_ns: int, values: NDArray[np.float64]) -> None:
            pushed.append((end_ns, values))

        def close(self) -> None: ...

    monkeypatch.setattr(lsl_feed, "Outlets", Streams)
    bed = room(tmp_path, always(60.0), config=Config(lsl=LslSettings(outlets=True)))
    bed.start()
    bed.stream_both(25.0)
    bed.run_until(5.0)
    feed = bed.recorder._feed
    assert feed is not None
    feed._thread.join()
    bed.run_until(25.0)
    bed.stop()
    ends_s = np.array([(end_ns - bed.at(0.0)) * 1e-9 for end_ns, _ in pushed])
    assert (np.diff(ends_s) > 0).all()
    assert ends_s[0] < 9
    assert ends_s[-1] > 22
    assert len({len(values) for _, values in pushed}) == 1
    known = np.array([np.isfinite(values).any() for _, values in pushed])
    assert known[ends_s < 9].any()
    assert known[ends_s > 18].all()


def test_one_board_alone_is_enough(tmp_path: Path) -> None:
    bed = room(tmp_path, always(60.0))
    bed.stream(1, 0.0, range(4000))
    bed.run_until(15.0)
    assert bed.alarms == [ALARM]


def test_another_instrument_on_a_channel_does_not_count(tmp_path: Path) -> None:
    """A photodiode before a screen sees its 60 Hz, more than any electrode sees of the mains."""

    def watched(seed: int) -> Signal:
        person, screen = humming(seed, always(50.0), 3.0), humming(seed, always(60.0), 30_000.0)
        return lambda t_s: np.where(np.arange(8) == 7, screen(t_s), person(t_s))

    settings = BoardSettings(kinds={"A2": "misc"})
    config = Config(mains_hz=60.0, patient=settings, therapist=settings)
    bed = Watched(tmp_path, (watched(1), watched(2)), config)
    bed.stream_both(15.0)
    bed.run_until(15.0)
    assert bed.recorder.mains.found_hz == 50.0


@pytest.mark.parametrize(
    ("configured_hz", "alarms"),
    [(50.5, []), (54.0, ["the mains here are 50 Hz, the configuration says 54: set mains_hz"])],
)
def test_a_configured_frequency_that_no_country_has_is_held_against_what_is_found(
    tmp_path: Path, configured_hz: float, alarms: list[str]
) -> None:
    bed = room(tmp_path, always(50.0), config=Config(mains_hz=configured_hz))
    bed.stream_both(12.0)
    bed.run_until(12.0)
    assert bed.alarms == alarms
    assert bed.recorder.mains.hz == 50.0


def test_the_status_can_be_sent(tmp_path: Path) -> None:
    bed = room(tmp_path, always(60.0))
    bed.stream_both(12.0)
    bed.run_until(12.0)
    told = msgspec.json.decode(msgspec.json.encode(bed.status))
    [alarm] = told["alarms"]
    assert (told["mains_hz"], alarm["kind"]) == (60.0, "mains_differ")
    assert alarm["numbers"] == {"found_hz": 60.0, "configured_hz": 50.0}
    assert bed.at(9.5) < alarm["since_ns"] < bed.at(11.0)
