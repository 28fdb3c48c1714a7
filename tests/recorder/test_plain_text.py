"""Text of others, made fit to be stored, sent and shown."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.plain_text import shown, whole


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("\x1b]0;a new title\x07", "\ufffd]0;a new title\ufffd"),
        ("\x1b]52;c;cm0gLXJm\x07", "\ufffd]52;c;cm0gLXJm\ufffd"),
        ("\x9b2J", "\ufffd2J"),
        ("line\r\x1b[2Kother", "line\ufffd\ufffd[2Kother"),
        ("a\u202egnp.exe", "a\ufffdgnp.exe"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("Größe 5 µV, naïve, 音楽 ♪", "Größe 5 µV, naïve, 音楽 ♪"),
    ],
)
def test_what_a_terminal_would_obey_is_shown_as_a_sign(text: str, seen: str) -> None:
    assert shown(text) == seen


@given(st.text())
def test_nothing_that_is_shown_controls_a_terminal(text: str) -> None:
    kinds = {unicodedata.category(sign) for sign in shown(text).replace("\n", "").replace("\t", "")}
    assert not kinds & {"Cc", "Cf", "Cs"}
    assert len(shown(text)) == len(text)


def test_half_a_pair_is_no_text() -> None:
    assert whole("a\udcffb\ud800") == "a\ufffdb\ufffd"
    assert whole("whole \U0001f3b5") == "whole \U0001f3b5"
