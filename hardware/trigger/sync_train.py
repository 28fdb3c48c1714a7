"""The sync train: pulses at pseudo-random intervals, on an output of ours.

One output goes, through opto-couplers, to pin D11 of both boards, to a light in the camera's view
and back to an input of the host. Intervals are random because a train with a fixed one fits a
recording at every shift; with random ones, 20 % of lost pulses do no harm.
"""

import threading
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

import numpy as np

from hardware.trigger.edges import Edge, EdgeQueue, TriggerEvent, TriggerFault

INTERVAL_S = (0.5, 1.5)
WIDTH_S = (0.020, 0.050)  # 5 samples of a board at least: no pulse hides in a lost packet
TOO_LATE_NS = 10_000_000  # what is left of the shortest pulse is still two samples


class Pulse(NamedTuple):
    """One pulse of the train: how long after the rise of the one before it rises, and its width."""

    interval_s: float
    width_s: float


class Output(Protocol):
    """What the train is played on: GpioOutput, ModemOutput."""

    def open(self) -> None:
        """Take it, idle. Raises TriggerFault."""

    def set(self, level: int) -> None:
        """Switch it. Raises OSError."""

    def close(self) -> None:
        """Give it back. May be called twice."""


def schedule(rng: "np.random.Generator") -> Iterator[Pulse]:
    """Yield pulses without end; intervals and widths are uniform within their limits.

    The same generator state gives the same train: each pulse is `rng.uniform(*INTERVAL_S)`, then
    `rng.uniform(*WIDTH_S)`.
    """
    while True:
        yield Pulse(rng.uniform(*INTERVAL_S), rng.uniform(*WIDTH_S))


class SyncTrain:
    """Plays a train on an output, and is the trigger source of what it really did.

    Each edge carries the time of the actual switching; the middle of the call that did it. The
    deadlines are absolute, so that lateness does not add up. A pulse that could only begin 10 ms
    late, because the machine was busy, is left out.

    Args:
        output: where to.
        pulses: the schedule; a train that is opened again resumes it.
        monotonic_ns: the clock.
        name: of the path.
    """

    def __init__(
        self,
        output: Output,
        pulses: Iterator[Pulse],
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
        name: str = "sync out",
    ) -> None:
        self._output = output
        self._pulses = pulses
        self._monotonic_ns = monotonic_ns
        self.name = name
        self._queue = EdgeQueue()
        self._seq = 0
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self) -> None:
        """Begin to play, in a thread of its own.

        Raises:
            TriggerFault: the output cannot be had.
        """
        self.close()
        self._output.open()
        self._closing.clear()
        self._thread = threading.Thread(
            target=self._run, args=(self._closing.wait,), name=self.name, daemon=True
        )
        self._thread.start()

    def poll(self) -> list[TriggerEvent]:
        """What was switched since the last call."""
        return self._queue.drain()

    def close(self) -> None:
        """Stop at once, with the output idle."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._output.close()

    # From here on: the thread.

    def _run(self, wait: Callable[[float], bool]) -> None:
        try:
            self.play(wait)
        except OSError as error:
            text = f"the output of the sync train is gone ({error.strerror})"
            self._queue.put(TriggerFault(self.name, text))

    def play(self, wait: Callable[[float], bool]) -> None:
        """Play until told to stop.

        Args:
            wait: lets so many seconds pass, or returns True: stop.

        Raises:
            OSError: the output is gone.
        """
        rise_ns = self._monotonic_ns()
        for pulse in self._pulses:
            rise_ns += round(pulse.interval_s * 1e9)
            if self._waits(wait, rise_ns):
                return
            if self._monotonic_ns() - rise_ns >= TOO_LATE_NS:
                continue
            if self._pulse(wait, rise_ns + round(pulse.width_s * 1e9)):
                return

    def _pulse(self, wait: Callable[[float], bool], fall_ns: int) -> bool:
        """Rise now and fall then; return True when told to stop in between."""
        try:
            self._switch(1)
            return self._waits(wait, fall_ns)
        finally:
            self._switch(0)

    def _waits(self, wait: Callable[[float], bool], until_ns: int) -> bool:
        """Let time pass until then; return True when told to stop before."""
        while (left_ns := until_ns - self._monotonic_ns()) > 0:
            if wait(left_ns / 1e9):
                return True
        return False

    def _switch(self, level: int) -> None:
        before_ns = self._monotonic_ns()
        self._output.set(level)
        self._seq += 1
        t_ns = (before_ns + self._monotonic_ns()) // 2
        self._queue.put(Edge(self.name, self._seq, t_ns, level))
