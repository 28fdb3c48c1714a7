"""Measures and changes of the analysis, by the programs of others."""

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.changes import SHORTEST, cheapest_cuts
from dsp.every_shift import Shifting, every_shift
from dsp.imaginary import ciplv, dwpli

Complexes = NDArray[np.complex128]
EPOCHS, POINTS, RATE_HZ = 40, 500, 250.0
AGREES = 1e-9


def epochs(rng: np.random.Generator) -> NDArray[np.float64]:
    """(epochs, 2, points) of two signals that share 10 Hz with a lag."""
    t_s = np.arange(POINTS) / RATE_HZ
    found = rng.standard_normal((EPOCHS, 2, POINTS))
    for one in found:
        angle = rng.uniform(0, 2 * np.pi)
        one[0] += 0.4 * np.sin(2 * np.pi * 10 * t_s + angle)
        one[1] += 0.4 * np.sin(2 * np.pi * 10 * t_s + angle - 0.9)
    return found


def spectra(data: NDArray[np.float64]) -> tuple[Complexes, NDArray[np.float64]]:
    """The spectra that mne-connectivity makes of them: a Hann window, without the mean."""
    from mne.time_frequency.multitaper import _mt_spectra

    window = np.hanning(POINTS)
    found, hertz = _mt_spectra(data, (window / np.linalg.norm(window))[None], RATE_HZ)
    return found[:, :, 0], hertz


@pytest.mark.parametrize("method", ["wpli2_debiased", "ciplv"])
def test_on_the_same_cross_spectra_the_values_are_the_same(method: str) -> None:
    from mne_connectivity import spectral_connectivity_epochs

    data = epochs(np.random.default_rng(1))
    judged = spectral_connectivity_epochs(
        data,
        method=method,
        sfreq=RATE_HZ,
        mode="fourier",
        indices=(np.array([0]), np.array([1])),
        fmin=2.0,
        fmax=40.0,
        verbose="error",
    )
    found, hertz = spectra(data)
    kept = np.isin(np.round(hertz, 6), np.round(judged.freqs, 6))
    product = found[:, 0] * found[:, 1].conj()
    if method == "ciplv":
        own = ciplv(np.mean(product / np.abs(product), axis=0))
    else:
        x = product.imag
        own = dwpli(x.sum(axis=0), np.abs(x).sum(axis=0), (x * x).sum(axis=0))
    assert np.abs(own[kept] - judged.get_data()[0]).max() < AGREES
    assert own[np.argmin(np.abs(hertz - 10))] > 0.3


def test_ciplv_of_every_shift_is_that_of_rolled_epochs() -> None:
    """Over time instead of epochs, at a shift: the same formula on the same phases."""
    rng = np.random.default_rng(2)
    z = rng.standard_normal((2, 600)) + 1j * rng.standard_normal((2, 600))
    found = every_shift(Shifting(z[0], 0.025), Shifting(z[1], 0.025), ("ciplv",)).value[0]
    for s in (0, 7, 311):
        phase = np.angle(z[0] * np.roll(z[1], s).conj())
        mean = np.mean(np.exp(1j * phase))
        assert found[s] == pytest.approx(abs(mean.imag) / np.sqrt(1 - mean.real**2), abs=AGREES)


@pytest.mark.parametrize("seed", range(5))
def test_changes_are_those_of_ruptures(seed: int) -> None:
    """Its PELT with the same cost, penalty and shortest stretch."""
    import ruptures

    rng = np.random.default_rng(seed)
    levels = np.repeat(rng.normal(0, 2, 6), rng.integers(20, 60, 6))
    x = levels + rng.standard_normal(len(levels))
    for penalty in (5.0, 20.0, 60.0):
        judge = ruptures.Pelt(model="l2", min_size=SHORTEST, jump=1).fit(x)
        assert cheapest_cuts(x, penalty) == judge.predict(pen=penalty)[:-1]
