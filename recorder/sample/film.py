"""A video of the sample session: two people, the sync train's lamp, what the music plays.

The camera began OFFSET_S after the session, so before it, and its clock runs DRIFT fast. A frame is
exposed for EXPOSURE_S; the lamp in it is as bright as the share of that time in which it is lit.
"""

from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from recorder.export.library import library
from recorder.progress import Progress, no_progress
from recorder.sample.story import LINES, MARKS, SECONDS

Image = NDArray[np.uint8]  # (rows, columns, 3) RGB
Floats = NDArray[np.float64]

OFFSET_S: Final = -3.2
DRIFT: Final = 20e-6
FPS: Final = 25
EXPOSURE_S: Final = 0.02
WIDTH, HEIGHT = 160, 90
SOUND_HZ: Final = 16_000
BEYOND_S: Final = 4.0  # after the end of the session
LEVELS: Final = 4  # of the lamp, from dark to bright
CHORDS_HZ: Final = ((220.0, 277.18, 329.63), (196.0, 246.94, 293.66))
CHORD_S: Final = 8.0
VIDEO: Final = {"crf": "30", "preset": "ultrafast", "g": "25"}
ROOM, DARK, LIT = (58, 52, 48), (40, 20, 18), (255, 120, 80)
SKIN, CAP = (205, 175, 150), (230, 230, 235)
COATS: Final = {"patient": (90, 120, 150), "therapist": (140, 110, 90)}
PLACES: Final = {"patient": 47, "therapist": 112}


def session_s(video_s: float) -> float:
    """Where a second of the video is in the session."""
    return video_s * (1 + DRIFT) + OFFSET_S


def video_s(session_s: float) -> float:
    """The second of the video at which something of the session is seen."""
    return (session_s - OFFSET_S) / (1 + DRIFT)


def make_film(
    path: Path, edges_s: Floats, true_zero_s: float, progress: Progress = no_progress
) -> None:
    """Write it; `edges_s` are when the lamp goes on, off, on and so on, in the session.

    Raises:
        Failure: PyAV is missing.
        OSError: it cannot be written.
    """
    av = library("av", "av", "review")
    frames = round(video_s(SECONDS + BEYOND_S) * FPS)
    with av.open(str(path), "w") as box:
        picture = box.add_stream("libx264", rate=FPS)
        picture.width, picture.height, picture.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        picture.options = VIDEO
        sound = box.add_stream("aac", rate=SOUND_HZ, layout="mono")
        drawn: dict[tuple[int, int, str], Any] = {}
        for number in range(frames):
            t_s = session_s(number / FPS)
            key = _looks(t_s - true_zero_s, _lit(edges_s, t_s))
            if key not in drawn:
                frame = av.VideoFrame.from_ndarray(_drawn(*key), format="rgb24")
                drawn[key] = frame.reformat(format="yuv420p").to_ndarray()
            frame = av.VideoFrame.from_ndarray(drawn[key], format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            box.mux(picture.encode(frame))
            box.mux(sound.encode(_heard(av, number, true_zero_s)))
            progress(number, frames)
        for stream in (picture, sound):
            box.mux(stream.encode(None))


def _lit(edges_s: Floats, t_s: float) -> float:
    """The share of an exposure from `t_s` on in which the lamp is lit."""
    begin, end = np.searchsorted(edges_s, [t_s, t_s + EXPOSURE_S])
    inside = np.concatenate([[t_s], edges_s[begin:end], [t_s + EXPOSURE_S]])
    spans = np.diff(inside)
    return float(spans[1 - begin % 2 :: 2].sum() / EXPOSURE_S)


def _looks(true_s: float, lit: float) -> tuple[int, int, str]:
    """How far they sway, how bright the lamp is, who speaks."""
    speaker = next((it.speaker for it in LINES if it.begin_s <= true_s <= it.end_s), "")
    return round(3 * np.sin(true_s / 1.3)), round(lit * LEVELS), speaker


def _drawn(sway: int, level: int, speaker: str) -> Image:
    image = np.full((HEIGHT, WIDTH, 3), ROOM, np.uint8)
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    for role, place in PLACES.items():
        middle = place + sway
        head = (columns - middle) ** 2 + (rows - 35) ** 2 < 12**2
        image[((columns - place) / 20) ** 2 + ((rows - 76) / 29) ** 2 < 1] = COATS[role]
        image[head] = SKIN
        image[head & (rows < 31)] = CAP
        if role == speaker:
            image[40:43, middle - 3 : middle + 4] = DARK
    share = level / LEVELS
    image[4:13, 147:156] = [round(a + (b - a) * share) for a, b in zip(DARK, LIT, strict=True)]
    return image


def _heard(av: Any, number: int, true_zero_s: float) -> Any:
    """A frame of sound, as long as one of the picture: chords while there is music."""
    n = SOUND_HZ // FPS
    t_s = session_s(0.0) - true_zero_s + (number * n + np.arange(n)) / SOUND_HZ
    begin_s, end_s = (at_s for at_s, _ in MARKS)
    chord = CHORDS_HZ[int(t_s[0] // CHORD_S) % len(CHORDS_HZ)]
    swell = 0.15 + 0.1 * np.sin(2 * np.pi * t_s / 40) ** 2
    tones = sum(np.sin(2 * np.pi * hz * t_s) for hz in chord)
    heard = np.where((t_s > begin_s) & (t_s < end_s), swell * tones / len(chord), 0.0)
    frame = av.AudioFrame.from_ndarray(heard[None].astype(np.float32), format="fltp", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = SOUND_HZ, number * n, Fraction(1, SOUND_HZ)
    return frame
