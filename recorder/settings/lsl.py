"""[lsl]: what is served over LSL, and what is taken from it."""

from typing import Annotated

import msgspec

from recorder.settings.values import StreamName


class LslSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What is served over LSL, what is taken from it, and how far it reaches."""

    outlets: bool = False
    markers: StreamName = ""
    series: tuple[StreamName, ...] = ()
    lan: bool = False
    session_id: Annotated[str, msgspec.Meta(pattern=r"^[^\n\r]{1,60}\Z")] = "default"
