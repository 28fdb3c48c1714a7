"""Videos with a known truth: a scene with a light that shows a sync train, encoded by ffmpeg."""

import shutil
import subprocess
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from recorder.align.flashes import Stretch
from recorder.align.picture import ACROSS, DOWN, FEWEST_FRAMES, steadied
from recorder.align.train import Train

Times = NDArray[np.float64]
Picture = NDArray[np.float32]

MOST_FRAMES = 900  # of a stretch
MARGIN = 16  # pixels of scene around the picture, into which the shaking camera looks


@dataclass(frozen=True, slots=True)
class Scene:
    """What is filmed, and how.

    `begin_s` is the session's time at the video's time 0; `drift_ppm` how much faster the session's
    clock runs. The exposure is a share of a frame. `light` is the brightness that the light adds.
    """

    seconds: float = 60.0
    fps: int = 25
    begin_s: float = 1234.5678
    drift_ppm: float = 30.0
    exposure: float = 0.5
    light: float = 120.0
    at: tuple[int, int] = (170, 60)
    shake: int = 5
    person: bool = False
    flicker: float = 0.0
    lost: float = 0.0
    seed: int = 1

    def session_s(self, video_s: Times) -> Times:
        return self.begin_s + video_s * (1 + self.drift_ppm * 1e-6)


def train(seed: int = 7, pulses: int = 3600) -> Train:
    """A train like that of hardware.trigger.sync_train, from the start of a session on."""
    rng = np.random.default_rng(seed)
    rise_s = np.cumsum(rng.uniform(0.5, 1.5, pulses))
    return Train("train", rise_s, rise_s + rng.uniform(0.020, 0.050, pulses))


def lit(scene: Scene, shown: Train, at_s: Times | None = None) -> Times:
    """Share of each frame's exposure in which the light is on.

    `at_s` are the frames' true times, for a file that tells others.
    """
    t_s = np.arange(round(scene.seconds * scene.fps)) / scene.fps if at_s is None else at_s
    begin_s = scene.session_s(t_s)
    end_s = scene.session_s(t_s + max(scene.exposure / scene.fps, 1e-4))
    lost = np.random.default_rng(scene.seed).random(len(shown.rise_s)) < scene.lost
    share = np.zeros(len(t_s))
    for rise_s, fall_s in zip(shown.rise_s[~lost], shown.fall_s[~lost], strict=True):
        first, last = np.searchsorted(begin_s, [rise_s - 0.2, fall_s + 0.2])
        near = slice(int(first), int(last))
        overlap = np.minimum(end_s[near], fall_s) - np.maximum(begin_s[near], rise_s)
        share[near] += np.clip(overlap, 0.0, None) / (end_s[near] - begin_s[near])
    return share


def stretches(
    t_s: Times, lit_share: Times, flicker: Callable[[Times, Times], Times] | None = None
) -> Iterator[Stretch]:
    """What `picture` yields of a still room with a light, without a video in between.

    Args:
        t_s: (n,) time stamps of the frames.
        lit_share: (n,) of each frame's exposure.
        flicker: of times and rows, how bright the room is.
    """
    rng = np.random.default_rng(8)
    room = rng.uniform(40, 150, 2 * DOWN * ACROSS).astype(np.float32)
    row = np.tile(np.repeat(np.arange(DOWN), ACROSS) / DOWN, 2)
    for first in range(0, len(t_s), MOST_FRAMES):
        some = slice(first, first + MOST_FRAMES)
        level = room + rng.standard_normal((len(t_s[some]), len(room)), np.float32)
        for place, light in ((700, 100.0), (701, 100.0), (700 + DOWN * ACROSS, 10.0)):
            level[:, place] += light * lit_share[some]
        if flicker is not None:
            level *= flicker(t_s[some, None], row).astype(np.float32)
        plain = np.clip(np.round(level), 0, 255)
        if len(plain) >= FEWEST_FRAMES:
            yield Stretch(t_s[some], np.concatenate([steadied(plain), plain], axis=1))


def frames(scene: Scene, shown: Train, width: int = 320, height: int = 240) -> NDArray[np.uint8]:
    """The pictures, (n, height, width)."""
    rng = np.random.default_rng(scene.seed)
    room = _room(rng, width + 2 * MARGIN, height + 2 * MARGIN)
    blob = _blob(room.shape, (scene.at[0] + MARGIN, scene.at[1] + MARGIN))
    share = lit(scene, shown)
    noises = rng.normal(0, 2, (16, height, width)).astype(np.float32)
    rows = np.arange(height, dtype=np.float32)[:, None] / height
    pictures = np.empty((len(share), height, width), np.uint8)
    for at, (y, x) in enumerate(_shakes(rng, len(share), scene.shake)):
        now = room + np.float32(scene.light * share[at]) * blob if share[at] else room
        if scene.person:
            now = np.where(_person(now.shape, at / scene.fps), 30 + np.float32(0.3) * now, now)
        now = now[MARGIN + y : MARGIN + y + height, MARGIN + x : MARGIN + x + width]
        if scene.flicker:
            beat = np.float32(2 * np.pi * 100.3 * at / scene.fps) + np.float32(2 * np.pi) * rows
            now = now * (1 + np.float32(scene.flicker) * np.sin(beat))
        pictures[at] = np.clip(now + noises[rng.integers(16)], 0, 255)
    return pictures


def video(path: Path, scene: Scene, shown: Train) -> Path:
    """A video of a scene, encoded as a camera would."""
    pictures = frames(scene, shown)
    _, height, width = pictures.shape
    size = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{width}x{height}", "-r", str(scene.fps)]
    codec = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "23", "-pix_fmt", "yuv420p"]
    _ffmpeg([*size, "-i", "-", *codec, str(path)], pictures.tobytes())
    return path


def beeps(path: Path, scene: Scene, shown: Train, rate_hz: int = 48_000) -> Path:
    """A sound file: beeps of 2.5 kHz in a room where somebody hums and speaks."""
    rng = np.random.default_rng(scene.seed)
    t_s = np.arange(round(scene.seconds * rate_hz)) / rate_hz
    wanders = np.cumsum(rng.normal(0, 2e-4, len(t_s)))
    voice = 0.2 * np.sin(2 * np.pi * 180 * t_s + wanders) * np.sin(2 * np.pi * 0.7 * t_s)
    sound = voice + 0.02 * rng.normal(size=len(t_s))
    for rise_s in (shown.rise_s - scene.begin_s) / (1 + scene.drift_ppm * 1e-6):
        first = round(rise_s * rate_hz)
        if 0 <= first < len(t_s) - 2000:
            sound[first : first + 2000] += 0.1 * np.sin(2 * np.pi * 2500 * t_s[:2000])
    path.parent.mkdir(exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, rate_hz, 0, "NONE", ""))
        file.writeframes((np.clip(sound, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def require_ffmpeg() -> str:
    """Where ffmpeg is; a test without it is skipped."""
    found = shutil.which("ffmpeg")
    if found is None:
        pytest.skip("ffmpeg is not installed")
    return found


def _ffmpeg(arguments: list[str], given: bytes) -> None:
    command = [require_ffmpeg(), "-v", "error", "-y", *arguments]
    subprocess.run(command, input=given, check=True, timeout=60)


def _room(rng: np.random.Generator, width: int, height: int) -> Picture:
    """Furniture: rectangles of different greys."""
    room = np.full((height, width), 90.0, np.float32)
    for _ in range(60):
        y, x = rng.integers(0, height), rng.integers(0, width)
        h, w = rng.integers(5, 60, 2)
        room[y : y + h, x : x + w] = rng.uniform(20, 200)
    return room


def _blob(shape: tuple[int, ...], at: tuple[int, int]) -> Picture:
    y, x = np.mgrid[: shape[0], : shape[1]]
    away = (y - at[0]) ** 2 + (x - at[1]) ** 2
    blob: Picture = np.exp(-away / (2 * 2.0**2)).astype(np.float32)
    return blob


def _shakes(rng: np.random.Generator, n: int, most: int) -> NDArray[np.int64]:
    """A hand's tremor and sway: where the camera points in each frame, in pixels."""
    sway = np.cumsum(rng.normal(0, 1, (n, 2)), axis=0)
    sway -= np.linspace(0, 1, n)[:, None] * sway[-1]
    path = sway / max(1.0, float(np.abs(sway).max())) * most + rng.normal(0, most / 5, (n, 2))
    return np.clip(np.round(path), -most, most).astype(np.int64)


def _person(shape: tuple[int, ...], t_s: float) -> NDArray[np.bool_]:
    """Somebody who walks about in the lower half and gesticulates."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    middle = shape[1] / 2 + shape[1] / 3 * np.sin(0.5 * t_s) + 8 * np.sin(11 * t_s)
    inside: NDArray[np.bool_] = ((x - middle) / 30) ** 2 + ((y - shape[0]) / 150) ** 2 < 1
    return inside
