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
SOUND: Final = {"aac_coder": "fast"}  # the other one takes longer than all the rest of the film
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
    begins_s = session_s(0.0) + (1 + DRIFT) * np.arange(frames) / FPS
    lit = _lit(edges_s, begins_s)
    with av.open(str(path), "w") as box:
        picture = box.add_stream("libx264", rate=FPS)
        picture.width, picture.height, picture.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        picture.options = VIDEO
        sound = box.add_stream("aac", rate=SOUND_HZ, layout="mono", options=SOUND)
        drawn: dict[tuple[int, int, str], Any] = {}
        for number in range(frames):
            key = _looks(begins_s[number] - true_zero_s, lit[number])
            if key not in drawn:
                frame = av.VideoFrame.from_ndarray(_drawn(*key), format="rgb24")
                drawn[key] = frame.reformat(format="yuv420p")
            drawn[key].pts, drawn[key].time_base = number, Fraction(1, FPS)
            box.mux(picture.encode(drawn[key]))
            if number % FPS == 0:
                box.mux(sound.encode(_heard(av, number // FPS, true_zero_s)))
            progress(number, frames)
        for stream in (picture, sound):
            box.mux(stream.encode(None))


def _lit(edges_s: Floats, begins_s: Floats) -> Floats:
    """The share of each exposure in which the lamp is lit."""
    spans_s = np.diff(edges_s, prepend=edges_s[0])
    until_s = np.cumsum(np.where(np.arange(len(edges_s)) % 2, spans_s, 0.0))
    ends = np.interp(begins_s + EXPOSURE_S, edges_s, until_s)
    shares: Floats = (ends - np.interp(begins_s, edges_s, until_s)) / EXPOSURE_S
    return shares


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


def _heard(av: Any, second: int, true_zero_s: float) -> Any:
    """A second of sound: chords while there is music."""
    t_s = session_s(0.0) - true_zero_s + second + np.arange(SOUND_HZ) / SOUND_HZ
    begin_s, end_s = (at_s for at_s, _ in MARKS)
    swell = 0.15 + 0.1 * np.sin(2 * np.pi * t_s / 40) ** 2
    chord = np.array(CHORDS_HZ)[(t_s // CHORD_S).astype(int) % len(CHORDS_HZ)].T
    tones = np.sin(2 * np.pi * chord * t_s).mean(axis=0)
    heard = np.where((t_s > begin_s) & (t_s < end_s), swell * tones, 0.0)
    frame = av.AudioFrame.from_ndarray(heard[None].astype(np.float32), format="fltp", layout="mono")
    frame.sample_rate, frame.pts = SOUND_HZ, second * SOUND_HZ
    frame.time_base = Fraction(1, SOUND_HZ)
    return frame
