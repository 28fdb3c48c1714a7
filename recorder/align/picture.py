"""Brightness of many places of a video's picture: one of them has the light.

The picture is made small and grey and laid out in overlapping places of 16 x 16, so that a light
stays inside one of them while the camera shakes. Of each place there are two brightnesses: of its
brightest spot (a small light is not thinned out, and where it is makes no difference) and its mean
(a light that is darker than something else in its place).
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recorder.align.flashes import Stretch
from recorder.align.media import Media, decoded
from recorder.progress import Progress

if TYPE_CHECKING:
    from av import VideoFrame

WIDTH, HEIGHT, BLOCK = 320, 240, 8
STRETCH_FRAMES = 2500  # 100 s at 25 a second; 22 MB of brightness
FEWEST_FRAMES = 100


def picture(media: Media, progress: Progress) -> Iterator[Stretch]:
    """Yield the brightness of all places, a stretch of the video after the other.

    Raises:
        LookupError: the file has no picture.
        ValueError: it has fewer frames than a train could be found in.
    """
    t_s: list[float] = []
    level: list[NDArray[np.float32]] = []
    found = False
    for frame in _frames(media):
        frame_s = float(frame.time or 0.0) - media.begin_s
        progress(round(frame_s), round(media.length_s))
        t_s.append(frame_s)
        level.append(places(_grey(frame)))
        if len(t_s) == STRETCH_FRAMES:
            found = True
            yield _stretch(t_s, level)
            t_s, level = [], []
    if len(t_s) >= FEWEST_FRAMES:
        yield _stretch(t_s, level)
    elif not found:
        raise ValueError(f"{media.path}: only {len(t_s)} frames can be read")


def places(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Brightness of the places of a picture (HEIGHT, WIDTH): brightest spots, then means."""
    blocks = grey.reshape(HEIGHT // BLOCK, BLOCK, WIDTH // BLOCK, BLOCK)
    brightest = _joined(blocks.max(axis=1).max(axis=2).astype(np.float32), np.maximum)
    mean = _joined(blocks.mean(axis=(1, 3), dtype=np.float32), np.add) / 4
    return np.concatenate([brightest.ravel(), mean.ravel()])


def _joined(blocks: NDArray[np.float32], join: np.ufunc) -> NDArray[np.float32]:
    rows = join(blocks[1:], blocks[:-1])
    joined: NDArray[np.float32] = join(rows[:, 1:], rows[:, :-1])
    return joined


def _stretch(t_s: list[float], level: list[NDArray[np.float32]]) -> Stretch:
    """Frames in the order of their times; of two with one time, the first."""
    times, which = np.unique(np.array(t_s), return_index=True)
    return Stretch(times, np.stack(level)[which])


def _frames(media: Media) -> Iterator["VideoFrame"]:
    """The frames that have a time."""
    tracks = media.container.streams.video
    if not tracks:
        raise LookupError(f"{media.path}: no picture in it; --audio looks for beeps in its sound")
    tracks[0].thread_type = "AUTO"
    return decoded(media.container.demux(tracks[0]))


def _grey(frame: "VideoFrame") -> NDArray[np.uint8]:
    small = frame.reformat(width=WIDTH, height=HEIGHT, format="gray8", interpolation="AREA")
    return small.to_ndarray().astype(np.uint8, copy=False)
