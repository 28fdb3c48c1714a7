"""Which measures are computed for two montages, each with its definition.

The order of `Definitions.rows` is the order of `Pipeline.values`: asymmetries of the patient, of
the therapist, then each kind of synchrony band by band, pair by pair. Formulas: dsp.asymmetry and
dsp.synchrony.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from dsp.bands import BandFilter
from dsp.synchrony import KINDS
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
SYNCHRONY_WINDOW_S = {"delta": 60.0, "theta": 30.0, "alpha": 30.0, "beta": 10.0}
FORMULAS = {
    "faa": "ln P(right) - ln P(left), P = mean |z|^2 / 2",
    "plv": "|sum u_a conj(u_b)| / N, u = z / |z|",
    "ccorr": "|sum sin(a - p) sin(b - q)| / sqrt(sum sin^2 sum sin^2), p, q circular means",
    "accorr": "(|sum u_a conj(u_b)| - |sum u_a u_b|) / (2 sqrt(sum sin^2 sum sin^2))",
    "coh": "|sum z_a conj(z_b)| / sqrt(sum |z_a|^2 sum |z_b|^2), not squared",
    "imcoh": "|Im sum z_a conj(z_b)| / sqrt(sum |z_a|^2 sum |z_b|^2)",
    "wpli": "|sum Im z_a conj(z_b)| / sum |Im z_a conj(z_b)|",
    "aec": "Pearson r of |z_a| and |z_b|",
    "powcorr": "Pearson r of |z_a|^2 and |z_b|^2",
}
SYNCHRONY_KINDS = ("plv", "accorr", "aec")

Pair = tuple[int, int]
Labels = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Choice:
    """What is asked for.

    Attributes:
        kinds: synchrony measures, of dsp.synchrony.KINDS.
        pairs: (patient's, therapist's) labels; empty for the same label in both.
        every_pair: every channel of one with every channel of the other, instead.
        linked_ears: refer all channels to the mean of both earlobes, where one earlobe is the
            board's reference and the other a channel.
    """

    kinds: tuple[str, ...] = SYNCHRONY_KINDS
    pairs: tuple[Labels, ...] = ()
    every_pair: bool = False
    linked_ears: bool = False


@dataclass(frozen=True, slots=True)
class Definitions:
    """What is computed.

    Attributes:
        asymmetry: for each person the channel pairs, (left, right) indexes.
        kinds: of synchrony.
        pairs: (patient's channel, therapist's channel) indexes.
        ears: for each person the channel of which half is taken off all others; None as recorded.
        rows: a definition for every value, in the order of Pipeline.values.
    """

    asymmetry: tuple[tuple[Pair, ...], tuple[Pair, ...]]
    kinds: tuple[str, ...]
    pairs: tuple[Pair, ...]
    ears: tuple[int | None, int | None]
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
    patient: Person,
    therapist: Person,
    band_filter: BandFilter,
    *,
    choice: Choice | None = None,
    first_id: int = 1,
) -> Definitions:
    """The measures that two montages allow, computed with `band_filter`'s bands.

    Raises:
        ValueError: a kind, a channel or a pair is asked for that is not there.
    """
    choice = choice or Choice()
    _require_kinds(choice.kinds)
    montages = (patient.channels, therapist.channels)
    asymmetry = (asymmetry_pairs(patient.channels), asymmetry_pairs(therapist.channels))
    ears = (_other_ear(montages[0], choice), _other_ear(montages[1], choice))
    references = (_reference(patient, ears[0]), _reference(therapist, ears[1]))
    pairs = _pairs(montages, choice)
    places = [
        _asymmetry_place(role, channels, pair, reference)
        for role, channels, own, reference in zip(
            ROLES, montages, asymmetry, references, strict=True
        )
        for pair in own
    ] + [
        _synchrony_place(kind, band.name, (montages[0][a], montages[1][b]), " / ".join(references))
        for kind in choice.kinds
        for band in band_filter.bands
        for a, b in pairs
    ]
    rows = tuple(_row(number, place, band_filter) for number, place in enumerate(places, first_id))
    return Definitions(asymmetry, choice.kinds, pairs, ears, rows)


def _require_kinds(kinds: Sequence[str]) -> None:
    for kind in kinds:
        if kind not in KINDS:
            raise ValueError(f"no synchrony measure {kind}: there are {', '.join(KINDS)}")


def _other_ear(labels: tuple[str, ...], choice: Choice) -> int | None:
    """The earlobe or mastoid that is a channel, when it is asked for."""
    if not choice.linked_ears:
        return None
    return next((labels.index(label) for label in labels if label in REFERENCE_SITES), None)


def _reference(person: Person, ear: int | None) -> str:
    """What the person's channels are measured against: the board's reference is the other ear."""
    if ear is None:
        return person.reference
    site = person.channels[ear][0]
    return f"({site}1+{site}2)/2"


def _pairs(montages: tuple[tuple[str, ...], tuple[str, ...]], choice: Choice) -> tuple[Pair, ...]:
    of_patient, of_therapist = (
        [label for label in labels if label not in REFERENCE_SITES] for labels in montages
    )
    wanted = choice.pairs or [
        (mine, yours)
        for mine in of_patient
        for yours in of_therapist
        if mine == yours or choice.every_pair
    ]
    return tuple(_places(montages, pair) for pair in wanted)


def _places(montages: tuple[tuple[str, ...], tuple[str, ...]], pair: Labels) -> Pair:
    for labels, label, role in zip(montages, pair, ROLES, strict=True):
        if label not in labels:
            raise ValueError(f"pair {'-'.join(pair)}: the {role} has no channel {label}")
    return montages[0].index(pair[0]), montages[1].index(pair[1])


def _asymmetry_place(role: str, labels: tuple[str, ...], pair: Pair, reference: str) -> _Place:
    left, right = pair
    channels = (labels[right], labels[left])
    return _Place("faa", ASYMMETRY_BAND, (role,), channels, ASYMMETRY_WINDOW_S, reference)


def _synchrony_place(kind: str, band: str, channels: Labels, reference: str) -> _Place:
    return _Place(kind, band, ROLES, channels, synchrony_window_s(band), reference)


def synchrony_window_s(band: str) -> float:
    """Length of the window of a band's synchrony; a band of no known name has the longest."""
    return SYNCHRONY_WINDOW_S.get(band, max(SYNCHRONY_WINDOW_S.values()))


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
