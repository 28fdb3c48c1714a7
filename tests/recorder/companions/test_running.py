"""What runs beside the boards gives rows, and what is wrong with it is an event."""

import math
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hardware.board_fault import BoardFault, FaultKind
from hardware.lsl.markers import LslMarkers, LslSeries
from hardware.trigger.edges import TriggerFault
from recorder.companions.external import ExternalSeries
from recorder.companions.running import (
    Companions,
    MarkerInlet,
    SeriesInlet,
    TrainPlayer,
    camera_program,
    companions,
)
from recorder.settings.camera import CameraSettings
from recorder.settings.file import Config
from recorder.settings.train import TrainSettings
from recorder.store.rows import EdgeRow, EventRow, MarkerRow, MeasureRows, Row, SeriesRow
from recorder.wire.wording import in_words
from tests.recorder.bounded import wait_until

LIMIT_S = 10.0
S = 1_000_000_000


class Lamp:
    """An output that remembers what it was switched to."""

    def __init__(self, fault: TriggerFault | None = None) -> None:
        self.levels: list[int] = []
        self.is_open = False
        self._fault = fault

    def open(self) -> None:
        if self._fault is not None:
            raise self._fault
        self.is_open = True

    def set(self, level: int) -> None:
        self.levels.append(level)

    def close(self) -> None:
        self.is_open = False


class Said:
    """A marker stream that says what it was given, once."""

    def __init__(self, values: list[tuple[int, list[float | str]]]) -> None:
        self.values = values
        self.fault = ""
        self.refusal: BoardFault | None = None

    def open(self) -> None:
        if self.refusal is not None:
            raise self.refusal

    def poll_values(self) -> list[tuple[int, list[float | str]]]:
        values, self.values = self.values, []
        return values

    def close(self) -> None:
        self.values = []


def events_of(rows: list[Row]) -> list[str]:
    return [row.text for row in rows if isinstance(row, EventRow)]


def test_a_train_is_stored_with_its_seed_and_its_real_edges() -> None:
    lamp = Lamp()
    player = TrainPlayer(lamp, 5, time.monotonic_ns)
    rows, pause, limit_s = player.poll(), threading.Event(), time.monotonic() + LIMIT_S
    while len(rows) < 4 and time.monotonic() < limit_s:
        pause.wait(0.02)
        rows += player.poll()
    rows += player.end()
    assert events_of(rows) == ["seed 5: pulses of hardware.sync_train.schedule(default_rng(seed))"]
    edges = [row for row in rows if isinstance(row, EdgeRow)]
    assert {edge.source for edge in edges} == {"train"}
    assert [edge.level for edge in edges] == lamp.levels
    assert not lamp.is_open


def test_a_train_without_its_output_is_an_event() -> None:
    fault = TriggerFault("train", "the port is gone: plug it in")
    player = TrainPlayer(Lamp(fault), 5, time.monotonic_ns)
    assert events_of(player.poll())[-1] == str(fault)
    assert player.end() == []


def test_markers_of_another_program_become_markers(monkeypatch: pytest.MonkeyPatch) -> None:
    markers, said = LslMarkers("stimuli"), Said([(7, ["flash"]), (9, [2.0])])
    monkeypatch.setattr(markers, "open", said.open)
    monkeypatch.setattr(markers, "poll_values", said.poll_values)
    rows = MarkerInlet(markers, lambda: 11).poll()
    assert [(row.t_ns, row.label) for row in rows if isinstance(row, MarkerRow)] == [
        (7, "flash"),
        (9, "2"),
    ]


def test_a_marker_was_made_when_it_arrived_and_doubts_of_its_stamp_are_alarms(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    markers, said = LslMarkers("stimuli"), Said([(1_700_000_000 * S, ["flash"])])
    monkeypatch.setattr(markers, "open", said.open)
    monkeypatch.setattr(markers, "poll_values", said.poll_values)
    clock = [20 * S]
    beside = Companions()
    beside.add(MarkerInlet(markers, lambda: clock[0]))
    markers.stamps.times_ns([1.7e9, math.nan, 20.0, 19.0], 0.0, clock[0])
    [marker] = (row for row in beside.poll() if isinstance(row, MarkerRow))
    assert (marker.t_ns, marker.made_t_ns) == (1_700_000_000 * S, 20 * S)
    assert [in_words(alarm) for alarm in beside.alarms()] == [
        "markers: stamped 1699999980 s from its arrival: its program does not stamp by LSL's"
        " clock; the arrival is kept beside it",
        "markers: stamped with what is no time: that is stored at its arrival",
        "markers: its stamps run backwards, by 1 s: its program's clock was set, or it sends late",
    ]
    clock[0] = 40 * S
    assert beside.alarms() == []


def test_numbers_stamped_far_from_their_arrival_are_kept_at_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    far_ns = 1_700_000_000 * S
    series, said = LslSeries("heart"), Said([(far_ns + n, [60.0 + n]) for n in range(2)])
    monkeypatch.setattr(series, "open", said.open)
    monkeypatch.setattr(series, "poll_values", said.poll_values)
    rows = SeriesInlet("heart", series, ExternalSeries(), lambda: 11).poll()
    names = {row.id: row.name for row in rows if isinstance(row, SeriesRow)}
    values = [row for row in rows if isinstance(row, MeasureRows)]
    assert [(names[int(row.series[0])], row.t_ns, row.value.tolist()) for row in values] == [
        ("heart", far_ns, [60.0]),
        ("heart: at arrival", 11, [60.0]),
        ("heart", far_ns + 1, [61.0]),
        ("heart: at arrival", 11, [61.0]),
    ]


class Broken(Said):
    """What cannot be polled, nor ended."""

    def poll(self) -> list[Row]:
        raise ValueError("cannot convert")

    def end(self) -> list[Row]:
        raise RuntimeError("still not")


def test_a_companion_that_fails_says_so_once_and_holds_up_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    beside = Companions(lambda: 11)
    beside.add(Broken([]))
    beside.add(Talker("lamp"))
    told = [beside.poll(), beside.poll(), beside.end()]
    assert [events_of(rows) for rows in told] == [
        ["Broken: cannot convert", "lamp"],
        ["lamp"],
        ["lamp ends"],
    ]
    assert [record.getMessage() for record in caplog.records] == [
        "Broken failed; it is asked again"
    ]


def test_an_inlet_that_cannot_say_what_is_wrong_holds_up_no_status(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("cannot convert float NaN to integer")

    markers, said = LslMarkers("stimuli"), Said([])
    monkeypatch.setattr(markers, "open", said.open)
    monkeypatch.setattr(markers.stamps, "doubts_s", fail)
    beside = Companions()
    beside.add(MarkerInlet(markers, lambda: 11))
    assert beside.alarms() == []


def test_one_that_never_comes_to_be_is_not_waited_for_and_ends_when_it_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("recorder.companions.running.STARTED_WITHIN_S", 0.01)
    late, asked = Talker("late"), threading.Event()
    running = Companions()
    running.start(coming(late, asked))
    assert running.end() == []
    asked.set()
    wait_until(lambda: late.ends == 1)
    assert running.poll() == []


def test_an_inlet_without_lsl_says_so_once() -> None:
    markers = LslMarkers("stimuli")
    refusal = BoardFault(FaultKind.MISSING, "pylsl is not installed")
    said = Said([])
    said.refusal = refusal
    markers.open = said.open  # type: ignore[method-assign]
    inlet = MarkerInlet(markers, lambda: 11)
    assert events_of(inlet.poll()) == ["markers: pylsl is not installed"]
    assert inlet.poll() == []
    assert inlet.end() == []


def test_too_many_numbers_are_left_out_and_that_is_said_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    series, said = LslSeries("heart"), Said([(7, [60.0 + n, 1.0]) for n in range(40)])
    monkeypatch.setattr(series, "open", said.open)
    monkeypatch.setattr(series, "poll_values", said.poll_values)
    rows = SeriesInlet("heart", series, ExternalSeries(), lambda: 11).poll()
    assert sum(isinstance(row, MeasureRows) for row in rows) == 50
    [told] = events_of(rows)
    assert "more than 25 values a second" in told


class Talker:
    """A companion that says its name, and never after its end."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.ends = 0

    def poll(self) -> list[Row]:
        assert not self.ends
        return [EventRow(0, "told", self.name)]

    def end(self) -> list[Row]:
        self.ends += 1
        return [EventRow(0, "told", f"{self.name} ends")]


def coming(late: Talker, asked: threading.Event) -> Iterator[Talker]:
    """A companion that comes to be when it is asked for."""
    assert asked.wait(LIMIT_S)
    yield late


def test_companions_start_in_a_thread_and_tell_from_when_each_is_there() -> None:
    first, second, may_go = Talker("first"), Talker("second"), threading.Event()
    started: list[str] = []

    def coming() -> Iterator[Talker]:
        started.append(threading.current_thread().name)
        yield first
        assert may_go.wait(LIMIT_S)
        yield second

    running = Companions()
    running.start(coming())
    wait_until(lambda: events_of(running.poll()) == ["first"])
    may_go.set()
    wait_until(lambda: events_of(running.poll()) == ["first", "second"])
    assert started == ["companions"]
    assert events_of(running.end()) == ["first ends", "second ends"]
    assert running.poll() == running.end() == []
    assert (first.ends, second.ends) == (1, 1)


def test_companions_that_are_still_starting_end_when_they_have_started() -> None:
    late, asked = Talker("late"), threading.Event()
    running = Companions()
    running.start(coming(late, asked))
    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(running.end)
        assert running.poll() == []
        asked.set()
        assert events_of(ended.result(LIMIT_S)) == ["late ends"]


def test_a_companion_is_not_polled_any_more_once_it_ends() -> None:
    """Whoever ends them does so in a thread, while the loop polls."""
    for _ in range(50):
        running, talker = Companions(), Talker("one")
        running.add(talker)
        with ThreadPoolExecutor(1) as pool:
            ended = pool.submit(running.end)
            while not ended.done():
                running.poll()
            assert events_of(ended.result()) == ["one ends"]


def test_nothing_runs_that_is_not_configured(tmp_path: Path) -> None:
    found = companions(Config(), tmp_path / "s.antiphon", 0, ExternalSeries(), lambda: 0)
    assert list(found) == []


def test_what_is_configured_runs_until_the_end(tmp_path: Path) -> None:
    config = Config(train=TrainSettings(output="modem", port=str(tmp_path / "none"), line="RTS"))
    [player] = companions(config, tmp_path / "s.antiphon", 0, ExternalSeries(), lambda: 0)
    assert any("none" in text for text in events_of(player.poll()))
    player.end()


@pytest.mark.parametrize(
    ("installed", "words"),
    [("rpicam-vid", "--width=640"), ("ffmpeg", "640x480 -framerate 25 -i /dev/video2")],
)
def test_a_camera_is_chosen_by_what_is_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, installed: str, words: str
) -> None:
    (tmp_path / installed).write_text("#!/bin/sh\n")
    (tmp_path / installed).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = camera_program(CameraSettings(kind="auto", device="/dev/video2", width=640, height=480))
    assert (found.name, found.missing) == (installed, "")
    assert words in " ".join(found.arguments(Path("/tmp/x")))


@pytest.mark.parametrize(
    ("camera", "program", "words"),
    [
        (CameraSettings(kind="pi", width=640, height=480), "rpicam-vid", "--width=640"),
        (CameraSettings(kind="usb", device="/dev/video2", rate_hz=30), "ffmpeg", "/dev/video2"),
        (CameraSettings(kind="ffmpeg", input=("-i", "rtsp://x")), "ffmpeg", "rtsp://x"),
    ],
)
def test_each_kind_of_camera_has_its_program(
    camera: CameraSettings, program: str, words: str
) -> None:
    found = camera_program(camera)
    assert found.name == program
    assert words in found.arguments(Path("/tmp/x"))
