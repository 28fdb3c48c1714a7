import csv
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from recorder.export import FORMATS, export_of
from recorder.export.asked import Asked
from recorder.store.reader import SessionReader
from recorder.store.rows import MarkerRow
from recorder.store.writer import SessionWriter
from tests.recorder import session_files
from tests.recorder.export.full import full_session
from tests.recorder.session_files import PERIOD_NS, START_NS, UV_PER_COUNT, block

ID = "20261123T040000Z-1f3a"
export_csv = export_of("csv")


@pytest.fixture
def usual(tmp_path: Path) -> Path:
    return session_files.write(tmp_path / f"{ID}.antiphon", session_files.usual_rows())


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def tables_of(path: Path, directory: Path) -> dict[str, list[list[str]]]:
    files = export_csv(path, directory)
    return {file.stem.partition("_")[2]: read(file) for file in files}


def test_csv_is_one_of_the_formats() -> None:
    assert "csv" in FORMATS


def test_one_table_per_board_and_one_per_kind_of_thing(usual: Path, tmp_path: Path) -> None:
    files = export_csv(usual, tmp_path / "out" / "deeper")
    names = [
        "patient",
        "therapist",
        "measures",
        "session",
        "people",
        "channels",
        "series",
        "markers",
        "gaps",
        "clock",
    ]
    assert files == [tmp_path / "out" / "deeper" / f"{ID}_{name}.csv" for name in names]
    assert sorted(files) == sorted((tmp_path / "out" / "deeper").iterdir())


def test_microvolts_give_the_exact_counts_back(usual: Path, tmp_path: Path) -> None:
    patient = export_csv(usual, tmp_path / "out")[0]
    heading = read(patient)[0]
    assert heading == ["segment", "index", "t_ns", "F3_uv", "F4_uv", "P3_uv"]
    table = np.loadtxt(patient, delimiter=",", skiprows=1)
    with SessionReader(usual) as session:
        samples = list(session.samples(0))
    counts = np.concatenate([s.counts for s in samples])
    assert np.array_equal(np.rint(table[:, 3:] / UV_PER_COUNT), counts)
    assert table[:, 1].tolist() == np.concatenate([s.index for s in samples]).tolist()


@pytest.mark.parametrize("scale", [UV_PER_COUNT, 1e-7, 0.5, 1.0, 488.28125])
def test_digits_suffice_for_any_scale_and_any_count(tmp_path: Path, scale: float) -> None:
    row = block(0, 0, 4)
    row.counts[:] = [[2**31 - 1, 1 - 2**31, 0], [1, -1, 2], [2**23, -(2**23), 7], [3, 5, 9]]
    header = session_files.header(ID)
    for board in header.boards:
        for channel in board.channels:
            object.__setattr__(channel, "scale", scale)
    path = tmp_path / f"{ID}.antiphon"
    writer = SessionWriter.create(path, header)
    writer.put(row)
    writer.close(START_NS)
    table = np.loadtxt(export_csv(path, tmp_path)[0], delimiter=",", skiprows=1)
    assert np.array_equal(np.rint(table[:, 3:] / scale), row.counts)


def test_times_are_written_to_the_nanosecond(usual: Path, tmp_path: Path) -> None:
    times = [int(row[2]) for row in read(export_csv(usual, tmp_path / "out")[0])[1:]]
    at_300 = START_NS + 300 * PERIOD_NS
    assert (times[300], times[301]) == (at_300, at_300 + PERIOD_NS + 40)


def test_small_tables_say_what_the_file_says(usual: Path, tmp_path: Path) -> None:
    of = tables_of(usual, tmp_path / "out")
    assert of["markers"] == [
        ["t_ns", "label", "provenance", "author"],
        [str(START_NS + 3 * 10**9), "music, ends", "live", ""],
    ]
    begin_ns = START_NS + 500 * PERIOD_NS
    assert of["gaps"][1] == [
        *("patient", "0", "500", "3", "radio"),
        *(str(begin_ns), str(begin_ns + 3 * PERIOD_NS)),
    ]
    assert of["measures"][1] == [
        *(str(START_NS + 10**9), "1", "plv", "alpha", "patient+therapist", "F3+F3"),
        *("0.25", "1.0", ""),
    ]
    assert of["channels"][:2] == [
        ["role", "label", "kind", "unit", "reference", "delay_s", "scale"],
        ["patient", "F3", "eeg", "uV", "SRB2", "0.0", repr(UV_PER_COUNT)],
    ]
    assert of["clock"] == [
        ["t_ns", "utc_ns", "synchronised"],
        [str(START_NS), str(session_files.header(ID).created_utc_ns), "1"],
    ]


def test_all_that_was_recorded_or_noted_beside_the_samples_is_there(
    usual: Path, tmp_path: Path
) -> None:
    path = full_session(tmp_path / "full")
    of = tables_of(path, tmp_path / "out")
    t_ns = str(START_NS + 10**9)
    assert of["session"][1][0] == ID
    assert of["session"][1][2].startswith("refitted (refit, antiphon")
    assert [row[:3] for row in of["people"][1:]] == [
        ["patient", "P01", "1"],
        ["therapist", "T01", "1"],
    ]
    assert of["series"][1][:7] == [
        "1",
        "plv",
        "|sum u_a conj(u_b)| / N",
        "alpha",
        "8.0",
        "13.0",
        "patient+therapist",
    ]
    assert [t_ns, "before", "rater", "R1"] in of["markers"]
    assert of["intervals"][1:] == [[t_ns, str(START_NS + 2 * 10**9), "music", "post", "P01"]]
    assert of["words"][1:] == [[t_ns, t_ns, "patient", "It is lighter now", "vtt"]]
    assert of["notes"][1:] == [[t_ns, "she smiles"]]
    assert [t_ns, "board", "patient: streaming"] in of["events"]
    assert of["quality"][1:] == [["therapist", t_ns, "F4", "good", "0.25", ""]]
    assert of["impedance"][1:] == [["patient", t_ns, "P3", "7.5"], ["patient", t_ns, "F3", ""]]
    assert of["edges"][1:] == [["gpio", "1", t_ns, "1"]]
    assert of["frames"][1:] == [["cam1", "4", t_ns]]
    mapping = ["", "", "1.5", "20.0", "3.0", "40", ""]  # of all the video; pulses seen: not known
    assert of["alignment"][1:] == [["cam1", "a.mp4", "ab", *mapping]]
    assert of["refit"][1][:5] == ["patient", "0", "0", str(START_NS + 77), "4000000.0"]


def test_times_are_those_of_the_clock_asked_for(tmp_path: Path) -> None:
    path = full_session(tmp_path / "full")
    first = {
        clock: export_of("csv", Asked(clock=clock))(path, tmp_path / clock)[0]
        .read_text()
        .splitlines()[1]
        for clock in ("refitted", "recorded")
    }
    assert first["refitted"].split(",")[2] == str(START_NS + 77)
    assert first["recorded"].split(",")[2] == str(START_NS - 300 * 40)


def test_tables_of_which_there_is_nothing_are_not_made(tmp_path: Path) -> None:
    path = session_files.write(tmp_path / f"{ID}.antiphon", [])
    files = export_csv(path, tmp_path / "out")
    assert [file.name for file in files] == [
        f"{ID}_{name}.csv"
        for name in ("patient", "therapist", "session", "people", "channels", "clock")
    ]
    assert len(read(files[0])) == 1


def test_labels_with_signs_of_the_format_survive(tmp_path: Path) -> None:
    label = 'he said: "now", and\nthen; Grüße'
    marker = MarkerRow(START_NS, label)
    path = session_files.write(tmp_path / f"{ID}.antiphon", [marker])
    assert tables_of(path, tmp_path)["markers"][1][1] == label


def test_a_damaged_session_leaves_no_half_table(usual: Path, tmp_path: Path) -> None:
    with closing(sqlite3.connect(usual)) as db:
        db.execute("UPDATE block SET payload = zeroblob(50) WHERE board = 1 AND first_index = 500")
        db.commit()
    with pytest.raises(ValueError, match="checksum"):
        export_csv(usual, tmp_path / "out")
    assert [*(tmp_path / "out").iterdir()] == []


def test_a_name_that_leads_out_of_the_directory_is_refused(tmp_path: Path) -> None:
    header = session_files.header("../../elsewhere")
    path = tmp_path / "s.antiphon"
    SessionWriter.create(path, header).close(START_NS)
    with pytest.raises(ValueError, match="cannot be a file's name"):
        export_csv(path, tmp_path / "out")


def test_a_minute_of_a_board_takes_less_than_a_second(tmp_path: Path) -> None:
    rows = [block(board_id, 250 * k, 250) for board_id in (0, 1) for k in range(60)]
    path = session_files.write(tmp_path / f"{ID}.antiphon", [*rows])
    begun_s = time.process_time()
    export_csv(path, tmp_path)
    assert time.process_time() - begun_s < 2.0


def test_a_word_that_a_spreadsheet_would_compute_is_quoted(tmp_path: Path) -> None:
    path = tmp_path / f"{ID}.antiphon"
    labels = ['=HYPERLINK("http://x")', "+1", "-1", "@SUM(A1)", "\t=1", "a = b", ""]
    rows = [MarkerRow(START_NS + at, label, "live") for at, label in enumerate(labels)]
    session_files.write(path, [*session_files.usual_rows(), *rows])
    files = {file.name.partition("_")[2]: read(file) for file in export_csv(path, tmp_path / "out")}
    assert [row[1] for row in files["markers.csv"] if row[1] in labels] == ["a = b", ""]
    assert {f"'{label}" for label in labels[:5]} <= {row[1] for row in files["markers.csv"]}
    numbers = [row[6] for row in files["measures.csv"][1:]]
    assert not any(number.startswith("'") for number in numbers)


def test_a_link_in_the_way_is_not_followed(usual: Path, tmp_path: Path) -> None:
    precious, out = tmp_path / "precious", tmp_path / "out"
    precious.write_text("mine")
    out.mkdir()
    for name in ("patient", "markers"):
        (out / f".part.{ID}_{name}.csv").symlink_to(precious)
        (out / f"{ID}_{name}.csv").symlink_to(precious)
    files = export_csv(usual, out)
    assert precious.read_text() == "mine"
    assert not any(file.is_symlink() for file in files)
