"""Trigger edges from a GPIO line of this machine, and a GPIO line as an output.

The kernel stamps each edge in its interrupt, on CLOCK_MONOTONIC, and numbers it; nothing here waits
for it. Its own debouncing is not used: it stamps an edge when the line has settled, not when it
changed.

What only hardware can show: that the chip's interrupts keep up with the strobe, that the pull
resistor can be set, and the delay of the opto-coupler (microseconds to tens of them).
"""

import errno
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

import gpiod
from gpiod.line import Bias, Clock, Direction, Value
from gpiod.line import Edge as Edges

from hardware.trigger.edges import Edge, LostEdges, TriggerEvent, TriggerFault

KERNEL_EVENTS = 1024  # as many as the kernel grants: 8 s of a 60 Hz strobe
PULLS = {"none": Bias.AS_IS, "up": Bias.PULL_UP, "down": Bias.PULL_DOWN}

_READS = 16  # a line that oscillates must not keep `poll` busy for ever
_CONSUMER = "antiphon"


class Lines(Protocol):
    """What is used of `gpiod.LineRequest`."""

    def wait_edge_events(self, timeout: float) -> bool:
        """Wait for events, so many seconds at most; return whether some are there."""

    def read_edge_events(self) -> list[gpiod.EdgeEvent]:
        """Return up to 64 events that are there."""

    def set_value(self, line: int | str, value: Value) -> None:
        """Switch the output with this number or name."""

    def release(self) -> None:
        """Give the lines back to the kernel, for others."""


RequestLines = Callable[..., Lines]  # gpiod.request_lines, or something that stands in for it


class _GpioLine:
    """A line of a GPIO chip, ours from `_take` to `close`."""

    def __init__(
        self,
        name: str,
        chip: str,
        line: int | str,
        settings: gpiod.LineSettings,
        request_lines: RequestLines,
    ) -> None:
        self.name = name
        self._chip = chip
        self._line = line
        self._settings = settings
        self._request_lines = request_lines
        self._lines: Lines | None = None

    def _take(self, **buffer: int) -> None:
        self.close()
        wanted = {self._line: self._settings}
        try:
            self._lines = self._request_lines(self._chip, wanted, consumer=_CONSUMER, **buffer)
        except (OSError, ValueError) as error:
            raise _fault(self.name, self._chip, self._line, error) from error

    def close(self) -> None:
        """Give the line back. May be called twice, and without `open`."""
        if self._lines is not None:
            self._lines.release()
            self._lines = None


class GpioEdges(_GpioLine):
    """A line of a GPIO chip as a trigger source.

    Args:
        name: of the path.
        chip: path of the chip, such as /dev/gpiochip0.
        line: its number on the chip, or its name, such as GPIO17.
        active_low: the pulse pulls the line down, as an opto-coupler does.
        pull: `up`, `down` or `none`, what holds the line between pulses.
        request_lines: `gpiod.request_lines`.

    Raises:
        ValueError: there is no such pull.
    """

    def __init__(
        self,
        name: str,
        chip: str,
        line: int | str,
        *,
        active_low: bool = False,
        pull: str = "none",
        request_lines: RequestLines = gpiod.request_lines,
    ) -> None:
        if pull not in PULLS:
            raise ValueError(f"a pull of {pull!r}; known: {', '.join(PULLS)}")
        settings = gpiod.LineSettings(
            direction=Direction.INPUT,
            edge_detection=Edges.BOTH,
            bias=PULLS[pull],
            active_low=active_low,
            event_clock=Clock.MONOTONIC,
        )
        super().__init__(name, chip, line, settings, request_lines)
        self._seq = 0

    def open(self) -> None:
        """Take the line.

        Raises:
            TriggerFault: it cannot be had.
        """
        self._seq = 0
        self._take(event_buffer_size=KERNEL_EVENTS)

    def poll(self) -> list[TriggerEvent]:
        """The edges that the kernel has kept since the last call."""
        events: list[TriggerEvent] = []
        try:
            for seen in self._read():
                events += self._events_of(seen)
        except OSError as error:
            self.close()
            fault = TriggerFault(self.name, f"{self._chip} is gone ({error.strerror})")
            return [*events, fault]
        return events

    def _read(self) -> Iterator[gpiod.EdgeEvent]:
        for _ in range(_READS):
            if self._lines is None or not self._lines.wait_edge_events(0):
                break
            yield from self._lines.read_edge_events()

    def _events_of(self, seen: gpiod.EdgeEvent) -> list[TriggerEvent]:
        """When its buffer was full, the kernel has dropped the oldest and its numbers jump."""
        missed = seen.line_seqno - self._seq - 1
        self._seq = seen.line_seqno
        level = int(seen.event_type is gpiod.EdgeEvent.Type.RISING_EDGE)
        edge = Edge(self.name, seen.line_seqno, seen.timestamp_ns, level)
        return [LostEdges(self.name, missed, seen.timestamp_ns), edge] if missed > 0 else [edge]


class GpioOutput(_GpioLine):
    """A line of a GPIO chip as an output, low when idle; `active_low` turns that round.

    Args: as for GpioEdges.
    """

    def __init__(
        self,
        chip: str,
        line: int | str,
        *,
        active_low: bool = False,
        request_lines: RequestLines = gpiod.request_lines,
    ) -> None:
        settings = gpiod.LineSettings(
            direction=Direction.OUTPUT, output_value=Value.INACTIVE, active_low=active_low
        )
        super().__init__("sync out", chip, line, settings, request_lines)

    def open(self) -> None:
        """Take the line; it is idle from then on.

        Raises:
            TriggerFault: it cannot be had.
        """
        self._take()

    def set(self, level: int) -> None:
        """Switch it.

        Raises:
            OSError: the chip is gone.
        """
        if self._lines is not None:
            self._lines.set_value(self._line, Value.ACTIVE if level else Value.INACTIVE)


def _fault(name: str, chip: str, line: int | str, error: OSError | ValueError) -> TriggerFault:
    no_line = f"{chip} has no line {line}: gpioinfo lists those it has"
    match error:
        case ValueError():
            text = no_line
        case FileNotFoundError() if Path(chip).exists():
            text = no_line
        case FileNotFoundError():
            text = f"{chip}: no such GPIO chip: gpiodetect lists those there are"
        case PermissionError():
            text = f"{chip}: no permission: add this user to the group gpio and log in again"
        case OSError(errno=errno.EBUSY):
            text = f"line {line} of {chip} is in use: gpioinfo shows by what"
        case OSError(errno=errno.ENODEV | errno.ENOTTY):
            text = f"{chip} is no GPIO chip: gpiodetect lists those there are"
        case _:
            text = f"{chip} refuses line {line} with these settings ({error.strerror})"
    return TriggerFault(name, text)
