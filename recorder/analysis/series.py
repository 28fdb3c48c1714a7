"""What the tests look at: pairs of places in every band, and each person's indices over time.

A second of an envelope is the mean of ln |z| over its clean points, at least half of them; without
drifts slower than 120 s (dsp/drift.py). An index is as it was measured, over windows of 10 s.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from dsp.asymmetry import MIN_CLEAN
from dsp.drift import without_drift
from recorder.analysis.replay import Replayed
from recorder.measures.pipeline import POINTS_PER_HOP
from recorder.measures.series import HOP_S
from recorder.settings.board import ROLES
from recorder.store.rows import SeriesRow

Floats = NDArray[np.float64]
INDICES: Final = ("faa", "parietal", "fmtheta", "occalpha")


@dataclass(frozen=True, slots=True)
class Place:
    """A pair of places in a band.

    Attributes:
        band: name.
        channels: labels of the patient's and the therapist's.
        of_patient, of_therapist: (points,) band signals.
    """

    band: str
    channels: tuple[str, str]
    of_patient: NDArray[np.complex64]
    of_therapist: NDArray[np.complex64]

    @property
    def clean(self) -> float:
        """Share of the points that both have."""
        both = np.isfinite(self.of_patient) & np.isfinite(self.of_therapist)
        return float(both.mean()) if both.size else 0.0


@dataclass(frozen=True, slots=True)
class Course:
    """One person's index, a value a second; NaN where there is none.

    Attributes:
        row: its definition.
        values: (seconds,).
        begin_s: centre of the first window, in seconds since the session started.
    """

    row: SeriesRow
    values: Floats
    begin_s: float

    @property
    def t_s(self) -> Floats:
        """Centres of the windows, seconds since the session started."""
        t_s: Floats = self.begin_s + HOP_S * np.arange(len(self.values), dtype=np.float64)
        return t_s


def places(replayed: Replayed, labels: tuple[tuple[str, ...], tuple[str, ...]]) -> Iterator[Place]:
    """Every pair in every band, band by band; `labels` of both people's channels."""
    mine, yours = replayed.of_person(0), replayed.of_person(1)
    for number, band in enumerate(replayed.bands):
        for a, b in replayed.definitions.pairs:
            yield Place(band, (labels[0][a], labels[1][b]), mine[number, a], yours[number, b])


def envelope(z: NDArray[np.complex64]) -> Floats:
    """A channel's logarithmic envelope, a value a second, without its drifts; (seconds,)."""
    size = np.abs(z[: len(z) // POINTS_PER_HOP * POINTS_PER_HOP]).reshape(-1, POINTS_PER_HOP)
    there = size > 0  # NaN is not
    count = there.sum(axis=1)
    total = np.log(np.where(there, size, 1).astype(np.float64)).sum(axis=1)
    enough = count >= MIN_CLEAN * POINTS_PER_HOP
    return without_drift(np.where(enough, total / np.maximum(count, 1), np.nan), HOP_S)


def courses(replayed: Replayed, session_start_ns: int, names: tuple[str, ...]) -> list[Course]:
    """The series of these names, in the order of their definitions."""
    return [
        Course(
            row,
            replayed.value[:, place],
            (int(replayed.end_ns[0]) - session_start_ns) / 1e9 - row.window_s / 2,
        )
        for place, row in enumerate(replayed.definitions.rows)
        if row.name in names and len(replayed.end_ns)
    ]


def indices_of(replayed: Replayed, session_start_ns: int, role: str) -> list[Course]:
    """One person's indices."""
    found = courses(replayed, session_start_ns, INDICES)
    return [it for it in found if it.row.persons == (role,)]


def both(courses_of_all: list[Course], name: str) -> Iterator[tuple[Course, Course]]:
    """The same index of patient and therapist, at the same sites and in the same band."""
    mine, yours = (
        {
            (it.row.channels, it.row.band): it
            for it in courses_of_all
            if it.row.name == name and it.row.persons == (role,)
        }
        for role in ROLES
    )
    return ((one, yours[key]) for key, one in mine.items() if key in yours)
