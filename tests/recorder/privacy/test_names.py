import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.privacy.names import code_suspicions, suspicions


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("Anna Müller laughs", ["a name"]),
        ("visit of Anna-Lena Öztürk", ["a name"]),
        ("Müller, Anna", ["a name"]),
        ("Frau Schmidt singt", ["a name"]),
        ("dr. Weiss came in, Dr. Weiss left", ["a name"]),
        ("her dog is called Bello", ["a name"]),
        ("* 3.5.1948", ["a date, as of birth"]),
        ("born 1948-05-03", ["a date, as of birth"]),
        ("03/05/48", ["a date, as of birth"]),
        ("call 0170 1234567", ["a telephone number"]),
        ("+49 (170) 123-4567", ["a telephone number"]),
        ("ask a.mueller@example.org", ["an e-mail address"]),
        (
            "Eva Braun, 1.2.1950, 030/1234567",
            ["a name", "a date, as of birth", "a telephone number"],
        ),
    ],
)
def test_what_looks_like_a_person_is_told(text: str, kinds: list[str]) -> None:
    assert suspicions(text) == kinds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "music starts",
        "Music Starts",
        "Eyes Closed",
        "Left Eye twitches",
        "window open, traffic noise",
        "The Therapist hums",
        "P07 laughs, T02 answers",
        "shift at 12:34:56.789",
        "amplitude 123.4567 uV, then 1234567.8",
        "session 20261123T040000Z-1f3a",
        "electrode F3 at 12 kohm",
        "3 of 4 songs",
        "Patient lacht",
        "bpm 120 - 130",
    ],
)
def test_words_of_the_bedside_are_no_person(text: str) -> None:
    assert suspicions(text) == []


@settings(max_examples=50)
@given(st.text())
def test_any_text_can_be_looked_at(text: str) -> None:
    assert set(suspicions(text)) <= {
        "a name",
        "a date, as of birth",
        "a telephone number",
        "an e-mail address",
    }


@pytest.mark.parametrize("piece", ["1", "1 ", "Aa", "Aa ", "a@", "1.", "-", "Aa-"])
def test_the_longest_text_is_looked_at_in_no_time(piece: str) -> None:
    """Twice the text must not take four times as long, or one note could stall the service."""
    short, long = piece * 8000, piece * 32000
    assert _cost_ns(long) < 10 * max(_cost_ns(short), 1_000_000)


def _cost_ns(text: str) -> int:
    begun_ns = time.process_time_ns()
    suspicions(text)
    return time.process_time_ns() - begun_ns


@pytest.mark.parametrize(
    ("code", "kinds"),
    [
        ("Mueller", ["a name"]),
        ("anna-maria", ["a name"]),
        ("M-1948", ["a date or year of birth"]),
        ("19480503", ["a date or year of birth"]),
        ("03051948", ["a date or year of birth"]),
        ("P07", []),
        ("T02", []),
        ("ABC", []),
        ("Pat-007", []),
        ("S2026-01", []),
        ("100019480", []),
    ],
)
def test_a_code_that_is_no_code_looks_like_what_it_is(code: str, kinds: list[str]) -> None:
    assert code_suspicions(code) == kinds
