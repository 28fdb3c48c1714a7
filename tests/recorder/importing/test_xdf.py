from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import pyxdf

from hardware.board import MISSING_COUNT
from recorder.export import export_of
from recorder.importing.session import Asked
from recorder.importing.xdf import bring_xdf
from recorder.open import OpenSession
from recorder.progress import no_progress
from recorder.store.check import verify
from recorder.store.rows import Row
from tests.recorder import session_files as sf
from tests.recorder.importing.files import imported


def rows() -> list[Row]:
    """Two boards with losses, of which one bends its clock now and then; half a sample."""
    found: list[Row] = sf.usual_rows()
    halved = sf.block(1, 1000)
    halved.counts[7, 1] = MISSING_COUNT
    return [*found, halved, sf.knot(1, 0, t_ns=sf.START_NS + 77, period_ns=sf.PERIOD_NS - 123.4)]


@pytest.fixture
def exported(tmp_path: Path) -> tuple[Path, Path]:
    """A recorded session, and its XDF file."""
    path = sf.write(tmp_path / "20261123T040000Z-1f3a.antiphon", rows())
    [file] = [
        it for it in export_of("xdf")(path, tmp_path / "out", no_progress) if it.suffix == ".xdf"
    ]
    return path, file


def test_times_and_counts_are_bit_equal_both_ways(
    tmp_path: Path, exported: tuple[Path, Path]
) -> None:
    recorded, file = exported
    done = imported(tmp_path, file)
    assert verify(done.path).ok
    with OpenSession(recorded, "recorded") as before, OpenSession(done.path, "recorded") as after:
        for role in before.roles:
            one, other = before.native(role), after.native(role)
            np.testing.assert_array_equal(other.t_ns, one.t_ns)
            np.testing.assert_array_equal(other.counts, one.counts)
            np.testing.assert_array_equal(other.index - other.index[0], one.index - one.index[0])
            assert other.labels == one.labels
            assert after.board(role).provenance == "counts"
            assert after.channels(role)[0].reference == before.channels(role)[0].reference
        assert [(it.t_ns, it.label) for it in after.marks] == [
            (it.t_ns, it.label) for it in before.marks
        ]
    [again] = [
        it
        for it in export_of("xdf")(done.path, tmp_path / "again", no_progress)
        if it.suffix == ".xdf"
    ]
    first, second = (pyxdf.load_xdf(str(it), dejitter_timestamps=False)[0] for it in (file, again))
    for one, other in zip(first[:2], second[:2], strict=True):
        np.testing.assert_array_equal(one["time_stamps"], other["time_stamps"])
        np.testing.assert_array_equal(one["time_series"], other["time_series"])


def test_the_patient_is_who_is_called_so(exported: tuple[Path, Path]) -> None:
    assert [it.name for it in bring_xdf(exported[1])] == ["patient P01", "therapist T01"]


def stream(
    name: str, kind: str, stamp_s: np.ndarray, values: object, **info: str
) -> dict[str, object]:
    told = {"name": name, "type": kind, "nominal_srate": "250", "channel_format": "float32", **info}
    return {
        "info": {key: [text] for key, text in told.items()},
        "time_stamps": stamp_s,
        "time_series": values,
        "footer": {"info": {"sample_count": [str(len(stamp_s))]}},
    }


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A file of which pyxdf tells what the test says."""
    (tmp_path / "x.xdf").write_bytes(b"XDF:")
    return tmp_path / "x.xdf"


def bring(monkeypatch: pytest.MonkeyPatch, path: Path, *streams: dict[str, object]) -> list[object]:
    monkeypatch.setattr(pyxdf, "load_xdf", lambda *_, **__: (list(streams), {}))
    return [*bring_xdf(path)]


def test_losses_are_counted_by_even_stamps_and_jittery_ones_tell_long_holes_only(
    monkeypatch: pytest.MonkeyPatch, told: Path
) -> None:
    at = np.delete(np.arange(3000), [*range(100, 103), *range(2000, 2600)])
    even = 10 + at / 250.33
    values = np.random.default_rng(1).normal(0, 20, (len(at), 2))
    [one] = bring(monkeypatch, told, stream("a", "EEG", even, values))
    [stretch] = one.stretches  # type: ignore[attr-defined]
    np.testing.assert_array_equal(stretch.index, at)
    assert [(it.first, it.n) for it in stretch.losses] == [(100, 3), (2000, 600)]
    jittery = np.sort(even + np.random.default_rng(2).normal(0, 0.02, len(at)))
    [other] = bring(monkeypatch, told, stream("a", "EEG", jittery, values))
    [stretch] = other.stretches  # type: ignore[attr-defined]
    [hole] = stretch.losses
    assert hole.n == pytest.approx(600, abs=20)


def test_a_stamp_that_is_none_and_a_row_of_nans_are_left_out(
    monkeypatch: pytest.MonkeyPatch, told: Path
) -> None:
    stamps = 10 + np.arange(50) / 250
    values = np.ones((50, 2))
    stamps[7], values[9] = np.nan, np.nan
    values[20, 1] = np.nan
    [one] = bring(monkeypatch, told, stream("a", "EEG", stamps, values))
    [stretch] = one.stretches  # type: ignore[attr-defined]
    assert [it.first for it in stretch.losses] == [7, 9]
    assert (stretch.counts == MISSING_COUNT).sum() == 1


@pytest.mark.parametrize(
    ("streams", "why"),
    [
        ([], "no stream of EEG in it; its streams are of the types none"),
        ([stream("m", "Markers", np.arange(3.0), [["a"]] * 3)], "of the types Markers"),
        (
            [stream("a", "EEG", np.zeros(9), np.ones((9, 1)), nominal_srate="0")],
            "states no rate",
        ),
    ],
)
def test_what_holds_no_eeg_is_refused(
    monkeypatch: pytest.MonkeyPatch, told: Path, streams: list[dict[str, object]], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        bring(monkeypatch, told, *streams)


@pytest.mark.parametrize("kept", [0.5, 0.7, 0.9, 0.99])
def test_what_is_cut_off_is_told(tmp_path: Path, exported: tuple[Path, Path], kept: float) -> None:
    octets = exported[1].read_bytes()
    (tmp_path / "cut.xdf").write_bytes(octets[: int(kept * len(octets))])
    whole = {it.name: it for it in bring_xdf(exported[1])}
    read = []
    with suppress(ValueError):  # where a header is cut
        read = bring_xdf(tmp_path / "cut.xdf")
    for it in read:
        if it.samples < whole[it.name].samples:
            assert it.told
        counts = whole[it.name].stretches[0].counts[: it.samples]
        np.testing.assert_array_equal(it.stretches[0].counts, counts)


@pytest.mark.parametrize("cut", [5, 100, 2000])
def test_a_file_that_is_cut_is_read_or_refused_in_one_line(
    tmp_path: Path, exported: tuple[Path, Path], cut: int
) -> None:
    octets = exported[1].read_bytes()
    (tmp_path / "cut.xdf").write_bytes(octets[:cut])
    with pytest.raises(ValueError, match=r"XDF|EEG") as caught:
        imported(tmp_path, tmp_path / "cut.xdf", asked=Asked())
    assert "\n" not in str(caught.value)
