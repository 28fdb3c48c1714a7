"""A camera is recorded, watched and started again, and the EEG does not notice."""

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from hardware.camera import frames, process, recorder
from hardware.camera.program import CameraProgram, ffmpeg_input, pi_camera
from hardware.camera.recorder import CameraRecorder
from hardware.cyton import conversation
from hardware.cyton.board import CytonBoard
from tests.hardware.camera.bench import LIMIT_S, Bench, Start, frames_in, lavfi, stand_in
from tests.hardware.emulated_port import emulated_port
from tests.places import ROOT

S, MS = 1_000_000_000, 1_000_000
FRAME_NS = 40 * MS
needs_ffmpeg = pytest.mark.skipif(
    not (shutil.which("ffmpeg") and shutil.which("ffprobe")),
    reason="ffmpeg is not installed: sudo apt install ffmpeg",
)


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    monkeypatch.setattr(recorder, "BACK_OFF_S", (0.1,))
    monkeypatch.setattr(recorder, "KEEP_FREE_BYTES", 0)
    benches: list[Bench] = []

    def started(program: CameraProgram) -> Bench:
        benches.append(Bench(program, tmp_path))
        benches[-1].recorder.start()
        return benches[-1]

    yield started
    for bench in benches:
        bench.close()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hold frames for less time than ffmpeg would need to start."""
    monkeypatch.setattr(frames, "HOLD_NS", 100 * MS)


# --- with the real ffmpeg -----------------------------------------------------------------------


@needs_ffmpeg
def test_each_frame_of_the_file_has_a_time(start: Start) -> None:
    bench = start(lavfi("", "-re"))
    bench.until(lambda b: len(b.frames) >= 20)
    bench.close()
    (part,) = bench.parts
    assert part.path == bench.folder / "s-camera-01.mkv"
    assert (part.first_seq, part.on_host_clock) == (0, False)
    assert [frame.seq for frame in bench.frames] == list(range(len(bench.frames)))
    assert frames_in(part.path) == len(bench.frames) > 50
    steps_ns = np.diff(bench.times_ns)
    assert steps_ns.min() > 0
    assert np.median(steps_ns) == pytest.approx(FRAME_NS, abs=MS)
    assert bench.faults == []


@needs_ffmpeg
def test_stamps_of_the_kernels_clock_come_through_unchanged(start: Start) -> None:
    begin_us = time.monotonic_ns() // 1000
    graph = ":duration=1,settb=1/1000000,realtime"
    bench = start(lavfi(graph, "-itsoffset", f"{begin_us / 1e6:.6f}"))
    bench.until(lambda b: len(b.faults) > 0)
    bench.close()
    part = bench.parts[0]
    assert part.on_host_clock
    assert bench.times_ns[:25] == [begin_us * 1000 + k * FRAME_NS for k in range(25)]
    assert frames_in(part.path) == 25


class PacedFrames:
    """A named pipe into which a frame is written each 40 ms, or later if the reader is slow."""

    def __init__(self, path: Path, frames: int) -> None:
        self.path = path
        self.taken_ns: list[int] = []
        os.mkfifo(path)
        self._frames = frames
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()

    def _write(self) -> None:
        picture, pause = bytes(160 * 120), threading.Event()
        with suppress(BrokenPipeError), self.path.open("wb", buffering=0) as pipe:
            begin_ns = time.monotonic_ns()
            for k in range(self._frames):
                self.taken_ns.append(begin_ns + k * FRAME_NS)
                pause.wait(max(self.taken_ns[-1] - time.monotonic_ns(), 0) / 1e9)
                pipe.write(picture)

    def join(self) -> None:
        self._thread.join(5.0)


@needs_ffmpeg
def test_times_are_within_a_frame_of_the_truth(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "BACK_OFF_S", (60.0,))  # once is enough
    source = PacedFrames(tmp_path / "pipe", 100)
    raw = ["-f", "rawvideo", "-pixel_format", "gray", "-video_size", "160x120"]
    bench = start(ffmpeg_input([*raw, "-framerate", "25", "-i", str(source.path)]))
    bench.until(lambda b: len(b.faults) > 0)
    source.join()
    errors_ns = np.array(bench.times_ns) - np.array(source.taken_ns)
    assert len(errors_ns) == 100
    assert np.abs(errors_ns).max() < FRAME_NS
    assert frames_in(bench.parts[0].path) == 100


@needs_ffmpeg
def test_a_camera_that_ends_is_started_again_into_a_new_file(start: Start) -> None:
    bench = start(lavfi(":duration=0.4", "-re"))
    bench.until(lambda b: len(b.parts) >= 3)
    bench.close()
    assert bench.faults[0] == "ffmpeg has ended: it does not say why"
    names = [part.path.name for part in bench.parts[:3]]
    assert names == ["s-camera-01.mkv", "s-camera-02.mkv", "s-camera-03.mkv"]
    assert [part.first_seq for part in bench.parts[:3]] == [0, 10, 20]
    assert [frame.seq for frame in bench.frames] == list(range(len(bench.frames)))
    assert all(after > before for before, after in pairwise(bench.times_ns))


@needs_ffmpeg
def test_what_ffmpeg_complains_about_is_passed_on(start: Start) -> None:
    bench = start(ffmpeg_input(["-f", "v4l2", "-i", "/dev/video99"]))
    bench.until(lambda b: len(b.faults) > 0)
    assert bench.faults == ["ffmpeg has ended: /dev/video99: No such file or directory"]


@needs_ffmpeg
def test_a_killed_recorder_takes_ffmpeg_along_and_leaves_a_file_that_can_be_read(
    tmp_path: Path,
) -> None:
    script = f"""
from pathlib import Path
from hardware.camera import recorder
from hardware.camera.program import ffmpeg_input
recorder.KEEP_FREE_BYTES = 0
source = ["-re", "-f", "lavfi", "-i", "testsrc=size=160x120:rate=25"]
camera = recorder.CameraRecorder("camera", ffmpeg_input(source), Path({str(tmp_path)!r}) / "s")
camera.start()
camera._thread.join()
"""
    path, pause, limit_s = tmp_path / "s-01.mkv", threading.Event(), time.monotonic() + LIMIT_S
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT) as owner:
        while not (path.exists() and path.stat().st_size > 2000) and time.monotonic() < limit_s:
            pause.wait(0.05)
        (child,) = children(owner.pid)
        owner.kill()
    while is_running(child):
        assert time.monotonic() < limit_s
        pause.wait(0.02)
    assert frames_in(path) > 20


def children(pid: int) -> list[int]:
    threads = Path(f"/proc/{pid}/task").iterdir()
    return [int(it) for thread in threads for it in (thread / "children").read_text().split()]


def is_running(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


# --- with stand-ins for a camera program --------------------------------------------------------


@pytest.mark.usefixtures("quick")
def test_a_pi_camera_is_recorded_with_the_sensors_times(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    script = f"""#!{sys.executable} -IS
import signal, sys, threading, time

options = dict(it[2:].split("=", 1) for it in sys.argv[1:] if "=" in it)
assert options["metadata"] == "-" and options["metadata-format"] == "txt"
done = threading.Event()
signal.signal(signal.SIGINT, lambda *_: done.set())
with open(options["output"], "w") as video, open(options["save-pts"], "w") as pts:
    print("# timecode format v2", file=pts)
    begin_ns = time.monotonic_ns()
    while not done.wait(0.02):
        sensor_ns = time.monotonic_ns() - 15_000_000
        print(sensor_ns, file=video)
        print(f"SensorTimestamp={{sensor_ns}}\\nExposureTime=9000\\n", flush=True)
"""
    (folder / "rpicam-vid").write_text(script)
    (folder / "rpicam-vid").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=os.pathsep)
    bench = start(pi_camera())
    bench.until(lambda b: len(b.frames) >= 3)
    bench.close()
    (part,) = bench.parts
    assert part.path.name == "s-camera-01.h264"
    assert part.on_host_clock
    assert bench.times_ns == [int(line) for line in part.path.read_text().split()]
    assert (bench.folder / "s-camera-01.h264.pts").exists()


def test_a_program_that_is_killed_is_a_fault_and_is_started_again(
    start: Start, tmp_path: Path
) -> None:
    bench = start(stand_in(tmp_path, "frame(); frame(); os.kill(os.getpid(), signal.SIGKILL)"))
    bench.until(lambda b: len(b.parts) >= 2)
    assert "stand-in has ended" in bench.faults[0]
    assert [part.first_seq for part in bench.parts[:2]] == [0, 2]


def test_a_fault_that_lasts_is_told_once(start: Start, tmp_path: Path) -> None:
    log = tmp_path / "starts"
    body = f"open({str(log)!r}, 'a').write('x'); sys.exit('no camera found')"
    bench = start(stand_in(tmp_path, body))
    bench.until(lambda b: log.exists() and log.stat().st_size >= 3)
    bench.close()
    assert [text.partition(" has ended: ")[2] for text in bench.faults] == ["no camera found"]
    assert bench.parts == []


@pytest.mark.usefixtures("quick")
def test_a_camera_without_frames_is_started_again(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "SILENT_S", 0.5)
    bench = start(stand_in(tmp_path, "frame(); time.sleep(60)"))
    bench.until(lambda b: len(b.parts) >= 2)
    assert "gives no frames: unplug the camera and plug it in again" in bench.faults[0]


@pytest.mark.usefixtures("quick")
def test_a_program_that_does_not_stop_is_killed(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "STOP_S", 0.3)
    deaf = "signal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: frame(); time.sleep(0.05)"
    bench = start(stand_in(tmp_path, deaf))
    bench.until(lambda b: len(b.frames) > 3)
    began_ns = time.monotonic_ns()
    bench.close()
    assert time.monotonic_ns() - began_ns < 2 * S
    assert len(bench.parts) == 1


@pytest.mark.usefixtures("quick")
def test_a_program_that_complains_without_end_holds_nothing_up(
    start: Start, tmp_path: Path
) -> None:
    body = "while True: frame(); sys.stderr.write('deprecated! ' * 5000); time.sleep(0.01)"
    bench = start(stand_in(tmp_path, body))
    bench.until(lambda b: len(b.frames) > 20)
    assert bench.longest_poll_ns < 100 * MS


@pytest.mark.usefixtures("quick")
def test_a_low_disk_stops_the_video_before_the_eeg_suffers(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = start(stand_in(tmp_path, "while True: frame(); time.sleep(0.02)"))
    bench.until(lambda b: len(b.frames) > 3)
    monkeypatch.setattr(recorder, "KEEP_FREE_BYTES", 10**18)
    bench.until(lambda b: len(b.faults) > 0)
    assert "GB free: no more video, so that the EEG has room" in bench.faults[0]
    monkeypatch.setattr(recorder, "KEEP_FREE_BYTES", 0)
    bench.until(lambda b: len(b.parts) == 2)


def test_a_missing_program_is_one_clear_line(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    bench = start(pi_camera())
    bench.until(lambda b: len(b.faults) > 0)
    assert bench.faults == ["rpicam-vid is not installed: sudo apt install rpicam-apps"]


def test_a_folder_that_cannot_be_written_is_one_clear_line(start: Start, tmp_path: Path) -> None:
    program = stand_in(tmp_path, "frame()")
    (tmp_path / "file").touch()
    bench = Bench(program, tmp_path / "file")
    bench.recorder.start()
    bench.until(lambda b: len(b.faults) > 0)
    bench.close()
    assert bench.faults[0].startswith("the video cannot be recorded: ")


@pytest.mark.usefixtures("quick")
def test_files_of_an_earlier_run_are_kept_and_its_numbers_go_on(tmp_path: Path) -> None:
    program = stand_in(tmp_path, "while True: frame(); time.sleep(0.02)")
    (tmp_path / "s-camera-01.txt").write_text("an hour of video")
    bench = Bench(program, tmp_path)
    bench.recorder = CameraRecorder("camera", program, tmp_path / "s-camera", first_seq=1000)
    bench.recorder.start()
    bench.until(lambda b: len(b.frames) > 0)
    bench.close()
    assert bench.parts[0].path.name == "s-camera-02.txt"
    assert bench.frames[0].seq == bench.parts[0].first_seq == 1000
    assert (tmp_path / "s-camera-01.txt").read_text() == "an hour of video"


def test_frames_that_nobody_fetches_are_counted(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recorder, "QUEUE_FRAMES", 5)
    body = "[frame() for _ in range(30)]; time.sleep(0.3)"
    bench = start(stand_in(tmp_path, body))
    bench.until(lambda b: len(b.faults) > 0)
    bench.close()
    lost = [text for text in bench.faults if "nobody fetched them" in text]
    assert lost[0].split()[3].isdigit()
    assert len(bench.frames) < 30 * len(bench.parts)


def test_it_is_started_once_and_closed_as_often_as_one_likes(start: Start, tmp_path: Path) -> None:
    bench = start(stand_in(tmp_path, "while True: frame(); time.sleep(0.02)"))
    with pytest.raises(RuntimeError, match="camera has been started already"):
        bench.recorder.start()
    for _ in range(2):
        bench.recorder.close()


# --- beside the boards --------------------------------------------------------------------------


def test_a_camera_that_keeps_dying_costs_no_sample(
    start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversation, "QUIET_S", 0.1)
    link = tmp_path / "ttyUSB0"
    board = CytonBoard(str(link))
    with emulated_port(link):
        board.start()
        bench = start(stand_in(tmp_path, "frame(); os.kill(os.getpid(), signal.SIGSEGV)"))
        bench.until(lambda b: len(b.parts) >= 4 and board.tally.samples > 500)
        board.close()
    assert board.tally.lost == 0
    assert bench.longest_poll_ns < 100 * MS
    assert len(bench.faults) >= 3
