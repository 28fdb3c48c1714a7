"""[camera]: a camera that this machine records."""

from typing import Annotated, Literal

import msgspec

from recorder.settings.values import require

Pixels = Annotated[int, msgspec.Meta(ge=16, le=8192)]


class CameraSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A camera that this machine records: pi (ribbon cable), usb, or whatever ffmpeg can read.

    With auto it is the first of these whose program is installed.
    """

    kind: Literal["", "auto", "pi", "usb", "ffmpeg"] = ""
    device: str = "/dev/video0"
    input: tuple[str, ...] = ()
    width: Pixels = 1280
    height: Pixels = 720
    rate_hz: Annotated[float, msgspec.Meta(ge=1, le=120)] = 25.0

    def __post_init__(self) -> None:
        require(self.kind == "ffmpeg", "-i" in self.input, 'input: what follows ffmpeg, with "-i"')
