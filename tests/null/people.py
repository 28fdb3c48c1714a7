"""People who have nothing to do with each other: band signals with the statistics of EEG.

Pink noise, and an alpha rhythm of the person's own peak that waxes and wanes within seconds; theta,
alpha and beta of it at 40 points a second, as dsp/bands.py cuts them.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import fft

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

STEP_S: Final = 0.025
BANDS: Final = {"theta": (4.0, 8.0), "alpha": (8.0, 13.0), "beta": (13.0, 30.0)}
RATE_HZ: Final = 120.0  # of the EEG before it is cut into bands: 3 points each
EDGE_S: Final = 10.0
PEAKS_HZ: Final = (8.5, 11.5)
WAXING_HZ: Final = 0.05


@dataclass(frozen=True, slots=True)
class World:
    """What unrelated people share all the same.

    Attributes:
        trend: alpha of both rises from e^-trend to e^trend over the session.
        holes: both move at the same times, which leaves out a tenth of the session.
    """

    trend: float = 0.0
    holes: bool = False


@dataclass(frozen=True, slots=True)
class Bond:
    """What is planted where two people are related after all.

    Attributes:
        phase: how much of the alpha of either is the same, 0 to 1.
        waxing: how much of the waxing and waning of alpha is the same, 0 to 1 ...
        behind_s: ... so much later in the therapist.
        in_moments: by how many standard deviations one asymmetry is higher in the moments.
    """

    phase: float = 0.0
    waxing: float = 0.0
    behind_s: float = 0.0
    in_moments: float = 0.0


CALM: Final = World()


def dyad(
    rng: np.random.Generator,
    seconds: float,
    world: World = CALM,
    channels: int = 2,
    bond: Bond | None = None,
) -> tuple[Complexes, Complexes]:
    """Two people, (bands, channels, points) each; unrelated without a bond."""
    n = int((seconds + 2 * EDGE_S) * RATE_HZ)
    bond = bond or Bond()
    peak_hz = rng.uniform(*PEAKS_HZ)
    shared = _noise(rng, n, peak_hz - 1, peak_hz + 1), _noise(rng, n, 0.0, WAXING_HZ)
    found = []
    for behind_s in (0.0, bond.behind_s):
        own_hz = peak_hz if bond.phase else rng.uniform(*PEAKS_HZ)
        rhythm = _mixed(shared[0], _noise(rng, n, own_hz - 1, own_hz + 1), bond.phase)
        later = np.roll(shared[1], round(behind_s * RATE_HZ))
        waxing = _mixed(later, _noise(rng, n, 0.0, WAXING_HZ), bond.waxing)
        size = np.exp(0.5 * waxing + world.trend * np.linspace(-1, 1, n))
        eeg = [_channel(rng, rhythm, size, own_hz) for _ in range(channels)]
        found.append(_cut(np.stack(eeg)))
    patient, therapist = found
    if world.holes:
        both = _moves(rng, patient.shape[-1])
        for one in (patient, therapist):
            one[..., both | _moves(rng, len(both))] = np.nan
    return patient, therapist


def _channel(rng: np.random.Generator, rhythm: Floats, size: Floats, peak_hz: float) -> Floats:
    """Pink noise, the rhythm that all channels have, and one that only this one has."""
    n = len(rhythm)
    own = _noise(rng, n, peak_hz - 1, peak_hz + 1)
    eeg: Floats = _noise(rng, n, 0.5, 50.0, power=0.5) + 0.7 * size * (rhythm + own)
    return eeg


def _mixed(shared: Floats, own: Floats, share: float) -> Floats:
    mixed: Floats = np.sqrt(share) * shared + np.sqrt(1 - share) * own
    return mixed


def _cut(eeg: Floats) -> Complexes:
    """Analytic signals of all bands, at the points of the session grid.

    What is taken at every third point has a third of the spectrum, folded.
    """
    n, step = eeg.shape[1], round(STEP_S * RATE_HZ)
    spectrum, hertz = fft.rfft(eeg), np.fft.rfftfreq(n, 1 / RATE_HZ).astype(np.float64)
    whole = np.zeros((len(BANDS), len(eeg), n), np.complex128)
    whole[..., : len(hertz)] = [2 * spectrum * _band(hertz, *band) for band in BANDS.values()]
    folded = whole.reshape(*whole.shape[:2], step, n // step).sum(axis=2)
    edge = round(EDGE_S / STEP_S)
    found: Complexes = fft.ifft(folded)[..., edge:-edge] / step
    return found


def _moves(rng: np.random.Generator, n: int) -> NDArray[np.bool_]:
    """A twentieth of the points, in stretches of 2 to 10 s."""
    moving = np.zeros(n, np.bool_)
    while moving.mean() < 0.05:
        begin = int(rng.integers(n))
        moving[begin : begin + int(rng.uniform(2, 10) / STEP_S)] = True
    return moving


def _band(hertz: Floats, low_hz: float, high_hz: float) -> Floats:
    """The half-second filter's response, nearly: its edges fall within 2 Hz."""
    inside: Floats = np.clip((hertz - low_hz + 1) / 2, 0, 1) * np.clip(
        (high_hz + 1 - hertz) / 2, 0, 1
    )
    return inside


def _noise(
    rng: np.random.Generator, n: int, low_hz: float, high_hz: float, power: float = 0.0
) -> Floats:
    hertz = np.fft.rfftfreq(n, 1 / RATE_HZ)
    shape = ((hertz >= low_hz) & (hertz <= high_hz)) / np.maximum(hertz, 0.5) ** power
    found = fft.irfft(fft.rfft(rng.standard_normal(n)) * shape, n)
    scaled: Floats = found / found.std()
    return scaled
