import codecs
import re
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hardware.cyton.frames import RAIL_COUNTS, UV_PER_COUNT
from hardware.emulated.recording import Recording, read_recording
from hardware.emulated.replay import ReplaySource
from tests.places import RECORDINGS

needs_data = pytest.mark.skipif(not RECORDINGS.is_dir(), reason="no recordings beside the project")

GUI_V6 = "openbci/gui_v6_blinks-jawClench-alpha.txt"
BURSTS = "openbci/brainhat_blinkWink10.csv"
REORDERED = "openbci/brainhat_NewBlinkTest.csv"
DAISY = "openbci/brainhat_gui_daisy.txt"
DYAD = "dyad/two_wearers.npz"


def columns_as_written(path: Path, channels: int = 8) -> NDArray[np.float64]:
    """Sample counter and channels, by splitting lines and nothing else."""
    lines = path.read_text().splitlines()
    rows = [line.split(",")[: channels + 1] for line in lines if line[:1].isdigit()]
    return np.array([[float(value) for value in row] for row in rows])


def recording(counters: list[int] | None, rows: int, channels: int = 8) -> Recording:
    uv = np.arange(rows * channels, dtype=np.float64).reshape(1, rows, channels) * UV_PER_COUNT
    labels = tuple(f"c{c}" for c in range(channels))
    rate_hz = 250.0 if channels <= 8 else 125.0
    return Recording(labels, rate_hz, None if counters is None else np.array(counters), uv)


@needs_data
@pytest.mark.parametrize(("name", "rows"), [(GUI_V6, 22490), (BURSTS, 14444), (REORDERED, 7387)])
def test_a_cyton_recording_comes_back_count_by_count_in_file_order(name: str, rows: int) -> None:
    written = columns_as_written(RECORDINGS / name)
    read = read_recording(RECORDINGS / name)
    source = ReplaySource(read)
    counters, counts = source.packets(0, rows)
    assert (len(written), source.length, read.rate_hz) == (rows, rows, 250.0)
    np.testing.assert_array_equal(counts, np.rint(written[:, 1:] / UV_PER_COUNT))
    np.testing.assert_array_equal((counters + written[0, 0]) % 256, written[:, 0])
    assert counters[0] == 0
    assert source.labels == tuple(f"EXG{n}" for n in range(1, 9))


@needs_data
def test_a_daisys_recording_is_held_for_the_two_samples_of_which_the_board_sends_the_mean() -> None:
    written = columns_as_written(RECORDINGS / DAISY, 16)
    read = read_recording(RECORDINGS / DAISY)
    source = ReplaySource(read)
    counters, counts = source.packets(0, 2 * 2707)
    expected = np.rint(written[:, 1:] / UV_PER_COUNT)
    assert (len(written), source.length, read.rate_hz) == (2707, 2 * 2707, 125.0)
    assert read.counters is not None
    np.testing.assert_array_equal((2 * read.counters + written[0, 0]) % 256, written[:, 0])
    np.testing.assert_array_equal(counters, np.arange(2 * 2707))
    np.testing.assert_array_equal(counts[0::2, :8], expected[:, :8])
    np.testing.assert_array_equal(counts[1::2, :8], expected[:, :8])
    np.testing.assert_array_equal(source.packets(-1, 2 * 2707)[1][0::2, 8:], expected[:, 8:])
    np.testing.assert_array_equal(counts[0::2, 8:], expected[:, 8:])
    assert source.labels == tuple(f"EXG{n}" for n in range(1, 17))


@needs_data
def test_losses_and_disorder_of_a_recording_are_kept() -> None:
    counters, _ = ReplaySource(read_recording(RECORDINGS / REORDERED)).packets(0, 7387)
    steps = np.diff(counters)
    assert sorted(set(steps.tolist())) == [-5, -3, 1, 2, 3, 4, 5, 9]
    place = int(np.flatnonzero(steps == 5)[0])
    assert (counters[place : place + 7] - counters[place]).tolist() == [0, 5, 2, 3, 12, 7, 8]
    assert len(set(counters.tolist())) == 7387  # none twice


@needs_data
@pytest.mark.parametrize("person", [0, 1])
def test_both_people_of_an_npz_file_come_back(person: int) -> None:
    x_uv = np.load(RECORDINGS / DYAD)["x_uV"].astype(np.float64)
    source = ReplaySource(read_recording(RECORDINGS / DYAD), person)
    counters, counts = source.packets(0, x_uv.shape[2])
    np.testing.assert_array_equal(counts[:, :4], np.rint(x_uv[person].T / UV_PER_COUNT))
    assert not counts[:, 4:].any()
    assert source.labels == ("TP9", "AF7", "AF8", "TP10")
    np.testing.assert_array_equal(counters, np.arange(9195))


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
        ("words.csv", (",".join(["x"] * 24) + "\n").encode(), "could not convert"),
        ("wide.csv", (",".join(["1"] * 33) + "\n").encode(), "33 columns, 24 or 32 expected"),
        ("gui.txt", b"%Number of channels = 17\n%Sample Rate = 125 Hz\n1,2\n", "17 channels"),
        ("nan.csv", (",".join(["nan"] * 24) + "\n").encode(), "not numbers"),
        ("OBCI_01.TXT", b"%STOP AT\n1A2B\n" + b"0A" + b",FFE1A0" * 8 + b"\n", "an SD card's file"),
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


def test_channels_that_a_daisys_recording_lacks_are_zero() -> None:
    source = ReplaySource(recording(None, 3, channels=10))
    counters, counts = source.packets(0, 6)
    assert counters.tolist() == [0, 1, 2, 3, 4, 5]
    assert counts.shape == (6, 16)
    assert not counts[:, 10:].any()
    assert counts[::2, 9].tolist() == [9, 19, 29]
    assert len(source.labels) == 10


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


def test_values_beyond_the_rails_are_clipped() -> None:
    uv = np.array([[[1e6] * 8, [-1e6] * 8]])
    _, counts = ReplaySource(Recording(("x",) * 8, 250.0, None, uv)).packets(0, 2)
    assert counts[:, 0].tolist() == [RAIL_COUNTS, -RAIL_COUNTS - 1]


def test_behind_the_end_it_begins_again_and_the_counters_go_on() -> None:
    source = ReplaySource(recording([0, 1, 4, 3, 5], 5))
    counters, counts = source.packets(3, 9)
    assert counters.tolist() == [3, 5, 6, 7, 10, 9, 11, 12, 13]
    assert (counts[:, 0] // 8).tolist() == [3, 4, 0, 1, 2, 3, 4, 0, 1]


@pytest.mark.parametrize(
    ("counter", "row"), [(0, 0), (1, 1), (2, 2), (4, 2), (5, 4), (6, 5), (7, 6), (8, 7), (600, 500)]
)
def test_the_row_of_an_instant_is_the_first_not_yet_sent(counter: int, row: int) -> None:
    assert ReplaySource(recording([0, 1, 4, 3, 5], 5)).first_at(counter) == row


@given(st.lists(st.integers(0, 60), min_size=1, max_size=6))
@settings(max_examples=40, deadline=None)
def test_packets_do_not_depend_on_how_they_are_asked_for(sizes: list[int]) -> None:
    source = ReplaySource(recording([0, 1, 4, 3, 5, 6, 9], 7))
    edges = np.concatenate([[0], np.cumsum(sizes)]).tolist()
    pieces = [source.packets(a, n) for a, n in zip(edges, sizes, strict=False)]
    counters, counts = source.packets(0, edges[-1])
    np.testing.assert_array_equal(np.concatenate([c for c, _ in pieces]), counters)
    np.testing.assert_array_equal(np.concatenate([x for _, x in pieces]), counts)


def test_a_person_who_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="no person 1 in a recording of 1"):
        ReplaySource(recording(None, 4), 1)


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
        (with_commas(TEXT).replace(", ", ","), "decimal commas: write them with points"),
        (with_commas(TEXT).replace("0, 0,25", "0, 0"), "decimal commas"),
        (TEXT.replace("250 Hz", "1000 Hz"), "recording of 1000 Hz, and the board has 250 Hz"),
        (TEXT.replace("250 Hz", "125 Hz"), "recording of 125 Hz, and the board has 250 Hz"),
        (TEXT.replace("250 Hz", "0 Hz"), "0 Hz"),
        (OLD_HEAD + "0, 1, 2\n", "neither a number of channels"),
        (TEXT.replace("%Sample Rate = 250 Hz\n", ""), "nor a sample rate"),
    ],
)
def test_a_guis_text_that_would_be_read_wrong_is_refused(
    tmp_path: Path, text: str, why: str
) -> None:
    path = tmp_path / "gui.txt"
    path.write_text(text)
    with pytest.raises(ValueError, match=why):
        ReplaySource(read_recording(path))
