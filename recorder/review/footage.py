"""Videos beside the page: each with its name and where its seconds are in the session."""

from typing import Any
from urllib.parse import quote

from recorder.open import OpenSession
from recorder.review.asked import Asked


def footage(session: OpenSession, asked: Asked) -> list[dict[str, Any]]:
    """By camera; session_s = offset_s + video_s * (1 + drift_ppm * 1e-6) within each piece."""
    places = dict(asked.videos)
    return [
        {
            "camera": video.camera,
            "name": video.name,
            "src": quote(places.get(video.name, video.name)),
            "pieces": [
                {
                    "begin_s": piece.begin_s,
                    "end_s": piece.end_s,
                    "offset_s": piece.offset_s,
                    "drift_ppm": piece.drift_ppm,
                }
                for piece in video.pieces
            ],
        }
        for video in session.videos
    ]
