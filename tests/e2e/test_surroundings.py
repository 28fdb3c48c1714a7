"""Everything beside the boards in one session: camera, LSL streams out and in, impedance, numbers.

The service, the boards, ffmpeg, LabRecorder and the senders are processes of their own.
"""

import json
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hardware.lsl import library
from recorder.settings.camera import CameraSettings
from recorder.settings.file import Config
from recorder.settings.lsl import LslSettings
from recorder.settings.trigger import TriggerSettings
from recorder.store.reader import SessionReader
from tests.e2e.processes import (
    ANTIPHON,
    antiphon,
    begin_session,
    both_stream,
    box,
    has_recorded,
    service,
    told,
    told_json,
    until,
    until_status,
)
from tests.hardware.lsl.lab_recorder import lab_recorder
from tests.places import ROOT

SESSION_ID = f"test-{secrets.token_hex(8)}"
LAVFI = ("-re", "-f", "lavfi", "-i", "testsrc=size=320x240:rate=25")


@pytest.fixture
def described(tmp_path: Path) -> Iterator[Config]:
    """A box with two emulated boards, not yet served."""
    with box(tmp_path) as (_, config):
        yield config


def with_sections(config: Config, **sections: Any) -> Config:
    return msgspec.structs.replace(config, **sections)


def events_of(session: dict[str, Any], kind: str) -> list[str]:
    """What a session, running or not, says of one kind of events."""
    with SessionReader(Path(session["file"])) as file:
        return [text for (text,) in file.query("SELECT text FROM event WHERE kind = ?", kind)]


FILMED = ("--consent", "eeg", "--consent", "video")


@pytest.mark.alone
@pytest.mark.skipif(not shutil.which("ffmpeg"), reason="no ffmpeg: sudo apt install ffmpeg")
def test_a_camera_is_recorded_beside_the_session(described: Config, tmp_path: Path) -> None:
    camera = CameraSettings(kind="ffmpeg", input=LAVFI)
    config = with_sections(described, camera=camera)
    with service(config, tmp_path):
        session = begin_session(config, *FILMED)
        until_status(config.socket_path, has_recorded(5), "five seconds are recorded")
        told("stop", "--socket", config.socket)
    with SessionReader(Path(session["file"])) as file:
        frames = file.frames()
        beside = Path(session["file"]).parent
        begin_ns, end_ns = file.header.started_t_ns, file.ended_t_ns
    video = beside / f"{session['id']}-camera-01.mkv"
    assert video.stat().st_size > 10_000
    assert [frame.seq for frame in frames] == list(range(len(frames)))
    assert len(frames) > 50
    # the camera is stopped right after the session
    assert begin_ns < frames[0].t_ns < frames[-1].t_ns < end_ns + 1_000_000_000
    assert events_of(session, "camera")[0].startswith(f"{video.name} begins with frame 0")


@pytest.mark.alone
def test_a_camera_that_is_not_there_does_not_touch_the_recording(
    described: Config, tmp_path: Path
) -> None:
    config = with_sections(
        described, camera=CameraSettings(kind="ffmpeg", input=("-i", "/nowhere"))
    )
    with service(config, tmp_path):
        session = begin_session(config, *FILMED)
        until_status(config.socket_path, has_recorded(3), "three seconds are recorded")
        until(lambda: events_of(session, "camera") or None, "the camera's end is written down")
        told("stop", "--socket", config.socket)
    with SessionReader(Path(session["file"])) as file:
        assert not file.gaps()
    told("verify", session["file"])


def test_labrecorder_records_what_the_service_serves(described: Config, tmp_path: Path) -> None:
    pyxdf = pytest.importorskip("pyxdf", reason="pyxdf is not installed: pip install pyxdf")
    config = with_sections(described, lsl=LslSettings(outlets=True, session_id=SESSION_ID))
    settings = library.LslSettings(session_id=SESSION_ID)
    with service(config, tmp_path):
        session = begin_session(config)
        until(lambda: events_of(session, "lsl") or None, "the streams are served")
        with lab_recorder(tmp_path, session["id"], settings=settings, streams=4) as path:
            until(lambda: path.stat().st_size > 60_000 or None, "some seconds are recorded")
            told("mark", "hello", "--socket", config.socket)
            until_status(config.socket_path, has_recorded(6), "six seconds are recorded")
    streams, _ = pyxdf.load_xdf(path)
    by_name = {stream["info"]["name"][0]: stream for stream in streams}
    for role in ("patient", "therapist"):
        stream = by_name[f"antiphon {role}"]
        assert stream["time_series"].shape[1] == len(config.board(role).channels)
        assert len(stream["time_series"]) > 500
    assert by_name["antiphon markers"]["time_series"] == [["hello"]]
    labels = by_name["antiphon measures"]["info"]["desc"][0]["channels"][0]["channel"]
    assert len(by_name["antiphon measures"]["time_series"]) >= 2
    assert labels[0]["label"] == ["faa alpha patient F4-F3"]


def test_lsl_markers_and_numbers_of_another_program_are_stored(
    described: Config, tmp_path: Path
) -> None:
    pytest.importorskip("pylsl", reason="pylsl is not installed")
    lsl = LslSettings(markers="stimuli", series=("heart",), session_id=SESSION_ID)
    trigger = TriggerSettings(kind="lsl", stream="stimuli", label="flash")
    config = with_sections(described, lsl=lsl, trigger=trigger)
    command = [sys.executable, "-m", "tests.hardware.lsl.talker", SESSION_ID]
    with subprocess.Popen(command, cwd=ROOT) as talker, service(config, tmp_path):
        session = begin_session(config)
        until_status(
            config.socket_path,
            lambda status: status.session is not None and status.session.markers >= 6,
            "six markers have come",
        )
        told("stop", "--socket", config.socket)
        talker.kill()
    with SessionReader(Path(session["file"])) as file:
        assert {marker.label for marker in file.markers()} == {"flash", "tone"}
        heart = list(file.measures("heart"))
        assert {edge.source for edge in file.edges()} == {"trigger"}
        assert all(edge.level == 1 for edge in file.edges())
    [values] = heart
    assert len(values.value) >= 6
    assert set(values.value.tolist()) <= {60.0, 61.0, 62.0, 63.0}
    told("verify", session["file"])


def test_impedance_goes_through_the_service_and_into_the_next_session(
    described: Config, tmp_path: Path
) -> None:
    config = with_sections(described, patient=_two_channels(described.patient))
    config = with_sections(config, therapist=_two_channels(config.therapist))
    toml = tmp_path / "antiphon.toml"
    with service(config, tmp_path):
        until_status(config.socket_path, both_stream, "both boards stream")
        measured = told_json("impedance", "--config", toml)
        session = begin_session(config)
        code, _, complaint = antiphon("impedance", "--config", toml)
        told("stop", "--socket", config.socket)
    assert (code, complaint.count("\n")) == (75, 1)
    assert "a session is running" in complaint
    with SessionReader(Path(session["file"])) as file:
        stored = file.impedances()
    kohm = [one["kohm"] for board in measured["boards"] for one in board["channels"]]
    assert [round(row.kohm or 0.0, 6) for row in stored] == [round(one, 6) for one in kohm]
    assert [(row.board, row.channel) for row in stored] == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_numbers_on_standard_input_are_stored(described: Config, tmp_path: Path) -> None:
    config = described
    with service(config, tmp_path):
        session = begin_session(config)
        words = [*ANTIPHON, "feed", "heart rate", "--unit", "bpm", "--socket", config.socket]
        heard = subprocess.run(words, input="bpm\n61\n62.5\n", text=True, check=True, cwd=ROOT)
        assert heard.returncode == 0
        flood = "1\n" * 10_000
        thinned = subprocess.run(
            words, input=flood, text=True, capture_output=True, cwd=ROOT, check=False
        )
        wrong = subprocess.run(
            words, input="1\nx\n", text=True, capture_output=True, cwd=ROOT, check=False
        )
        told("stop", "--socket", config.socket)
    assert thinned.returncode == 0, thinned.stderr
    first, last = thinned.stderr.splitlines()
    assert first == "heart rate: more than 25 values a second: not all are stored"
    left_out = int(last.split()[2])
    assert wrong.returncode in (65, 75)
    with SessionReader(Path(session["file"])) as file:
        [values] = file.measures("heart rate")
    assert values.value.tolist()[:2] == [61.0, 62.5]
    assert 0 <= len(values.value) - 2 - (10_000 - left_out) <= 1  # the wrong one's first line
    assert values.series.formula == "as received, in bpm"


def _two_channels(person: Any) -> Any:
    return msgspec.structs.replace(person, channels=("F3", "F4"), kinds={})


@pytest.mark.parametrize(
    ("words", "seconds", "code", "seen"), [(("--train",), 3, 0, True), ((), 1, 69, False)]
)
def test_the_trigger_test_says_which_paths_saw_pulses(
    tmp_path: Path, words: tuple[str, ...], seconds: int, code: int, seen: bool
) -> None:
    with box(tmp_path, *words) as (_, config):
        ports = ["--patient", config.patient.port, "--therapist", config.therapist.port]
        ended_with, stdout, _ = antiphon("trigger", "--seconds", seconds, "--json", *ports)
    paths = json.loads(stdout)["paths"]
    assert ended_with == code
    assert [path["source"] for path in paths] == ["patient D11", "therapist D11"]
    assert all(path["fault"] == "" for path in paths)
    assert [path["pulses"] > 0 for path in paths] == [seen, seen]
