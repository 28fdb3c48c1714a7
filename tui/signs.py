"""The states as people see them: a shape, a word, a letter and a colour, never a colour alone.

The colours are those of Okabe and Ito, which people with any kind of colour vision can tell apart.
They say how well the recording goes; no colour ever says whether a measure is good or bad.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from tui.language import N_

PLAIN = "#d5dbe1"
QUIET = "#8b98a5"
WELL = "#2fbf97"
DOUBT = "#f0e442"
WARN = "#e69f00"
BAD = "#ff7a33"

WARNING = "▲"


@dataclass(frozen=True, slots=True)
class Sign:
    """How one state is shown; `style` is a Textual style."""

    shape: str
    word: str
    style: str
    letter: str = "?"


BOARD = {
    "closed": Sign("○", N_("at rest"), QUIET),
    "opening": Sign("◌", N_("looked for"), DOUBT),
    "streaming": Sign("●", N_("sends"), WELL),
    "held": Sign(WARNING, N_("whose?"), f"bold {WARN}"),
    "stalled": Sign(WARNING, N_("silent"), f"bold {WARN}"),
    "lost": Sign("✕", N_("away"), f"bold {BAD}"),
}
CONTACT = {
    "good": Sign("●", N_("good"), WELL, "G"),
    "noisy": Sign(WARNING, N_("noisy"), DOUBT, "N"),
    "flat": Sign("▬", N_("flat"), f"bold {WARN}", "F"),
    "railed": Sign("■", N_("off"), f"bold {BAD}", "X"),
    "no data": Sign("○", N_("no data"), QUIET, "-"),
}


def sign(table: Mapping[str, Sign], state: str) -> Sign:
    """The sign of `state`; for a word this screen does not know, that word itself."""
    word = state.replace("_", " ")
    return table.get(word) or Sign("?", word or "unknown", f"bold {DOUBT}")
