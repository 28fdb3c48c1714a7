"""The synchrony measures of the two, each beside its own chance level."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical

from recorder.messages import Measure
from tui.signs import PLAIN, QUIET
from tui.widgets.line import Line, Part
from tui.wording import number, share, why_missing

KINDS = {"plv": "PLV", "accorr": "ACCorr", "aec": "AEC"}
BANDS = ("theta", "alpha", "beta")
# Frontal sites first: that is where the asymmetry beside them is taken.
FIRST_SITES = ("F3", "F4", "F7", "F8", "Fz")
BAND_WIDTH = 8
CELL_WIDTH = 12
BLOCK_WIDTH = 66
NOTE = "(62): percentile within own chance level"
UNKNOWN_NOTE = ", (?): chance level not yet known"


class SynchronyView(Vertical):
    """As many homologous pairs side by side as there is room for, a row for each band."""

    def compose(self) -> ComposeResult:
        """The table, and below it how to read it."""
        yield Line(id="synchrony")
        yield Line(id="note")

    def on_mount(self) -> None:
        """Say that values will come."""
        self.forget()

    def forget(self) -> None:
        """Take the values away: no newer ones come."""
        self.query_one("#synchrony", Line).show("synchrony: no value now")
        self.query_one("#note", Line).show("")

    def show(self, values: Sequence[Measure], end_age_s: float | None) -> None:
        """Show the measures between the two, whose windows end `end_age_s` ago."""
        both = [value for value in values if value.who == "both" and value.kind in KINDS]
        if not both:
            return
        pairs = sorted(dict.fromkeys(value.where for value in both), key=_place)
        shown = pairs[: max(1, self.size.width // BLOCK_WIDTH)]
        lines = [_heading(shown, end_age_s)]
        lines += [_band_row(both, shown, band) for band in _bands(both)]
        self.query_one("#synchrony", Line).show(*_joined(lines))
        self.query_one("#note", Line).show((_note(both), QUIET))


def _place(pair: str) -> int:
    """Where a pair comes in order; those not named keep the order in which they arrived."""
    site = pair.split("-", maxsplit=1)[0]
    return FIRST_SITES.index(site) if site in FIRST_SITES else len(FIRST_SITES)


def _bands(values: Sequence[Measure]) -> list[str]:
    present = dict.fromkeys(value.band for value in values)
    return [band for band in BANDS if band in present] + [b for b in present if b not in BANDS]


def _heading(pairs: Sequence[str], end_age_s: float | None) -> list[Part]:
    """The pairs, the measures, and how long ago their windows end."""
    names = "".join(name.ljust(CELL_WIDTH) for name in KINDS.values())
    age = "" if end_age_s is None else f"until {max(0.0, end_age_s):.0f} s ago"
    labels = [pair[: BAND_WIDTH - 1].ljust(BAND_WIDTH) for pair in pairs]
    return [((label + names + age).ljust(BLOCK_WIDTH), QUIET) for label in labels]


def _band_row(values: Sequence[Measure], pairs: Sequence[str], band: str) -> list[Part]:
    parts: list[Part] = []
    for pair in pairs:
        cells = {v.kind: v for v in values if v.where == pair and v.band == band}
        parts += _block(band, cells)
    return parts


def _block(band: str, cells: dict[str, Measure]) -> list[Part]:
    """One band of one pair: the values, then what they stand on."""
    numbers = "".join(_cell(cells.get(kind)).ljust(CELL_WIDTH) for kind in KINDS)
    rest = BLOCK_WIDTH - BAND_WIDTH - len(numbers)
    basis = _basis(next(iter(cells.values()))) if cells else ""
    return [f"{band[: BAND_WIDTH - 1]:<{BAND_WIDTH}}", (numbers, PLAIN), (basis.ljust(rest), QUIET)]


def _cell(measure: Measure | None) -> str:
    if measure is None or measure.value is None:
        return number(None, 2)
    place = "?" if measure.percentile is None else f"{measure.percentile:.0f}"
    return f"{number(measure.value, 2)} ({place})"


def _basis(measure: Measure) -> str:
    clean = f"{share(measure.clean_share)} clean"
    quality = why_missing(measure) if measure.value is None else clean
    return f"{measure.window_s:.0f} s, {quality}"


def _note(values: Sequence[Measure]) -> str:
    unknown = any(v.percentile is None for v in values if v.value is not None)
    return NOTE + (UNKNOWN_NOTE if unknown else "")


def _joined(lines: Sequence[Sequence[Part]]) -> list[Part]:
    """The parts of all lines, with line breaks between."""
    return [part for line in lines for part in (*line, "\n")][:-1]
