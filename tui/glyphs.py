"""Signs that the terminal has: what its font or its encoding lacks is drawn by others.

The Linux console has a font of 256 or 512 glyphs. Of the 456 that Debian ships none has braille;
the kernel's own, which a box without console-setup has, is that of the first PCs: it has no ●, −, ¯
or heavy lines, and draws ■ for each. What is there in all of them are ─ │ ┌ ┐ └ ┘ █ ░ ▒ ■ ▲ • · °
and the letters. A terminal that is not UTF-8 has ASCII.

Every sign becomes one other sign, so that nothing moves. A cell of braille becomes a line at the
height where its dots are.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter
from textual.widget import Widget

Table = Mapping[int, str]

# Which dots of a cell, left and right, are in its four rows, top first.
_ROWS = (0x01 | 0x08, 0x02 | 0x10, 0x04 | 0x20, 0x40 | 0x80)


def _braille(top: str, middle: str, bottom: str, upright: str) -> dict[int, str]:
    """Of each cell of dots a line where they are; an upright one where they span the cell."""
    flat = {0b0001: top, 0b0010: middle, 0b0100: middle, 0b0110: middle, 0b1000: bottom}
    rows = (sum(1 << row for row, dots in enumerate(_ROWS) if n & dots) for n in range(256))
    return {0x2800 + n: flat.get(seen, upright) for n, seen in enumerate(rows) if n}


_SIGNS = {"●": "•", "◐": "▲", "✕": "x", "×": "x", "○": "°", "◌": "·", "▬": "─", "┊": "│"}
_SIGNS |= {"▌": "│", "▐": "│", "−": "-", "—": "-", "…": "~", "Ω": "O"}
_ENDS = "▁▂▃▄▅▆▇"  # of a scroll bar
_LINES = dict(zip("╭╮╰╯━┃╺╸╻╹┏┓┗┛┣┫┻┳╋", "┌┐└┘─│──││┌┐└┘├┤┴┬┼", strict=True))
_CONSOLE = _SIGNS | _LINES | dict.fromkeys(_ENDS, "▒")
CONSOLE: Final[Table] = str.maketrans(_CONSOLE) | _braille("'", "─", "_", "│")

_PLAIN = {"●": "*", "▲": "!", "■": "#", "×": "x", "…": "~", "—": "-", "−": "-", "±": "~"}
_PLAIN |= {"µ": "u", "·": ".", "°": "'", "•": "*", "◐": "!", "✕": "x", "○": "o", "◌": ".", "Ω": "O"}
_PLAIN |= {"\xa0": " ", "▬": "-", "█": "#", "░": ".", "▒": ":", "´": "'"}
_PLAIN |= dict.fromkeys(_ENDS, ":") | dict.fromkeys("┊│┃╻╹▌▐", "|") | dict.fromkeys("─━╺╸", "-")
_PLAIN |= dict.fromkeys("┌┐└┘╭╮╰╯┏┓┗┛├┤┼┣┫┻┳╋", "+")
ASCII: Final[Table] = str.maketrans(_PLAIN) | _braille("'", "-", "_", "|")


def table_for(environ: Mapping[str, str], encoding: str | None) -> Table | None:
    """What to draw by other signs on this terminal; None where it has all of them."""
    if "utf" not in (encoding or "").lower():
        return ASCII
    return CONSOLE if environ.get("TERM", "").startswith("linux") else None


class OtherSigns(LineFilter):
    """Textual's last step before the terminal, for widgets that do not draw their own lines."""

    def __init__(self, table: Table) -> None:
        super().__init__()
        self._table = table

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """The same text by other signs."""
        return [
            Segment(text.translate(self._table), style, control)
            for text, style, control in segments
        ]


def drawn(widget: Widget, segments: Iterable[Segment]) -> list[Segment]:
    """The segments of a widget that draws its own lines, by the signs that this terminal has."""
    own = list(segments)
    for line_filter in widget.get_line_filters():
        if isinstance(line_filter, OtherSigns):
            own = line_filter.apply(own, Color(0, 0, 0))
    return own


def has_other_signs(widget: Widget) -> bool:
    """Whether this terminal lacks some of the signs."""
    return any(isinstance(it, OtherSigns) for it in widget.get_line_filters())
