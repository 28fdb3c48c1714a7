"""Which measures are computed for two montages, each with its definition.

The order of `Definitions.rows` is the order of `Pipeline.values`: asymmetries of the patient, of
the therapist, then each kind of synchrony band by band, pair by pair. Formulas: dsp.asymmetry and
dsp.synchrony.
"""

from dataclasses import dataclass

from dsp.bands import BandFilter
from recorder import __version__
from recorder.config import ROLES, Person
from recorder.store.rows import SeriesRow

HOP_S = 0.25
# (left, right): the value is ln P(right) - ln P(left)
ASYMMETRY_PAIRS = (("F3", "F4"), ("F7", "F8"))
ASYMMETRY_BAND = "alpha"
ASYMMETRY_WINDOW_S = 10.0
# An earlobe or mastoid is a reference, not a place to compare two brains at.
REFERENCE_SITES = frozenset({"A1", "A2", "M1", "M2"})
# In shorter windows two unrelated people look synchronised too often.
SYNCHRONY_WINDOW_S = {"theta": 30.0, "alpha": 30.0, "beta": 10.0}
FORMULAS = {
    "faa": "ln P(right) - ln P(left), P = mean |z|^2 / 2",
    "plv": "|sum u_a conj(u_b)| / N, u = z / |z|",
    "accorr": "(|sum u_a conj(u_b)| - |sum u_a u_b|) / (2 sqrt(sum sin^2 sum sin^2))",
    "aec": "Pearson r of |z_a| and |z_b|",
}
SYNCHRONY_KINDS = ("plv", "accorr", "aec")

Pair = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Definitions:
    """What is computed.

    Attributes:
        asymmetry: for each person the channel pairs, (left, right) indexes.
        pairs: (patient's channel, therapist's channel) indexes.
        rows: a definition for every value, in the order of Pipeline.values.
    """

    asymmetry: tuple[tuple[Pair, ...], tuple[Pair, ...]]
    pairs: tuple[Pair, ...]
    rows: tuple[SeriesRow, ...]


@dataclass(frozen=True, slots=True)
class _Place:
    """One value to be: its measure, its band, and whose channels."""

    name: str
    band: str
    persons: tuple[str, ...]
    channels: tuple[str, ...]
    window_s: float
    reference: str


def define(
    patient: Person, therapist: Person, band_filter: BandFilter, *, first_id: int = 1
) -> Definitions:
    """The measures that two montages allow, computed with `band_filter`'s bands."""
    people = (patient, therapist)
    asymmetry = (asymmetry_pairs(patient.channels), asymmetry_pairs(therapist.channels))
    pairs = _homologous(patient.channels, therapist.channels)
    places = [
        _asymmetry_place(role, person, pair)
        for role, person, own in zip(ROLES, people, asymmetry, strict=True)
        for pair in own
    ] + [
        _synchrony_place(kind, band.name, people, pair)
        for kind in SYNCHRONY_KINDS
        for band in band_filter.bands
        for pair in pairs
    ]
    rows = tuple(_row(number, place, band_filter) for number, place in enumerate(places, first_id))
    return Definitions(asymmetry, pairs, rows)


def _asymmetry_place(role: str, person: Person, pair: Pair) -> _Place:
    left, right = pair
    channels = (person.channels[right], person.channels[left])
    return _Place("faa", ASYMMETRY_BAND, (role,), channels, ASYMMETRY_WINDOW_S, person.reference)


def _synchrony_place(kind: str, band: str, people: tuple[Person, Person], pair: Pair) -> _Place:
    patient, therapist = people
    channels = (patient.channels[pair[0]], therapist.channels[pair[1]])
    reference = f"{patient.reference} / {therapist.reference}"
    return _Place(kind, band, ROLES, channels, SYNCHRONY_WINDOW_S[band], reference)


def _row(number: int, place: _Place, band_filter: BandFilter) -> SeriesRow:
    band = next(band for band in band_filter.bands if band.name == place.band)
    return SeriesRow(
        id=number,
        name=place.name,
        formula=FORMULAS[place.name],
        band=place.band,
        low_hz=band.low_hz,
        high_hz=band.high_hz,
        persons=place.persons,
        channels=place.channels,
        window_s=place.window_s,
        hop_s=HOP_S,
        taps_hash=band_filter.taps_hash,
        delay_s=place.window_s / 2 + band_filter.delay_s,
        reference=place.reference,
        software_version=__version__,
    )


def asymmetry_pairs(labels: tuple[str, ...]) -> tuple[Pair, ...]:
    """Indexes (left, right) of the pairs of ASYMMETRY_PAIRS that `labels` have."""
    return tuple(
        (labels.index(left), labels.index(right))
        for left, right in ASYMMETRY_PAIRS
        if left in labels and right in labels
    )


def _homologous(patient: tuple[str, ...], therapist: tuple[str, ...]) -> tuple[Pair, ...]:
    return tuple(
        (place, therapist.index(label))
        for place, label in enumerate(patient)
        if label in therapist and label not in REFERENCE_SITES
    )
