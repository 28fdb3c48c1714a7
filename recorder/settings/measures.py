"""[measures]: what is computed of the two people."""

from collections.abc import Sequence
from typing import Annotated, Final, Literal

import msgspec

from recorder.settings.values import Label, require

# Of an adult's alpha rhythm; 0 where it is not known.
MIN_PEAK_HZ = 6.0
PeakHz = Annotated[float, msgspec.Meta(ge=0, le=14)]
SynchronyKind = Literal["plv", "ccorr", "accorr", "coh", "imcoh", "wpli", "aec", "powcorr"]
Labels = tuple[Label, Label]
Pair = tuple[int, int]
# (left, right): the value is ln P(right) - ln P(left)
ASYMMETRY_PAIRS: Final = (("F3", "F4"), ("F7", "F8"))

# Marks of these labels make a baseline of what lies between them.
REST_BEGINS, REST_ENDS = "baseline starts", "baseline ends"


class MeasureSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What is computed of the two; recorder/measures/series.py says how.

    The peaks are of each person's own alpha rhythm, 0 where it is not known.
    """

    kinds: tuple[SynchronyKind, ...] = ("plv", "accorr", "aec")
    every_pair: bool = False
    pairs: tuple[Labels, ...] = ()
    asymmetry: tuple[Labels, ...] = ASYMMETRY_PAIRS
    linked_ears: bool = False
    delta: bool = False
    patient_peak_hz: PeakHz = 0.0
    therapist_peak_hz: PeakHz = 0.0

    def __post_init__(self) -> None:
        for peak_hz in (self.patient_peak_hz, self.therapist_peak_hz):
            require(peak_hz > 0, peak_hz >= MIN_PEAK_HZ, f"peak_hz: 0 or {MIN_PEAK_HZ:g} to 14")

    @property
    def peaks_hz(self) -> tuple[float | None, float | None]:
        """The patient's and the therapist's own alpha rhythm; None where it is not known."""
        return self.patient_peak_hz or None, self.therapist_peak_hz or None


def asymmetry_pairs(
    labels: Sequence[str], pairs: Sequence[Labels] = ASYMMETRY_PAIRS
) -> tuple[Pair, ...]:
    """Channel numbers (left, right) of the pairs that `labels` have."""
    return tuple(
        (labels.index(left), labels.index(right))
        for left, right in pairs
        if left in labels and right in labels
    )
