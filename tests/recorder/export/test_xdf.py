"""XDF as its specification says; what pyxdf makes of it is judged in tests/judges, too."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyxdf

from hardware.board import MISSING_COUNT
from recorder.export import export_of
from recorder.export.asked import Asked
from recorder.open import Clock, open_session
from tests.recorder import session_files
from tests.recorder.export.full import ID, full_session
from tests.recorder.open.played import Played, Stretch, session
from tests.recorder.session_files import START_NS, UV_PER_COUNT, block

export_xdf = export_of("xdf")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return full_session(tmp_path / "full")


def streams_of(path: Path, directory: Path, clock: Clock = "best") -> dict[str, Any]:
    [file] = export_of("xdf", Asked(clock=clock))(path, directory)
    streams, _ = pyxdf.load_xdf(file)
    return {it["info"]["name"][0]: it for it in streams}


def test_every_sample_comes_with_our_time_to_the_last_bit(path: Path, tmp_path: Path) -> None:
    streams = streams_of(path, tmp_path)
    with open_session(path) as opened:
        for role, code in (("patient", "P01"), ("therapist", "T01")):
            native, stream = opened.native(role), streams[f"{role} {code}"]
            assert np.array_equal(stream["time_stamps"], native.t_ns / 1e9)
            assert np.array_equal(np.rint(stream["time_series"] / UV_PER_COUNT), native.counts)
            assert stream["info"]["desc"][0]["clock"] == [opened.clock]


def test_channels_say_what_they_are(path: Path, tmp_path: Path) -> None:
    described = streams_of(path, tmp_path)["patient P01"]["info"]["desc"][0]
    channels = described["channels"][0]["channel"]
    assert [it["label"] for it in channels] == [["F3"], ["F4"], ["P3"]]
    assert channels[0]["unit"] == ["microvolts"]
    assert channels[0]["type"] == ["EEG"]


def test_marks_words_and_events_are_streams_of_texts(path: Path, tmp_path: Path) -> None:
    streams = streams_of(path, tmp_path)
    marked = streams["markers"]
    texts = [text for [text] in marked["time_series"]]
    told = [*zip(marked["time_stamps"], texts, strict=True)]
    at_s = START_NS / 1e9
    assert told == [
        (at_s + 1, "before"),
        (at_s + 1, "music begins"),
        (at_s + 2, "music ends"),
        (at_s + 3, "music, ends"),
    ]
    assert streams["words"]["time_series"] == [["patient: It is lighter now"]]
    assert ["note: she smiles"] in streams["events"]["time_series"]


def test_a_channel_that_is_missing_is_no_number(tmp_path: Path) -> None:
    path = tmp_path / f"{ID}.antiphon"
    halved = Played(250, [Stretch(0.0, 3_000, halved=[range(700, 702)])], np.sin)
    streams = streams_of(session(path, halved, halved), tmp_path)
    missing = np.isnan(streams["patient P01"]["time_series"])
    assert np.flatnonzero(missing[:, 2]).tolist() == [700, 701]
    assert not missing[:, :2].any()
    assert MISSING_COUNT not in np.rint(streams["patient P01"]["time_series"] / UV_PER_COUNT)


def test_long_streams_have_boundaries(tmp_path: Path) -> None:
    rows = [block(0, first, 10_000) for first in range(0, 110_000, 10_000)]
    path = session_files.write(tmp_path / f"{ID}.antiphon", [*rows])
    [file] = export_xdf(path, tmp_path)
    assert file.read_bytes().count(bytes.fromhex("43A546DCCBF5410FB30ED5467383CBE4")) == 1
    streams = streams_of(path, tmp_path)
    assert len(streams["patient P01"]["time_stamps"]) == 110_000
    assert len(streams["therapist T01"]["time_stamps"]) == 0


def test_the_same_session_gives_the_same_bytes(path: Path, tmp_path: Path) -> None:
    [one], [other] = (export_xdf(path, tmp_path / name) for name in ("one", "other"))
    assert one.read_bytes() == other.read_bytes()


def test_times_are_those_of_the_clock_asked_for(path: Path, tmp_path: Path) -> None:
    clocks: tuple[Clock, ...] = ("refitted", "recorded")
    of_each = [streams_of(path, tmp_path, clock)["patient P01"] for clock in clocks]
    first_s = [stream["time_stamps"][0] for stream in of_each]
    assert first_s == [(START_NS + 77) / 1e9, (START_NS - 300 * 40) / 1e9]


def test_a_failure_leaves_no_file(path: Path, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        export_xdf(path, out, stop)
    assert [*out.iterdir()] == []
