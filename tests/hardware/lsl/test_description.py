"""A stream is named, told apart from others, and read for its channels."""

from types import SimpleNamespace

import pytest

from hardware.board_fault import BoardFault, FaultKind
from hardware.lsl.description import Channel, StreamDescription, describe, only_one, predicate
from tests.hardware.lsl.bench import described, lsl


def stream(*channels: Channel) -> StreamDescription:
    return StreamDescription("name", "source", "", 250.0, channels)


def labelled(*labels: str) -> StreamDescription:
    return stream(*(Channel(label, "uV", "") for label in labels))


# --- its name -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("obci", "(name='obci' or source_id='obci')"),
        ("name=obci", "name='obci'"),
        ("source_id=a=b", "source_id='a=b'"),
        ("x=y", "(name='x=y' or source_id='x=y')"),
        ("Clara's", '(name="Clara\'s" or source_id="Clara\'s")'),
        ("type=EEG", "type='EEG' and not(starts-with(source_id,'antiphon-'))"),
    ],
)
def test_a_name_becomes_a_search(name: str, expected: str) -> None:
    assert predicate(name) == expected


@pytest.mark.parametrize("name", ["", "type=", "both ' and \""])
def test_what_cannot_be_searched_for_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="stream"):
        predicate(name)


def test_of_two_streams_none_is_taken() -> None:
    found = [SimpleNamespace(source_id=lambda: "left"), SimpleNamespace(source_id=lambda: "right")]
    with pytest.raises(BoardFault, match=r"2 streams.*source_id=left, source_id=right") as caught:
        only_one(found, "type=EEG")
    assert caught.value.kind is FaultKind.REFUSED
    assert only_one(found[:1], "type=EEG") is found[0]


# --- its channels -------------------------------------------------------------------------------


def test_channels_are_picked_by_label_in_the_wanted_order() -> None:
    assert labelled("Fz", "F4", "O1", "f3").pick(("F3", "F4")) == (3, 1)


def test_a_stream_that_knows_no_wanted_label_gives_its_first_channels() -> None:
    assert labelled("1", "2", "3").pick(("F3", "F4")) == (0, 1)
    assert labelled("", "").pick(("F3", "F4", "Fz")) == (0, 1)


def test_a_label_that_is_missing_among_known_ones_is_told() -> None:
    with pytest.raises(ValueError, match="no channel F4, Cz; it has F3, Fz"):
        labelled("F3", "Fz").pick(("F3", "F4", "Cz"))


def test_in_turn_only_eeg_is_taken_where_types_are_known() -> None:
    mixed = stream(
        Channel("", "none", "counter"), Channel("", "uV", "EEG"), Channel("", "uV", "eeg")
    )
    assert mixed.pick(()) == (1, 2)
    assert mixed.pick(("F3",)) == (1,)
    assert labelled("a", "b").pick(()) == (0, 1)


@pytest.mark.parametrize(
    ("unit", "uv"),
    [("", 1), ("microvolts", 1), ("uV", 1), ("µV", 1), ("μV", 1), ("-6", 1), ("mV", 1e3),
     ("Volts", 1e6), ("0", 1e6), ("nV", 1e-3)],
)  # fmt: skip
def test_units_become_microvolts(unit: str, uv: float) -> None:
    assert Channel("F3", unit, "").uv_per_unit == uv


@pytest.mark.parametrize("unit", ["counts", "none", "g"])
def test_what_is_not_a_voltage_is_refused(unit: str) -> None:
    with pytest.raises(ValueError, match=f"F3 is in '{unit}'"):
        _ = Channel("F3", unit, "").uv_per_unit


# --- its description ----------------------------------------------------------------------------


def test_a_description_is_read() -> None:
    info = lsl().StreamInfo("amp", "EEG", 2, 500.0, "float32", "sn1")
    described(info, ["F3 ", "F4"], "mV", ["EEG", "EEG"])
    made = info.desc().append_child("acquisition")
    made.append_child_value("manufacturer", "Acme")
    made.append_child_value("model", "One")
    assert describe(info) == StreamDescription(
        "amp", "sn1", "Acme One", 500.0, (Channel("F3", "mV", "EEG"), Channel("F4", "mV", "EEG"))
    )


@pytest.mark.parametrize("labels", [[], ["F3"], ["F3", "F4", "Fz"]])
def test_a_description_that_does_not_fit_is_made_to(labels: list[str]) -> None:
    info = described(lsl().StreamInfo("amp", "EEG", 2, 500.0, "float32", "sn2"), labels)
    said = [channel.label for channel in describe(info).channels]
    assert said == [*labels, "", ""][:2]


def test_a_description_in_latin_1_is_read() -> None:
    pylsl = lsl()
    info = pylsl.StreamInfo("amp", "EEG", 1, 250.0, "float32", "amp-latin-1")
    channel = info.desc().append_child("channels").append_child("channel")
    for field, octets in ((b"label", b"Fz"), (b"unit", b"\xb5V"), (b"type", b"gr\xf6\xdfer")):
        pylsl.lib.lib.lsl_append_child_value(channel.e, field, octets)
    [said] = describe(info).channels
    assert (said, said.uv_per_unit) == (Channel("Fz", "\u00b5V", "gr\u00f6\u00dfer"), 1.0)
