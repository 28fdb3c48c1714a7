"""When a camera's frames were taken: from the program's own time stamps to CLOCK_MONOTONIC.

A program stamps each frame in one of two ways:

    on the host's clock    V4L2 (the kernel's stamp of the buffer), libcamera (SensorTimestamp)
    from its own start     everything else: files, network cameras, drivers without a clock

The first kind lies shortly before the line that reports the frame arrives, and is taken as it is.
Of the second kind only differences are known; the frames that came through quickest say where zero
is, so such a time is late by what encoding and a pipe take at best.
"""

from collections import deque

HOLD_NS = 2_000_000_000  # a start brings a bunch of late frames; later ones say where zero is

_HOST_STAMP_NS = 5_000_000_000  # a disk may hold a program up for so long
_AHEAD_NS = 50_000_000  # a frame cannot be reported before it is taken, but for rounding
_SECOND_NS = 1_000_000_000
_FLOOR_SECONDS = 60  # the program's clock may drift by so little in this time


class FrameClock:
    """Puts the frames of one recording on CLOCK_MONOTONIC, strictly increasing.

    Attributes:
        newest_ns: when the newest report arrived; before the first, `now_ns`.
        on_host_clock: whether the stamp of the frame taken last was used as it is.
    """

    def __init__(self, now_ns: int) -> None:
        self.newest_ns = now_ns
        self.on_host_clock = False
        self._held: deque[tuple[int, int]] = deque()  # stamp, arrival
        self._floors: deque[tuple[int, int]] = deque(maxlen=_FLOOR_SECONDS)  # second, least delay
        self._last_ns = 0

    def add(self, stamps_ns: list[int], arrival_ns: int) -> None:
        """Take the stamps of the next frames, whose reports arrived together."""
        for stamp_ns in stamps_ns:
            self._held.append((stamp_ns, arrival_ns))
            self._note_delay(arrival_ns // _SECOND_NS, arrival_ns - stamp_ns)
            self.newest_ns = arrival_ns

    def take(self, now_ns: int) -> list[int]:
        """Return the times of the frames that have been held for 2 s, oldest first."""
        taken: list[int] = []
        while self._held and now_ns - self._held[0][1] >= HOLD_NS:
            taken.append(self._place(*self._held.popleft()))
        return taken

    def take_all(self) -> list[int]:
        """Return the times of the remaining frames: no more will come."""
        return [self._place(*self._held.popleft()) for _ in range(len(self._held))]

    def _note_delay(self, second: int, delay_ns: int) -> None:
        if self._floors and self._floors[-1][0] == second:
            delay_ns = min(delay_ns, self._floors.pop()[1])
        self._floors.append((second, delay_ns))

    def _place(self, stamp_ns: int, arrival_ns: int) -> int:
        self.on_host_clock = -_AHEAD_NS <= arrival_ns - stamp_ns <= _HOST_STAMP_NS
        zero_ns = 0 if self.on_host_clock else min(delay_ns for _, delay_ns in self._floors)
        self._last_ns = max(stamp_ns + zero_ns, self._last_ns + 1)
        return self._last_ns
