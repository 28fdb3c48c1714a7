import datetime as dt
from pathlib import Path

import edfio
import numpy as np
import pytest

from recorder.export import export_of
from recorder.export.asked import Asked as AskedExport
from recorder.importing.edf import bring_edf
from recorder.importing.session import Asked
from recorder.open import OpenSession
from recorder.progress import no_progress
from recorder.store.check import verify
from tests.recorder.importing.files import SITES, imported, pair

DAY = dt.date(2024, 3, 5)
NOON = dt.time(12, 0, 0)


def native_files(directory: Path, session: Path) -> list[Path]:
    write = export_of("bdf", AskedExport(rate_hz=250.0, native=True))
    return [it for it in write(session, directory / "out", no_progress) if it.suffix == ".bdf"]


def test_bdf_comes_back_digit_for_digit(tmp_path: Path) -> None:
    first = imported(tmp_path, *pair(tmp_path), asked=Asked(names=(SITES,)))
    files = native_files(tmp_path, first.path)
    done = imported(tmp_path / "again", *files)
    assert verify(done.path).ok
    with OpenSession(first.path, "recorded") as one, OpenSession(done.path, "recorded") as other:
        for role, file in zip(one.roles, files, strict=True):
            before, after = one.native(role), other.native(role)
            np.testing.assert_array_equal(after.counts, before.counts)
            digits = np.stack([it.digital for it in edfio.read_bdf(file).signals], axis=1)
            np.testing.assert_array_equal(after.counts, digits[: len(after.counts)])
            assert after.labels == SITES
            assert other.board(role).provenance == "counts"
            assert other.board(role).nominal_rate_hz == pytest.approx(250.4, abs=0.2)
        begins_s = [
            it.native("therapist").t_ns[0] - it.native("patient").t_ns[0] for it in (one, other)
        ]
        assert begins_s[0] == pytest.approx(begins_s[1], abs=20_000_000)  # to a 64th of a second


def signal(
    label: str,
    values: np.ndarray,
    *,
    dimension: str = "uV",
    rate_hz: float = 256.0,
    most: float | None = None,
    **more: tuple[int, int],
) -> edfio.EdfSignal:
    limits = {} if most is None else {"physical_range": (-most, most)}
    return edfio.EdfSignal(
        values,
        rate_hz,
        label=label,
        physical_dimension=dimension,
        **{**limits, **more},  # type: ignore[arg-type]
    )


def waves(seconds: int, rate_hz: int = 256, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 30, seconds * rate_hz).clip(-199, 199)


def edf(path: Path, *signals: edfio.EdfSignal, **more: object) -> Path:
    usual = {"starttime": NOON, "recording": edfio.Recording(startdate=DAY)}
    edfio.Edf(signals, **{**usual, **more}).write(path)  # type: ignore[arg-type]
    return path


def test_an_edf_files_names_units_and_marks_are_understood(tmp_path: Path) -> None:
    x = waves(6)
    file = edf(
        tmp_path / "a.edf",
        signal("EEG F3-REF", x, most=200),
        signal("EEG Cz-REF", x[::-1], most=200),
        signal("ECG", x / 1000, dimension="mV", most=0.2),
        signal("Temp", np.full(6, 36.6), dimension="degC", rate_hz=1),
        annotations=[
            edfio.EdfAnnotation(1.5, None, "eyes closed"),
            edfio.EdfAnnotation(2, 3, "music"),
        ],
    )
    [one] = bring_edf(file)
    assert (one.labels, one.kinds) == (("F3", "Cz", "ECG"), ("eeg", "eeg", "ecg"))
    assert one.references == ("REF", "REF", "")
    assert one.told == ("left out, of another unit or rate: Temp",)
    done = imported(tmp_path, file, file, asked=Asked(offset_s=0.0))
    with OpenSession(done.path, "recorded") as session:
        np.testing.assert_allclose(session.native("patient").uv[:, 0], x, atol=0.0065)
        np.testing.assert_allclose(session.native("patient").uv[:, 2], x, atol=0.0065)
        assert session.utc_text(session.started_ns) == "2024-03-05T12:00:00.000000Z"
        assert [(it.t_s, it.label) for it in session.marks] == [(1.5, "eyes closed")]
        assert [(it.begin_s, it.label) for it in session.intervals] == [(2.0, "music")]


def test_another_scale_for_each_channel_is_no_count(tmp_path: Path) -> None:
    x = waves(4)
    file = edf(tmp_path / "a.edf", signal("F3", x, most=200), signal("F4", x, most=3000))
    [one] = bring_edf(file)
    assert one.provenance == "float"
    np.testing.assert_allclose(one.stretches[0].counts[:, 0] * one.uv_per_count, x, atol=0.005)
    np.testing.assert_allclose(one.stretches[0].counts[:, 1] * one.uv_per_count, x, atol=0.05)


def test_a_scale_with_an_offset_is_moved_by_whole_digits(tmp_path: Path) -> None:
    x = waves(4)
    file = edf(
        tmp_path / "a.edf",
        signal("F3", x, physical_range=(-200, 400), digital_range=(-1000, 2000)),
    )
    [one] = bring_edf(file)
    assert (one.provenance, one.told) == ("counts", ())
    np.testing.assert_allclose(one.stretches[0].counts[:, 0] * one.uv_per_count, x, atol=0.11)


def test_two_files_of_whole_seconds_say_so(tmp_path: Path) -> None:
    first = edf(tmp_path / "a.edf", signal("F3", waves(8), most=200))
    later = dt.time(12, 0, 2)
    second = edf(tmp_path / "b.edf", signal("F3", waves(8), most=200), starttime=later)
    done = imported(tmp_path, first, second)
    assert done.told["aligned_by"] == "time stamps, that are of whole seconds"
    assert done.told["people"][1]["begin_s"] == pytest.approx(2.0)


@pytest.mark.parametrize("cut", [3, 200, 300])
def test_a_file_that_is_cut_in_its_header_is_refused_in_one_line(tmp_path: Path, cut: int) -> None:
    octets = edf(tmp_path / "a.edf", signal("F3", waves(4), most=200)).read_bytes()
    (tmp_path / "cut.edf").write_bytes(octets[:cut])
    with pytest.raises(ValueError, match="no EDF or BDF file") as caught:
        imported(tmp_path, tmp_path / "cut.edf", tmp_path / "a.edf")
    assert "\n" not in str(caught.value)


def test_a_file_that_is_cut_says_how_much_is_missing(tmp_path: Path) -> None:
    x = waves(6)
    octets = edf(tmp_path / "a.edf", signal("F3", x, most=200)).read_bytes()
    (tmp_path / "cut.edf").write_bytes(octets[:-700])
    [one] = bring_edf(tmp_path / "cut.edf")
    assert one.samples == 4 * 256
    assert any("header indicates 6 data records, but file contains 4" in it for it in one.told)


def test_a_file_without_voltages_is_refused(tmp_path: Path) -> None:
    file = edf(tmp_path / "a.edf", signal("Temp", waves(4), dimension="degC", most=200))
    with pytest.raises(ValueError, match="no channel in volts; its units are degC"):
        bring_edf(file)
