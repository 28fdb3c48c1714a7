import pytest

from recorder.beside.trigger_rates import KEPT, TriggerRates
from recorder.store.rows import EdgeRow, EventRow, Row

S = 1_000_000_000


def pulses(source: str, *at_s: float) -> list[Row]:
    return [
        EdgeRow(source, 2 * n + level, round(t * S) + level, level)
        for n, t in enumerate(at_s)
        for level in (1, 0)
    ]


def test_each_path_has_its_own_rate_over_ten_seconds() -> None:
    rates = TriggerRates()
    rates.see(pulses("trigger", *range(20)))
    rates.see(pulses("patient D11", 18.5, 19.0))
    assert rates.rates_hz(round(19.5 * S)) == {"trigger": 1.0, "patient D11": 0.2}


def test_a_steady_trigger_that_stops_is_told_with_the_time() -> None:
    rates = TriggerRates()
    rates.see(pulses("trigger", *range(10)))
    assert rates.stopped(13 * S) == {}
    assert rates.stopped(16 * S) == {"trigger": pytest.approx(7.0)}


def test_two_pulses_are_no_steady_trigger_and_events_are_no_pulses() -> None:
    rates = TriggerRates()
    rates.see([*pulses("trigger", 1.0, 2.0), EventRow(3 * S, "trigger", "gone")])
    assert rates.stopped(60 * S) == {}


def test_memory_is_bounded() -> None:
    rates = TriggerRates()
    rates.see(pulses("strobe", *(n / 60 for n in range(3 * KEPT))))
    assert rates.rates_hz(round(3 * KEPT / 60 * S)) == {"strobe": pytest.approx(60.0, abs=0.2)}
    assert len(rates._rises["strobe"]) == KEPT
