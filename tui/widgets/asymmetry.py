"""Frontal asymmetry of one person: the value, what it stands on, and its last minutes."""

from collections.abc import Sequence

from recorder.messages import Measure
from tui import braille
from tui.history import KEPT_S, History, Span
from tui.signs import PLAIN, QUIET
from tui.widgets.line import Line, Part
from tui.wording import share, signed, why_missing

# ln(right) - ln(left) of almost everyone lies within this.
SCALE = 1.0
ROWS = 2
TEXT_WIDTH = 19
NAMES = (f"{KEPT_S / 60:.0f} min ", f"   ±{SCALE:.0f} ")


class AsymmetryView(Line):
    """Two rows for each channel pair; the strip rises above its middle where right is larger."""

    def __init__(self, role: str) -> None:
        super().__init__()
        self._role = role
        self._histories: dict[str, History] = {}

    def on_mount(self) -> None:
        """Say that a value will come."""
        self.forget()

    def forget(self) -> None:
        """Take the values away: no newer ones come."""
        self.show("FAA —\nno value now")

    def show_measures(self, t_s: float, values: Sequence[Measure]) -> None:
        """Show this person's FAA among `values`, over a window that ends at `t_s`."""
        own = [value for value in values if value.kind == "faa" and value.who == self._role]
        parts: list[Part] = []
        for value in own:
            history = self._histories.setdefault(value.where, History())
            history.add(t_s, value.value)
            parts += self._rows(value, history)
        if parts:
            self.show(*parts[:-1])

    def _rows(self, measure: Measure, history: History) -> list[Part]:
        cells = max(1, self.size.width - TEXT_WIDTH - len(NAMES[0]))
        strip = _strip(history.spans(braille.COLUMNS_PER_CELL * cells))
        value = f"FAA {measure.where[:9]} ".ljust(TEXT_WIDTH - 6)
        basis = f"{measure.window_s:.0f} s, {share(measure.clean_share)} clean"
        if measure.value is None:
            basis = why_missing(measure)
        return [
            value,
            (signed(measure.value).rjust(5) + " ", f"bold {PLAIN}"),
            (NAMES[0] + strip[0] + "\n", QUIET),
            (basis.ljust(TEXT_WIDTH) + NAMES[1] + strip[1], QUIET),
            "\n",
        ]


def _strip(spans: Sequence[Span | None]) -> list[str]:
    """Bars from zero, so that the side can be seen without a colour."""
    dots = braille.DOTS_PER_ROW * ROWS
    masks = [0 if span is None else _bar(span, dots) for span in spans]
    return braille.rows(masks, ROWS)


def _bar(span: Span, dots: int) -> int:
    return braille.column_mask(min(0.0, span[0]), max(0.0, span[1]), scale=SCALE, dots=dots)
