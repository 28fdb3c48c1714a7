"""What runs beside the boards while a session is recorded: the sync train, the camera, markers.

Each gives rows of the session. None of them can hold up the recording: they start and run in
threads of their own, and what is wrong with them is an event in the session.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Protocol

import numpy as np

from hardware.board_fault import BoardFault
from hardware.camera.program import CameraProgram, ffmpeg_input, local_camera, pi_camera, usb_camera
from hardware.camera.recorder import CameraEvent, CameraPart, CameraRecorder, Frame
from hardware.lsl.markers import LslMarkers, LslSeries
from hardware.lsl.stamps import Stamps
from hardware.trigger.steady import KeptOpen
from hardware.trigger.sync_train import Output, SyncTrain, schedule
from recorder.companions.asking import Asking
from recorder.companions.external import ExternalSeries, TooMany
from recorder.companions.trigger_paths import train_output
from recorder.companions.triggers import edge_row
from recorder.settings.camera import CameraSettings
from recorder.settings.file import Config
from recorder.store.rows import EventRow, FrameRow, MarkerRow, Row
from recorder.wearers.boards import lsl_settings
from recorder.wire.messages import Alarm

FROM_LSL = "LSL"  # source of marks that another program has made

log = logging.getLogger("antiphon")

STARTED_WITHIN_S = 20.0
TRAIN = "train"  # the name of the path of our own train


class Companion(Protocol):
    """Something that is recorded beside the boards."""

    def poll(self) -> list[Row]:
        """What has happened since the last call. Never waits."""

    def end(self) -> list[Row]:
        """Stop; what had not been told yet. May take seconds."""


class Companions:
    """What accompanies one session, until that ends: they have no other owner."""

    def __init__(self, monotonic_ns: Callable[[], int] = time.monotonic_ns) -> None:
        self._asking = Asking(monotonic_ns)
        self._has_ended = False
        self._running: list[Companion] = []
        self._taking = threading.Lock()
        self._starting: threading.Thread | None = None

    def start(self, coming: Iterable[Companion]) -> None:
        """Take up what is coming, each when it has been made: in a thread, for it takes seconds."""
        self._starting = threading.Thread(target=self._take_up, args=(coming,), name="companions")
        self._starting.start()

    def add(self, companion: Companion) -> None:
        """Take up one that has been made."""
        with self._taking:
            self._running.append(companion)

    def poll(self) -> list[Row]:
        """What they have to tell. Never waits."""
        with self._taking:
            return [row for one in self._running for row in self._told(one, one.poll)]

    def alarms(self) -> list[Alarm]:
        """What is wrong with the streams of other programs."""
        with self._taking:
            inlets = [one for one in self._running if isinstance(one, Inlet)]
        return [alarm for inlet in inlets for alarm in self._alarms_of(inlet)]

    def end(self) -> list[Row]:
        """End them all; what they had not told yet. Takes seconds; others may poll meanwhile.

        One that has not come to be after STARTED_WITHIN_S is not waited for: it ends when it has.
        """
        if self._starting is not None and self._starting is not threading.current_thread():
            self._starting.join(STARTED_WITHIN_S)
        self._has_ended = True
        with self._taking:
            ended, self._running = self._running, []
        return [row for one in ended for row in self._told(one, one.end)]

    def _told(self, companion: Companion, ask: Callable[[], list[Row]]) -> list[Row]:
        return self._asking.rows(id(companion), type(companion).__name__, ask)

    def _alarms_of(self, inlet: "Inlet") -> list[Alarm]:
        return self._asking.told((id(inlet), "alarms"), type(inlet).__name__, inlet.alarms)

    def _take_up(self, coming: Iterable[Companion]) -> None:
        for companion in coming:
            self.add(companion)
            if self._has_ended:
                self.end()


def companions(
    config: Config,
    session_file: Path,
    first_frame: int,
    external: ExternalSeries,
    monotonic_ns: Callable[[], int],
) -> Iterator[Companion]:
    """Start what the configuration names, for one session, one after the other.

    Args:
        config: of the box.
        session_file: the session's; videos are made beside it.
        first_frame: number of the camera's next frame.
        external: the session's external series.
        monotonic_ns: the clock.
    """
    if (output := train_output(config.train)) is not None:
        yield TrainPlayer(output, secrets.randbits(32), monotonic_ns)
    if config.camera.kind:
        prefix = session_file.with_name(f"{session_file.stem}-camera")
        camera = CameraRecorder(
            "camera",
            camera_program(config.camera),
            prefix,
            first_seq=first_frame,
            monotonic_ns=monotonic_ns,
        )
        yield CameraWatch(camera, monotonic_ns)
    settings = lsl_settings(config.lsl)
    if config.lsl.markers:
        markers = LslMarkers(config.lsl.markers, settings=settings)
        yield MarkerInlet(markers, monotonic_ns)
    for name in config.lsl.series:
        series = LslSeries(name, settings=settings)
        yield SeriesInlet(name, series, external, monotonic_ns)


def camera_program(camera: CameraSettings) -> CameraProgram:
    """What records the camera that is configured."""
    picture = (camera.width, camera.height, camera.rate_hz)
    if camera.kind == "pi":
        return pi_camera(*picture)
    if camera.kind == "usb":
        return usb_camera(camera.device, *picture)
    if camera.kind == "auto":
        return local_camera(camera.device, *picture)
    return ffmpeg_input(list(camera.input))


class TrainPlayer:
    """Plays a sync train; its real edges and the seed of its schedule are stored."""

    def __init__(self, output: Output, seed: int, monotonic_ns: Callable[[], int]) -> None:
        self._monotonic_ns = monotonic_ns
        self._train = SyncTrain(
            output, schedule(np.random.default_rng(seed)), monotonic_ns, name=TRAIN
        )
        self._kept = KeptOpen(self._train, monotonic_ns)
        self._kept.open()
        text = f"seed {seed}: pulses of hardware.sync_train.schedule(default_rng(seed))"
        self._told: list[Row] = [EventRow(monotonic_ns(), "train", text)]

    def poll(self) -> list[Row]:
        """Edges since the last call."""
        told, self._told = self._told, []
        return [*told, *(edge_row(event, self._monotonic_ns()) for event in self._kept.poll())]

    def end(self) -> list[Row]:
        """Stop, with the output idle."""
        self._kept.close()
        return [edge_row(event, self._monotonic_ns()) for event in self._train.poll()]


class CameraWatch:
    """Records the camera; the times of its frames are stored."""

    def __init__(self, camera: CameraRecorder, monotonic_ns: Callable[[], int]) -> None:
        self._camera = camera
        self._monotonic_ns = monotonic_ns
        camera.start()

    def poll(self) -> list[Row]:
        """Frames since the last call; they come 2 s late."""
        return [self._row(event) for event in self._camera.poll()]

    def end(self) -> list[Row]:
        """Finish the video; takes up to 5 s."""
        self._camera.close()
        return self.poll()

    def _row(self, event: CameraEvent) -> Row:
        if isinstance(event, Frame):
            return FrameRow(event.camera, event.seq, event.t_ns)
        if isinstance(event, CameraPart):
            clock = "" if event.on_host_clock else "; times are those of arrival"
            text = f"{event.path.name} begins with frame {event.first_seq}{clock}"
            return EventRow(self._monotonic_ns(), "camera", text)
        return EventRow(self._monotonic_ns(), "camera", f"{event.camera}: {event.text}")


class _Stream(Protocol):
    """What a stream of markers and one of numbers have in common."""

    @property
    def fault(self) -> str: ...

    @property
    def stamps(self) -> Stamps: ...

    def open(self) -> None: ...

    def close(self) -> None: ...


class Inlet:
    """A stream of another program; tells when it stops coming, and when it comes again."""

    def __init__(self, name: str, stream: _Stream, monotonic_ns: Callable[[], int]) -> None:
        self._name = name
        self._stream = stream
        self._monotonic_ns = monotonic_ns
        self._told = self._refusal = ""
        self._is_open = True
        try:
            stream.open()
        except BoardFault as fault:
            self._is_open, self._refusal = False, str(fault)

    def poll(self) -> list[Row]:
        """What has come since the last call, and what keeps it from coming."""
        return [*(self._rows() if self._is_open else ()), *self._news()]

    def end(self) -> list[Row]:
        """Let go of the stream; what had come until then."""
        rows = self.poll()
        self._stream.close()
        return rows

    def alarms(self) -> list[Alarm]:
        """What is wrong with the stamps of the stream."""
        doubts_s = self._stream.stamps.doubts_s(self._monotonic_ns())
        return [
            Alarm(f"stamps_{doubt}", of=self._name, numbers={"by_s": by_s})
            for doubt, by_s in doubts_s.items()
        ]

    def _rows(self) -> Iterator[Row]:
        raise NotImplementedError

    def _news(self) -> Iterator[Row]:
        fault = self._refusal or self._stream.fault
        if fault != self._told:
            self._told = fault
            yield EventRow(self._monotonic_ns(), "lsl", f"{self._name}: {fault or 'it comes'}")


class MarkerInlet(Inlet):
    """Markers of another program become markers of the session, made when they arrived."""

    def __init__(self, markers: LslMarkers, monotonic_ns: Callable[[], int]) -> None:
        super().__init__("markers", markers, monotonic_ns)
        self._markers = markers

    def _rows(self) -> Iterator[Row]:
        for t_ns, label in self._markers.poll():
            now_ns = self._monotonic_ns()
            yield MarkerRow(t_ns=t_ns, label=label, made_t_ns=now_ns, source=FROM_LSL)


class SeriesInlet(Inlet):
    """Numbers of another program become an external series of the session for each channel."""

    def __init__(
        self,
        name: str,
        series: LslSeries,
        external: ExternalSeries,
        monotonic_ns: Callable[[], int],
    ) -> None:
        super().__init__(name, series, monotonic_ns)
        self._series = series
        self._external = external

    def _rows(self) -> Iterator[Row]:
        for one in self._series.poll():
            label = f"{self._name} {one.channel + 1}" if one.channel else self._name
            try:
                yield from self._external.rows(one.t_ns, label, "", one.value, self._monotonic_ns())
            except TooMany as no:
                self._refusal = str(no)  # told once
