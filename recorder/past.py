"""What a session already holds when it is gone on with."""

from dataclasses import dataclass

from hardware.board import GapCause
from recorder.beside.external import FIRST_ID

# The last that a session says of itself when its service makes way for the next.
LEFT = "left for the next service to resume"


@dataclass(frozen=True, slots=True)
class Past:
    """What there is already when a session is gone on with, in its file or in the part before.

    Attributes:
        labels: of its markers.
        newest_ns: arrival of its newest sample.
        next_segments: for each board the segment its stream must begin with.
        next_series_id: the first that is free, for measures.
        next_external_id: the first that is free, for external series.
        next_frame: number of the camera's next frame.
        cause: why nothing was recorded since: the service died, or there was no room (`disk`).
        in_order: whether the service had saved everything and left it to be resumed.
    """

    labels: tuple[str, ...]
    newest_ns: int
    next_segments: tuple[int, int]
    next_series_id: int
    next_external_id: int = FIRST_ID
    next_frame: int = 0
    cause: str = GapCause.RESTART
    in_order: bool = False
