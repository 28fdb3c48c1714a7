"""The sync train keeps its schedule, and says what it really did."""

import errno
import threading
import time
from collections.abc import Iterator
from itertools import islice, repeat

import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.trigger.edges import Edge, TriggerEvent, TriggerFault
from hardware.trigger.gpio import GpioEdges, GpioOutput
from hardware.trigger.sync_train import INTERVAL_S, WIDTH_S, Pulse, SyncTrain, schedule
from tests.hardware.trigger.gpio_chip import GpioChip

S, MS, US = 1_000_000_000, 1_000_000, 1_000


def pulses(seed: int) -> Iterator[Pulse]:
    return schedule(np.random.default_rng(seed))


class Machine:
    """A simulated clock and an output on it, both of them slow, and sometimes late."""

    def __init__(self, seconds: float, seed: int = 0, switch_ns: int = 0) -> None:
        self.now_ns = 1000 * S
        self.end_ns = self.now_ns + round(seconds * 1e9)
        self.done: list[tuple[int, int]] = []  # when it really switched, and to what
        self.is_open = False
        self.gone = False
        self._rng = np.random.default_rng(seed)
        self._switch_ns = switch_ns
        self.stalls: dict[int, int] = {}  # after which wait, for how long

    def __call__(self) -> int:
        return self.now_ns

    def wait(self, seconds: float) -> bool:
        """Wake up a little late, as a machine does, or tell to stop."""
        if self.now_ns + seconds * 1e9 >= self.end_ns:
            return True
        late_us = min(float(self._rng.exponential(80.0)), 5000.0)
        self.now_ns += round(seconds * 1e9) + round(late_us * US)
        self.now_ns += self.stalls.pop(len(self.done), 0)
        return False

    def open(self) -> None:
        self.is_open = True

    def set(self, level: int) -> None:
        if self.gone:
            raise OSError(errno.EIO, "Input/output error")
        self.now_ns += self._switch_ns // 2
        self.done.append((self.now_ns, level))
        self.now_ns += self._switch_ns // 2

    def close(self) -> None:
        self.is_open = False

    def times_ns(self, level: int) -> NDArray[np.int64]:
        return np.array([t_ns for t_ns, it in self.done if it == level])


def planned_ns(seed: int, begin_ns: int, n: int) -> NDArray[np.int64]:
    intervals_ns = [round(pulse.interval_s * 1e9) for pulse in islice(pulses(seed), n)]
    return begin_ns + np.cumsum(intervals_ns)


def play(machine: Machine, seed: int = 1) -> list[TriggerEvent]:
    train = SyncTrain(machine, pulses(seed), machine)
    train.play(machine.wait)
    return train.poll()


# --- the schedule -------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_train_and_another_does_not() -> None:
    first, again, other = (list(islice(pulses(seed), 50)) for seed in (5, 5, 6))
    assert first == again
    assert not set(first) & set(other)


def test_intervals_and_widths_fill_their_limits() -> None:
    intervals_s, widths_s = np.array(list(islice(pulses(2), 5000))).T
    for values, (low, high) in ((intervals_s, INTERVAL_S), (widths_s, WIDTH_S)):
        assert low <= values.min() < low + 0.01 * (high - low)
        assert high - 0.01 * (high - low) < values.max() < high
        assert abs(values.mean() - (low + high) / 2) < 0.02 * (high - low)
    assert abs(np.corrcoef(intervals_s[1:], intervals_s[:-1])[0, 1]) < 0.05


def test_a_minute_of_the_train_fits_itself_at_one_shift_only() -> None:
    rises_s = np.cumsum([pulse.interval_s for pulse in islice(pulses(3), 600)])
    part = rises_s[200:260]
    shifts = rises_s[:540] - part[0]
    fits = [np.sum(np.abs(part[:, None] + shift - rises_s).min(axis=1) < 0.01) for shift in shifts]
    assert np.argmax(fits) == 200
    assert sorted(fits)[-1] == 60
    assert sorted(fits)[-2] < 15


# --- playing it ---------------------------------------------------------------------------------


def test_rises_are_on_schedule_after_hours_whatever_the_delays() -> None:
    machine = Machine(7200.0, switch_ns=MS)
    play(machine)
    rises_ns = machine.times_ns(1)
    error_ns = rises_ns - planned_ns(1, 1000 * S, len(rises_ns))
    assert len(rises_ns) > 7000
    assert error_ns.min() >= 0
    assert np.median(error_ns[:1000]) == pytest.approx(np.median(error_ns[-1000:]), abs=30 * US)
    assert error_ns.max() < 6 * MS


def test_pulses_keep_their_width() -> None:
    machine = Machine(600.0)
    play(machine)
    widths_ns = machine.times_ns(0) - machine.times_ns(1)
    expected_s = [pulse.width_s for pulse in islice(pulses(1), len(widths_ns))]
    assert np.abs(widths_ns - np.array(expected_s) * 1e9).max() < 6 * MS
    assert widths_ns.min() > 10 * MS


def test_each_switching_is_an_edge_with_its_real_time() -> None:
    machine = Machine(60.0, switch_ns=3 * MS)
    events = play(machine)
    expected = [
        Edge("sync out", seq, t_ns, level)
        for seq, (t_ns, level) in enumerate(machine.done, start=1)
    ]
    assert events == expected
    assert len(events) > 100


def test_a_pulse_that_is_too_late_is_left_out_and_the_next_ones_are_on_time() -> None:
    machine = Machine(60.0)
    machine.stalls = {20: 3 * S}
    play(machine)
    rises_ns = machine.times_ns(1)
    plan_ns = planned_ns(1, 1000 * S, 60)
    nearest_ns = np.abs(rises_ns[:, None] - plan_ns).min(axis=1)
    assert nearest_ns.max() < 6 * MS
    assert np.diff(rises_ns).max() > 3 * S
    assert [level for _, level in machine.done] == [1, 0] * len(rises_ns)


def test_a_stop_in_a_pulse_leaves_the_output_idle() -> None:
    first = next(pulses(1))
    machine = Machine(first.interval_s + first.width_s / 2)
    play(machine)
    assert [level for _, level in machine.done] == [1, 0]
    assert machine.done[1][0] - machine.done[0][0] < first.width_s * 1e9 / 2


def test_opened_again_the_train_resumes_and_does_not_repeat_itself() -> None:
    machine, seed = Machine(30.0), 8
    train = SyncTrain(machine, pulses(seed), machine)
    train.play(machine.wait)
    before = len(machine.times_ns(1))
    machine.end_ns = machine.now_ns + 30 * S
    begin_ns = machine.now_ns
    train.play(machine.wait)
    again_s = (machine.times_ns(1)[before:] - begin_ns) / 1e9
    intervals_s = [pulse.interval_s for pulse in pulses_from(seed, before + 1, len(again_s))]
    np.testing.assert_allclose(again_s, np.cumsum(intervals_s), atol=0.006)


def pulses_from(seed: int, first: int, n: int) -> list[Pulse]:
    return list(islice(pulses(seed), first, first + n))


# --- in its thread ------------------------------------------------------------------------------


class Real:
    """An output that lets each rise be waited for."""

    def __init__(self) -> None:
        self.level = 0
        self.rises = threading.Semaphore(0)
        self.fault: OSError | None = None
        self.is_open = False

    def open(self) -> None:
        self.is_open = True

    def set(self, level: int) -> None:
        if self.fault:
            raise self.fault
        self.level = level
        if level:
            self.rises.release()

    def close(self) -> None:
        assert self.level == 0
        self.is_open = False


def test_it_plays_in_a_thread_until_closed() -> None:
    output = Real()
    train = SyncTrain(output, repeat(Pulse(0.02, 0.01)))
    began_ns = time.monotonic_ns()
    train.open()
    for _ in range(3):
        assert output.rises.acquire(timeout=5.0)
    train.close()
    edges = [event for event in train.poll() if isinstance(event, Edge)]
    assert [edge.seq for edge in edges] == list(range(1, len(edges) + 1))
    assert [edge.level for edge in edges] == [1, 0] * (len(edges) // 2)
    times_ns = [began_ns + 20 * MS, *[edge.t_ns for edge in edges], time.monotonic_ns()]
    assert times_ns == sorted(times_ns)
    assert len(edges) >= 6
    assert not output.is_open
    train.close()


def test_closing_in_a_pulse_stops_at_once() -> None:
    output = Real()
    train = SyncTrain(output, repeat(Pulse(0.02, 60.0)))
    train.open()
    assert output.rises.acquire(timeout=5.0)
    stop_ns = time.monotonic_ns()
    train.close()
    assert time.monotonic_ns() - stop_ns < 300 * MS
    assert output.level == 0
    assert len(train.poll()) == 2


def test_an_output_that_goes_away_is_a_fault() -> None:
    output, pause, events = Real(), threading.Event(), list[TriggerEvent]()
    output.fault = OSError(errno.EIO, "Input/output error")
    train = SyncTrain(output, repeat(Pulse(0.02, 0.01)))
    train.open()
    limit_ns = time.monotonic_ns() + 5 * S
    while not events and time.monotonic_ns() < limit_ns:
        pause.wait(0.005)
        events = train.poll()
    text = "sync out: the output of the sync train is gone (Input/output error)"
    assert [str(event) for event in events if isinstance(event, TriggerFault)] == [text]
    train.close()


def test_an_output_that_cannot_be_had_is_a_fault_of_opening() -> None:
    chip = GpioChip()
    GpioEdges("other", chip.path, 1, request_lines=chip.request_lines).open()
    train = SyncTrain(
        GpioOutput(chip.path, 1, request_lines=chip.request_lines), repeat(Pulse(0.02, 0.01))
    )
    with pytest.raises(TriggerFault, match="line 1 of /dev/gpiochip0 is in use"):
        train.open()
    train.close()


def test_looped_back_the_train_is_seen_as_it_was_played() -> None:
    machine, chip = Machine(30.0), GpioChip()
    output = GpioOutput(chip.path, 0, request_lines=chip.request_lines)
    source = GpioEdges("loop", chip.path, 1, request_lines=chip.request_lines)
    output.open()
    source.open()

    class Wire:
        def open(self) -> None: ...
        def close(self) -> None: ...
        def set(self, level: int) -> None:
            output.set(level)
            chip.change(1, chip.outputs[-1][1], machine.now_ns)

    train = SyncTrain(Wire(), pulses(1), machine)
    train.play(machine.wait)
    played = [(event.t_ns, event.level) for event in train.poll() if isinstance(event, Edge)]
    seen = [(event.t_ns, event.level) for event in source.poll() if isinstance(event, Edge)]
    assert seen == played
    assert len(seen) > 40
