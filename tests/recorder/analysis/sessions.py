"""Sessions of two made-up people: alpha of both is partly the same, or not."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recorder.store.note_rows import NoteIntervalRow
from recorder.store.notes import open_notes
from recorder.store.rows import BlockRow, ClockFitRow, MarkerRow, Row
from tests.recorder import session_files
from tests.recorder.session_files import START_NS, UV_PER_COUNT

Floats = NDArray[np.float64]

ID = "20261123T040000Z-1f3a"
RATE_HZ = 250
SECONDS = 240
BLOCK = 250
MUSIC_S = (60.0, 120.0)
MOMENTS_S = ((30.0, 45.0), (150.0, 170.0))


def made_up(directory: Path, shared: float, seconds: int = SECONDS, name: str = ID) -> Path:
    """A closed session with music and two moments that a rater marked.

    Args:
        directory: for the file.
        shared: microvolts of alpha that both have in phase, of 10 each.
        seconds: how long.
        name: its id.
    """
    rng = np.random.default_rng(11)
    same = rhythm(rng, seconds) * shared
    rows: list[Row] = [MarkerRow(_at(MUSIC_S[0]), "music starts", made_t_ns=START_NS, id=1)]
    rows.append(MarkerRow(_at(MUSIC_S[1]), "music ends", made_t_ns=START_NS, id=2))
    for board in (0, 1):
        rows += _board(board, same + eeg(rng, seconds))
    path = session_files.write(directory / f"{name}.antiphon", rows, session_files.header(name))
    with open_notes(path) as notes:
        notes.add(
            *(NoteIntervalRow(_at(a), _at(b), "moment", "rater", "R1", 1) for a, b in MOMENTS_S)
        )
    return path


def eeg(rng: np.random.Generator, seconds: int) -> Floats:
    """(samples, 3) of pink noise and a rhythm of each channel's own."""
    n = seconds * RATE_HZ
    hertz = np.fft.rfftfreq(n, 1 / RATE_HZ)
    noise = np.fft.rfft(rng.standard_normal((3, n))) / np.sqrt(np.maximum(hertz, 1))
    pink = np.fft.irfft(noise * (hertz > 0.5), n)
    own = np.concatenate([rhythm(rng, seconds) for _ in range(3)], axis=1)
    found: Floats = 8 * (pink / pink.std()).T + 5 * own
    return found


def rhythm(rng: np.random.Generator, seconds: int) -> Floats:
    """(samples, 1) of alpha that waxes and wanes."""
    n = seconds * RATE_HZ
    hertz = np.fft.rfftfreq(n, 1 / RATE_HZ)
    wave = np.fft.irfft(np.fft.rfft(rng.standard_normal(n)) * (np.abs(hertz - 10) < 1), n)
    found: Floats = (wave / wave.std())[:, None]
    return found


def _board(board: int, uv: Floats) -> Iterator[Row]:
    counts = np.rint(uv / UV_PER_COUNT).astype(np.int32)
    yield ClockFitRow(board, 0, 0, START_NS, 1e9 / RATE_HZ, 7e6, 1e5, provisional=False)
    for first in range(0, len(counts), BLOCK):
        some = counts[first : first + BLOCK]
        last = np.array([first + len(some) - 1])
        arrival_ns = START_NS + last * (1_000_000_000 // RATE_HZ) + 7_000_000
        yield BlockRow(board, 0, first, some, np.zeros((len(some), 2), np.int32), last, arrival_ns)


def _at(seconds: float) -> int:
    return START_NS + round(seconds * 1e9)
