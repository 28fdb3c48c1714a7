"""Arrays of both people; what HyPyP makes of them is judged in tests/judges."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recorder.export import export_of
from recorder.export.asked import Asked
from recorder.open import open_session
from tests.recorder import session_files
from tests.recorder.export.full import ID, full_session
from tests.recorder.open.played import Floats, Played, Stretch, session


def tone(t_s: Floats) -> Floats:
    heard: Floats = 5 * np.sin(2 * np.pi * 10 * t_s)
    return heard


def arrays(path: Path, directory: Path, asked: Asked = Asked()) -> dict[str, Any]:  # noqa: B008
    [file] = export_of("hypyp", asked)(path, directory)
    with np.load(file, allow_pickle=False) as found:
        return dict(found)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    lossy = Stretch(0.2, 5_000, lost=[range(2000, 2100)])
    both = Played(250.3, [lossy], tone), Played(249.6, [Stretch(0.0, 5_000)], tone)
    return session(tmp_path / f"{ID}.antiphon", *both)


def test_both_people_are_one_array_of_the_same_instants(path: Path, tmp_path: Path) -> None:
    told = arrays(path, tmp_path)
    with open_session(path) as opened:
        pair = opened.pair()
    assert told["data"].shape == (2, 1, 3, pair.grid.n)
    for mine, volts in zip(told["data"], pair, strict=True):
        assert np.array_equal(mine[0], volts)
    assert np.array_equal(told["t_ns"], pair.grid.t_ns)
    assert (told["ch_names"].tolist(), told["sfreq"]) == (["F3", "F4", "P3"], 250)
    patient, therapist = told["bad"]
    hole = next(it for it in pair.holes if it.cause == "radio")
    inside = (pair.grid.t_ns >= hole.begin_ns) & (pair.grid.t_ns < hole.end_ns)
    assert inside.sum() == 100
    assert patient[inside].all()
    assert not therapist[inside].any()
    assert patient[: round(0.2 * 250)].all()  # not there yet


def test_only_channels_that_both_have_are_paired_in_one_order(tmp_path: Path) -> None:
    head = session_files.header(ID)
    patient, therapist = head.boards
    channels = list(therapist.channels)
    channels = [channels[2], replace(channels[1], kind="eog"), channels[0]]
    boards = (patient, replace(therapist, channels=tuple(channels)))
    rows = session_files.usual_rows()
    path = session_files.write(tmp_path / f"{ID}.antiphon", rows, replace(head, boards=boards))
    told = arrays(path, tmp_path)
    assert told["ch_names"].tolist() == ["F3", "P3"]
    with open_session(path) as opened:
        assert np.array_equal(told["data"][1, 0, 0], opened.pair().therapist[2])


def test_without_a_common_channel_that_is_said(tmp_path: Path) -> None:
    head = session_files.header(ID)
    patient, therapist = head.boards
    other = tuple(replace(it, label=f"{it.label}x") for it in therapist.channels)
    head = replace(head, boards=(patient, replace(therapist, channels=other)))
    path = session_files.write(tmp_path / f"{ID}.antiphon", session_files.usual_rows(), head)
    with pytest.raises(LookupError, match="both people have"):
        arrays(path, tmp_path / "out")
    assert [*(tmp_path / "out").iterdir()] == []


def test_band_signals_are_in_hypyps_shape(path: Path, tmp_path: Path) -> None:
    told = arrays(path, tmp_path, Asked(analytic=True))
    assert told["bands"].tolist() == ["theta", "alpha", "beta"]
    assert told["data"].shape == (2, 1, 3, 3, len(told["t_ns"]))
    assert np.array_equal(np.diff(told["t_ns"]), np.full(len(told["t_ns"]) - 1, 25_000_000))
    with open_session(path) as opened:
        z = opened.band_signals("therapist", told["t_ns"])
    assert np.array_equal(told["data"][1, 0], z.swapaxes(0, 1), equal_nan=True)
    assert np.array_equal(told["bad"][1], np.isnan(z).any(axis=(0, 1)))
    assert told["low_hz"].tolist() == [[4, 8, 13]] * 2


@pytest.mark.parametrize("analytic", [False, True])
def test_the_same_session_gives_the_same_bytes(tmp_path: Path, *, analytic: bool) -> None:
    path = full_session(tmp_path / "full")
    export = export_of("hypyp", Asked(analytic=analytic))
    [one], [other] = (export(path, tmp_path / name) for name in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()
