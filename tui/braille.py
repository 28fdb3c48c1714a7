"""Lines out of braille characters: two dots wide, four dots high, 2x4 dots a cell.

    bit of a column's mask      0 (top)  1     2     3
    left dot of U+2800+n        0x01     0x02  0x04  0x40
    right dot of U+2800+n       0x08     0x10  0x20  0x80

A column's mask has one bit per dot over all rows, bit 0 at the top; row r of the text is bits
4r to 4r+3. A cell without dots is a space: many fonts draw U+2800 as eight hollow rings.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import repeat

DOTS_PER_ROW = 4
COLUMNS_PER_CELL = 2

# Lowest and highest.
Span = tuple[float, float]

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
    [mask] = joined_masks([None, (low, high)], scale=scale, dots=dots)
    return mask


def joined_masks(spans: Sequence[Span | None], *, scale: float, dots: int) -> list[int]:
    """The dots of every column but the first, each stretched to touch the one before it.

    This is where most of a frame's time goes: one plain loop.
    """
    per_unit, bottom_dot = dots / (2 * scale), dots - 1
    masks = []
    before = spans[0]
    for span in spans[1:]:
        if span is None:
            masks.append(0)
        else:
            low, high = span
            if before is not None:
                low = before[1] if before[1] < low else low
                high = before[0] if before[0] > high else high
            top = int((scale - high) * per_unit)
            bottom = int((scale - low) * per_unit)
            if not 0 <= top <= bottom <= bottom_dot:
                top = min(max(top, 0), bottom_dot)
                bottom = min(max(bottom, 0), bottom_dot)
            masks.append((2 << bottom) - (1 << top))
        before = span
    return masks


def rows(masks: Sequence[int], height: int) -> list[tuple[str, ...]]:
    """A whole picture: `height` rows of len(masks) / 2 characters, top first."""
    upright = map(_characters, masks[::2], masks[1::2], repeat(height))
    return list(zip(*upright, strict=True))


@lru_cache(maxsize=8192)  # the dots of one channel's column are unbroken: there are not many pairs
def _characters(left: int, right: int, height: int) -> tuple[str, ...]:
    """What stands in two neighbouring columns, top first."""
    shifts = range(0, DOTS_PER_ROW * height, DOTS_PER_ROW)
    return tuple([_CELLS[_LEFT[left >> n & 15] | _RIGHT[right >> n & 15]] for n in shifts])
