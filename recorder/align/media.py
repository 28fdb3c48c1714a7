"""A video or sound file, opened with PyAV; its errors in words of ours.

Times in a file count from its first time stamp when that is positive (MPEG-TS), as players show
them; a negative one is the run-in of a sound codec, and players leave it out.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recorder.failure import EX_UNAVAILABLE, Failure

if TYPE_CHECKING:
    from av.container import InputContainer

MICROSECOND_S = 1e-6
NO_TIMESTAMPS = 0x80  # FFmpeg's AVFMT_NOTIMESTAMPS


@dataclass(frozen=True, slots=True, eq=False)
class Media:
    """An open file.

    Attributes:
        path: the file.
        container: PyAV's.
        begin_s: the time stamp that is the file's time 0.
        length_s: how long it says that it is; 0 when it does not say.
        is_stamped: whether a frame's time is in it; a raw stream has none, and what FFmpeg then
            makes up is 25 a second, whatever the camera did.
    """

    path: Path
    container: "InputContainer"
    begin_s: float
    length_s: float
    is_stamped: bool

    def tracks(self, kind: str) -> list[Any]:
        """Its tracks of "video" or "audio"; the picture on a cover is no video."""
        return [track for track in self._of(kind) if not _is_cover(track)]

    def _of(self, kind: str) -> Iterable[Any]:
        streams = self.container.streams
        return streams.video if kind == "video" else streams.audio


def _is_cover(track: Any) -> bool:
    from av.stream import Disposition

    return bool(track.disposition & Disposition.attached_pic)


def decoded(packets: Iterator[Any]) -> Iterator[Any]:
    """Frames that have a time, as far as the file can be read; damaged ones are passed over."""
    from av.error import FFmpegError

    with suppress(FFmpegError):  # cut off: the card was full, the battery empty
        for packet in packets:
            try:
                frames = packet.decode()
            except FFmpegError:
                continue
            yield from (frame for frame in frames if frame.pts is not None)


@contextmanager
def open_media(path: Path) -> Iterator[Media]:
    """Open a file.

    Raises:
        Failure: PyAV is not installed; it is an extra, most boxes have no need of it.
        FileNotFoundError: there is no such file.
        OSError: it cannot be read.
        ValueError: it is neither video nor sound.
    """
    try:
        import av
        from av.error import FFmpegError
    except ImportError as error:
        text = "reading video needs PyAV: pip install 'antiphon[review]'"
        raise Failure(text, EX_UNAVAILABLE) from error
    with path.open("rb"):
        pass  # the system's own words, which name the file
    try:
        container = av.open(str(path))
    except FFmpegError as error:
        raise ValueError(f"{path}: neither a video nor sound that can be read") from error
    with container:
        begin_s = max(0.0, (container.start_time or 0) * MICROSECOND_S)
        length_s = max(0.0, (container.duration or 0) * MICROSECOND_S)
        is_stamped = not container.format.flags & NO_TIMESTAMPS
        yield Media(path, container, begin_s, length_s, is_stamped)
