import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.emulated.faults import FaultType, ScriptedFault, parse_fault


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("10:lose:3", ScriptedFault(10.0, FaultType.LOSE, 3)),
        ("0:late:2", ScriptedFault(0.0, FaultType.LATE, 2)),
        ("5.5:duplicate", ScriptedFault(5.5, FaultType.DUPLICATE)),
        ("1:drop:33", ScriptedFault(1.0, FaultType.DROP, 33)),
        ("1:flip:1", ScriptedFault(1.0, FaultType.FLIP, 1)),
        ("7:burst:60", ScriptedFault(7.0, FaultType.BURST, 60)),
        ("7:burst:0", ScriptedFault(7.0, FaultType.BURST, 0)),
        ("8:stall:0.7", ScriptedFault(8.0, FaultType.STALL, 0.7)),
        ("8:unplug:4", ScriptedFault(8.0, FaultType.UNPLUG, 4)),
        ("1e2:reset:2.5", ScriptedFault(100.0, FaultType.RESET, 2.5)),
        ("3:stranger:1", ScriptedFault(3.0, FaultType.STRANGER, 1)),
        ("3:stranger:0", ScriptedFault(3.0, FaultType.STRANGER, 0)),
        ("3:rush:10", ScriptedFault(3.0, FaultType.RUSH, 10)),
        ("3:babble:0.5", ScriptedFault(3.0, FaultType.BABBLE, 0.5)),
    ],
)
def test_a_fault_is_read_as_written(text: str, fault: ScriptedFault) -> None:
    assert parse_fault(text) == fault


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "write AT_S:KIND"),
        ("10", "write AT_S:KIND"),
        ("lose:3", "write AT_S:KIND"),
        ("10:explode:3", "one of lose, late, duplicate, drop, flip, burst, stall, unplug, reset"),
        ("10:lose:3:4", "write AT_S:KIND"),
        ("10:lose:", "write AT_S:KIND"),
        ("10:lose", "lose needs an amount"),
        ("10:duplicate:2", "duplicate takes no amount"),
        ("soon:lose:2", "could not convert"),
        ("-1:lose:2", "not negative"),
        ("1:stall:-2", "not negative"),
        ("nan:lose:2", "are numbers"),
        ("1:stall:inf", "are numbers"),
        ("1:lose:0", "whole number"),
        ("1:late:1.5", "whole number"),
        ("1:drop:34", "33 bytes"),
        ("1:flip:34", "33 bytes"),
        ("1:stranger:101", "0 to 100 per cent"),
        ("1:rush:0.5", "1 to 100"),
    ],
)
def test_a_bad_fault_is_refused_in_one_line_that_quotes_it(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as caught:
        parse_fault(text)
    assert repr(text) in str(caught.value)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=20))
def test_any_text_is_a_fault_or_a_value_error(text: str) -> None:
    try:
        fault = parse_fault(text)
    except ValueError:
        return
    assert fault.at_s >= 0
