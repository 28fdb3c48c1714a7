"""Loudness of many pitches of a file's sound: one of them has the beeps."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recorder.align.flashes import Stretch
from recorder.align.media import Media, decoded
from recorder.progress import Progress

if TYPE_CHECKING:
    from av import AudioFrame

RATE_HZ = 16_000
WINDOW = 160  # 10 ms: pitches 100 Hz apart
HOP = 32  # 2 ms
LOWEST, HIGHEST = 3, 79  # pitches, in steps of 100 Hz
STRETCH_SAMPLES = 100 * RATE_HZ
FEWEST_SAMPLES = 5 * RATE_HZ
JUMP_S = 0.01  # where time stamps jump by more, a new stretch begins


def sound(media: Media, progress: Progress, track: int = 0) -> Iterator[Stretch]:
    """Yield the loudness of all pitches, a stretch of the sound after the other.

    Raises:
        LookupError: the file has no such sound.
        ValueError: it has less than a train could be found in.
    """
    found = False
    for begin_s, samples in _runs(media, track):
        progress(round(begin_s), round(media.length_s))
        if len(samples) >= FEWEST_SAMPLES:
            found = True
            yield loudness(begin_s, samples)
    if not found:
        raise ValueError(f"{media.path}: less than 5 s of sound can be read")


def loudness(begin_s: float, samples: NDArray[np.float32]) -> Stretch:
    """Amplitude of each pitch in windows of 10 ms, timed by their centres."""
    windows = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]
    shape = np.hanning(WINDOW + 1)[:-1].astype(np.float32)
    parts = np.array_split(windows, max(1, len(windows) // 5000))
    level = [np.abs(np.fft.rfft(part * shape)[:, LOWEST:HIGHEST]) for part in parts]
    t_s = begin_s + (np.arange(len(windows)) * HOP + WINDOW / 2) / RATE_HZ
    return Stretch(t_s, np.concatenate(level).astype(np.float32))


def _runs(media: Media, track: int) -> Iterator[tuple[float, NDArray[np.float32]]]:
    """Unbroken runs of samples of at most STRETCH_SAMPLES, each with the time it begins."""
    held: list[NDArray[np.float32]] = []
    begin_s, count = 0.0, 0
    for frame in _mono(media, track):
        frame_s = float(frame.time or 0.0) - media.begin_s
        jumps = abs(frame_s - (begin_s + count / RATE_HZ)) > JUMP_S
        if held and (jumps or count >= STRETCH_SAMPLES):
            yield begin_s, np.concatenate(held)
            held, count = [], 0
        begin_s = begin_s if held else frame_s
        held.append(frame.to_ndarray().reshape(-1).astype(np.float32))
        count += frame.samples
    if held:
        yield begin_s, np.concatenate(held)


def _mono(media: Media, track: int) -> Iterator["AudioFrame"]:
    """The sound as one channel at RATE_HZ."""
    from av.audio.resampler import AudioResampler

    tracks = media.tracks("audio")
    if not tracks:
        raise LookupError(f"{media.path}: no sound in it; without --audio its picture is looked at")
    resampler = AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
    for frame in decoded(media.container.demux(tracks[track])):
        yield from resampler.resample(frame)
