"""What an export is asked for, beside its format and where to."""

from dataclasses import dataclass
from typing import Final

from recorder.open import Clock

GRID_HZ: Final = 250.0


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of `antiphon export`; each format says which it heeds.

    Attributes:
        clock: by which clock samples are told, as `open_session` takes it.
        rate_hz: of the grid that both people are put on.
        native: each person's own samples, digit for digit, instead of the grid.
        analytic: our own band signals, as the measures were made of, instead of samples.
        blind: for a rater: without what others have rated, with tiers to rate in.
        for_sharing: for people outside: dates shifted, codes new, free text left out.
        labels: of marks that nobody typed; with for_sharing, others are left out.
    """

    clock: Clock = "best"
    rate_hz: float = GRID_HZ
    native: bool = False
    analytic: bool = False
    blind: bool = False
    for_sharing: bool = False
    labels: tuple[str, ...] = ()
