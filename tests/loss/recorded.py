"""Two people at rest out of recordings that others made: three chained, in another order for each.

Never the same moment of the same recording for both, so nothing relates them but the mains; as
recorded, with 60 Hz of 0.1 to 1 mV and the losses that one of the recordings has of its own.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hardware.emulated.source import to_counts
from hardware.recordings.reading import read_recording
from tests.places import RECORDINGS

MAINS_HZ = 60.0
RATE_HZ = 250.4  # of the boards that made them: 250.33 and 250.52
FOLDER = RECORDINGS / "openbci"
RESTING = "gui_v6_blinks-jawClench-alpha.txt"
WINKING = "brainhat_blinkWink10.csv"
BLINKING = "brainhat_NewBlinkTest.csv"
ORDERS = ((RESTING, WINKING, BLINKING), (WINKING, BLINKING, RESTING))
REASON = f"no recordings in {FOLDER}"


@dataclass(frozen=True, slots=True, eq=False)
class Person:
    """What a board sent: counts (n, 8), and which of the n samples arrived."""

    counts: NDArray[np.int32]
    came: NDArray[np.bool_]


def there() -> bool:
    """Whether the recordings are beside the project."""
    return all((FOLDER / name).exists() for name in ORDERS[0])


def people(seconds: float) -> tuple[Person, Person]:
    """Both, for as long as that; the recordings begin anew when they are over."""
    samples = round(seconds * RATE_HZ)
    read = {name: _read(name) for name in ORDERS[0]}
    first, second = (_chained([read[name] for name in order], samples) for order in ORDERS)
    return first, second


def _read(name: str) -> Person:
    """One recording in the order of its counters, with holes where it has lost something."""
    recording = read_recording(FOLDER / name)
    assert recording.counters is not None
    places = recording.counters - recording.counters.min()
    counts = np.zeros((int(places.max()) + 1, recording.uv.shape[2]), np.int32)
    came = np.zeros(len(counts), np.bool_)
    counts[places], came[places] = to_counts(recording.uv[0]), True
    return Person(counts, came)


def _chained(parts: list[Person], samples: int) -> Person:
    index = np.arange(samples) % sum(len(part.came) for part in parts)
    counts = np.concatenate([part.counts for part in parts])[index]
    return Person(counts, np.concatenate([part.came for part in parts])[index])
