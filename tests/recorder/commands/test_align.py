"""`antiphon align` as it is typed."""

import sqlite3
import subprocess
import sys
import wave
from contextlib import closing
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from recorder.store.beside import sha256_of
from recorder.store.note_rows import AlignmentRow
from recorder.store.notes import open_notes
from recorder.store.rows import EdgeRow, Row
from tests.recorder import session_files
from tests.recorder.align.rendered import Scene, beeps, require_ffmpeg, train
from tests.recorder.command_line import Shell

ID = "20261123T040000Z-1f3a"
SCENE = Scene(seconds=60.0, begin_s=500.25)
needs_pyav = pytest.mark.skipif(find_spec("av") is None, reason="PyAV is not installed")


def ns(seconds: float) -> int:
    return session_files.START_NS + round(seconds * 1e9)


def edges() -> list[Row]:
    pulses = train(pulses=900)
    times = [(ns(a_s), ns(b_s)) for a_s, b_s in zip(pulses.rise_s, pulses.fall_s, strict=True)]
    both = [(t_ns, level) for pair in times for t_ns, level in zip(pair, (1, 0), strict=True)]
    return [EdgeRow("train", seq, t_ns, level) for seq, (t_ns, level) in enumerate(both)]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return beeps(tmp_path_factory.mktemp("sound") / "left camera.wav", SCENE, train(pulses=900))


@pytest.fixture
def session(tmp_path: Path) -> Path:
    return session_files.write(tmp_path / f"{ID}.antiphon", edges())


@needs_pyav
def test_each_camera_is_aligned_by_its_beeps_and_kept_in_the_notes(
    session: Path, sound: Path, shell: Shell
) -> None:
    recorded = sha256_of(session)
    told = shell("align", session, "--video", sound, "--audio", "--json").json
    assert told["schema"] == "antiphon.align/1"
    assert told["camera"] == "left_camera"
    assert told["offset_s"] == pytest.approx(SCENE.begin_s, abs=0.003)
    assert told["drift_ppm"] == pytest.approx(SCENE.drift_ppm, abs=10)
    assert told["matched"] > 50
    assert told["exposure_ms"] is None
    ran = shell("align", session, "--video", sound, "--audio", "--camera", "ceiling")
    assert ran.out.startswith("ceiling: session_s = 500.2")
    with open_notes(session) as notes:
        kept = notes.read(AlignmentRow)
    assert [one.camera for one in kept] == ["left_camera", "ceiling"]
    assert kept[0].offset_s == told["offset_s"]
    assert kept[0].video_sha256 == sha256_of(sound)
    assert sha256_of(session) == recorded


@needs_pyav
def test_sound_without_the_train_is_refused_and_nothing_is_kept(
    session: Path, tmp_path: Path, shell: Shell
) -> None:
    other = beeps(tmp_path / "other.wav", replace(SCENE, seconds=30), train(seed=99, pulses=900))
    code, text = shell.failure("align", session, "--video", other, "--audio")
    assert code == 65
    assert "the session's train was not found in it: " in text
    assert not session.with_suffix(".notes").exists()


@needs_pyav
@pytest.mark.parametrize(
    ("name", "content", "code", "says"),
    [
        ("absent.mp4", None, 66, "No such file"),
        ("letter.mp4", b"Dear colleague, " * 99, 65, "neither a video nor sound"),
        ("empty.mp4", b"", 65, "neither a video nor sound"),
    ],
)
def test_what_is_no_video_is_named(
    name: str, content: bytes | None, code: int, says: str, session: Path, shell: Shell
) -> None:
    path = session.with_name(name)
    if content is not None:
        path.write_bytes(content)
    told, text = shell.failure("align", session, "--video", path)
    assert (told, says in text) == (code, True)


@needs_pyav
def test_a_file_without_a_picture_or_without_sound_is_named(
    session: Path, sound: Path, tmp_path: Path, shell: Shell
) -> None:
    code, text = shell.failure("align", session, "--video", sound)
    assert (code, "no picture in it" in text) == (65, True)
    silent = tmp_path / "silent.mp4"
    source = ["-f", "lavfi", "-i", "color=size=64x48:rate=25:duration=1"]
    subprocess.run([require_ffmpeg(), "-v", "error", *source, str(silent)], check=True, timeout=60)
    code, text = shell.failure("align", session, "--video", silent, "--audio")
    assert (code, "no sound in it" in text) == (65, True)
    code, text = shell.failure("align", session, "--video", silent)
    assert (code, "only 25 frames" in text) == (65, True)
    raw = tmp_path / "pi.h264"
    bare = ["-c:v", "libx264", "-bsf:v", "h264_metadata=tick_rate=0", "-f", "h264"]
    subprocess.run(
        [require_ffmpeg(), "-v", "error", *source, *bare, str(raw)], check=True, timeout=60
    )
    code, text = shell.failure("align", session, "--video", raw)
    assert (code, "it has no time stamps: record to .mp4 or .mkv" in text) == (65, True)


@needs_pyav
def test_a_recording_that_lost_something_is_mapped_in_pieces(
    session: Path, sound: Path, tmp_path: Path, shell: Shell
) -> None:
    cut = tmp_path / "cut.wav"
    shorter = "aselect='not(between(t,30,30.5))',asetpts=N/SR/TB"
    subprocess.run(
        [require_ffmpeg(), "-v", "error", "-i", str(sound), "-af", shorter, str(cut)],
        check=True,
        timeout=60,
    )
    with wave.open(str(cut)) as file:
        lost_s = SCENE.seconds - file.getnframes() / file.getframerate()
    told = shell("align", session, "--video", cut, "--audio", "--json").json
    first, last = told["pieces"]
    assert last["offset_s"] - first["offset_s"] == pytest.approx(lost_s, abs=0.003)
    assert 28 < first["end_s"] < last["begin_s"] < 32
    assert first["seen"] >= first["matched"] > 20
    [warning] = told["warnings"]
    assert "of frames are missing near" in warning
    with open_notes(session) as notes:
        kept = notes.read(AlignmentRow)
    assert [(it.begin_s, it.end_s) for it in kept] == [
        (it["begin_s"], it["end_s"]) for it in (first, last)
    ]
    assert len({it.made_utc_ns for it in kept}) == 1


@needs_pyav
def test_the_track_that_has_the_beeps_is_found(
    session: Path, sound: Path, tmp_path: Path, shell: Shell
) -> None:
    both = tmp_path / "both.mka"
    silent = ["-f", "lavfi", "-i", "anullsrc=r=48000:cl=mono", "-i", str(sound)]
    maps = ["-map", "0", "-map", "1", "-shortest", "-c:a", "pcm_s16le"]
    subprocess.run(
        [require_ffmpeg(), "-v", "error", *silent, *maps, str(both)], check=True, timeout=60
    )
    told = shell("align", session, "--video", both, "--audio", "--json").json
    assert told["track"] == 1
    assert told["offset_s"] == pytest.approx(SCENE.begin_s, abs=0.003)


@needs_pyav
def test_two_cameras_of_one_name_are_warned_of_and_shown(
    session: Path, sound: Path, tmp_path: Path, shell: Shell
) -> None:
    other = beeps(tmp_path / "left camera.wav", replace(SCENE, seed=5), train(pulses=900))
    later = beeps(
        tmp_path / "later" / "left camera.wav", replace(SCENE, begin_s=700.0), train(pulses=900)
    )
    assert shell("align", session, "--video", sound, "--audio", "--json").json["warnings"] == []
    assert shell("align", session, "--video", later, "--audio", "--json").json["warnings"] == []
    [warning] = shell("align", session, "--video", other, "--audio", "--json").json["warnings"]
    assert "another video of camera 'left_camera' shows the same time: left camera.wav" in warning
    assert f"SHA-256 {sha256_of(sound)[:12]}" in warning
    assert "left_camera: left camera.wav, SHA-256" in shell("show", session).out


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["--source", "pin"], 65, "no edges of 'pin'"),
        (["--camera", "../up"], 64, "cannot name a camera"),
    ],
)
def test_what_cannot_be_meant_is_named(
    arguments: list[str], code: int, says: str, session: Path, sound: Path, shell: Shell
) -> None:
    told, text = shell.failure("align", session, "--video", sound, *arguments)
    assert (told, says in text) == (code, True)


def test_a_session_without_a_train_is_named(tmp_path: Path, sound: Path, shell: Shell) -> None:
    path = session_files.write(tmp_path / f"{ID}.antiphon", [session_files.block(0, 0)])
    code, text = shell.failure("align", path, "--video", sound)
    assert (code, "no sync train" in text) == (65, True)


def test_a_session_that_has_not_ended_is_named(session: Path, sound: Path, shell: Shell) -> None:
    with closing(sqlite3.connect(session)) as file:
        file.execute("UPDATE session SET state = 'recording', ended_t_ns = NULL")
        file.commit()
    code, text = shell.failure("align", session, "--video", sound)
    assert (code, "has not ended" in text) == (65, True)


def test_no_such_session_is_named(tmp_path: Path, sound: Path, shell: Shell) -> None:
    code, text = shell.failure("align", "2031", "--video", sound, "--sessions", tmp_path)
    assert (code, "2031" in text) == (66, True)


def test_a_machine_without_pyav_is_told_what_to_install(
    session: Path, sound: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    told = shell.failure("align", session, "--video", sound)
    assert told == (69, "reading video needs PyAV: pip install 'antiphon[review]'")
