"""What `antiphon align` takes for an hour of video, and how right it is: `make bench-align`.

The video is made by ffmpeg of a room with a lamp that shows a known train: 320 x 180, 30 pictures a
second, H.264, or as it is asked for. It begins in mid-session and its clock is 30 ppm off.

python -m tests.bench.align [--minutes 60] [--width 320 --height 180] [--fps 30] [--json]
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recorder.rehearsal.processes import ANTIPHON
from recorder.store.rows import EdgeRow
from recorder.store.rows import Row as RowOfFile
from tests.recorder import session_files
from tests.recorder.align.rendered import Scene, Times, lit, require_ffmpeg, train
from tests.results import Row, tell

ID = "20261123T040000Z-1f3a"
MOST_S, MOST_MIB, MOST_MS, MOST_PPM = 120.0, 213.0, 2.0, 5.0
NOISES = 16


@dataclass(frozen=True, slots=True)
class Taken:
    """What the verb took, and how far what it said is from the truth."""

    elapsed_s: float
    cpu_s: float
    mib: float
    error_ms: float
    drift_error_ppm: float
    matched: int


def main() -> int:
    """Make, align, keep and tell; 1 where it is not as it should be."""
    parser = ArgumentParser(prog="tests.bench.align", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--width", type=int, default=320)
    parser.add_argument("--height", type=int, default=180)
    parser.add_argument("--fps", type=int, default=30)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    scene = Scene(seconds=60 * asked.minutes, fps=asked.fps, begin_s=123.4567)
    with tempfile.TemporaryDirectory(prefix="align-") as directory:
        session = _session(Path(directory), scene)
        video = _video(Path(directory) / "bedside.mp4", scene, asked)
        found = _aligned(session, video, scene)
    what = f"{asked.minutes:g} min of {asked.width} x {asked.height}, {asked.fps} a second"
    rows = [
        Row(
            f"{what}: time", f"{found.elapsed_s:.0f} s, {found.cpu_s:.0f} s of CPU", f"{MOST_S:g} s"
        ),
        Row(f"{what}: memory", f"{found.mib:.0f} MiB", f"{MOST_MIB:g} MiB"),
        Row(f"{what}: error, at worst", f"{found.error_ms:.2f} ms", f"{MOST_MS:g} ms"),
        Row(f"{what}: error of the drift", f"{found.drift_error_ppm:.2f} ppm", f"{MOST_PPM:g} ppm"),
    ]
    figures = {name: getattr(found, name) for name in Taken.__slots__}
    tell("bench-align", rows, "antiphon.bench-align/1", as_json=asked.json, **figures)
    fits = (
        found.elapsed_s <= MOST_S
        and found.mib <= MOST_MIB
        and found.error_ms <= MOST_MS
        and found.drift_error_ppm <= MOST_PPM
    )
    return int(not fits)


def _session(directory: Path, scene: Scene) -> Path:
    """A session that lasts longer than the video, with the edges of the train."""
    shown = train(pulses=round(scene.begin_s + scene.seconds) + 200)
    edges = sorted([(t, 1) for t in shown.rise_s] + [(t, 0) for t in shown.fall_s])
    rows: list[RowOfFile] = [
        EdgeRow("train", number, session_files.START_NS + round(t_s * 1e9), level)
        for number, (t_s, level) in enumerate(edges)
    ]
    return session_files.write(directory / f"{ID}.antiphon", rows)


def _video(path: Path, scene: Scene, asked: Namespace) -> Path:
    size = f"{asked.width}x{asked.height}"
    raw = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", size, "-r", str(scene.fps), "-i", "-"]
    codec = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "23", "-pix_fmt", "yuv420p"]
    command = [require_ffmpeg(), "-v", "error", "-y", *raw, *codec, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as ffmpeg:
        assert ffmpeg.stdin is not None
        for picture in _pictures(scene, asked.width, asked.height):
            ffmpeg.stdin.write(picture.tobytes())
        ffmpeg.stdin.close()
    if ffmpeg.returncode:
        raise RuntimeError(f"ffmpeg ended with {ffmpeg.returncode}")
    return path


def _pictures(scene: Scene, width: int, height: int) -> Iterator[NDArray[np.uint8]]:
    """A still room with noise, and a small lamp."""
    rng = np.random.default_rng(scene.seed)
    rooms = np.clip(90 + rng.normal(0, 2, (NOISES, height, width)), 0, 255).astype(np.uint8)
    lamp = slice(height // 3, height // 3 + 6), slice(width // 4, width // 4 + 6)
    share = lit(scene, train(pulses=round(scene.begin_s + scene.seconds) + 200))
    for number, on in zip(
        rng.integers(0, NOISES, len(share)).tolist(), share.tolist(), strict=True
    ):
        picture = rooms[number]
        if on:
            picture = picture.copy()
            picture[lamp] += np.uint8(round(scene.light * on))
        yield picture


def _aligned(session: Path, video: Path, scene: Scene) -> Taken:
    """The verb in a process of its own."""
    command = [*ANTIPHON, "align", str(session), "--video", str(video), "--json"]
    began_s = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        text = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    elapsed_s = time.perf_counter() - began_s
    if process.returncode:
        raise RuntimeError(f"align ended with {process.returncode}")
    told = json.loads(text)
    [piece] = told["pieces"]
    return Taken(
        elapsed_s,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss / 1024,
        _error_ms(piece, scene),
        abs(piece["drift_ppm"] - scene.drift_ppm),
        piece["matched"],
    )


def _error_ms(piece: dict[str, float], scene: Scene) -> float:
    video_s: Times = np.linspace(0, scene.seconds, 5)
    told_s = piece["offset_s"] + video_s * (1 + piece["drift_ppm"] * 1e-6)
    return float(1e3 * np.abs(told_s - scene.session_s(video_s)).max())


if __name__ == "__main__":
    sys.exit(main())
