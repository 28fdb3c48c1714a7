import pytest

from recorder.moments.labels import known_names, label_of, moment_of, rated, sort_of
from recorder.moments.moment import Moment
from recorder.spans.span import Span

USUAL = known_names((), ())


def labels(*spans: Span, tiers: tuple[str, ...] = (), **names: tuple[str, ...]) -> list[str]:
    known = known_names(names.get("interest", ()), names.get("no_interest", ()))
    return [span.text for span in rated(spans, known, tiers)]


@pytest.mark.parametrize("moment", [Moment(1, 2, "interest"), Moment(1, 1, "no interest", "a: b")])
def test_a_label_of_the_notes_is_read_again(moment: Moment) -> None:
    assert moment_of(Span(moment.begin_s, moment.end_s, label_of(moment))) == moment


@pytest.mark.parametrize("label", ["music", "interesting", "Interest", ": interest", ""])
def test_other_labels_are_no_moments(label: str) -> None:
    assert sort_of(label) is None


def test_a_sort_is_named_by_the_text_or_the_tier() -> None:
    found = labels(
        Span(1, 2, "MOI"),
        Span(3, 4, "moment_of no-interest: the clock ticks"),
        Span(5, 6, "she smiles", "MONI"),
    )
    assert found == ["interest", "no interest: the clock ticks", "no interest: she smiles"]


def test_names_of_ones_own_are_added() -> None:
    spans = (Span(1, 2, "Höhepunkt"), Span(3, 4, "leer"))
    asked = {"interest": ("höhepunkt",), "no_interest": ("Leer",)}
    assert labels(*spans, **asked) == ["interest", "no interest"]


def test_tiers_without_any_moment_are_left_alone() -> None:
    spans = (Span(1, 2, "MOI", "R1"), Span(1, 2, "hello", "words"))
    assert labels(*spans) == ["interest"]
    with pytest.raises(ValueError, match=r"0:01.0: 'hello' is neither of interest nor"):
        labels(*spans, tiers=("words",))


def test_half_a_tier_is_no_tier() -> None:
    with pytest.raises(ValueError, match=r"0:03.0: 'MIO' is neither"):
        labels(Span(1, 2, "MOI", "R1"), Span(3, 4, "MIO", "R1"))


def test_a_file_without_moments_says_what_is_in_it() -> None:
    with pytest.raises(ValueError, match=r"no moments in it: --interest and .* there are 'gaze'"):
        rated([Span(1, 2, "gaze", "R1")], USUAL, ())
    with pytest.raises(ValueError, match=r"nothing is in tier 'R2'; there are: 'R1'"):
        rated([Span(1, 2, "MOI", "R1")], USUAL, ("R2",))
