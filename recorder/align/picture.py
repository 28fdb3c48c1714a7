"""Brightness of many places of a video's picture: one of them has the light.

The picture is cut into blocks, and each four neighbouring ones make a place, so that places overlap
and a light stays inside one of them while the camera shakes. Of each place there are two
brightnesses: of its brightest spot (a small light is not thinned out, and where it is makes no
difference) and its mean (a light that is darker than something else in its place).

Both there are twice: as they are, and steadied. What makes most of a row of places brighter at once
is the light of the room, which flickers with the mains, or the camera's exposure; it is divided
out. A light so near that it fills the row is seen in the places as they are.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recorder.align.flashes import Stretch
from recorder.align.media import Media, decoded
from recorder.progress import Progress

if TYPE_CHECKING:
    from av import VideoFrame

Levels = NDArray[np.float32]

ROWS, COLUMNS = 30, 40  # blocks
DOWN, ACROSS = ROWS - 1, COLUMNS - 1  # places
STRETCH_S = 30.0  # the train's light is on for long enough in half of it
MOST_FRAMES = 1500  # of a stretch: 240 a second for 6 s; 27 MB of brightness
FEWEST_FRAMES = 100
SUMMED_ROWS = 6  # of a block; its mean needs no more
USUAL_OF = 8  # a place's usual brightness is told by each 8th frame
LEAST_LEVEL = 4.0  # darker rows are not steadied
GAINS = (0.25, 4.0)
# formats whose first plane is the brightness, a byte each
PLANAR = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p", "nv12", "gray")


def picture(media: Media, progress: Progress, track: int = 0) -> Iterator[Stretch]:
    """Yield the brightness of all places, a stretch of the video after the other.

    Raises:
        LookupError: the file has no such picture.
        ValueError: it has fewer frames than a train could be found in, or they have no times.
    """
    t_s: list[float] = []
    level: list[Levels] = []
    found = False
    for frame in _frames(media, track):
        frame_s = float(frame.time or 0.0) - media.begin_s
        progress(round(frame_s), round(media.length_s))
        if t_s and (frame_s - t_s[0] >= STRETCH_S or len(t_s) == MOST_FRAMES):
            if len(t_s) >= FEWEST_FRAMES:
                found = True
                yield _stretch(t_s, level)
            t_s, level = [], []
        t_s.append(frame_s)
        level.append(places(_grey(frame)))
    if len(t_s) >= FEWEST_FRAMES:
        yield _stretch(t_s, level)
    elif not found:
        raise ValueError(f"{media.path}: only {len(t_s)} frames can be read")


def where(cell: int) -> tuple[float, float]:
    """Where in the picture a cell of a stretch is: shares of its width and height."""
    down, across = divmod(cell % (DOWN * ACROSS), ACROSS)
    return (across + 1) / COLUMNS, (down + 1) / ROWS


def places(grey: NDArray[np.uint8]) -> Levels:
    """Brightness of the places of a picture (height, width): brightest spots, then means."""
    rows, width = _rows_of_blocks(grey), grey.shape[1]
    lefts = np.arange(COLUMNS) * width // COLUMNS
    some = rows[:, :: max(1, rows.shape[1] // SUMMED_ROWS)]
    total = np.add.reduceat(some.sum(axis=1, dtype=np.uint32), lefts, axis=1)
    mean = total / (some.shape[1] * np.diff(lefts, append=width))
    brightest = np.maximum.reduceat(rows.max(axis=1), lefts, axis=1)
    spots = _joined(brightest.astype(np.float32), np.maximum)
    means = _joined(mean.astype(np.float32), np.add) / 4
    return np.concatenate([spots.ravel(), means.ravel()])


def _rows_of_blocks(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture as (ROWS, height of a block, width); where that does not go, blocks overlap."""
    height, width = grey.shape
    if height % ROWS:
        tops = np.arange(ROWS) * height // ROWS
        grey = grey[(tops[:, None] + np.arange(height // ROWS + 1)).ravel()]
    return grey.reshape(ROWS, -1, width)


def steadied(level: Levels) -> Levels:
    """Brightness of places (n, cells) without what makes most places of a row brighter at once."""
    rows = level.reshape(len(level), -1, ACROSS)
    usual = np.maximum(np.median(rows[::USUAL_OF], axis=0), LEAST_LEVEL)
    gain = np.median(rows[:, :, ::2] / usual[:, ::2], axis=2).clip(*GAINS)
    gain[:, (usual == LEAST_LEVEL).mean(axis=1) > 0.5] = 1.0
    even: Levels = (rows / gain[:, :, None]).reshape(level.shape)
    return even


def _joined(blocks: Levels, join: np.ufunc) -> Levels:
    rows = join(blocks[1:], blocks[:-1])
    joined: Levels = join(rows[:, 1:], rows[:, :-1])
    return joined


def _stretch(t_s: list[float], level: list[Levels]) -> Stretch:
    """Frames in the order of their times; of two with one time, the first."""
    times, which = np.unique(np.array(t_s), return_index=True)
    plain = np.stack(level)[which]
    return Stretch(times, np.concatenate([steadied(plain), plain], axis=1))


def _frames(media: Media, track: int) -> Iterator["VideoFrame"]:
    """The frames that have a time."""
    tracks = media.tracks("video")
    if not tracks:
        raise LookupError(f"{media.path}: no picture in it; --audio looks for beeps in its sound")
    if not media.is_stamped:
        text = "it has no time stamps: record to .mp4 or .mkv, or make an .mkv of it with mkvmerge"
        raise ValueError(f"{media.path}: {text} and the times that rpicam-vid --save-pts wrote")
    tracks[track].thread_type = "AUTO"
    return decoded(media.container.demux(tracks[track]))


def _grey(frame: "VideoFrame") -> NDArray[np.uint8]:
    """Its brightness: the first plane of most formats, as it is."""
    width, height = max(frame.width, COLUMNS), max(frame.height, ROWS)
    if frame.format.name not in PLANAR or (width, height) != (frame.width, frame.height):
        frame = frame.reformat(width=width, height=height, format="gray8")
    plane: Any = frame.planes[0]
    rows: NDArray[np.uint8] = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
    return rows[: frame.height, : frame.width]
