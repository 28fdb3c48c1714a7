"""A stand-in for the documented interface of gpiod v2, with the kernel's rules behind it.

From docs.kernel.org (gpio-v2 line events) and the gpiod package: events are numbered per line from
1, wait in a buffer of stated size, and when that is full the oldest is dropped. A line has one user
at a time. What it cannot show is what only hardware can: real interrupts, real pull resistors.
"""

import errno
from collections import deque
from collections.abc import Mapping

import gpiod
from gpiod.line import Clock, Direction, Value
from gpiod.line import Edge as Edges

READ_AT_ONCE = 64  # of gpiod's own buffer


class GpioChip:
    """/dev/gpiochip0 with some lines; `request_lines` stands for gpiod's."""

    def __init__(self, path: str = "/dev/gpiochip0", names: tuple[str, ...] = ("A", "B")) -> None:
        self.path = path
        self.names = names
        self.users: dict[int, Request] = {}
        self.outputs: list[tuple[int, int]] = []  # line, physical level
        self.gone = False

    def request_lines(
        self,
        path: str,
        config: Mapping[int | str, gpiod.LineSettings],
        consumer: str,
        event_buffer_size: int = 16,
    ) -> "Request":
        if path != self.path:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        ((wanted, settings),) = config.items()
        line = self._offset(wanted)
        if line in self.users:
            raise OSError(errno.EBUSY, "Device or resource busy")
        assert consumer
        self.users[line] = Request(self, (line, wanted), settings, event_buffer_size)
        return self.users[line]

    def change(self, line: int, level: int, t_ns: int) -> None:
        """The pin goes to a physical level."""
        if line in self.users:
            self.users[line].see(level, t_ns)

    def _offset(self, line: int | str) -> int:
        if isinstance(line, str):
            if line not in self.names:
                raise FileNotFoundError(errno.ENOENT, "No such file or directory")
            return self.names.index(line)
        if line >= len(self.names):
            raise ValueError("line offset of out range")
        return line


class Request:
    """What gpiod.request_lines returns."""

    def __init__(
        self, chip: GpioChip, line: tuple[int, int | str], settings: gpiod.LineSettings, room: int
    ) -> None:
        self.chip = chip
        self.offset, self.wanted = line
        self.settings = settings
        self.buffer: deque[gpiod.EdgeEvent] = deque(maxlen=room)
        self.seq = 0
        if settings.direction is Direction.OUTPUT:
            self.set_value(self.wanted, settings.output_value)

    def see(self, level: int, t_ns: int) -> None:
        assert self.settings.direction is Direction.INPUT
        assert self.settings.edge_detection is Edges.BOTH
        assert self.settings.event_clock is Clock.MONOTONIC
        rises = bool(level) != self.settings.active_low
        kind = gpiod.EdgeEvent.Type.RISING_EDGE if rises else gpiod.EdgeEvent.Type.FALLING_EDGE
        self.seq += 1
        event = gpiod.EdgeEvent(kind.value, t_ns, self.offset, self.seq, self.seq)
        self.buffer.append(event)

    def wait_edge_events(self, timeout: float) -> bool:
        assert timeout == 0, "a poll must not wait"
        if self.chip.gone:
            raise OSError(errno.ENODEV, "No such device")
        return bool(self.buffer)

    def read_edge_events(self) -> list[gpiod.EdgeEvent]:
        return [self.buffer.popleft() for _ in range(min(len(self.buffer), READ_AT_ONCE))]

    def set_value(self, line: int | str, value: Value) -> None:
        assert line == self.wanted
        if self.chip.gone:
            raise OSError(errno.ENODEV, "No such device")
        active = value is Value.ACTIVE
        self.chip.outputs.append((self.offset, int(active != self.settings.active_low)))

    def release(self) -> None:
        del self.chip.users[self.offset]
