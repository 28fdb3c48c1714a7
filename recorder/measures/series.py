"""Which measures are computed for two montages, each with its definition.

The order of `Definitions.rows` is the order of `Pipeline.values`: indices of the patient, then of
the therapist, of each first the values, then what follows from them (FORMS); then each kind of
synchrony band by band, pair by pair. Formulas: dsp.asymmetry and dsp.synchrony.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from dsp.asymmetry import Index
from dsp.bands import DEFAULT_BANDS, SPAN_S, Band, BandFilter, band_filter
from dsp.synchrony import KINDS, MIN_RESULTANT
from recorder import __version__
from recorder.measures.indices import FORMULAS as INDEX_FORMULAS
from recorder.measures.indices import NamedIndex, indices
from recorder.settings.board import ROLES, BoardSettings
from recorder.settings.measures import Labels, MeasureSettings, Pair
from recorder.store.columns import row_from
from recorder.store.rows import SeriesRow

# A value of each series a second. What is clean is decided part by part.
HOP_S = 1.0
PARTS = 4
PARTS_PER_S = PARTS / HOP_S
INDEX_WINDOW_S = 10.0
# An earlobe or mastoid is a reference, not a place to compare two brains at.
REFERENCE_SITES = frozenset({"A1", "A2", "M1", "M2"})
# In shorter windows two unrelated people look synchronised too often.
SYNCHRONY_WINDOW_S = {"delta": 60.0, "theta": 30.0, "alpha": 30.0, "ialpha": 30.0, "beta": 10.0}
DELTA = Band("delta", 1, 4)
# Half a second does not tell 1 Hz from 4 Hz. The delay stays the same in all bands.
DELTA_SPAN_S = 2.0
# As wide as alpha of everyone, around the person's own peak.
INDIVIDUAL_HALF_HZ = 2.5
ALPHA_PEAK_HZ = 10.5
FORMS = ("", "_se", "_rel", "_rel_se")
_OF_FORMS = (
    "{formula}",
    "standard error of {name}, from the effective number of parts of 0.25 s",
    "{name} less its mean at rest, between the marks 'baseline starts' and 'baseline ends'",
    "standard error of {name} less its mean at rest",
)
FORMULAS = {
    "plv": "|sum u_a conj(u_b)| / N, u = z / |z|",
    "ccorr": "|sum sin(a - p) sin(b - q)| / sqrt(sum sin^2 sum sin^2), p, q circular means; "
    f"no value where |sum u_a| or |sum u_b| is below {MIN_RESULTANT:g} N",
    "accorr": "(|sum u_a conj(u_b)| - |sum u_a u_b|) / (2 sqrt(sum sin^2 sum sin^2))",
    "coh": "|sum z_a conj(z_b)| / sqrt(sum |z_a|^2 sum |z_b|^2), not squared",
    "imcoh": "|Im sum z_a conj(z_b)| / sqrt(sum |z_a|^2 sum |z_b|^2)",
    "wpli": "|sum Im z_a conj(z_b)| / sum |Im z_a conj(z_b)|",
    "aec": "Pearson r of |z_a| and |z_b|",
    "powcorr": "Pearson r of |z_a|^2 and |z_b|^2",
} | {
    name + form: text.format(formula=formula, name=name)
    for name, formula in INDEX_FORMULAS.items()
    for form, text in zip(FORMS, _OF_FORMS, strict=True)
}

Montages = tuple[tuple[str, ...], tuple[str, ...]]
Filters = tuple[BandFilter, BandFilter]


@dataclass(frozen=True, slots=True)
class OnePerson:
    """What is computed of one person alone.

    Attributes:
        named: the indices, by name.
        indices: the same by numbers.
        ear: the channel of which half is taken off all others; None as recorded.
        others: channels that are no EEG.
    """

    named: tuple[NamedIndex, ...]
    indices: tuple[Index, ...]
    ear: int | None
    others: list[int]


@dataclass(frozen=True, slots=True)
class Definitions:
    """What is computed.

    Attributes:
        people: of each alone.
        kinds: of synchrony.
        pairs: (patient's channel, therapist's channel) indexes.
        rows: a definition for every value, in the order of Pipeline.values.
    """

    people: tuple[OnePerson, OnePerson]
    kinds: tuple[str, ...]
    pairs: tuple[Pair, ...]
    rows: tuple[SeriesRow, ...]

    @property
    def errors(self) -> dict[int, int]:
        """For each series that has one, the series of its standard error."""
        ids = {(row.name, row.band, row.persons, row.channels): row.id for row in self.rows}
        return {
            row.id: error
            for row in self.rows
            if (error := ids.get((row.name + "_se", row.band, row.persons, row.channels)))
        }


@dataclass(frozen=True, slots=True)
class _Place:
    """One value to be: its measure, its band, and whose channels."""

    name: str
    band: str
    persons: tuple[str, ...]
    channels: tuple[str, ...]
    window_s: float
    reference: str
    hop_s: float = HOP_S


def define(
    patient: BoardSettings,
    therapist: BoardSettings,
    filters: Filters,
    *,
    chosen: MeasureSettings | None = None,
    mains_hz: float = 50.0,
    first_id: int = 1,
) -> Definitions:
    """The measures that two montages allow, computed with the bands of `filters`.

    `mains_hz` are kept out of what decides about clean samples.

    Raises:
        ValueError: a kind, a channel or a pair is asked for that is not there.
    """
    chosen = chosen or MeasureSettings()
    _require_kinds(chosen.kinds)
    people = (_alone(patient, filters[0], chosen), _alone(therapist, filters[1], chosen))
    pairs = _pairs((patient, therapist), chosen)
    references = (_reference(patient, people[0].ear), _reference(therapist, people[1].ear))
    montages = (patient.channels, therapist.channels)
    places = [
        place
        for role, one, reference in zip(ROLES, people, references, strict=True)
        for place in _index_places(role, one, reference)
    ] + [
        _synchrony_place(
            kind, band.name, (montages[0][a], montages[1][b]), " / ".join(references), chosen
        )
        for kind in chosen.kinds
        for band in filters[0].bands
        for a, b in pairs
    ]
    rows = tuple(
        _row(number, place, filters, mains_hz) for number, place in enumerate(places, first_id)
    )
    return Definitions(people, chosen.kinds, pairs, rows)


def bands_of(chosen: MeasureSettings, person: int, rate_hz: float, mains_hz: float) -> BandFilter:
    """The bands of one person, at the rate of the person's board and beside these mains.

    Raises:
        ValueError: a band does not fit into the rate.
    """
    bands = (DELTA, *DEFAULT_BANDS) if chosen.delta else DEFAULT_BANDS
    if chosen.peaks_hz != (None, None):
        peak_hz = chosen.peaks_hz[person] or ALPHA_PEAK_HZ
        low_hz, high_hz = peak_hz - INDIVIDUAL_HALF_HZ, peak_hz + INDIVIDUAL_HALF_HZ
        bands = (*bands, Band("ialpha", low_hz, high_hz))
    span_s = DELTA_SPAN_S if chosen.delta else SPAN_S
    return band_filter(rate_hz, bands, span_s, mains_hz=mains_hz)


def require_pairs(boards: tuple[BoardSettings, BoardSettings], pairs: Iterable[Labels]) -> None:
    """Check that both people have the channels.

    Raises:
        ValueError: one is not there, or is no EEG.
    """
    for pair in pairs:
        _places(boards, pair)


def _require_kinds(kinds: Sequence[str]) -> None:
    for kind in kinds:
        if kind not in KINDS:
            raise ValueError(f"no synchrony measure {kind}: there are {', '.join(KINDS)}")


def _alone(board: BoardSettings, band_filter: BandFilter, chosen: MeasureSettings) -> OnePerson:
    labels, bands = board.channels, [band.name for band in band_filter.bands]
    named = tuple(indices(_eeg(board), bands, chosen.asymmetry))
    return OnePerson(
        named,
        tuple(index.placed(labels, bands) for index in named),
        _other_ear(labels, chosen),
        [place for place, label in enumerate(labels) if board.kind(label) != "eeg"],
    )


def _eeg(board: BoardSettings) -> list[str]:
    """Labels of the channels that a measure may be made of."""
    return [label for label in board.channels if board.kind(label) == "eeg"]


def _other_ear(labels: tuple[str, ...], chosen: MeasureSettings) -> int | None:
    """The earlobe or mastoid that is a channel, when it is asked for."""
    if not chosen.linked_ears:
        return None
    return next((labels.index(label) for label in labels if label in REFERENCE_SITES), None)


def _reference(board: BoardSettings, ear: int | None) -> str:
    """What the person's channels are measured against: the board's reference is the other ear."""
    if ear is None:
        return board.reference
    site = board.channels[ear][0]
    return f"({site}1+{site}2)/2"


def _pairs(
    boards: tuple[BoardSettings, BoardSettings], chosen: MeasureSettings
) -> tuple[Pair, ...]:
    of_patient, of_therapist = (
        [label for label in _eeg(board) if label not in REFERENCE_SITES] for board in boards
    )
    wanted = chosen.pairs or [
        (mine, yours)
        for mine in of_patient
        for yours in of_therapist
        if mine == yours or chosen.every_pair
    ]
    return tuple(_places(boards, pair) for pair in wanted)


def _places(boards: tuple[BoardSettings, BoardSettings], pair: Labels) -> Pair:
    for board, label, role in zip(boards, pair, ROLES, strict=True):
        if label not in _eeg(board):
            raise ValueError(f"pair {'-'.join(pair)}: the {role} has no channel {label} of EEG")
    return boards[0].channels.index(pair[0]), boards[1].channels.index(pair[1])


def _index_places(role: str, one: OnePerson, reference: str) -> Iterator[_Place]:
    for form in FORMS:
        for index in one.named:
            sites = (*index.upper, *index.lower)
            yield _Place(index.name + form, index.band, (role,), sites, INDEX_WINDOW_S, reference)


def _synchrony_place(
    kind: str, band: str, channels: Labels, reference: str, chosen: MeasureSettings
) -> _Place:
    """Where every pair is asked for, that of two places is stored once a window.

    They grow with the square of the channels, and can be computed again from the EEG.
    """
    window_s, mine, yours = synchrony_window_s(band), *channels
    is_one_of_many = chosen.every_pair and not chosen.pairs and mine != yours
    hop_s = window_s if is_one_of_many else HOP_S
    return _Place(kind, band, ROLES, channels, window_s, reference, hop_s)


def synchrony_window_s(band: str) -> float:
    """Length of the window of a band's synchrony; a band of no known name has the longest."""
    return SYNCHRONY_WINDOW_S.get(band, max(SYNCHRONY_WINDOW_S.values()))


def _row(number: int, place: _Place, filters: Filters, mains_hz: float) -> SeriesRow:
    """Where the two have different filters, the band is all that either lets through."""
    whose = [filters[ROLES.index(role)] for role in place.persons]
    bands = [band for one in whose for band in one.bands if band.name == place.band]
    return row_from(
        SeriesRow,
        place,
        id=number,
        formula=FORMULAS[place.name],
        low_hz=min(band.low_hz for band in bands),
        high_hz=max(band.high_hz for band in bands),
        taps_hash=_each(one.taps_hash for one in whose),
        missing=_each(one.missing for one in whose),
        delay_s=place.window_s / 2 + max(one.delay_s for one in filters),
        software_version=__version__,
        mains_hz=mains_hz,
    )


def _each(texts: Iterable[str]) -> str:
    """What is said of one person or of both, once where it is the same."""
    return " / ".join(dict.fromkeys(texts))
