"""The synchrony measures of the two, each beside its own chance level."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Vertical

from recorder.wire.messages import Measure, Measures
from tui.language import N_, _
from tui.patch import Patch
from tui.signs import PLAIN, QUIET
from tui.widgets.line import Line, Part
from tui.wording import basis, chance_note, number

# In step: PLV; turning alike: ACCorr; swelling alike: AEC. Their values are the technician's.
KINDS = {"plv": N_("in step"), "accorr": N_("turning"), "aec": N_("swelling")}
BANDS = ("theta", "alpha", "beta")
# Homologous frontal pairs, in this order: that is where the asymmetry above them is taken.
PAIRS = tuple(f"{site}-{site}" for site in ("F3", "F4", "F7", "F8", "Fz", "Fp1", "Fp2"))
BAND_WIDTH = 8
CELL_WIDTH = 12
BLOCK_WIDTH = 66
NOTE = N_("62 of 100: more alike than in 62 of 100 shuffles of these two people's own data")
NO_VALUE = N_("how alike both are: no value now")
NO_PAIR = N_("how alike both are: no site in front that both have; others are in the file")


class SynchronyView(Vertical):
    """As many homologous pairs side by side as there is room for, a row for each band."""

    def __init__(self, patch: Patch) -> None:
        super().__init__()
        self._table = Line(patch, id="synchrony")
        self._note = Line(patch, id="note")

    def compose(self) -> ComposeResult:
        """The table, and below it how to read it."""
        yield self._table
        yield self._note

    def on_mount(self) -> None:
        """Say that values will come."""
        self.forget()

    def forget(self) -> None:
        """Take the values away: no newer ones come."""
        self._table.show(_(NO_VALUE))
        self._note.show("")

    def show(self, measures: Measures, end_age_s: float | None) -> None:
        """Show the measures between the two, whose windows end `end_age_s` ago."""
        both = [value for value in measures.values if value.who == "both" and value.kind in KINDS]
        frontal = [v for v in both if v.where in PAIRS and v.band in BANDS]
        if not frontal:
            self._table.show(_(NO_PAIR if both else NO_VALUE))
            self._note.show("")
            return
        pairs = sorted({value.where for value in frontal}, key=PAIRS.index)
        shown = pairs[: max(1, self.size.width // BLOCK_WIDTH)]
        width = max(BLOCK_WIDTH, self.size.width // len(shown))
        lines = [_heading(shown, end_age_s, width)]
        lines += [_band_row(frontal, shown, band, width) for band in BANDS]
        self._table.show(*_joined(lines))
        self._note.show((_note(frontal, measures.measured_s), QUIET))


def _heading(pairs: Sequence[str], end_age_s: float | None, width: int) -> list[Part]:
    """The pairs, the measures, and how long ago their windows end."""
    names = "".join(_(name).ljust(CELL_WIDTH) for name in KINDS.values())
    age_s = max(0.0, end_age_s or 0.0)
    age = "" if end_age_s is None else _("until {n:.0f} s ago").format(n=age_s)
    return [((pair.ljust(BAND_WIDTH) + names + age).ljust(width), QUIET) for pair in pairs]


def _band_row(values: Sequence[Measure], pairs: Sequence[str], band: str, width: int) -> list[Part]:
    parts: list[Part] = []
    for pair in pairs:
        cells = {v.kind: v for v in values if v.where == pair and v.band == band}
        parts += _block(band, cells, width)
    return parts


def _block(band: str, cells: dict[str, Measure], width: int) -> list[Part]:
    """One band of one pair: the values, then what they stand on."""
    numbers = "".join(_cell(cells.get(kind)).ljust(CELL_WIDTH) for kind in KINDS)
    rest = width - BAND_WIDTH - len(numbers)
    found = basis(next(iter(cells.values()))) if cells else ""
    words = found if len(found) < rest else found[: rest - 2] + "…"
    return [band.ljust(BAND_WIDTH), (numbers, PLAIN), (words.ljust(rest), QUIET)]


def _cell(measure: Measure | None) -> str:
    if measure is None or measure.value is None:
        return number(None, 2)
    if measure.percentile is None:
        return "?"
    return _("{n:.0f} of 100").format(n=measure.percentile)


def _note(values: Sequence[Measure], measured_s: float) -> str:
    there = [v for v in values if v.value is not None]
    if any(v.percentile is None for v in there):
        return chance_note(measured_s / 60)
    return _(NOTE) if there else ""


def _joined(lines: Sequence[Sequence[Part]]) -> list[Part]:
    """The parts of all lines, with line breaks between."""
    return [part for line in lines for part in (*line, "\n")][:-1]
