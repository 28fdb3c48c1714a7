from recorder.periods import Period

SECOND_NS = 1_000_000_000


def test_it_is_due_at_once_and_then_once_a_period() -> None:
    period = Period(0.8)
    due = [period.due(tick * SECOND_NS // 20) for tick in range(100)]
    assert [tick for tick, one in enumerate(due) if one] == [0, 16, 32, 48, 64, 80, 96]


def test_what_was_missed_is_not_made_up_for() -> None:
    period = Period(1.0)
    assert period.due(5 * SECOND_NS)
    assert period.due(60 * SECOND_NS)
    assert not period.due(60 * SECOND_NS + 1)
    assert not period.due(61 * SECOND_NS - 1)
    assert period.due(61 * SECOND_NS)
