"""The programs that record a camera, how they are called, and what they say about each frame.

rpicam-vid (a camera on a Pi's ribbon cable) writes H.264 and, for each frame, its metadata:

    SensorTimestamp=123456789000      ns, when the sensor began with the first row
    ExposureTime=20000 ...            and an empty line at the end

ffmpeg (a USB camera, and whatever else it can read) writes Matroska and, through a second muxer,
one line for each packet in it. Times are in units of the time base, in seconds, on line `#tb`:

    #tb 0: 1/1000000
    0, 5687394853, 5687394853, 40000, 11973, 0xc8df6f03
    stream, dts, pts, duration, size, checksum

Both files can be read up to where they end when the program is killed. The frames of the file and
the lines are the same, in the same order.
"""

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

Stamps = Callable[[list[str]], list[int]]  # lines to the stamps (ns) of the frames in them

_FROM_ZERO = "avoid_negative_ts=make_zero"  # the file; the lines keep the source's own times
_EACH_SECOND = "cluster_time_limit=1000:flush_packets=1"  # goes to the disk
_TIME_BASE = re.compile(r"#tb 0: (\d+)/(\d+)")
_PACKET = re.compile(r"0,\s*-?\d+,\s*(-?\d+),")
_SENSOR = re.compile(r"SensorTimestamp=(\d+)")


@dataclass(frozen=True, slots=True)
class CameraProgram:
    """A program that records a camera.

    Attributes:
        name: of the executable.
        package: the Debian package that holds it.
        suffix: of the files it writes.
        arguments: from the file to write to the program's arguments.
        new_stamps: makes what finds the stamps in the lines of one recording.
    """

    name: str
    package: str
    suffix: str
    arguments: Callable[[Path], list[str]]
    new_stamps: Callable[[], Stamps]

    @property
    def missing(self) -> str:
        """One line that says what to install, or "" when the program is there."""
        if shutil.which(self.name):
            return ""
        return f"{self.name} is not installed: sudo apt install {self.package}"


def pi_camera(width: int = 1280, height: int = 720, rate_hz: float = 25.0) -> CameraProgram:
    """Return the program for the camera on a Pi's ribbon cable.

    Beside the video it leaves the times of the frames for mkvmerge (`--timestamps 0:FILE.pts`);
    they begin at zero, so what is stored comes from SensorTimestamp.
    """
    picture = [f"--width={width}", f"--height={height}", f"--framerate={rate_hz:g}"]
    fixed = ["--nopreview", "--timeout=0", "--codec=h264", "--inline", *picture]
    metadata = ["--metadata=-", "--metadata-format=txt"]
    return CameraProgram(
        name="rpicam-vid",
        package="rpicam-apps",
        suffix=".h264",
        arguments=lambda path: [*fixed, *metadata, f"--save-pts={path}.pts", f"--output={path}"],
        new_stamps=lambda: _sensor_stamps,
    )


def usb_camera(
    device: str = "/dev/video0",
    width: int = 1280,
    height: int = 720,
    rate_hz: float = 25.0,
    *,
    pixels: str = "mjpeg",
) -> CameraProgram:
    """Return the program for a camera that Linux shows as a V4L2 device.

    `pixels` is what the camera is asked for; uncompressed, most give a few frames a second only.
    """
    picture = ["-video_size", f"{width}x{height}", "-framerate", f"{rate_hz:g}"]
    # Frames come with the kernel's own stamps, of CLOCK_MONOTONIC, and -copyts leaves them alone.
    stamps = ["-timestamps", "default", "-input_format", pixels]
    return ffmpeg_input(["-f", "v4l2", *stamps, *picture, "-i", device])


def ffmpeg_input(source: list[str]) -> CameraProgram:
    """Return the program for anything that ffmpeg can read; `source` ends with `-i INPUT`."""
    quiet = ["-hide_banner", "-nostdin", "-loglevel", "error"]
    # Neither drop nor double a frame, nor round its time to a frame rate; no frame waits for
    # later ones.
    timing = ["-fps_mode", "passthrough", "-enc_time_base", "-1"]
    codec = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency"]
    output = ["-map", "0:v:0", "-flags", "+global_header", "-pix_fmt", "yuv420p", "-f", "tee"]
    return CameraProgram(
        name="ffmpeg",
        package="ffmpeg",
        suffix=".mkv",
        arguments=lambda path: [
            *[*quiet, "-copyts", *source, *timing, *codec, *output],
            f"[f=matroska:{_FROM_ZERO}:{_EACH_SECOND}]{_escaped(path)}"
            "|[f=framecrc:flush_packets=1]pipe:1",
        ],
        new_stamps=_PacketStamps,
    )


def local_camera(
    device: str = "/dev/video0", width: int = 1280, height: int = 720, rate_hz: float = 25.0
) -> CameraProgram:
    """Return the program for what this machine seems to have.

    That is the camera on the ribbon cable where its program is installed, as on a Pi, or `device`.
    """
    pi = pi_camera(width, height, rate_hz)
    return usb_camera(device, width, height, rate_hz) if pi.missing else pi


def _sensor_stamps(lines: list[str]) -> list[int]:
    return [int(found[1]) for line in lines if (found := _SENSOR.match(line))]


class _PacketStamps:
    """Finds the stamps in the lines of one recording by ffmpeg."""

    def __init__(self) -> None:
        self._unit_ns = Fraction(0)

    def __call__(self, lines: list[str]) -> list[int]:
        stamps_ns = []
        for line in lines:
            if unit := _TIME_BASE.match(line):
                self._unit_ns = Fraction(int(unit[1]) * 1_000_000_000, int(unit[2]))
            elif packet := _PACKET.match(line):
                stamps_ns.append(round(int(packet[1]) * self._unit_ns))
        return stamps_ns


def _escaped(path: Path) -> str:
    """Return the path as ffmpeg's tee muxer wants it."""
    return re.sub(r"([\\'|\[\]: ])", r"\\\1", str(path))
