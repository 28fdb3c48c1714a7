import pytest

from recorder.spans.span import Span
from recorder.transcript.search import holds
from recorder.transcript.speakers import of_our_elan, speakers_asked, spoken

ASKED = speakers_asked(["Anna M. = Patient", "Ben=therapist", "=T02", "a=b=P3"])


def told(*spans: Span) -> list[tuple[str, str]]:
    return [(it.tier, it.text) for it in spoken(spans, ASKED)]


def test_names_become_roles_and_codes() -> None:
    assert ASKED == {"anna m.": "patient", "ben": "therapist", "": "T02", "a=b": "P3"}


@pytest.mark.parametrize("text", ["Anna", "Anna=", "Anna=the patient", "Anna=Größe"])
def test_what_is_no_pair_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="a speaker is given as NAME=patient or NAME=CODE"):
        speakers_asked([text])


def test_who_speaks_is_in_the_tier_or_before_a_colon_or_in_brackets() -> None:
    assert told(
        Span(1, 2, "so: it is lighter", "ANNA  m."),
        Span(1, 2, "Ben: yes"),
        Span(1, 2, "[Ben] and (now)"),
        Span(1, 2, "(Anna M.): good"),
        Span(1, 2, "therapist: well"),
        Span(1, 2, "said", "patient"),
    ) == [
        ("patient", "so: it is lighter"),
        ("therapist", "yes"),
        ("therapist", "and (now)"),
        ("patient", "good"),
        ("therapist", "well"),
        ("patient", "said"),
    ]


def test_a_line_of_nobody_stays_so_unless_said_otherwise() -> None:
    lines = (Span(1, 2, "Well: I think"), Span(1, 2, "[music]"), Span(1, 2, "Ben:"))
    assert told(*lines) == [("T02", "Well: I think"), ("T02", "[music]")]
    assert [it.tier for it in spoken(lines[:2], {})] == ["", ""]


def test_strangers_are_asked_about_all_at_once() -> None:
    with pytest.raises(ValueError, match=r"who is 'Carl', 'Dora'\? --speaker .Carl=patient"):
        told(Span(1, 2, "x", "Carl"), Span(1, 2, "x", "Dora"), Span(3, 4, "x", "Carl"))


def test_of_our_own_elan_file_the_words_are_taken() -> None:
    ours = ("marks", "words patient", "words patient 2", "gaps patient", "words T 2")
    spans = [Span(1, 2, tier, tier) for tier in (*ours, "added")]
    assert [it.tier for it in of_our_elan(spans, ours)] == ["patient", "patient", "T 2"]
    assert of_our_elan(spans, ()) == tuple(spans)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("Über den FLUSS", "fluss"), ("a\u0308ndern", "Ändern"), ("the  river", "THE RIVER")],
)
def test_a_word_is_found_however_it_is_written(text: str, wanted: str) -> None:
    assert holds(text, wanted)
    assert not holds(text, wanted + "x")
