"""A camera beside the boards: a program records it, and is watched, in a thread of its own.

Whatever happens to the camera, the thread that records EEG only ever calls `poll`, which takes what
is there. Each start of the program makes a file of its own, PREFIX-01, PREFIX-02 and so on; no file
is ever written over. When the disk runs low the video stops: it could fill what the EEG needs.
"""

import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from hardware.camera.frames import FrameClock
from hardware.camera.process import CameraProcess
from hardware.camera.program import CameraProgram

BACK_OFF_S = (1.0, 2.0, 5.0, 10.0, 30.0)
SILENT_S = 10.0  # the slowest camera has started by then
STEADY_S = 30.0  # after so long a run, the next failure is a first one
KEEP_FREE_BYTES = 2_000_000_000  # a day of EEG, and room for the machine
QUEUE_FRAMES = 9000  # 150 s at 60 Hz

_SLICE_S = 0.2


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame of the video.

    Attributes:
        camera: which.
        seq: its number, counted over all parts.
        t_ns: CLOCK_MONOTONIC when it was taken; strictly increasing.
    """

    camera: str
    seq: int
    t_ns: int


@dataclass(frozen=True, slots=True)
class CameraPart:
    """A file has begun, and all is well.

    Attributes:
        camera: which.
        path: the file; its frame k is Frame number first_seq + k.
        first_seq: number of its first frame.
        on_host_clock: whether the camera's own stamps are CLOCK_MONOTONIC. If not, times are those
            of arrival without their jitter, late by what it takes to encode a frame.
    """

    camera: str
    path: Path
    first_seq: int
    on_host_clock: bool


@dataclass(frozen=True, slots=True)
class CameraFault:
    """The camera does not record, or frames were lost; one line that says what to do."""

    camera: str
    text: str


CameraEvent = Frame | CameraPart | CameraFault


class CameraRecorder:
    """Records a camera until closed, whatever it takes. One thread calls its methods.

    Args:
        name: of the camera.
        program: what records it.
        prefix: of the files, with their folder.
        first_seq: number of the first frame, when an earlier run left off before it.
        monotonic_ns: the clock.
    """

    def __init__(
        self,
        name: str,
        program: CameraProgram,
        prefix: Path,
        *,
        first_seq: int = 0,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._name = name
        self._program = program
        self._prefix = prefix
        self._seq = first_seq
        self._monotonic_ns = monotonic_ns
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._events: list[CameraEvent] = []
        self._dropped = 0
        self._is_announced = False  # the part being recorded
        self._fault = ""  # the newest, while it lasts

    def start(self) -> None:
        """Record, in a thread of its own.

        Raises:
            RuntimeError: it has been started already.
        """
        if self._thread is not None:
            raise RuntimeError(f"{self._name} has been started already")
        self._closing.clear()
        self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
        self._thread.start()

    def poll(self) -> list[CameraEvent]:
        """Everything that happened since the last call, oldest first. Frames come 2 s late."""
        with self._lock:
            events, self._events = self._events, []
            dropped, self._dropped = self._dropped, 0
        if dropped:
            text = f"the times of {dropped} frames were lost: nobody fetched them"
            events.append(CameraFault(self._name, text))
        return events

    def close(self) -> None:
        """Finish the file and stop; takes up to 5 s. May be called twice."""
        self._closing.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    # From here on: the thread.

    def _run(self) -> None:
        try:
            self._keep_recording()
        finally:
            if not self._closing.is_set():  # a fault of ours must not look like a quiet camera
                self._report("the watch over the camera failed: close and start")

    def _keep_recording(self) -> None:
        failures = 0
        while True:
            began_ns = self._monotonic_ns()
            why = self._record()
            if self._closing.is_set():
                return
            self._report(why)
            if self._monotonic_ns() - began_ns >= STEADY_S * 1e9:
                failures = 0
            if self._closing.wait(BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)]):
                return
            failures += 1

    def _record(self) -> str:
        """Record one part; return why it ended, "" when we are closing."""
        try:
            self._prefix.parent.mkdir(parents=True, exist_ok=True)
            if trouble := self._program.missing or self._shortage():
                return trouble
            path = self._free_path()
            with CameraProcess([self._program.name, *self._program.arguments(path)]) as process:
                return self._listen(process, path)
        except OSError as error:
            return f"the video cannot be recorded: {error}"

    def _listen(self, process: CameraProcess, path: Path) -> str:
        stamps_in = self._program.new_stamps()
        self._is_announced = False
        clock = FrameClock(self._monotonic_ns())
        why = ""
        while not (self._closing.is_set() or why):
            lines = process.read(_SLICE_S)
            now_ns = self._monotonic_ns()
            clock.add(stamps_in(lines), now_ns)
            self._deliver(clock.take(now_ns), clock, path)
            why = self._why_to_end(process, now_ns - clock.newest_ns)
        clock.add(stamps_in(process.stop(self._monotonic_ns)), self._monotonic_ns())
        self._deliver(clock.take_all(), clock, path)
        return why

    def _why_to_end(self, process: CameraProcess, silent_ns: int) -> str:
        program = self._program.name
        if process.has_ended:
            return f"{program} has ended: {process.last_words or 'it does not say why'}"
        if silent_ns >= SILENT_S * 1e9:
            return f"{program} gives no frames: unplug the camera and plug it in again"
        return self._shortage()

    def _shortage(self) -> str:
        free_bytes = shutil.disk_usage(self._prefix.parent).free
        if free_bytes >= KEEP_FREE_BYTES:
            return ""
        return f"only {free_bytes / 1e9:.1f} GB free: no more video, so that the EEG has room"

    def _free_path(self) -> Path:
        names = (f"{self._prefix.name}-{n:02d}{self._program.suffix}" for n in count(1))
        paths = (self._prefix.with_name(name) for name in names)
        return next(path for path in paths if not path.exists())

    def _deliver(self, times_ns: list[int], clock: FrameClock, path: Path) -> None:
        if times_ns and not self._is_announced:
            self._is_announced, self._fault = True, ""
            self._put(CameraPart(self._name, path, self._seq, clock.on_host_clock))
        for t_ns in times_ns:
            self._put(Frame(self._name, self._seq, t_ns))
            self._seq += 1

    def _report(self, fault: str) -> None:
        if fault != self._fault:
            self._fault = fault
            self._put(CameraFault(self._name, fault))

    def _put(self, event: CameraEvent) -> None:
        with self._lock:
            if isinstance(event, Frame) and len(self._events) >= QUEUE_FRAMES:
                self._dropped += 1
            else:
                self._events.append(event)
