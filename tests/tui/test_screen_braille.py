"""Braille masks and cells, dot by dot."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui.braille import column_mask, joined_masks, rows

# The dots of U+2800+n by (column, row), from the Unicode code chart.
DOT_BITS = {
    (0, 0): 0x01,
    (0, 1): 0x02,
    (0, 2): 0x04,
    (0, 3): 0x40,
    (1, 0): 0x08,
    (1, 1): 0x10,
    (1, 2): 0x20,
    (1, 3): 0x80,
}


def has_dot(character: str, column: int, row: int) -> bool:
    return character != " " and bool((ord(character) - 0x2800) & DOT_BITS[column, row])


@pytest.mark.parametrize(
    ("low", "high", "mask"),
    [
        (50.0, 50.0, 0b0000_0001),
        (-50.0, -50.0, 0b1000_0000),
        (0.0, 0.0, 0b0001_0000),
        (-50.0, 50.0, 0b1111_1111),
        (0.0, 24.9, 0b0001_1100),
        (60.0, 900.0, 0b0000_0001),
        (-900.0, -60.0, 0b1000_0000),
        (-900.0, 900.0, 0b1111_1111),
    ],
)
def test_a_column_covers_the_dots_between_its_extremes(low: float, high: float, mask: int) -> None:
    assert column_mask(low, high, scale=50.0, dots=8) == mask


def test_a_column_reaches_to_the_one_before_it_and_no_further() -> None:
    spans = [(1.0, 2.0), (5.0, 6.0), None, (-8.0, -7.0), (-7.5, 0.0)]

    joined = joined_masks(spans, scale=8.0, dots=16)

    alone = [(2.0, 6.0), (-8.0, -7.0), (-7.5, 0.0)]
    first, second, third = (column_mask(*span, scale=8.0, dots=16) for span in alone)
    assert joined == [first, 0, second, third]


def test_each_dot_of_a_cell_is_where_unicode_puts_it() -> None:
    assert rows([0b0001, 0], 1) == [("⠁",)]
    assert rows([0b1000, 0], 1) == [("⡀",)]
    assert rows([0, 0b0001], 1) == [("⠈",)]
    assert rows([0, 0b1000], 1) == [("⢀",)]
    assert rows([0b1111, 0b1111], 1) == [("⣿",)]
    assert rows([0b1111_0000, 0], 1) == [(" ",)]
    assert rows([0b1111_0000, 0], 2) == [(" ",), ("⡇",)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4095), st.integers(0, 4095)), min_size=1, max_size=20))
def test_every_dot_of_every_mask_is_drawn_and_no_other(pairs: list[tuple[int, int]]) -> None:
    picture = rows([mask for pair in pairs for mask in pair], 3)

    for place, pair in enumerate(pairs):
        for column, mask in enumerate(pair):
            drawn = [has_dot(picture[dot // 4][place], column, dot % 4) for dot in range(12)]
            assert drawn == [bool(mask >> dot & 1) for dot in range(12)]


@settings(max_examples=60, deadline=None)
@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.sampled_from([10.0, 50.0, 5000.0]))
def test_a_column_is_one_unbroken_bar(one: float, other: float, scale: float) -> None:
    mask = column_mask(min(one, other), max(one, other), scale=scale, dots=12)

    assert 0 < mask < 1 << 12
    assert "01" not in bin(mask)[2:].rstrip("0")
