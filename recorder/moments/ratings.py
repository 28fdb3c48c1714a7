"""The file in which the review page saves what somebody rated on it: antiphon.ratings/1, JSON.

    schema          "antiphon.ratings/1"
    session         id of the session, as the page shows it
    session_sha256  of its file; "" on a page for sharing, where codes are made of it
    rater           a code; of an interview, "patient" or "therapist"
    provenance      "rater" or "interview"
    blind           whether the measures were out of view all the time
    made_utc        when it was saved: ISO 8601, such as "2026-11-29T17:41:42Z"
    intervals       an array, in any order, of
        begin_s, end_s    seconds since the session started; the same of an instant
        sort              "interest" or "no interest"
        text              what else was written there; may be left out

For example:

    {"schema": "antiphon.ratings/1", "session": "20261123T040000Z-1f3a", "session_sha256": "ab12",
     "rater": "R1", "provenance": "rater", "blind": true, "made_utc": "2026-11-29T17:41:42Z",
     "intervals": [{"begin_s": 301.5, "end_s": 342.0, "sort": "interest", "text": "lighter now"}]}
"""

from typing import Literal

import msgspec

from recorder.moments.labels import label_of
from recorder.moments.moment import Moment, Sort
from recorder.spans.span import Found, Span

SCHEMA = "antiphon.ratings/1"


class Rated(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One of the intervals."""

    begin_s: float
    end_s: float
    sort: Sort
    text: str = ""


class Ratings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """All of the file."""

    schema: Literal["antiphon.ratings/1"]
    session: str
    session_sha256: str
    rater: str
    provenance: Literal["rater", "interview"]
    blind: bool
    made_utc: str
    intervals: list[Rated]

    @property
    def moments(self) -> list[Moment]:
        """The intervals, in the order of the file."""
        return [Moment(it.begin_s, it.end_s, it.sort, it.text) for it in self.intervals]

    @property
    def found(self) -> Found:
        """The same as a file of another program has it."""
        spans = tuple(Span(it.begin_s, it.end_s, label_of(it)) for it in self.moments)
        return Found(spans, session=self.session, in_session_s=True)


def read_ratings(text: str) -> Ratings:
    """Ratings from the text of their file.

    Raises:
        ValueError: it is none; says what is wrong, and where.
    """
    try:
        return msgspec.json.decode(text, type=Ratings)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(f"no {SCHEMA}: {error}") from error
