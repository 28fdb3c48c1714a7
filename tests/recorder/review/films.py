"""Small videos of any length."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

FPS = 25
SPEED = {
    "libx264": {"crf": "36", "preset": "ultrafast", "g": "25"},
    "libvpx-vp9": {"crf": "50", "b": "0", "deadline": "realtime", "cpu-used": "8", "g": "25"},
}


def film(path: Path, seconds: float, codec: str = "libx264") -> None:
    """A grey picture with a bar that goes on, in seconds of the video."""
    with av.open(str(path), "w") as box:
        stream: Any = box.add_stream(codec, rate=FPS)
        stream.width, stream.height, stream.pix_fmt = 96, 54, "yuv420p"
        stream.options = SPEED[codec]
        for number in range(round(seconds * FPS)):
            grey = np.full((81, 96), 128, np.uint8)  # planes of yuv420p, one below the other
            grey[:54, number // FPS % 96] = 235
            frame = av.VideoFrame.from_ndarray(grey, format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            box.mux(stream.encode(frame))
        box.mux(stream.encode(None))
