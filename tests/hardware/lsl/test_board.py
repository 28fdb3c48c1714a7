"""An LSL stream becomes a board, with real outlets on the loopback."""

import itertools
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.board import MISSING_COUNT, Board, BoardState, GapCause
from hardware.board_fault import BoardFault, Closing, FaultKind
from hardware.lsl import description, inlet
from hardware.lsl.board import LslBoard
from hardware.lsl.description import find
from hardware.lsl.inlet import AUX_LABELS, RAIL_COUNTS, Inlet
from tests.hardware.lsl.bench import (
    LIMIT_S,
    RATE_HZ,
    SETTINGS,
    Amplifier,
    described,
    lsl,
    until,
)
from tests.hardware.lsl.peer import peer
from tests.hardware.told import Told

RIVAL_WITHIN_S = description.RIVAL_WITHIN_S
_names = itertools.count(1)


def new_name() -> str:
    return f"amplifier {next(_names)}"


class Bench(Told):
    """An LSL board, and all that it has said."""

    board: LslBoard

    def __init__(self, stream: str, *channels: str) -> None:
        super().__init__(LslBoard(stream, channels=channels, settings=SETTINGS))

    def until_sampled(self, n: int, amplifier: Amplifier | None = None, segment: int = 0) -> None:
        """Wait for `n` samples of a segment, having them sent if need be."""

        def seen(_: Told) -> bool:
            if amplifier is not None:
                amplifier.send(10)
            return self.samples(segment) >= n

        self.until(seen)

    def counts(self) -> NDArray[np.int32]:
        return np.concatenate([block.counts for block in self.blocks])

    def aux(self, label: str) -> NDArray[np.int32]:
        column = AUX_LABELS.index(label)
        return np.concatenate([block.aux[:, column] for block in self.blocks])


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    lsl()
    monkeypatch.setattr(description, "RIVAL_WITHIN_S", 0.02)


@pytest.fixture
def amplifier() -> Amplifier:
    return Amplifier(new_name())


@pytest.fixture
def bench(amplifier: Amplifier) -> Iterator[Bench]:
    made = Bench(amplifier.name)
    yield made
    made.close()


def send_one(name: str, values: list[list[float]], form: str, unit: str = "microvolts") -> Bench:
    """Open a stream with one chunk of values, and take it."""
    pylsl = lsl()
    channels = len(values[0])
    info = pylsl.StreamInfo(name, "EEG", channels, RATE_HZ, form, name)
    outlet = pylsl.StreamOutlet(described(info, [f"E{n}" for n in range(channels)], unit))
    bench = Bench(name)
    bench.board.start()
    assert outlet.wait_for_consumers(LIMIT_S)
    begin_s = time.monotonic()
    outlet.push_chunk(values, [begin_s + n / RATE_HZ for n in range(len(values))])
    bench.until_sampled(len(values))
    bench.close()
    return bench


# --- opening ------------------------------------------------------------------------------------


def test_it_is_a_board_that_loads_nothing_until_opened(bench: Bench) -> None:
    board: Board = bench.board
    assert (board.state, board.info, board.poll()) == (BoardState.CLOSED, None, [])
    assert bench.board.labels == ()


def test_a_stream_says_what_it_is(bench: Bench, amplifier: Amplifier) -> None:
    info = bench.board.open()
    assert (info.kind, info.port) == ("lsl", f"lsl:{amplifier.name}")
    assert (info.serial, info.rate_hz, info.channels) == (amplifier.name, 250.0, 2)
    assert (info.uv_per_count, info.aux_labels) == (1e-3, AUX_LABELS)
    assert bench.board.labels == ("E1", "E2")
    assert bench.board.state is BoardState.OPENING


def test_a_stream_is_found_by_its_source(amplifier: Amplifier) -> None:
    bench = Bench(f"source_id={amplifier.name}")
    assert bench.board.open().serial == amplifier.name
    bench.close()


@pytest.mark.alone
def test_a_stream_that_is_not_there_is_told_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(description, "FOUND_WITHIN_S", 0.3)
    bench, began = Bench("nobody"), time.monotonic()
    with pytest.raises(BoardFault, match="lsl:nobody: no such stream") as caught:
        bench.board.open()
    assert time.monotonic() - began < 1.0
    assert caught.value.kind is FaultKind.MISSING
    assert bench.board.state is BoardState.CLOSED
    bench.close()


def test_of_two_streams_of_a_name_none_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(description, "RIVAL_WITHIN_S", RIVAL_WITHIN_S)
    name = new_name()
    _both = Amplifier(name, "left"), Amplifier(name, "right")
    with pytest.raises(BoardFault, match=r"2 streams.*source_id=left") as caught:
        Bench(name).board.open()
    assert caught.value.kind is FaultKind.REFUSED


@pytest.mark.parametrize(
    ("form", "rate_hz", "unit", "told"),
    [
        ("string", 250.0, "", "it carries text"),
        ("float32", 0.0, "", "it has no rate"),
        ("float32", 250.0, "counts", "E1 is in 'counts', not in volts"),
    ],
)
def test_what_is_no_amplifier_is_refused(form: str, rate_hz: float, unit: str, told: str) -> None:
    pylsl, name = lsl(), new_name()
    info = described(pylsl.StreamInfo(name, "EEG", 1, rate_hz, form, name), ["E1"], unit)
    _outlet = pylsl.StreamOutlet(info)
    bench, began_s = Bench(name), time.monotonic()
    with pytest.raises(BoardFault, match=told) as caught:
        bench.board.open()
    assert time.monotonic() - began_s < 3.0
    assert caught.value.kind is FaultKind.REFUSED
    assert str(caught.value).startswith(f"lsl:{name}: ")
    assert "\n" not in str(caught.value)


def test_a_channel_that_the_stream_lacks_is_told(amplifier: Amplifier) -> None:
    with pytest.raises(BoardFault, match="no channel E7; it has E1, E2"):
        Bench(amplifier.name, "E1", "E7").board.open()


def test_a_sender_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inlet, "ANSWERS_WITHIN_S", 0.4)
    name, closing = new_name(), threading.Event()
    with peer(name, SETTINGS.session_id) as process:
        found = find(lsl(), name, closing)
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)  # by now it hangs
        began = time.monotonic()
        with pytest.raises(BoardFault, match="does not answer") as caught:
            Inlet(lsl(), found, f"lsl:{name}", closing)
    assert time.monotonic() - began < 2.0
    assert caught.value.kind is FaultKind.SILENT


# --- streaming ----------------------------------------------------------------------------------


def test_samples_become_counts_with_the_time_they_came(bench: Bench, amplifier: Amplifier) -> None:
    bench.board.start()
    amplifier.wait_for_reader()
    begin_ns = time.monotonic_ns()
    bench.until_sampled(200, amplifier)
    numbers = bench.counts()[:, 0] // 1000
    assert numbers.tolist() == list(range(len(numbers)))
    assert np.all(bench.counts() == numbers[:, None] * 1000)
    arrival_ns = np.concatenate([block.arrival_ns for block in bench.blocks])
    assert np.all(np.diff(arrival_ns) >= 0)
    assert begin_ns < arrival_ns[0]
    assert arrival_ns[-1] < time.monotonic_ns()
    assert bench.gaps == []


def test_the_senders_clock_travels_along(bench: Bench, amplifier: Amplifier) -> None:
    bench.board.start()
    amplifier.wait_for_reader()

    def corrected(_: Told) -> bool:
        amplifier.send(5)
        return bool(bench.blocks) and int(bench.blocks[-1].aux[-1, 1]) != MISSING_COUNT

    bench.until(corrected)
    n = bench.samples()
    due_us = np.rint((amplifier.begin_s + np.arange(n) / RATE_HZ) * 1e6).astype(np.int64)
    off_us = (bench.aux("lsl_t_us").astype(np.int64) - due_us + 2**31) % 2**32 - 2**31
    correction_us = bench.aux("lsl_correction_us")
    known = correction_us != MISSING_COUNT
    assert np.abs(off_us[~known]).max() <= 1
    assert np.abs(off_us[known] - correction_us[known]).max() <= 1
    assert np.abs(correction_us[known]).max() < 1000


def test_what_was_not_sent_is_a_gap(bench: Bench, amplifier: Amplifier) -> None:
    bench.board.start()
    amplifier.wait_for_reader()
    amplifier.send(50)
    amplifier.skip(7)
    bench.until_sampled(120, amplifier)
    (gap,) = bench.gaps
    assert (gap.first_index, gap.count, gap.cause) == (50, 7, GapCause.RADIO)
    assert bench.board.tally.lost == 7


@pytest.mark.parametrize(
    ("form", "unit", "value", "count"),
    [
        ("float32", "microvolts", 12.3456, 12346),
        ("double64", "volts", -1.5e-6, -1500),
        ("int16", "microvolts", -77, -77000),
        ("float32", "millivolts", 187.5, 187500000),
    ],
)
def test_units_and_formats_become_nanovolts(form: str, unit: str, value: float, count: int) -> None:
    bench = send_one(new_name(), [[value, 0]], form, unit)
    assert bench.counts().tolist() == [[count, 0]]


def test_what_is_no_voltage_is_railed_or_missing() -> None:
    bench = send_one(new_name(), [[np.inf, -np.inf, np.nan, 3e6]], "float32")
    expected = [RAIL_COUNTS, -RAIL_COUNTS, MISSING_COUNT, RAIL_COUNTS]
    assert bench.counts().tolist() == [expected]


def test_channels_come_in_the_wanted_order(amplifier: Amplifier) -> None:
    pylsl, name = lsl(), new_name()
    info = described(pylsl.StreamInfo(name, "EEG", 3, RATE_HZ, "float32", name), ["F3", "F4", "Fz"])
    outlet = pylsl.StreamOutlet(info)
    bench = Bench(name, "FZ", "F3")
    bench.board.start()
    assert outlet.wait_for_consumers(LIMIT_S)
    outlet.push_sample([1.0, 2.0, 3.0], time.monotonic())
    bench.until_sampled(1)
    bench.close()
    assert bench.counts().tolist() == [[3000, 1000]]


# --- trouble ------------------------------------------------------------------------------------


def test_a_killed_sender_is_lost_within_4_s_and_taken_up_when_it_is_back() -> None:
    name = new_name()
    bench = Bench(name)
    bench.board.start()
    with peer(name, SETTINGS.session_id) as process:
        bench.until_sampled(100)
        process.kill()
        killed_ns = time.monotonic_ns()
        lost = bench.until_state(BoardState.LOST)
    assert (lost.t_ns - killed_ns) / 1e9 < 4.0
    assert "has gone" in lost.fault
    with peer(name, SETTINGS.session_id):
        bench.until_sampled(50, segment=1)
    bench.close()
    (gap,) = [gap for gap in bench.gaps if gap.segment == 1 and gap.count == 0]
    assert gap.cause is GapCause.UNPLUGGED
    assert bench.board.tally.samples == bench.samples(0) + bench.samples(1)


def test_a_stream_that_returns_as_another_is_refused(bench: Bench, amplifier: Amplifier) -> None:
    bench.board.start()
    amplifier.wait_for_reader()
    bench.until_sampled(20, amplifier)
    amplifier.go()
    bench.until_state(BoardState.LOST)
    _other = Amplifier(amplifier.name, channels=3)
    bench.until(lambda b: "other channels" in b.changes[-1].fault)
    assert bench.board.state is BoardState.LOST


# --- closing ------------------------------------------------------------------------------------


def test_closing_ends_an_opening() -> None:
    bench = Bench("nobody")
    with ThreadPoolExecutor() as pool:
        opened = pool.submit(bench.board.open)
        bench.until_state(BoardState.OPENING)
        assert bench.closing_s() < 1.0
        assert isinstance(opened.exception(timeout=1.0), Closing)
    assert bench.board.state is BoardState.CLOSED


def test_closing_does_not_wait_for_a_stream_that_is_not_there() -> None:
    bench = Bench("nobody")
    bench.board.start()
    bench.until_state(BoardState.OPENING)
    assert bench.closing_s() < 1.0


def test_closing_lets_go_of_the_sender(bench: Bench, amplifier: Amplifier) -> None:
    bench.board.start()
    amplifier.wait_for_reader()
    bench.until_sampled(20, amplifier)
    assert bench.closing_s() < 1.0

    def alone() -> bool:
        amplifier.send(1)  # liblsl before 1.18 notices when it sends
        return not amplifier.has_reader

    until(alone)
    bench.poll()
    assert bench.changes[-1].state is BoardState.CLOSED
