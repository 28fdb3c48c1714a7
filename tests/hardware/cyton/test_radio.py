"""A dongle's channel is asked, planned, changed and found, against emulated dongles."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.board_fault import BoardFault, FaultKind
from hardware.cyton.radio import CHANNELS, Radio, RadioLine, plan, ward_plan
from hardware.emulated.cyton import Behaviour, FirstState
from hardware.emulated.releases import Version
from tests.hardware.cyton.virtual_line import PORT, VirtualLine

MOVES_BOTH, MOVES_DONGLE = b"\xf0\x01", b"\xf0\x02"


def dongle(first_state: FirstState = FirstState.READY, **behaviour: Version) -> RadioLine:
    line = VirtualLine(Behaviour(first_state=first_state, **behaviour))  # type: ignore[arg-type]
    return RadioLine(line, PORT, line.monotonic_ns)


@pytest.mark.parametrize(
    ("first_state", "told"),
    [
        (FirstState.READY, Radio(7, hears_board=True)),
        (FirstState.STREAMING, Radio(7, hears_board=True)),
        (FirstState.OFF, Radio(7, hears_board=False)),
        (FirstState.OTHER_CHANNEL, Radio(10, hears_board=False)),
    ],
)
def test_a_dongle_tells_its_channel_and_whether_a_board_is_there(
    first_state: FirstState, told: Radio
) -> None:
    assert dongle(first_state).look() == told


@pytest.mark.parametrize("channel", [0, 10, 13, 25])
def test_a_board_comes_along_to_another_channel_and_is_usable_there(channel: int) -> None:
    line = VirtualLine()
    radio = RadioLine(line, PORT, line.monotonic_ns)
    radio.require_one_board()
    radio.move(channel)
    assert radio.look() == Radio(channel, hears_board=True)
    assert line.bench().radio_channel() == channel


def test_a_board_that_does_not_come_along_is_told_with_where_the_dongle_is() -> None:
    with pytest.raises(BoardFault, match="did not come along; its dongle is on channel 7") as told:
        dongle(FirstState.OFF).move(12)
    assert told.value.kind is FaultKind.OFF


def test_a_yes_that_is_none_is_not_believed() -> None:
    line = VirtualLine()
    line.replies[MOVES_BOTH + b"\x0c"] = [b"Success: Host and Device on Channel number: 12\x0c$$$"]
    with pytest.raises(BoardFault, match="its dongle is on channel 7"):
        RadioLine(line, PORT, line.monotonic_ns).move(12)


@pytest.mark.parametrize(
    ("first_state", "kind"),
    [(FirstState.OFF, FaultKind.OFF), (FirstState.SHARED_CHANNEL, FaultKind.CROWDED)],
)
def test_none_or_two_boards_are_not_moved(first_state: FirstState, kind: FaultKind) -> None:
    with pytest.raises(BoardFault) as told:
        dongle(first_state).require_one_board()
    assert told.value.kind is kind


def test_a_board_on_another_channel_is_found_and_brought_back() -> None:
    radio = dongle(FirstState.OTHER_CHANNEL)
    done: list[tuple[int, int]] = []
    assert radio.find(lambda *at: done.append(at)) == 7
    assert done[-1] == (7, 26)
    radio.require_one_board()
    radio.move(20)
    assert radio.look() == Radio(20, hears_board=True)


def test_where_no_board_is_the_dongle_goes_back_to_its_channel() -> None:
    radio = dongle(FirstState.OFF)
    with pytest.raises(BoardFault, match="on any of the 26 channels"):
        radio.find()
    assert radio.look() == Radio(7, hears_board=False)


def test_a_dongle_that_knows_no_channels_says_nothing_and_is_not_moved() -> None:
    radio = dongle(firmware=Version.V1)
    assert radio.look() == Radio(None, hears_board=False)
    with pytest.raises(BoardFault, match="firmware is too old"):
        radio.move(12)


@given(st.dictionaries(st.text(), st.none() | st.integers(0, 25), max_size=26))
def test_the_plan_has_no_two_on_one_channel_and_moves_as_few_as_it_can(
    channels: dict[str, int | None],
) -> None:
    planned = plan(channels)
    known = {name for name, channel in channels.items() if channel is not None}
    assert planned.keys() == known
    assert len(set(planned.values())) == len(planned)
    assert set(planned.values()) <= set(CHANNELS)
    stay = [name for name in known if planned[name] == channels[name]]
    assert len(stay) == len({channels[name] for name in known})


def test_one_that_moves_goes_as_far_as_it_can() -> None:
    assert plan({"a": 7, "b": 7}) == {"a": 7, "b": 25}
    assert plan({"a": 0, "b": 25, "c": 0}) == {"a": 0, "b": 25, "c": 12}


@pytest.mark.parametrize("boxes", [1, 2, 7, 10, 13])
def test_a_ward_has_a_channel_for_every_board(boxes: int) -> None:
    planned = ward_plan(boxes)
    channels = [channel for pair in planned for channel in pair]
    assert len(set(channels)) == 2 * boxes
    assert set(channels) <= set(CHANNELS)
    assert all(abs(patient - therapist) == 13 for patient, therapist in planned)
    for one, other in pairwise(planned):
        assert min(abs(a - b) for a in one for b in other) > 1


@pytest.mark.parametrize("boxes", [0, -1, 14])
def test_more_boxes_than_channels_are_refused(boxes: int) -> None:
    with pytest.raises(ValueError, match="1 to 13 boxes"):
        ward_plan(boxes)
