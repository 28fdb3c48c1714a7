import pytest

from dsp.bands import BandFilter
from dsp.synchrony import KINDS
from recorder.measures.series import FORMULAS, Definitions, bands_of, define
from recorder.settings.board import DEFAULT_CHANNELS, BoardSettings
from recorder.settings.measures import MeasureSettings
from recorder.store.rows import SeriesRow

FILTER = BandFilter(250.0)
FILTERS = FILTER, FILTER
# values, standard errors, both from the baseline: faa, parietal, fmtheta, occalpha of each
INDICES = 2 * 4 * 4


def defined(patient: tuple[str, ...], therapist: tuple[str, ...]) -> Definitions:
    return define(BoardSettings(channels=patient), BoardSettings(channels=therapist), FILTERS)


def test_the_default_montage_has_one_asymmetry_a_person_and_homologous_pairs() -> None:
    found = defined(DEFAULT_CHANNELS, DEFAULT_CHANNELS)
    for one in found.people:
        assert [index.name for index in one.named] == ["faa", "parietal", "fmtheta", "occalpha"]
        assert (one.indices[0].upper, one.indices[0].lower) == ((1,), (0,))
    assert found.pairs == tuple((place, place) for place in range(7))  # not A2, a reference
    assert [row.name for row in found.rows if row.name.startswith("faa")] == [
        *("faa", "faa_se", "faa_rel", "faa_rel_se") * 2
    ]
    assert len(found.rows) == INDICES + 3 * 3 * 7


def test_ids_are_consecutive_from_the_first_that_is_free() -> None:
    rows = define(BoardSettings(), BoardSettings(), FILTERS, first_id=38).rows
    assert [row.id for row in rows] == list(range(38, 38 + len(rows)))


def test_asymmetry_names_the_right_channel_first_as_its_formula_does() -> None:
    rows = defined(("F8", "F4", "F3", "F7"), ("Cz",)).rows
    assert {row.name for row in rows if "_" not in row.name} == {"faa"}
    for row in rows:
        assert row.name != "faa" or row.formula.startswith("ln P(right) - ln P(left)")
        assert row.channels in (("F4", "F3"), ("F8", "F7"))
        assert row.persons == ("patient",)


def test_pairs_are_found_by_label_wherever_the_channels_are() -> None:
    found = defined(("O1", "F3", "A2"), ("A2", "Fz", "F3", "O1"))
    assert found.pairs == ((0, 3), (1, 2))
    between = {row.channels for row in found.rows if len(row.persons) == 2}
    assert between == {("O1", "O1"), ("F3", "F3")}


def test_synchrony_goes_kind_by_kind_band_by_band_pair_by_pair() -> None:
    rows = defined(("F3", "O1"), ("O1", "F3")).rows
    between = [row for row in rows if len(row.persons) == 2]
    assert [(row.name, row.band, row.channels[0]) for row in between] == [
        (kind, band, label)
        for kind in ("plv", "accorr", "aec")
        for band in ("theta", "alpha", "beta")
        for label in ("F3", "O1")
    ]


def test_pairs_can_be_named_one_by_one() -> None:
    chosen = MeasureSettings(kinds=("coh",), pairs=(("F3", "O1"), ("A2", "F3")))
    found = define(BoardSettings(), BoardSettings(), FILTERS, chosen=chosen)
    assert found.pairs == ((0, 5), (7, 0))
    assert {(row.name, *row.channels) for row in found.rows[INDICES:]} == {
        ("coh", "F3", "O1"),
        ("coh", "A2", "F3"),
    }


def test_every_pair_is_every_place_but_the_references() -> None:
    found = define(
        BoardSettings(), BoardSettings(), FILTERS, chosen=MeasureSettings(every_pair=True)
    )
    assert found.pairs == tuple((a, b) for a in range(7) for b in range(7))


def test_of_every_pair_two_places_say_that_they_are_stored_once_a_window() -> None:
    chosen = MeasureSettings(kinds=("plv",), every_pair=True)
    for row in define(BoardSettings(), BoardSettings(), FILTERS, chosen=chosen).rows[INDICES:]:
        assert row.hop_s == (1.0 if row.channels[0] == row.channels[1] else row.window_s)
    named = MeasureSettings(kinds=("plv",), every_pair=True, pairs=(("F3", "O1"),))
    rows = define(BoardSettings(), BoardSettings(), FILTERS, chosen=named).rows
    assert {row.hop_s for row in rows} == {1.0}


def test_every_kind_has_a_formula() -> None:
    found = define(BoardSettings(), BoardSettings(), FILTERS, chosen=MeasureSettings(kinds=KINDS))
    assert {row.name for row in found.rows} <= set(FORMULAS)
    assert set(KINDS) <= {row.name for row in found.rows}


@pytest.mark.parametrize(
    ("chosen", "complaint"),
    [
        (MeasureSettings(kinds=("phase",)), "phase"),  # type: ignore[arg-type]
        (MeasureSettings(pairs=(("F3", "Cz"),)), "therapist.*Cz"),
    ],
)
def test_what_is_not_there_cannot_be_asked_for(chosen: MeasureSettings, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        define(BoardSettings(), BoardSettings(), FILTERS, chosen=chosen)


def test_ears_are_linked_where_the_other_one_is_a_channel() -> None:
    mastoid = BoardSettings(channels=("F3", "F4", "M1"), reference="M2")
    without = BoardSettings(channels=("F3", "F4"), reference="A1")
    found = define(mastoid, without, FILTERS, chosen=MeasureSettings(linked_ears=True))
    assert [one.ear for one in found.people] == [2, None]
    assert list(dict.fromkeys(row.reference for row in found.rows)) == [
        *("(M1+M2)/2", "A1", "(M1+M2)/2 / A1")
    ]


def test_nothing_in_common_is_nothing_to_compute() -> None:
    assert defined(("A1", "M2"), ("A1", "M2")).rows == ()


@pytest.mark.parametrize(
    "row", define(BoardSettings(), BoardSettings(reference="A1"), FILTERS).rows
)
def test_a_definition_says_all_that_is_needed_to_compute_it_again(row: SeriesRow) -> None:
    assert row.formula == FORMULAS[row.name]
    band = next(band for band in FILTER.bands if band.name == row.band)
    assert (row.low_hz, row.high_hz) == (band.low_hz, band.high_hz)
    assert row.taps_hash == FILTER.taps_hash
    assert row.delay_s == row.window_s / 2 + FILTER.delay_s
    references = {"patient": "SRB2", "therapist": "A1"}
    assert row.reference == " / ".join(references[person] for person in row.persons)


def test_channels_that_are_no_eeg_take_no_part() -> None:
    heart = BoardSettings(channels=("F3", "F4", "O1"), kinds={"O1": "ecg"})
    found = define(heart, heart, FILTERS)
    assert found.people[0].others == [2]
    assert {channel for row in found.rows for channel in row.channels} == {"F3", "F4"}
    with pytest.raises(ValueError, match="O1"):
        define(heart, heart, FILTERS, chosen=MeasureSettings(pairs=(("O1", "O1"),)))


def test_delta_makes_all_bands_wait_alike() -> None:
    chosen = MeasureSettings(delta=True)
    filters = bands_of(chosen, 0, 250.0, 50.0), bands_of(chosen, 1, 250.0, 50.0)
    rows = define(BoardSettings(), BoardSettings(), filters, chosen=chosen).rows
    delays_s = [row.delay_s - row.window_s / 2 for row in rows]
    assert delays_s == pytest.approx([1.0 + 17 / 250] * len(rows))  # the bridge waits too
    assert {row.window_s for row in rows if row.band == "delta"} == {60.0}


def test_a_persons_own_alpha_is_a_band_beside_everyones() -> None:
    chosen = MeasureSettings(patient_peak_hz=9.0)
    filters = bands_of(chosen, 0, 250.0, 50.0), bands_of(chosen, 1, 250.0, 50.0)
    rows = define(BoardSettings(), BoardSettings(), filters, chosen=chosen).rows
    own = {row.persons: (row.low_hz, row.high_hz) for row in rows if row.band == "ialpha"}
    assert own == {
        ("patient",): (6.5, 11.5),
        ("therapist",): (8.0, 13.0),
        ("patient", "therapist"): (6.5, 13.0),
    }
    assert {row.name for row in rows if row.band == "ialpha"} > {"faa", "occalpha", "plv"}


def test_boards_of_different_rate_have_different_taps() -> None:
    filters = BandFilter(250.0), BandFilter(125.0)
    rows = define(BoardSettings(), BoardSettings(), filters).rows
    both = f"{filters[0].taps_hash} / {filters[1].taps_hash}"
    assert {row.taps_hash for row in rows} == {*(one.taps_hash for one in filters), both}


def test_an_index_knows_the_series_of_its_error() -> None:
    found = define(BoardSettings(), BoardSettings(), FILTERS)
    names = {row.id: row.name for row in found.rows}
    assert {(names[one], names[error]) for one, error in found.errors.items()} >= {
        ("faa", "faa_se"),
        ("faa_rel", "faa_rel_se"),
    }
