"""What HyPyP makes of our arrays: the same numbers of our band signals, and how near of its own."""

import contextlib
import io
from pathlib import Path
from typing import Any

import numpy as np
from hypyp.analyses import compute_freq_bands, compute_sync
from numpy.typing import NDArray

from dsp.synchrony import KINDS, window_measures
from recorder.export import export_of
from recorder.export.asked import Asked
from recorder.open import OpenSession

IN_HYPYP = {"imcoh": "imaginary_coh", "aec": "envelope_corr", "powcorr": "pow_corr"}
WINDOW_S = 2.0


def arrays(session: OpenSession, directory: Path, *, analytic: bool) -> dict[str, Any]:
    files = export_of("hypyp", Asked(analytic=analytic))(session.path, directory)
    with np.load(next(it for it in files if it.suffix == ".npz"), allow_pickle=False) as found:
        told = dict(found)
    return told | {"data": told["data"][:, :, _live(told["data"])]}


def _live(data: NDArray[np.complex128]) -> NDArray[np.bool_]:
    """Channels that are not constant: of those HyPyP takes 0 / 0."""
    size = np.abs(np.nan_to_num(data))
    others = tuple(axis for axis in range(size.ndim) if axis != 2)
    live: NDArray[np.bool_] = size.max(axis=others) > size.min(axis=others)
    return live


def by_hypyp(z: NDArray[np.complex128], kind: str) -> NDArray[np.float64]:
    """(bands, channels of a, of b) of z (people, 1, channels, bands, points)."""
    channels = z.shape[2]
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        found = np.asarray(compute_sync(z, IN_HYPYP.get(kind, kind)))
    return found.reshape(-1, 2 * channels, 2 * channels)[:, :channels, channels:]


def by_us(z: NDArray[np.complex128]) -> dict[str, NDArray[np.float64]]:
    of_a, of_b = z[:, 0].swapaxes(1, 2)
    return window_measures(of_a, of_b)


def good_windows(told: dict[str, Any]) -> list[slice]:
    """Stretches in which nobody lacks a signal."""
    n = round(WINDOW_S * float(told["sfreq"]))
    bad = told["bad"].any(axis=0)
    starts = range(0, len(bad) - n + 1, n)
    return [slice(at, at + n) for at in starts if not bad[at : at + n].any()]


def test_hypyp_on_our_band_signals_gives_our_measures(session: OpenSession, tmp_path: Path) -> None:
    told = arrays(session, tmp_path, analytic=True)
    assert told["is_recorded"].all()
    windows = good_windows(told)
    assert windows
    for some in windows:
        z = told["data"][..., some].astype(np.complex128)
        ours = by_us(z)
        for kind in KINDS:
            np.testing.assert_allclose(
                by_hypyp(z, kind), ours[kind], rtol=0, atol=1e-12, err_msg=kind
            )


def test_how_near_hypyps_own_filter_comes_is_told(session: OpenSession, tmp_path: Path) -> None:
    bands, pair = (arrays(session, tmp_path, analytic=it) for it in (True, False))
    ranges = zip(bands["low_hz"][0], bands["high_hz"][0], strict=True)
    hertz = dict(zip(bands["bands"].tolist(), (list(it) for it in ranges), strict=True))
    x = (pair["data"] - pair["data"].mean(axis=-1, keepdims=True)) * 1e6
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        theirs = compute_freq_bands(x, float(pair["sfreq"]), hertz)
    found: dict[str, list[tuple[Any, Any]]] = {kind: [] for kind in KINDS}
    for some in good_windows(bands):
        ends_ns = bands["t_ns"][[some.start, some.stop - 1]]
        same = slice(*np.searchsorted(pair["t_ns"], ends_ns))
        ours = by_us(bands["data"][..., some].astype(np.complex128))
        for kind in KINDS:
            found[kind].append((ours[kind], by_hypyp(theirs[..., same], kind)))
    for name, of_windows in found.items():
        sides = zip(*of_windows, strict=True)
        mine, yours = (np.concatenate([it.ravel() for it in side]) for side in sides)
        there = np.isfinite(mine) & np.isfinite(yours)
        r = np.corrcoef(mine[there], yours[there])[0, 1]
        off = np.abs(mine - yours)[there].max()
        print(f"{session.id} {name}: r = {r:.4f}, max |difference| = {off:.3f}")  # noqa: T201
        assert r > 0.2, "not even of the same signals"
