"""A moment: a stretch of a session that somebody holds to be of interest, or of no interest."""

from dataclasses import dataclass
from typing import Literal, get_args

Sort = Literal["interest", "no interest"]
RATER, INTERVIEW = "rater", "interview"  # where a moment comes from
SORTS: tuple[Sort, ...] = get_args(Sort)


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """What one person says of one stretch.

    Attributes:
        begin_s, end_s: seconds since the session started; the same of an instant.
        sort: `interest` or `no interest`.
        text: what else was written there; "" for nothing.
    """

    begin_s: float
    end_s: float
    sort: Sort
    text: str = ""
