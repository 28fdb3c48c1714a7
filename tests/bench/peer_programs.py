"""The other programs' hop: band signals and measures of one window, as their documentation has it.

Imports what only the environment of `make bench-peers` has.
"""

import contextlib
import io

import mne
import numpy as np
from hypyp.analyses import compute_freq_bands, compute_sync
from mne_connectivity import spectral_connectivity_time
from numpy.typing import NDArray
from scipy.signal import butter, hilbert, sosfiltfilt

Signals = NDArray[np.complex128]
Samples = NDArray[np.float64]
BandsHz = dict[str, list[float]]

HYPYP_MODES = ("plv", "ccorr", "accorr", "coh", "imaginary_coh", "wpli", "envelope_corr")
MNE_METHODS = ["coh", "imcoh", "plv", "wpli"]

mne.set_log_level("ERROR")


def hypyp_measures(z: Signals, mode: str) -> Samples:
    """One measure of z (people, bands, channels, points): (bands, channels of a, of b)."""
    channels = z.shape[2]
    # (people, epochs, channels, bands, points)
    with contextlib.redirect_stderr(io.StringIO()):
        found = compute_sync(z.transpose(0, 2, 1, 3)[:, None], mode)
    return np.asarray(found)[:, :channels, channels:]


def hypyp_hop(window: Samples, bands_hz: BandsHz, rate_hz: float) -> None:
    """Filter (people, channels, points) once, then seven measures."""
    with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
        z = compute_freq_bands(window[:, None], rate_hz, bands_hz)
        for mode in HYPYP_MODES:
            compute_sync(z, mode)


def mne_hop(window: Samples, bands_hz: BandsHz, rate_hz: float) -> None:
    """Four measures of the pairs between the people, by wavelets."""
    channels = window.shape[1]
    between = np.repeat(np.arange(channels), channels), np.tile(np.arange(channels), channels)
    edges = np.array(list(bands_hz.values()))
    spectral_connectivity_time(
        window.reshape(1, 2 * channels, -1),
        freqs=np.arange(edges.min(), edges.max()),
        method=MNE_METHODS,
        indices=(between[0], between[1] + channels),
        sfreq=rate_hz,
        fmin=tuple(edges[:, 0]),
        fmax=tuple(edges[:, 1]),
        faverage=True,
        n_cycles=3,
        mode="cwt_morlet",
    )


def scipy_hop(window: Samples, bands_hz: BandsHz, rate_hz: float) -> None:
    """What one would write with SciPy: filtfilt, Hilbert, and the seven formulas on arrays."""
    for edges in bands_hz.values():
        sections = butter(4, edges, "bandpass", fs=rate_hz, output="sos")
        scipy_measures(hilbert(sosfiltfilt(sections, window, axis=-1), axis=-1))


def scipy_measures(z: Signals) -> dict[str, Samples]:
    """Seven measures of z (people, channels, points), each (channels of a, channels of b)."""
    r = np.abs(z)
    (u_a, u_b), (z_a, z_b), points = z / r, z, z.shape[-1]
    same, mirrored = u_a @ u_b.conj().T, u_a @ u_b.T
    cross, power = z_a @ z_b.conj().T, (r * r).sum(axis=-1)
    below = np.sqrt(np.outer(power[0], power[1]))
    lag = np.imag(z_a[:, None] * z_b.conj()[None])
    sines = np.sin(np.angle(z) - np.angle((z / r).sum(axis=-1, keepdims=True)))
    spread = (sines * sines).sum(axis=-1)
    away = r - r.mean(axis=-1, keepdims=True)
    scatter = (away * away).sum(axis=-1)
    return {
        "plv": np.abs(same) / points,
        "ccorr": np.abs(sines[0] @ sines[1].T) / np.sqrt(np.outer(spread[0], spread[1])),
        "accorr": _adjusted(same, mirrored, u_a, u_b),
        "coh": np.abs(cross) / below,
        "imcoh": np.abs(cross.imag) / below,
        "wpli": np.abs(lag.sum(axis=-1)) / np.abs(lag).sum(axis=-1),
        "aec": away[0] @ away[1].T / np.sqrt(np.outer(scatter[0], scatter[1])),
    }


def _adjusted(same: Signals, mirrored: Signals, u_a: Signals, u_b: Signals) -> Samples:
    points = u_a.shape[-1]
    difference, total = np.angle(same), np.angle(mirrored)
    square_a, square_b = (u_a * u_a).sum(axis=-1), (u_b * u_b).sum(axis=-1)
    spread_a = points - np.real(np.exp(-1j * (total + difference)) * square_a[:, None])
    spread_b = points - np.real(np.exp(-1j * (total - difference)) * square_b[None])
    return np.asarray((np.abs(same) - np.abs(mirrored)) / np.sqrt(spread_a * spread_b))
