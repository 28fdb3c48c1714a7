"""What the music was like, a value a second of the session, and which pieces were played when.

A piece is an interval called `music` or `music: NAME`, or what lies between the marks "music
starts" and "music ends".
"""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from recorder.analysis.intervals import spans_of
from recorder.music.series import NAME, MusicRow
from recorder.open import OpenSession
from recorder.review.curves import Seconds
from recorder.review.packing import packed

# Of each feature, the smallest difference that a page tells.
STEPS: Final = {
    "loudness_lufs": 0.01,
    "brightness_hz": 1.0,
    "notes_per_s": 0.01,
    "pulse_clarity": 0.001,
}


def hearing(session: OpenSession, seconds: Seconds) -> dict[str, Any] | None:
    """All features and pieces; None where antiphon music has not listened."""
    rows = session.music
    if not rows:
        return None
    return {
        "features": [
            {"name": name, "step": step, "value": packed(_placed(rows, name, seconds.n), step)}
            for name, step in STEPS.items()
        ],
        "pieces": sorted(_pieces(session)),
    }


def _placed(rows: tuple[MusicRow, ...], name: str, n: int) -> NDArray[np.float64]:
    """(n,) by the second that each is nearest to; NaN where nothing is heard."""
    placed = np.full(n, np.nan)
    for row in rows:
        at, value = round(row.t_s), getattr(row, name)
        if 0 <= at < n and value is not None:
            placed[at] = value
    return placed


def _pieces(session: OpenSession) -> Iterator[tuple[float, float, str]]:
    """Begin, end and name of each; "" of one without a name."""
    for label, spans in spans_of(session).items():
        word, _, name = label.partition(":")
        if word.strip() == NAME:
            yield from ((begin_s, end_s, name.strip()) for begin_s, end_s in spans)
