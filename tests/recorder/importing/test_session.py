from pathlib import Path

import numpy as np
import pytest

from hardware.cyton.frames import UV_PER_COUNT
from recorder.importing.session import Asked
from recorder.open import OpenSession
from recorder.store.check import verify
from recorder.store.reader import SessionReader
from tests.recorder.importing import files
from tests.recorder.importing.files import (
    BEGAN_S,
    SITES,
    counts_of,
    gui_text,
    imported,
    pair,
    write,
)

TEXT_ERROR_UV = 0.011


def test_text_comes_back_within_its_own_rounding_and_at_its_own_times(tmp_path: Path) -> None:
    done = imported(tmp_path, *pair(tmp_path), asked=Asked(names=(SITES,)))
    assert verify(done.path).ok
    with OpenSession(done.path, "recorded") as session:
        assert session.labels("patient") == session.labels("therapist") == SITES
        for place, role in enumerate(session.roles):
            native, true = session.native(role), counts_of(2000, place + 1)
            assert np.abs(native.uv - true * UV_PER_COUNT).max() < TEXT_ERROR_UV
            np.testing.assert_array_equal(native.index, np.arange(2000))
            true_hz, began_s = (250.33, BEGAN_S), (250.51, BEGAN_S + 0.5)
            rate_hz, begin_s = (true_hz, began_s)[place]
            utc_s = np.array([session.utc_ns(t) / 1e9 for t in native.t_ns[::500].tolist()])
            off_s = utc_s - (begin_s + native.index[::500] / rate_hz)
            assert np.abs(off_s).max() < 0.012  # what is not known of a radio's delay included
            assert np.ptp(off_s) < 0.004
        assert session.begun[1] is False
        assert session.board("patient").provenance == "text"
        assert session.channels("patient")[0].reference == "SRB2"


def test_a_row_that_is_torn_is_a_gap_and_named_and_a_loss_is_one_of_the_radio(
    tmp_path: Path,
) -> None:
    counts = counts_of(1500, 1)
    torn = write(tmp_path / "a.txt", gui_text(counts, replace={700: "188, 1.0, 2"}))
    lossy = write(tmp_path / "b.txt", gui_text(counts_of(1500, 2), leave_out=range(300, 900)))
    done = imported(tmp_path, torn, lossy)
    assert verify(done.path).ok
    with SessionReader(done.path) as session:
        gaps = [(it.board, it.first_index, it.n, it.cause) for it in session.gaps()]
        texts = [it.text for it in session.events()]
    assert sorted(gaps) == [(0, 700, 1, "damage"), (1, 300, 600, "radio")]
    [patient, therapist] = done.told["people"]
    assert patient["unread"] == ["line 705: 3 columns where 10 belong"]
    assert (patient["lost"], therapist["lost"], therapist["unread_rows"]) == (1, 600, 0)
    assert "1 rows not read" in texts[0]
    assert not any("a.txt" in text for text in texts)  # a file's name may be a person's


def test_the_time_in_which_one_of_them_has_nothing_is_a_gap(tmp_path: Path) -> None:
    done = imported(tmp_path, *pair(tmp_path, apart_s=3.0))
    report = verify(done.path)
    assert report.ok
    assert not [note for note in report.notes if "in no gap" in note]
    with SessionReader(done.path) as session:
        absences = [(it.board, it.n, it.cause) for it in session.gaps()]
    assert sorted(absences) == [(0, 0, "silence"), (1, 0, "silence")]


def test_the_same_files_are_imported_once(tmp_path: Path) -> None:
    both = pair(tmp_path)
    done = imported(tmp_path, *both)
    with pytest.raises(FileExistsError, match="these files were imported before"):
        imported(tmp_path, *both)
    assert [*(tmp_path / "sessions").rglob("*.antiphon")] == [done.path]
    other = imported(tmp_path, *both, asked=Asked(names=(SITES,)))
    assert other.path != done.path


def test_what_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr("recorder.importing.writing._put_all", fail)
    with pytest.raises(OSError, match="no room"):
        imported(tmp_path, *pair(tmp_path))
    assert [*(tmp_path / "sessions").iterdir()] == []


def test_files_that_share_no_time_are_refused_unless_an_offset_is_given(tmp_path: Path) -> None:
    both = pair(tmp_path, apart_s=500.0)
    with pytest.raises(ValueError, match=r"share no time: 49\d\.\d s lie between them; give --off"):
        imported(tmp_path, *both)
    done = imported(tmp_path, *both, asked=Asked(offset_s=1.5))
    [patient, therapist] = done.told["people"]
    assert therapist["begin_s"] - patient["begin_s"] == pytest.approx(1.5, abs=1e-6)


def test_a_rate_that_the_stamps_contradict_is_refused(tmp_path: Path) -> None:
    wrong = write(tmp_path / "wrong.txt", gui_text(counts_of(2500, 1), true_hz=125.0))
    with pytest.raises(ValueError, match=r"states 250 Hz, and by its time stamps it has 12\d"):
        imported(tmp_path, wrong, pair(tmp_path)[1])


def test_one_persons_board_of_two_people_is_parted_by_channels(tmp_path: Path) -> None:
    one, _ = pair(tmp_path)
    with pytest.raises(ValueError, match="give the therapist's, too, or --channels twice"):
        imported(tmp_path, one)
    names = ("F3", "F4", "P3", "P4"), ("C3", "C4", "O1", "O2")
    done = imported(tmp_path, one, asked=Asked(names=names))
    with OpenSession(done.path, "recorded") as session:
        mine, yours = session.native("patient"), session.native("therapist")
    assert (mine.labels, yours.labels) == names
    true = counts_of(2000, 1) * UV_PER_COUNT
    assert np.abs(np.hstack([mine.uv, yours.uv]) - true).max() < TEXT_ERROR_UV
    np.testing.assert_array_equal(mine.t_ns, yours.t_ns)


def test_both_people_of_an_npz_file_stay_together(tmp_path: Path) -> None:
    x_uv = np.random.default_rng(3).normal(0, 20, (2, 3, 900))
    np.savez(tmp_path / "x.npz", x_uV=x_uv, fs=200.0, ch_names=["F3", "F4", "Cz"])
    done = imported(tmp_path, tmp_path / "x.npz")
    with OpenSession(done.path, "recorded") as session:
        for place, role in enumerate(session.roles):
            native = session.native(role)
            np.testing.assert_allclose(native.uv, x_uv[place].T, atol=0.0006)
            np.testing.assert_array_equal(np.diff(native.t_ns), 5_000_000)
        assert session.board("patient").provenance == "float"
        assert session.header.created_utc_ns == files.NOW_NS


CARD_HEAD = "%START AT\n00010000\n"


def test_a_cards_counts_are_kept_to_the_digit_at_any_gain(tmp_path: Path) -> None:
    counts = counts_of(600, 4)
    rows = [
        ",".join([f"{n % 256:02X}", *(f"{count & 0xFFFFFF:06X}" for count in row)])
        for n, row in enumerate(counts.tolist())
    ]
    card = write(tmp_path / "OBCI_01.TXT", CARD_HEAD + "\n".join(rows) + "\n")
    for gain, scale in ((None, UV_PER_COUNT), (12.0, 2 * UV_PER_COUNT)):
        done = imported(tmp_path, card, card, asked=Asked(offset_s=0.0, gain=gain))
        with OpenSession(done.path, "recorded") as session:
            np.testing.assert_array_equal(session.native("patient").counts, counts)
            assert session.channels("patient")[0].scale == pytest.approx(scale)
            assert session.board("patient").provenance == "counts"


def test_values_beyond_the_gain_ask_for_another(tmp_path: Path) -> None:
    text = gui_text(counts_of(900, 1)).replace(", 80", ", 2000")
    high = write(tmp_path / "a.txt", text)
    with pytest.raises(ValueError, match=r"µV, where the board ends at 187500\.0: give its --gain"):
        imported(tmp_path, high, high, asked=Asked(offset_s=0.0))
    assert imported(tmp_path, high, high, asked=Asked(offset_s=0.0, gain=2.0))


def brainflow_text(seed: int, begin_s: float, pulses_s: np.ndarray, clock_s: float) -> str:
    """24 columns of a Cyton that begins at a second of true time; its computer's clock is off."""
    t_s = begin_s + np.arange(6000) / (250.33, 250.51)[seed]
    pin = ((t_s[:, None] >= pulses_s) & (t_s[:, None] < pulses_s + 0.04)).any(axis=1)
    table = np.zeros((6000, 24))
    table[:, 0] = np.arange(6000) % 256
    table[:, 1:9] = np.random.default_rng(seed).normal(0, 30, (6000, 8))
    table[:, 12], table[:, 13], table[:, 22] = 0xC1, pin, BEGAN_S + clock_s + t_s
    return "\n".join("\t".join(f"{x:.6f}" for x in row) for row in table.tolist()) + "\n"


def test_a_trigger_that_both_boards_saw_puts_right_what_two_computers_clocks_are_off(
    tmp_path: Path,
) -> None:
    pulses_s = 2 + np.cumsum(np.random.default_rng(4).uniform(0.4, 1.2, 24))
    first = write(tmp_path / "a.csv", brainflow_text(0, 0.0, pulses_s, 0.0))
    second = write(tmp_path / "b.csv", brainflow_text(1, 1.25, pulses_s, 4.5))
    by_stamps = imported(tmp_path, first, second)
    assert by_stamps.told["people"][1]["begin_s"] == pytest.approx(5.75, abs=0.02)
    done = imported(tmp_path, first, second, asked=Asked(by="trigger"))
    assert done.told["aligned_by"] == "the trigger on D11"
    assert done.told["people"][1]["begin_s"] == pytest.approx(1.25, abs=0.005)
    with OpenSession(done.path, "recorded") as session:
        rises = {
            role: [it.t_ns for it in session.edges if it.source == f"{role} D11" and it.level]
            for role in session.roles
        }
    apart_ms = (np.array(rises["patient"]) - np.array(rises["therapist"])) * 1e-6
    assert len(apart_ms) == 24
    assert np.abs(apart_ms).max() < 5  # a sample is 4 ms
