"""The indices of one person's brain that a montage allows, by name, band and sites.

The four of Fachner et al. 2019; all are of one form (dsp/asymmetry.py):

    faa         ln P(right) - ln P(left)    alpha    F4-F3, F8-F7 and whatever pair is configured
    parietal    ln P(P4) - ln P(P3)         alpha
    fmtheta     ln P(Fz)                    theta
    occalpha    ln mean P(O1, Oz, O2)       alpha    of those that there are
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dsp.asymmetry import Index
from recorder.settings.measures import ASYMMETRY_PAIRS, Labels

PARIETAL_PAIRS: Final = (("P3", "P4"),)
MIDLINE: Final = "Fz"
OCCIPITAL: Final = ("O1", "Oz", "O2")
# "alpha" of everyone, and of this very person where its peak is known.
ALPHAS: Final = ("alpha", "ialpha")
_ASYMMETRY: Final = "ln P(right) - ln P(left), P = mean |z|^2 / 2"
FORMULAS: Final = {
    "faa": _ASYMMETRY,
    "parietal": _ASYMMETRY,
    "fmtheta": "ln P, P = mean |z|^2 / 2 in µV²",
    "occalpha": "ln of the mean P of the channels, P = mean |z|^2 / 2 in µV²",
}


@dataclass(frozen=True, slots=True)
class NamedIndex:
    """One index: its sites by their labels, the upper ones first."""

    name: str
    band: str
    upper: tuple[str, ...]
    lower: tuple[str, ...] = ()

    def placed(self, labels: Sequence[str], bands: Sequence[str]) -> Index:
        """The same by numbers of channels and of the band."""
        upper, lower = (
            tuple(labels.index(label) for label in side) for side in (self.upper, self.lower)
        )
        return Index(bands.index(self.band), upper, lower)


def indices(
    labels: Sequence[str], bands: Sequence[str], pairs: Sequence[Labels] = ASYMMETRY_PAIRS
) -> list[NamedIndex]:
    """What a montage with these labels allows in these bands, faa of `pairs` first."""
    found = [
        NamedIndex(name, band, (right,), (left,))
        for name, sites in (("faa", pairs), ("parietal", PARIETAL_PAIRS))
        for band in ALPHAS
        for left, right in sites
        if left in labels and right in labels
    ]
    if MIDLINE in labels:
        found.append(NamedIndex("fmtheta", "theta", (MIDLINE,)))
    if occipital := tuple(site for site in OCCIPITAL if site in labels):
        found += [NamedIndex("occalpha", band, occipital) for band in ALPHAS]
    return [index for index in found if index.band in bands]
