import codecs
import re
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hardware.cyton.frames import UV_PER_COUNT
from hardware.recordings.reading import read_recording
from tests.places import RECORDINGS

needs_data = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="no recordings beside the project")


@needs_data
@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("openbci/brainhat_AdsRegisters.txt", "1 columns"),
        ("reference/power.npz", "without x_uV"),
    ],
)
def test_what_cannot_be_replayed_is_refused_in_one_line(name: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        read_recording(RECORDINGS / name)
    text = str(caught.value)
    assert Path(name).name in text
    assert "accepted are OpenBCI GUI text files" in text
    assert "\n" not in text


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("empty.csv", b"", "no samples"),
        ("head.txt", b"%OpenBCI Raw EXG Data\n%Number of channels = 8\n", "no samples"),
        ("notes.txt", b"the patient was calm\n", "1 columns"),
        ("words.csv", (",".join(["x"] * 24) + "\n").encode(), "no samples in it"),
        (
            "wide.csv",
            (",".join(["1"] * 33) + "\n").encode(),
            "line 1: 33 columns, 15, 23, 24, 31 or 32 expected",
        ),
        ("gui.txt", b"%Number of channels = 17\n%Sample Rate = 125 Hz\n1,2\n", "17 channels"),
        ("nan.csv", (",".join(["nan"] * 24) + "\n").encode(), "line 1: its counter is not one"),
        ("image.txt", b"\x89PNG\xff\xfe", "not text"),
        ("headless.txt", b"%OpenBCI Raw EXG Data\n1,2,3\n", "neither a number of channels"),
        ("fake.npz", b"no zip at all", "pickled|not a zip|file"),
        ("nothing.npz", b"", "No data"),
    ],
)
def test_a_file_that_is_no_recording_is_refused(
    tmp_path: Path, name: str, content: bytes, why: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ValueError, match=why) as caught:
        read_recording(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_and_a_folder_say_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"x\.csv: no such file; accepted are"):
        read_recording(tmp_path / "x.csv")
    with pytest.raises(ValueError, match="directory; accepted are"):
        read_recording(tmp_path)


@pytest.mark.parametrize(
    ("x_uv", "names", "why"),
    [
        (np.zeros((2, 17, 10)), [], "17 channels"),
        (np.zeros(10), [], "shape"),
        (np.zeros((2, 4, 0)), [], "shape"),
        (np.full((1, 2, 5), np.nan), [], "not numbers"),
        (np.zeros((2, 4, 10)), ["a"], "1 names"),
    ],
)
def test_an_npz_file_of_another_shape_is_refused(
    tmp_path: Path, x_uv: NDArray[np.float64], names: list[str], why: str
) -> None:
    arrays = {"x_uV": x_uv, "fs": np.array(250.0)}
    if names:
        arrays["ch_names"] = np.array(names)
    np.savez(tmp_path / "x.npz", allow_pickle=False, **arrays)
    with pytest.raises(ValueError, match=why):
        read_recording(tmp_path / "x.npz")


def test_an_npz_file_of_one_person_needs_no_first_axis(tmp_path: Path) -> None:
    x_uv = np.arange(12.0).reshape(3, 4)
    np.savez(tmp_path / "x.npz", x_uV=x_uv, fs=200)
    read = read_recording(tmp_path / "x.npz")
    assert (read.uv.shape, read.rate_hz, read.counters) == ((1, 4, 3), 200.0, None)
    np.testing.assert_array_equal(read.uv[0], x_uv.T)


def test_what_brainflow_streams_to_a_file_is_read_and_its_torn_end_dropped(tmp_path: Path) -> None:
    rows = [[254 + k, *range(8), *[0] * 15] for k in range(4)]
    text = "".join("\t".join(f"{x % 256:.6f}" for x in row) + "\n" for row in rows)
    path = tmp_path / "brainflow.csv"
    path.write_text(text[:-60])
    read = read_recording(path)
    assert read.counters is not None
    assert read.counters.tolist() == [0, 1, 2]  # 254, 255, 0
    np.testing.assert_array_equal(read.uv[0], [list(range(8))] * 3)


@pytest.mark.parametrize(
    ("counters", "unwrapped"),
    [
        ([250, 252, 254, 0, 2], [0, 1, 2, 3, 4]),
        ([250, 254, 252, 8], [0, 2, 1, 7]),
        ([254, 255, 0, 1], [0, 1, 2, 3]),
        ([7], [0]),
    ],
)
def test_a_daisys_counters_count_samples_or_packets(
    tmp_path: Path, counters: list[int], unwrapped: list[int]
) -> None:
    path = tmp_path / "brainflow.csv"
    rows = [[counter, *range(16), *[0] * 15] for counter in counters]
    path.write_text("".join("\t".join(str(x) for x in row) + "\n" for row in rows))
    read = read_recording(path)
    assert read.counters is not None
    assert read.counters.tolist() == unwrapped
    assert (read.rate_hz, len(read.labels)) == (125.0, 16)
    np.testing.assert_array_equal(read.uv[0], [list(range(16))] * len(counters))


def test_gui_columns_are_found_by_name(tmp_path: Path) -> None:
    path = tmp_path / "OpenBCI-RAW.txt"
    path.write_text(
        "%OpenBCI Raw EEG Data\n%Number of channels = 2\n%Sample Rate = 200 Hz\n"
        "Sample Index, Accel Channel 0, EXG Channel 0, EXG Channel 1, Timestamp\n"
        "7, 0.5, 11.0, 12.0, 99\n8, 0.5, 13.0, 14.0, 99\n"
    )
    read = read_recording(path)
    assert (read.rate_hz, read.labels) == (200.0, ("EXG1", "EXG2"))
    np.testing.assert_array_equal(read.uv[0], [[11, 12], [13, 14]])


@pytest.fixture(scope="module")
def npz(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("npz") / "dyad.npz"
    np.savez(path, x_uV=np.zeros((2, 8, 20)), fs=250.0)
    return path.read_bytes()


@given(place=st.floats(0, 1, exclude_max=True), noise=st.binary(min_size=1, max_size=8))
@settings(max_examples=150, deadline=None)
def test_a_damaged_npz_is_refused_with_a_value_error(
    npz: bytes, tmp_path_factory: pytest.TempPathFactory, place: float, noise: bytes
) -> None:
    at = int(place * len(npz))
    path = tmp_path_factory.getbasetemp() / "damaged.npz"
    path.write_bytes(npz[:at] + noise + npz[at + len(noise) :])
    with suppress(ValueError):
        read_recording(path)


@pytest.mark.parametrize("rate_hz", [0.0, -250.0, np.nan, np.inf])
def test_a_rate_that_is_none_is_refused(tmp_path: Path, rate_hz: float) -> None:
    np.savez(tmp_path / "x.npz", x_uV=np.zeros((8, 20)), fs=rate_hz)
    with pytest.raises(ValueError, match="a sample rate of"):
        read_recording(tmp_path / "x.npz")


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"PK\x01\x02", b"PK\x01\x03"), (b"{'descr'", b"{'desc(r"), (b"(2, 8", b"(2 8(")],
)
def test_a_damaged_header_inside_an_npz_is_refused(
    npz: bytes, tmp_path: Path, old: bytes, new: bytes
) -> None:
    (tmp_path / "x.npz").write_bytes(npz.replace(old, new))
    with pytest.raises(ValueError, match="accepted are"):
        read_recording(tmp_path / "x.npz")


NAMES = "Sample Index, " + ", ".join(f"EXG Channel {n}" for n in range(8)) + ", Accel Channel 0"
HEAD = "%OpenBCI Raw EXG Data\n%Directory = größe\n%Number of channels = 8\n%Sample Rate = 250 Hz\n"
OLD_HEAD = "%OpenBCI Raw EEG Data\n%\n%Sample Rate = 250.0 Hz\n%First Column = SampleIndex\n"
ROWS = [[n, *(100 * n + c + 0.25 for c in range(8)), 0.5] for n in range(4)]
TEXT = HEAD + NAMES + "\n" + "\n".join(", ".join(map(str, row)) for row in ROWS) + "\n"
OLD_TEXT = OLD_HEAD + "\n".join(", ".join(map(str, [*row, 0.5, 0.5])) for row in ROWS) + "\n"


def with_commas(text: str) -> str:
    return re.sub(r"(?<=\d)\.(?=\d)", ",", text)


@pytest.mark.parametrize(
    "octets",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.replace("\n", "\r\n").encode("utf-8-sig"),
        TEXT.replace("\n", "\r").encode(),
        TEXT.encode("latin-1"),
        TEXT.encode("utf-16"),
        codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
        with_commas(TEXT).encode(),
        with_commas(TEXT.replace("250 Hz", "250.0 Hz")).encode("utf-16"),
        TEXT.replace(NAMES + "\n", "").encode(),
        OLD_TEXT.encode(),
        with_commas(OLD_TEXT).encode(),
        OLD_TEXT.replace(", ", ",").encode("utf-8-sig"),
        re.sub(r"(?m)0\.5$", "0.5, 12:00:53.329", OLD_TEXT).encode(),
        re.sub(r"(?m)0,5$", "0,5, 2023-11-14 22:13:20.000", with_commas(OLD_TEXT)).encode(),
        re.sub(r"(?m)^(\d+),", r"\1.0,", TEXT).encode(),
        with_commas(re.sub(r"(?m)^(\d+),", r"\1.0,", TEXT)).encode(),
    ],
)
def test_a_guis_text_is_read_however_it_was_saved(tmp_path: Path, octets: bytes) -> None:
    path = tmp_path / "gui.txt"
    path.write_bytes(octets)
    read = read_recording(path)
    assert (read.rate_hz, read.labels) == (250.0, tuple(f"EXG{n}" for n in range(1, 9)))
    assert read.uv[0].tolist() == [row[1:9] for row in ROWS]
    assert read.counters is not None
    assert read.counters.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (HEAD + NAMES + "\n", "no samples in it"),
        (with_commas(TEXT).replace(NAMES + "\n", "").replace(", ", ","), "decimal commas"),
        (
            with_commas(TEXT).replace(", ", ","),
            "line 6: its numbers have decimal commas: write them with points",
        ),
        (with_commas(TEXT).replace("0, 0,25", "0, 0"), "decimal commas"),
        (TEXT.replace("250 Hz", "0 Hz"), "0 Hz"),
        (OLD_HEAD + "0, 1, 2\n", "neither a number of channels"),
        (TEXT.replace("%Sample Rate = 250 Hz\n", ""), "no sample rate"),
    ],
)
def test_a_guis_text_that_would_be_read_wrong_is_refused(
    tmp_path: Path, text: str, why: str
) -> None:
    path = tmp_path / "gui.txt"
    path.write_text(text)
    with pytest.raises(ValueError, match=why):
        read_recording(path)


def rows_of(n: int, *, first: int = 0) -> list[str]:
    return TEXT_ROWS[first : first + n]


TEXT_ROWS = [
    ", ".join([str(n % 256), *(f"{(31 * n + c) % 997 - 400}.25" for c in range(8)), "0.5"])
    for n in range(600)
]


def text_of(rows: list[str], head: str = HEAD + NAMES) -> str:
    return "\n".join([head, *rows]) + "\n"


def written(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "file.txt"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ("5, 1.0, 2.0", "3 columns where 10 belong"),
        (TEXT_ROWS[5] + TEXT_ROWS[6], "19 columns where 10 belong"),
        (TEXT_ROWS[5].replace("25", "2x5", 1), "column 2 is no number: ' -245.2x5'"),
        (TEXT_ROWS[5].replace("25", "2٥", 1), "column 2 is no number"),
        (TEXT_ROWS[5].replace("25", "2_5", 1), "column 2 is no number"),
        ("5" + ", nan" * 8 + ", 0.5", "no channel has a value"),
        ("5" + ", inf" * 8 + ", 0.5", "a channel is beyond 4.5 V"),
        ("256" + ", 1.0" * 8 + ", 0.5", "its counter is not one of 0 to 255"),
        ("% 5" + ", 1.0" * 8 + ", 0.5", "begins with %, and is no header"),
    ],
)
def test_a_row_that_cannot_be_read_is_told_with_its_line_and_the_others_are_read(
    tmp_path: Path, bad: str, why: str
) -> None:
    rows = rows_of(9)
    rows[5:6] = [bad]
    read = read_recording(written(tmp_path, text_of(rows)))
    assert read.counters is not None
    assert read.counters.tolist() == [0, 1, 2, 3, 4, 6, 7, 8]
    [told] = read.unread
    assert (told.line, told.before, read.unread_rows) == (11, 5, 1)
    assert why in told.why
    assert read.lines is not None
    assert read.lines.tolist() == [6, 7, 8, 9, 10, 12, 13, 14]


def test_a_channel_without_a_value_is_none_and_the_others_are_read(tmp_path: Path) -> None:
    rows = rows_of(4)
    rows[2] = "2, 1.0, nan" + ", 1.0" * 6 + ", 0.5"
    read = read_recording(written(tmp_path, text_of(rows)))
    assert np.isnan(read.uv[0, 2]).tolist() == [False, True] + [False] * 6
    assert not read.unread


def test_where_most_rows_cannot_be_read_the_file_is_none(tmp_path: Path) -> None:
    rows = [row if n % 3 else f"x{', y' * n}" for n, row in enumerate(rows_of(9))]
    torn = [f"x{', y' * n}" for n in range(20, 25)]
    with pytest.raises(ValueError, match="line 6: 1 columns where 10 belong") as caught:
        read_recording(written(tmp_path, text_of([*rows, *torn])))
    assert "so are 8 of its 14 rows" in str(caught.value)


def test_a_second_header_begins_a_stretch_and_one_of_another_rate_is_refused(
    tmp_path: Path,
) -> None:
    one, other = text_of(rows_of(5)), text_of(rows_of(5, first=100))
    read = read_recording(written(tmp_path, one + other))
    assert read.stretch is not None
    assert read.stretch.tolist() == [0] * 5 + [1] * 5
    assert not read.unread
    for stated in ("Sample Rate = 200 Hz", "Number of channels = 4"):
        name = stated.partition(" =")[0]
        changed = re.sub(f"{name} = .*", stated, other)
        with pytest.raises(ValueError, match=rf"line 1\d: a second header says {name}"):
            read_recording(written(tmp_path, one + changed))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32", "cp1252"])
def test_other_encodings_are_read_without_a_mark_too(tmp_path: Path, encoding: str) -> None:
    read = read_recording(written(tmp_path, text_of(rows_of(300)).encode(encoding)))
    assert len(read) == 300
    assert not read.unread


GANGLION_HEAD = "%OpenBCI Raw EEG Data\n%\n%Sample Rate = 200.0 Hz\n%First Column = SampleIndex"
CYCLE_2 = [0, *(n for k in range(1, 101) for n in (k, k))]
CYCLE_3 = [n for k in range(100) for n in (k, k)]


@pytest.mark.parametrize(
    ("counters", "cycle"),
    [
        ([*range(201), *range(201)], 201),
        (CYCLE_2 * 2, 201),
        ([n + 100 if n else 0 for n in CYCLE_2] * 2, 201),
        (CYCLE_3 * 2, 200),
        ([n + 100 for n in CYCLE_3] * 2, 200),
    ],
)
def test_a_ganglions_counter_counts_samples_or_packets_of_two(
    tmp_path: Path, counters: list[int], cycle: int
) -> None:
    lines = [f"{c}, 1.0, 2.0, 3.0, 4.0, 0.0, 0.0, 0.0, 03:10:01.012" for c in counters]
    path = written(tmp_path, text_of(lines, GANGLION_HEAD))
    read = read_recording(path)
    assert (read.kind, read.rate_hz, read.cycle) == ("ganglion", 200.0, cycle)
    assert read.counters is not None
    np.testing.assert_array_equal(read.counters, np.arange(len(counters)))
    del lines[50]  # its twin stays
    lines.insert(50, "torn")
    read = read_recording(written(tmp_path, text_of(lines, GANGLION_HEAD)))
    assert read.counters is not None
    np.testing.assert_array_equal(read.counters, np.delete(np.arange(len(counters)), 50))


@pytest.mark.parametrize("columns", [15, 23, 24, 31, 32])
@pytest.mark.parametrize("header", ["", "names", "numbers"])
@pytest.mark.parametrize("delimiter", ["\t", ",", ";"])
def test_brainflows_rows_are_read_with_a_first_line_and_without(
    tmp_path: Path, columns: int, header: str, delimiter: str
) -> None:
    channels = {15: 4, 23: 8, 24: 8}.get(columns, 16)
    at = {15: 13, 23: 22, 24: 22}.get(columns, 30)
    step = 2 if channels == 16 else 1
    rows = [[n * step, *(n + c / 8 for c in range(columns - 1))] for n in range(9)]
    for n, row in enumerate(rows):
        row[at] = 1.6e9 + n / 250
    lines = [delimiter.join(f"{x:.6f}" for x in row) for row in rows]
    if delimiter == ";":
        lines = [line.replace(".", ",") for line in lines]
    names = [f"c{n}" if header == "names" else str(n) for n in range(columns)]
    first = [delimiter.join(names)] if header else []
    read = read_recording(written(tmp_path, "\n".join([*first, *lines]) + "\n"))
    np.testing.assert_allclose(read.uv[0], np.array(rows)[:, 1 : 1 + channels])
    assert not read.unread
    assert read.counters is not None
    assert read.counters.tolist() == list(range(9))
    assert read.stamps is not None
    np.testing.assert_allclose(read.stamps.s, [row[at] for row in rows])


CARD_ROW = "{:02X}," + ",".join(["00346E", "FFE1A0", "7FFFFF", "800000", "000000"] + ["000001"] * 3)


def test_a_cards_file_is_read_to_the_count_with_its_pauses(tmp_path: Path) -> None:
    rows = [CARD_ROW.format(n) for n in range(6)]
    rows[0] += ",FFB0,0E60,03B0"
    rows[2] = rows[2][:-4]
    stopped = ["%STOP AT", "2000", "%START AT", "23E8"]
    ended = ["%Total time mS:", "30D40", "garbage"]
    text = "\n".join(["%STOP AT", "1A2B", *rows[:4], *stopped, *rows[4:], *ended])
    read = read_recording(written(tmp_path, text))
    counts = [0x346E, -0x1E60, 0x7FFFFF, -0x800000, 0, 1, 1, 1]
    np.testing.assert_array_equal(np.rint(read.uv[0] / UV_PER_COUNT), [counts] * 5)
    assert (read.provenance, read.rate_hz, read.pauses_s) == ("counts", 250.0, {1: 1.0})
    assert read.counters is not None
    assert read.counters.tolist() == [0, 1, 3, 4, 5]
    assert [str(it) for it in read.unread] == ["line 5: no row of hexadecimal digits"]
    assert read.stretch is not None
    assert read.stretch.tolist() == [0, 0, 0, 1, 1]


def test_counts_at_another_gain_are_worth_more_and_text_is_what_it_says(tmp_path: Path) -> None:
    card = read_recording(written(tmp_path, CARD_ROW.format(0) + "\n"))
    assert card.at_gain(12).uv[0, 0, 5] == pytest.approx(2 * UV_PER_COUNT)
    text = read_recording(written(tmp_path, text_of(rows_of(3))))
    assert text.at_gain(12).uv_per_count == pytest.approx(2 * UV_PER_COUNT)
    np.testing.assert_array_equal(text.at_gain(12).uv, text.uv)
    stated = text_of(rows_of(3), HEAD + "%Gain = 12\n" + NAMES)
    assert read_recording(written(tmp_path, stated)).uv_per_count == text.at_gain(12).uv_per_count


def test_the_time_of_day_of_old_guis_goes_on_past_midnight(tmp_path: Path) -> None:
    times = ["23:59:59.500", "23:59:59.900", "00:00:00.300"]
    rows = [f"{row}, 0.5, 0.5, {at}" for row, at in zip(rows_of(3), times, strict=True)]
    read = read_recording(written(tmp_path, text_of(rows, OLD_HEAD.rstrip())))
    assert read.stamps is not None
    assert read.stamps.of_day
    np.testing.assert_allclose(np.diff(read.stamps.s), [0.4, 0.4])


def test_pins_are_told_where_the_end_byte_says_that_they_are_there(tmp_path: Path) -> None:
    def row(n: int, end: int) -> str:
        others = [0, 0, 0, end, n % 2, 1, 0, 0, 0, 0, 0, 0, 0, 1.6e9 + n / 250, 7 if n == 3 else 0]
        return ",".join(map(str, [n, *[1.5] * 8, *others]))

    read = read_recording(written(tmp_path, "\n".join(row(n, 0xC1) for n in range(5))))
    assert read.pins["D11"].tolist() == [False, True, False, True, False]
    assert read.pins["D12"].all()
    assert read.marks == ((3, "marker 7"),)
    assert not read_recording(written(tmp_path, "\n".join(row(n, 0xC0) for n in range(5)))).pins


def test_a_ganglions_counter_comes_round_at_200_whether_that_was_seen_or_not(
    tmp_path: Path,
) -> None:
    lines = [f"{c}, 1.0, 2.0, 3.0, 4.0, 0.0, 0.0, 0.0" for c in [*range(174), *range(50)]]
    read = read_recording(written(tmp_path, text_of(lines, GANGLION_HEAD)))
    assert read.counters is not None
    assert read.counters[173:175].tolist() == [173, 201]
