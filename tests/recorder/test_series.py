import pytest

from dsp.bands import BandFilter
from dsp.synchrony import KINDS
from recorder.config import DEFAULT_CHANNELS, Person
from recorder.series import FORMULAS, Choice, Definitions, define
from recorder.store.rows import SeriesRow

FILTER = BandFilter(250.0)


def defined(patient: tuple[str, ...], therapist: tuple[str, ...]) -> Definitions:
    return define(Person(channels=patient), Person(channels=therapist), FILTER)


def test_the_default_montage_has_one_asymmetry_a_person_and_homologous_pairs() -> None:
    found = defined(DEFAULT_CHANNELS, DEFAULT_CHANNELS)
    assert found.asymmetry == (((0, 1),), ((0, 1),))
    assert found.pairs == tuple((place, place) for place in range(7))  # not A2, a reference
    assert [row.name for row in found.rows[:2]] == ["faa", "faa"]
    assert len(found.rows) == 2 + 3 * 3 * 7


def test_ids_are_consecutive_from_the_first_that_is_free() -> None:
    rows = define(Person(), Person(), FILTER, first_id=38).rows
    assert [row.id for row in rows] == list(range(38, 38 + len(rows)))


def test_asymmetry_names_the_right_channel_first_as_its_formula_does() -> None:
    for row in defined(("F8", "F4", "F3", "F7"), ("Cz",)).rows:
        assert row.formula.startswith("ln P(right) - ln P(left)")
        assert row.channels in (("F4", "F3"), ("F8", "F7"))
        assert row.persons == ("patient",)


def test_pairs_are_found_by_label_wherever_the_channels_are() -> None:
    found = defined(("O1", "F3", "A2"), ("A2", "Fz", "F3", "O1"))
    assert found.pairs == ((0, 3), (1, 2))
    assert {row.channels for row in found.rows} == {("O1", "O1"), ("F3", "F3")}


def test_synchrony_goes_kind_by_kind_band_by_band_pair_by_pair() -> None:
    rows = defined(("F3", "O1"), ("O1", "F3")).rows
    assert [(row.name, row.band, row.channels[0]) for row in rows] == [
        (kind, band, label)
        for kind in ("plv", "accorr", "aec")
        for band in ("theta", "alpha", "beta")
        for label in ("F3", "O1")
    ]


def test_pairs_can_be_named_one_by_one() -> None:
    choice = Choice(kinds=("coh",), pairs=(("F3", "O1"), ("A2", "F3")))
    found = define(Person(), Person(), FILTER, choice=choice)
    assert found.pairs == ((0, 5), (7, 0))
    assert {(row.name, *row.channels) for row in found.rows[2:]} == {
        ("coh", "F3", "O1"),
        ("coh", "A2", "F3"),
    }


def test_every_pair_is_every_place_but_the_references() -> None:
    found = define(Person(), Person(), FILTER, choice=Choice(every_pair=True))
    assert found.pairs == tuple((a, b) for a in range(7) for b in range(7))


def test_every_kind_has_a_formula() -> None:
    found = define(Person(), Person(), FILTER, choice=Choice(kinds=KINDS))
    assert {row.name for row in found.rows} == {"faa", *KINDS}


@pytest.mark.parametrize(
    ("choice", "complaint"),
    [(Choice(kinds=("phase",)), "phase"), (Choice(pairs=(("F3", "Cz"),)), "therapist.*Cz")],
)
def test_what_is_not_there_cannot_be_asked_for(choice: Choice, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        define(Person(), Person(), FILTER, choice=choice)


def test_ears_are_linked_where_the_other_one_is_a_channel() -> None:
    mastoid = Person(channels=("F3", "F4", "M1"), reference="M2")
    without = Person(channels=("F3", "F4"), reference="A1")
    found = define(mastoid, without, FILTER, choice=Choice(linked_ears=True))
    assert found.ears == (2, None)
    assert [row.reference for row in found.rows[:3]] == ["(M1+M2)/2", "A1", "(M1+M2)/2 / A1"]


def test_nothing_in_common_is_nothing_to_compute() -> None:
    assert defined(("A1", "M2"), ("A1", "M2")).rows == ()


@pytest.mark.parametrize("row", define(Person(), Person(reference="A1"), FILTER).rows)
def test_a_definition_says_all_that_is_needed_to_compute_it_again(row: SeriesRow) -> None:
    assert row.formula == FORMULAS[row.name]
    band = next(band for band in FILTER.bands if band.name == row.band)
    assert (row.low_hz, row.high_hz) == (band.low_hz, band.high_hz)
    assert row.taps_hash == FILTER.taps_hash
    assert row.delay_s == row.window_s / 2 + FILTER.delay_s
    references = {"patient": "SRB2", "therapist": "A1"}
    assert row.reference == " / ".join(references[person] for person in row.persons)
