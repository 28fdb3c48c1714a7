"""Band signals of a recorded session, against what the electrodes carried."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from dsp.synchrony import window_measures
from recorder.open import OpenSession, band_signals, open_session
from recorder.open.band_signals import Complexes, grid_times_ns
from recorder.rehearsal.boards import Plan
from recorder.store.rows import SeriesRow
from tests.arm64.minute import record
from tests.recorder.open.played import Floats, Played, Stretch, session
from tests.recorder.session_files import START_NS

ALPHA, BETA = 1, 2
SECONDS = 20
DAISY_DELAY_S = (0.0, 0.0, 0.004)


def tone(t_s: Floats) -> Floats:
    heard: Floats = 20_000 + 5 * np.sin(2 * np.pi * 10 * t_s)
    return heard


def played(tmp_path: Path, *stretches: Stretch) -> OpenSession:
    one = Played(250.3, stretches, tone, DAISY_DELAY_S)
    return open_session(session(tmp_path / "20261123T040000Z-1f3a.antiphon", one, one))


def truth(t_ns: NDArray[np.int64]) -> NDArray[np.complex128]:
    angle = 2 * np.pi * 10 * (t_ns - START_NS) / 1e9 - np.pi / 2
    z: NDArray[np.complex128] = 5 * np.exp(1j * angle)
    return z


def test_amplitude_and_phase_are_those_of_the_tone(tmp_path: Path) -> None:
    opened = played(tmp_path, Stretch(0.05, 250 * SECONDS))
    t_ns = grid_times_ns(START_NS, SECONDS)
    z = opened.band_signals("patient", t_ns)
    inside = slice(40, -40)
    error = z[ALPHA, :, inside] - truth(t_ns[inside])
    assert np.abs(error).max() < 0.05  # of 5 microvolts; also where a channel is sampled later


def test_a_short_hole_is_bridged_and_a_long_one_is_none(tmp_path: Path) -> None:
    opened = played(
        tmp_path,
        Stretch(0.0, 2000, lost=[range(1000, 1003)]),
        Stretch(10.0, 2500, lost=[range(1000, 1030)]),
    )
    t_ns = grid_times_ns(START_NS, SECONDS)
    z = opened.band_signals("patient", t_ns)[ALPHA]
    t_s = (t_ns - START_NS) / 1e9
    there = ~np.isnan(z).any(axis=0)
    assert there[(t_s > 3.5) & (t_s < 4.5)].all()
    assert not there[(t_s > 8.1) & (t_s < 9.9)].any()  # no board
    assert not there[(t_s > 13.98) & (t_s < 14.1)].any()
    assert there[(t_s > 15) & (t_s < 19)].all()
    assert np.abs(z[:, there] - truth(t_ns[there])).max() < 0.3


def test_it_does_not_matter_how_many_points_are_made_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = played(tmp_path, Stretch(0.0, 250 * SECONDS, lost=[range(1000, 1003)]))
    t_ns = grid_times_ns(START_NS, SECONDS)
    at_once = opened.band_signals("patient", t_ns)
    monkeypatch.setattr(band_signals, "POINTS_TOGETHER", 40)
    assert np.allclose(opened.band_signals("patient", t_ns), at_once, atol=1e-4, equal_nan=True)


def test_stored_measures_are_those_of_these_signals(tmp_path: Path) -> None:
    """But for what the clocks did not know yet as they were measured."""
    with open_session(record(tmp_path, Plan(seed=5), 30)) as opened:
        assert opened.recipe("patient").is_recorded
        t_ns = grid_times_ns(opened.started_ns, opened.duration_s)
        z = [opened.band_signals(role, t_ns)[BETA] for role in opened.roles]
        off = [
            abs(stored - _plv(z, opened, series, _window(t_ns, centre_ns, series.window_s)))
            for measures in [opened.measures("plv", band="beta")]
            for column, series in enumerate(measures.definitions)
            for centre_ns, stored, clean in zip(
                measures.t_ns, measures.value[:, column], measures.clean[:, column], strict=True
            )
            if clean == 1
        ]
    assert len(off) > 40
    assert max(off) < 0.01


def _window(t_ns: NDArray[np.int64], centre_ns: int, window_s: float) -> slice:
    begin, end = np.searchsorted(t_ns, centre_ns + np.array([-0.5e9, 0.5e9]) * window_s)
    return slice(int(begin), int(end))


def _plv(z: list[Complexes], opened: OpenSession, series: SeriesRow, some: slice) -> float:
    a, b = (
        opened.labels(role).index(label)
        for role, label in zip(series.persons, series.channels, strict=True)
    )
    found = window_measures(z[0][None, [a], some], z[1][None, [b], some])
    return float(found["plv"].item())
