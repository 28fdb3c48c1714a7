"""Lines out of braille characters: two dots wide, four dots high, 2x4 dots a cell.

    bit of a column's mask      0 (top)  1     2     3
    left dot of U+2800+n        0x01     0x02  0x04  0x40
    right dot of U+2800+n       0x08     0x10  0x20  0x80

A column's mask has one bit per dot over all rows, bit 0 at the top; row r of the text is bits
4r to 4r+3. A cell without dots is a space: many fonts draw U+2800 as eight hollow rings.
"""

from collections.abc import Sequence

DOTS_PER_ROW = 4
COLUMNS_PER_CELL = 2

_LEFT_DOTS = (0x01, 0x02, 0x04, 0x40)
_RIGHT_DOTS = (0x08, 0x10, 0x20, 0x80)


def _nibble_dots(dots: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sum(dot for bit, dot in enumerate(dots) if n >> bit & 1) for n in range(16))


_LEFT = _nibble_dots(_LEFT_DOTS)
_RIGHT = _nibble_dots(_RIGHT_DOTS)
_CELLS = (" ", *(chr(0x2800 + n) for n in range(1, 256)))


def column_mask(low: float, high: float, *, scale: float, dots: int) -> int:
    """The dots from `low` to `high` in a column of `dots` that spans -scale to +scale.

    What lies beyond the scale is drawn at its edge. `low` <= `high`, same unit as `scale`.
    """
    per_unit = dots / (2 * scale)
    top = min(dots - 1, max(0, int((scale - high) * per_unit)))
    bottom = min(dots - 1, max(0, int((scale - low) * per_unit)))
    return (2 << bottom) - (1 << top)


def cell(left: int, right: int, row: int) -> str:
    """The character at text row `row` of two neighbouring columns' masks."""
    shift = DOTS_PER_ROW * row
    return _CELLS[_LEFT[left >> shift & 15] | _RIGHT[right >> shift & 15]]


def rows(masks: Sequence[int], height: int) -> list[str]:
    """A whole picture: `height` strings of len(masks) / 2 characters, top first."""
    pairs = list(zip(masks[::2], masks[1::2], strict=True))
    return ["".join(cell(left, right, row) for left, right in pairs) for row in range(height)]
