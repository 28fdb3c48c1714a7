from contextlib import suppress

import numpy as np
import pytest

from recorder.companions.external import FIRST_ID, SERIES_LIMIT, ExternalSeries, TooMany
from recorder.store.rows import MeasureRows, Row, SeriesRow

S = 1_000_000_000


def values_of(rows: list[Row]) -> list[tuple[int, int, float]]:
    return [
        (row.t_ns, int(row.series[0]), float(row.value[0]))
        for row in rows
        if isinstance(row, MeasureRows)
    ]


def definitions_of(rows: list[Row]) -> list[SeriesRow]:
    return [row for row in rows if isinstance(row, SeriesRow)]


def test_the_first_value_brings_the_definition_and_later_ones_do_not() -> None:
    external = ExternalSeries()
    first, later = (external.rows(t * S, "heart rate", "bpm", 60.0 + t) for t in (1, 2))
    [definition] = definitions_of(first)
    assert (definition.id, definition.name) == (FIRST_ID, "heart rate")
    assert definition.formula == "as received, in bpm"
    assert values_of(first) == [(S, FIRST_ID, 61.0)]
    assert not definitions_of(later)
    assert values_of(later) == [(2 * S, FIRST_ID, 62.0)]


def test_nothing_is_claimed_about_how_clean_a_value_is() -> None:
    rows = ExternalSeries().rows(S, "slider", "", 0.5)
    [value] = [row for row in rows if isinstance(row, MeasureRows)]
    assert np.isnan(value.clean).all()
    assert np.isnan(value.percentile).all()


def test_the_same_name_in_another_unit_is_another_series() -> None:
    external = ExternalSeries(first_id=FIRST_ID + 5)
    ids = [external.rows(S, "t", unit, 1.0)[0] for unit in ("C", "F")]
    assert [row.id for row in ids if isinstance(row, SeriesRow)] == [FIRST_ID + 5, FIRST_ID + 6]


def test_25_values_a_second_are_taken_for_ever_and_100_are_not() -> None:
    external = ExternalSeries()
    for number in range(25 * 60):
        assert external.rows(S + number * S // 25, "slow", "", 1.0)
    taken = 0
    for number in range(1000):
        with suppress(TooMany):
            taken += len(values_of(external.rows(S + number * S // 100, "fast", "", 1.0)))
    assert taken == pytest.approx(25 + 25 * 10, abs=2)


def test_a_burst_from_the_past_earns_no_new_room() -> None:
    external = ExternalSeries()
    for _ in range(25):
        external.rows(10 * S, "x", "", 1.0)
    with pytest.raises(TooMany):
        external.rows(5 * S, "x", "", 1.0)


def test_a_session_takes_so_many_series_and_no_more() -> None:
    external = ExternalSeries()
    for number in range(SERIES_LIMIT):
        external.rows(S, f"series {number}", "", 0.0)
    with pytest.raises(TooMany, match="64 external series"):
        external.rows(S, "one more", "", 0.0)
