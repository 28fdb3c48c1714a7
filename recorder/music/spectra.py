"""Sound in steps of 10 ms: its power, the centroid of its spectrum, and how much of it is new."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]

RATE_HZ: Final = 48_000
STEP: Final = 480  # samples
STEP_S: Final = STEP / RATE_HZ
WINDOW: Final = 2048  # samples: 43 ms, pitches 23 Hz apart
BLOCK: Final = 100  # steps at once: 1 s; more do not fit the cache
# The K weighting of ITU-R BS.1770-4 at 48 kHz, its annex 1, tables 1 and 2: the head, then a high
# pass.
HEAD: Final = (1.53512485958697, -2.69169618940638, 1.19839281085285)
HEAD_BACK: Final = (1.0, -1.69065929318241, 0.73248077421585)
HIGH_PASS: Final = (1.0, -2.0, 1.0)
HIGH_PASS_BACK: Final = (1.0, -1.99004745483398, 0.99007225036621)
K_WEIGHTING: Final = np.array([HEAD + HEAD_BACK, HIGH_PASS + HIGH_PASS_BACK])
# Louder than this, of full scale, the logarithm of a spectrum is taken as it is; noise below counts
# for little.
FLOOR: Final = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """Steps of 10 ms; (n,) each.

    Attributes:
        begin_s: when the first begins.
        power: mean square of the K-weighted samples; 1 is full scale.
        moment_hz: sum of frequency times magnitude of the spectrum about the step.
        magnitude: sum of its magnitudes.
        flux: rise of the logarithm of the magnitudes since the step before, mean of all pitches.
    """

    begin_s: float
    power: Values
    moment_hz: Values
    magnitude: Values
    flux: Values


def steps(begin_s: float, samples: Iterable[NDArray[np.float32]]) -> Steps:
    """The steps of a sound at RATE_HZ in mono, which comes in parts of any length."""
    blocks = [*_blocks(samples)]
    columns = zip(*blocks, strict=True) if blocks else ([np.empty(0)] for _ in range(4))
    return Steps(begin_s, *(np.concatenate([*column]) for column in columns))


def _blocks(samples: Iterable[NDArray[np.float32]]) -> Iterator[tuple[Values, ...]]:
    """Power, moment, magnitude and flux of BLOCK steps after the other."""
    from scipy.signal import sosfilt

    half = (WINDOW - STEP) // 2  # a step is in the middle of its window
    held = np.zeros(half, np.float32)
    state = np.zeros((len(K_WEIGHTING), 2))
    before = None
    for part in _gathered(samples, half):
        held = np.concatenate([held, part])
        while (count := min(BLOCK, (len(held) - WINDOW) // STEP + 1)) > 0:
            heard, state = sosfilt(K_WEIGHTING, held[half : half + count * STEP], zi=state)
            power = (heard.reshape(count, STEP) ** 2).mean(axis=1)
            *spectral, before = _spectral(held, count, before)
            yield power, *spectral
            held = held[count * STEP :]


def _gathered(samples: Iterable[NDArray[np.float32]], half: int) -> Iterator[NDArray[np.float32]]:
    """Parts joined to blocks, for a call costs more than a part; and silence behind the last."""
    parts: list[NDArray[np.float32]] = []
    for part in samples:
        parts.append(part)
        if sum(map(len, parts)) >= BLOCK * STEP:
            yield np.concatenate(parts)
            parts.clear()
    yield np.concatenate([*parts, np.zeros(half, np.float32)])


def _spectral(
    held: NDArray[np.float32], count: int, before: Values | None
) -> tuple[Values, Values, Values, Values]:
    """Moment, magnitude and flux of some steps, and the last one's logarithm."""
    windows = np.lib.stride_tricks.sliding_window_view(held, WINDOW)[: count * STEP : STEP]
    size = np.abs(np.fft.rfft(windows * np.hanning(WINDOW))) / (WINDOW / 4)
    pitch_hz = np.fft.rfftfreq(WINDOW, 1 / RATE_HZ)
    told = np.log10(1 + size / FLOOR)
    before = told[0] if before is None else before
    flux = np.maximum(np.diff(told, axis=0, prepend=before[None]), 0).mean(axis=1)
    return size @ pitch_hz, size.sum(axis=1), flux, told[-1]
