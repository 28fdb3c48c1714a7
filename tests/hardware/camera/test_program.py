"""How camera programs are called, and what their lines say."""

import sys
from pathlib import Path

import pytest

from hardware.camera.program import (
    CameraProgram,
    ffmpeg_input,
    local_camera,
    pi_camera,
    usb_camera,
)

FRAMECRC = """\
#extradata 0:       34, 0x7c4d0804
#software: Lavf59.27.100
#tb 0: 1/1000000
#media_type 0: video
#codec_id 0: h264
#dimensions 0: 320x240
#sar 0: 1/1
0, 5687394853, 5687394853,    40000,     6855, 0x0841194d, S=1,        8
0, 5687434853, 5687434853,    40000,      245, 0x23cb72da, F=0x0, S=1,        8
"""
METADATA = """\
SensorTimestamp=123456789000
ExposureTime=19989
FrameDuration=39999

SensorTimestamp=123496788000
ExposureTime=19989

"""


def stamps(program: CameraProgram, text: str) -> list[int]:
    """Of lines that come all at once, and one by one, which is the same."""
    lines = text.splitlines()
    one_by_one = program.new_stamps()
    singly = [stamp_ns for line in lines for stamp_ns in one_by_one([line])]
    assert program.new_stamps()(lines) == singly
    return singly


def test_ffmpegs_packets_are_stamped_in_its_time_base() -> None:
    assert stamps(usb_camera(), FRAMECRC) == [5_687_394_853_000, 5_687_434_853_000]
    quarter = FRAMECRC.replace("1/1000000", "1/25").replace("5687", "").replace("394853", "1001")
    assert stamps(usb_camera(), quarter)[0] == 40_040_000_000


def test_each_recording_has_a_time_base_of_its_own() -> None:
    program = usb_camera()
    assert program.new_stamps()(FRAMECRC.splitlines())
    assert program.new_stamps()(["0, 25, 25, 1, 9, 0x0"]) == [0]


def test_libcameras_frames_are_stamped_by_the_sensor() -> None:
    assert stamps(pi_camera(), METADATA) == [123_456_789_000, 123_496_788_000]


@pytest.mark.parametrize("program", [usb_camera(), pi_camera()])
def test_other_lines_are_no_frames(program: CameraProgram) -> None:
    assert stamps(program, "\nfoo\n0, x\n1, 5, 5, 1, 1\nSensorTimestamp=\n") == []


def test_a_usb_camera_is_asked_for_the_kernels_stamps() -> None:
    arguments = usb_camera("/dev/video2", 640, 480, 30.0).arguments(Path("x.mkv"))
    wanted = "-copyts -f v4l2 -timestamps default -input_format mjpeg -video_size 640x480"
    assert f"{wanted} -framerate 30 -i /dev/video2" in " ".join(arguments)


def test_a_pi_camera_leaves_times_for_mkvmerge_beside_the_video() -> None:
    arguments = pi_camera(1920, 1080, 50.0).arguments(Path("/v/a-01.h264"))
    assert arguments[-2:] == ["--save-pts=/v/a-01.h264.pts", "--output=/v/a-01.h264"]
    assert {"--width=1920", "--height=1080", "--framerate=50"} < set(arguments)
    assert {"--metadata=-", "--metadata-format=txt", "--inline"} < set(arguments)


def test_a_program_that_is_missing_is_named_with_its_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert usb_camera().missing == "ffmpeg is not installed: sudo apt install ffmpeg"
    assert pi_camera().missing == "rpicam-vid is not installed: sudo apt install rpicam-apps"
    here = CameraProgram(sys.executable, "python3", "", lambda _: [], lambda: lambda _: [])
    assert here.missing == ""


def test_what_records_follows_from_what_is_installed(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    program = local_camera("/dev/video4")
    assert program.name == "ffmpeg"
    assert "/dev/video4" in program.arguments(Path("x"))
    (tmp_path / "rpicam-vid").write_text("#!/bin/sh\n")
    (tmp_path / "rpicam-vid").chmod(0o755)
    assert local_camera("/dev/video4").name == "rpicam-vid"


def test_a_path_with_signs_of_the_tee_muxer_is_written_as_it_wants_it() -> None:
    *_, tee = ffmpeg_input(["-i", "x"]).arguments(Path("/a b'|[x]:\\y/v.mkv"))
    assert r"]/a\ b\'\|\[x\]\:\\y/v.mkv|[f=framecrc" in tee
