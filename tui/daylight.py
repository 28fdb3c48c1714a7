"""The light theme: the colours of the night, as dark, where they stand on something light."""

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter
from textual.theme import Theme

from tui.signs import BAD, DOUBT, PLAIN, QUIET, WARN, WELL

LINE = "#a8c8e8"  # of the traces, in the style sheet
# The same hues, dark enough for a contrast of 4.5 on what is light here.
BY_DAY = {
    PLAIN: "#1b2228",
    QUIET: "#4f5b66",
    WELL: "#00644b",
    DOUBT: "#6b5c00",
    WARN: "#7d4a00",
    BAD: "#a83200",
    LINE: "#1f5a8a",
}
DAY = Theme(
    name="day",
    primary="#1f5a8a",
    success=BY_DAY[WELL],
    warning=BY_DAY[WARN],
    error=BY_DAY[BAD],
    foreground=BY_DAY[PLAIN],
    background="#f7f9fa",
    surface="#e9eef2",
    panel="#dfe6ec",
    dark=False,
    variables={
        "quiet": BY_DAY[QUIET],
        "footer-background": "#dfe6ec",
        "footer-key-foreground": BY_DAY[PLAIN],
    },
)
LIGHT = 0.6  # of the brightest


class Daylight(LineFilter):
    """Textual's last step before the terminal, and the widgets' own (tui/widgets/line.py)."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same text, readable on what is light."""
        return [
            Segment(text, _by_day(style, background) if style else style, control)
            for text, style, control in segments
        ]


def _by_day(style: Style, background: Color) -> Style:
    if style.color is None or style.color.triplet is None:
        return style
    behind = Color.from_rich_color(style.bgcolor) if style.bgcolor else background
    dark = BY_DAY.get(style.color.triplet.hex)
    if dark is None or behind.brightness < LIGHT:
        return style
    return style + Style(color=dark)
