"""A camera recorder and all that it has said; programs for it that film nothing real."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from hardware.camera.program import CameraProgram, ffmpeg_input, pi_camera
from hardware.camera.recorder import CameraEvent, CameraFault, CameraPart, CameraRecorder, Frame

LIMIT_S = 20.0

CHATTER = """
import os, signal, sys, time
open(sys.argv[1], "x")
print("# frames follow", flush=True)
def frame():
    print(f"SensorTimestamp={time.monotonic_ns()}", flush=True)
"""


class Bench:
    """A recorder, and all that it has said."""

    def __init__(self, program: CameraProgram, folder: Path) -> None:
        self.folder = folder
        self.recorder = CameraRecorder("camera", program, folder / "s-camera")
        self.events: list[CameraEvent] = []
        self.longest_poll_ns = 0

    def poll(self) -> None:
        began_ns = time.monotonic_ns()
        self.events += self.recorder.poll()
        self.longest_poll_ns = max(self.longest_poll_ns, time.monotonic_ns() - began_ns)

    def until(self, seen: Callable[["Bench"], bool]) -> None:
        """Poll until something has been seen."""
        pause, limit_s = threading.Event(), time.monotonic() + LIMIT_S
        while not seen(self):
            assert time.monotonic() < limit_s, self.events[-5:]
            pause.wait(0.01)
            self.poll()

    def close(self) -> None:
        self.recorder.close()
        self.poll()

    @property
    def frames(self) -> list[Frame]:
        return [event for event in self.events if isinstance(event, Frame)]

    @property
    def parts(self) -> list[CameraPart]:
        return [event for event in self.events if isinstance(event, CameraPart)]

    @property
    def faults(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, CameraFault)]

    @property
    def times_ns(self) -> list[int]:
        return [frame.t_ns for frame in self.frames]


Start = Callable[[CameraProgram], Bench]


def stand_in(folder: Path, body: str) -> CameraProgram:
    """A program that reports frames as rpicam-vid does, and otherwise does as `body` says."""
    script = folder / "stand-in"
    script.write_text(f"#!{sys.executable} -IS\n{CHATTER}\n{body}\n")
    script.chmod(0o755)
    return CameraProgram(
        str(script), "none", ".txt", lambda path: [str(path)], pi_camera().new_stamps
    )


def frames_in(path: Path) -> int:
    """Count the frames of a video."""
    entries = ["-count_packets", "-show_entries", "stream=nb_read_packets", "-of", "csv=p=0"]
    command = ["ffprobe", "-v", "error", *entries, str(path)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def lavfi(graph: str, *before: str) -> CameraProgram:
    return ffmpeg_input([*before, "-f", "lavfi", "-i", f"testsrc=size=160x120:rate=25{graph}"])
