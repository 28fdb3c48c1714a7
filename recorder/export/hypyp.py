"""Export for HyPyP, and whatever reads numpy: `<id>_pair.npz`; of `analytic` `<id>_bands.npz`.

    pair    data (2, 1, channels, n) float64 volts, as MNE's epochs of one are: patient, therapist
    bands   data (2, 1, channels, bands, n) complex64 microvolts, as hypyp.analyses.compute_sync
            takes it; bands, low_hz, high_hz; is_recorded: the filters are those of the session's
            own measures, to the last tap

    ch_names   of the channels of EEG that both people have, in the patient's order
    bad        (2, n) no signal: a hole, which pair has bridged by a line and bands has as NaN
    t_ns       (n,) of each sample, CLOCK_MONOTONIC; sfreq, roles, clock

HyPyP knows no missing data: cut epochs where nothing is bad. Of the same session come the same
bytes.
"""

import zipfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recorder.export.asked import Asked
from recorder.export.beside import beside, file_of
from recorder.open import Grid, OnGrid, OpenSession
from recorder.open.band_signals import grid_times_ns
from recorder.open.session import BOTH
from recorder.progress import Progress

LONG_AGO = (1980, 1, 1, 0, 0, 0)
GRID_HZ = 40.0


def export_hypyp(
    session: OpenSession, directory: Path, asked: Asked, progress: Progress
) -> list[Path]:
    """Write both people as arrays of one shape.

    `progress` is told as one person after the other is written.

    Raises:
        LookupError: only one person has a board, or they have no channel in common.
        ValueError: the session is damaged.
        OSError: the file cannot be written.
    """
    names = _in_common(session)
    path = file_of(directory, f"{session.id}_{'bands' if asked.analytic else 'pair'}.npz")
    with beside(path) as part, zipfile.ZipFile(part, "x") as file:
        told = {"ch_names": np.array(names), "roles": np.array(BOTH)}
        told["clock"] = np.array(session.clock)
        if asked.analytic:
            told |= _write_bands(session, file, names, progress)
        else:
            told |= _write_pair(session, file, names, asked, progress)
        for name, array in told.items():
            with file.open(_member(name), "w") as member:
                np.lib.format.write_array(member, np.asanyarray(array), allow_pickle=False)
    return [path]


def _in_common(session: OpenSession) -> list[str]:
    of_each = [[it.label for it in session.channels(role) if it.kind == "eeg"] for role in BOTH]
    names = [label for label in of_each[0] if label in of_each[1]]
    if not names:
        raise LookupError(f"{session.path}: no channel of EEG that both people have")
    return names


def _write_pair(
    session: OpenSession, file: zipfile.ZipFile, names: list[str], asked: Asked, progress: Progress
) -> dict[str, Any]:
    found: list[tuple[Grid, NDArray[np.bool_]]] = []
    with file.open(_member("data"), "w", force_zip64=True) as member:
        for one in session.each_on_grid(asked.rate_hz, BOTH):
            if not found:
                _begin(member, (2, 1, len(names), one.grid.n), "<f8")
            for name in names:
                channel = session.labels(one.role).index(name)
                member.write(one.volts[channel].astype("<f8").tobytes())
            found.append((one.grid, _bad(one)))
            del one  # before the other one's is made; enumerate would hold it
            progress(len(found), 2)
    grid = found[0][0]
    bad = np.stack([it for _, it in found])
    return {"bad": bad, "t_ns": grid.t_ns, "sfreq": np.array(grid.rate_hz)}


def _bad(one: OnGrid) -> NDArray[np.bool_]:
    """Where a person has no signal of all channels, (n,)."""
    t_ns = one.grid.t_ns
    bad = np.zeros(len(t_ns), np.bool_)
    for hole in one.holes:
        begin, end = np.searchsorted(t_ns, (hole.begin_ns, hole.end_ns))
        bad[begin:end] = True
    return bad


def _write_bands(
    session: OpenSession, file: zipfile.ZipFile, names: list[str], progress: Progress
) -> dict[str, Any]:
    t_ns = grid_times_ns(session.started_ns, session.duration_s)
    recipes = [session.recipe(role) for role in BOTH]
    bands = recipes[0].filter.bands
    if [band.name for band in bands] != [band.name for band in recipes[1].filter.bands]:
        raise LookupError(f"{session.path}: the two people were measured in other bands")
    bad = []
    with file.open(_member("data"), "w", force_zip64=True) as member:
        _begin(member, (2, 1, len(names), len(bands), len(t_ns)), "<c8")
        for done, role in enumerate(BOTH, 1):
            z = session.band_signals(role, t_ns)
            for name in names:
                own = z[:, session.labels(role).index(name)]
                member.write(own.astype("<c8").tobytes())
            bad.append(np.isnan(z).any(axis=(0, 1)))
            del z  # before the other one's is made
            progress(done, 2)
    return {
        "bad": np.stack(bad),
        "t_ns": t_ns,
        "sfreq": np.array(GRID_HZ),
        "bands": np.array([band.name for band in bands]),
        "low_hz": np.array([[band.low_hz for band in it.filter.bands] for it in recipes]),
        "high_hz": np.array([[band.high_hz for band in it.filter.bands] for it in recipes]),
        "is_recorded": np.array([it.is_recorded for it in recipes]),
    }


def _member(name: str) -> zipfile.ZipInfo:
    return zipfile.ZipInfo(f"{name}.npy", LONG_AGO)


def _begin(member: Any, shape: tuple[int, ...], kind: str) -> None:
    """The head of an array that is then written bit by bit."""
    head = {"descr": kind, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(member, head)
