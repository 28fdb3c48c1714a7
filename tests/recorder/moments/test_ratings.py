import json
from typing import Any

import pytest

from recorder.moments import ratings as definition
from recorder.moments.moment import Moment
from recorder.moments.ratings import SCHEMA, read_ratings

INTERVAL = {"begin_s": 301.5, "end_s": 342, "sort": "interest", "text": "lighter now"}
FILE: dict[str, Any] = {
    "schema": SCHEMA,
    "session": "20261123T040000Z-1f3a",
    "session_sha256": "ab12",
    "rater": "R1",
    "provenance": "rater",
    "blind": True,
    "made_utc": "2026-11-29T17:41:42Z",
    "intervals": [INTERVAL],
}


def test_what_the_page_saves_is_read() -> None:
    ratings = read_ratings(json.dumps(FILE))
    assert (ratings.rater, ratings.blind) == ("R1", True)
    assert ratings.moments == [Moment(301.5, 342.0, "interest", "lighter now")]


def test_the_example_in_the_definition_is_one() -> None:
    assert definition.__doc__ is not None
    example = definition.__doc__.split("For example:")[1]
    assert read_ratings(example).moments == [Moment(301.5, 342.0, "interest", "lighter now")]


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"schema": "antiphon.ratings/2"}, "schema"),
        ({"blind": "yes"}, "blind"),
        ({"provenance": "live"}, "provenance"),
        ({"colour": "red"}, "colour"),
        ({"intervals": [INTERVAL | {"sort": "some"}]}, r"intervals\[0\]\.sort"),
        ({"intervals": [INTERVAL | {"end_s": None}]}, r"intervals\[0\]\.end_s"),
    ],
)
def test_what_is_none_is_told_in_a_line(changed: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=f"^no {SCHEMA}: .*{complaint}") as caught:
        read_ratings(json.dumps(FILE | changed))
    assert "\n" not in str(caught.value)
