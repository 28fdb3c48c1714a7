from dataclasses import replace

import msgspec
import numpy as np
import pytest

from hardware.board import (
    MISSING_COUNT,
    Block,
    BoardState,
    FaultKind,
    Shortcoming,
    StateChange,
)
from recorder.settings.board import DEFAULT_CHANNELS, BoardSettings
from recorder.wearers.wearer import Wearer
from recorder.wire.messages import Alarm
from tests.recorder.scripted_board import INFO, Air, Clock, ScriptedBoard, eeg
from tests.recorder.session_files import START_NS

SECOND_NS = 1_000_000_000


def worn(board: ScriptedBoard, person: BoardSettings | None = None) -> Wearer:
    return Wearer("patient", person or BoardSettings(port="/dev/ttyUSB0"), board, mains_hz=50.0)


def test_nothing_is_known_of_a_board_that_was_never_open() -> None:
    wearer = worn(ScriptedBoard(Clock(), known=False))
    assert wearer.poll() == []
    status = wearer.status(clean_share=None)
    assert (status.state, status.kind, status.port) == ("closed", "", "/dev/ttyUSB0")
    assert (status.nominal_rate_hz, status.rate_hz, status.sigma_ms) == (None, None, None)
    assert [contact.state for contact in status.contacts] == ["no data"] * 8


def test_the_lane_is_there_before_the_first_samples_are_taken() -> None:
    clock = Clock(START_NS + SECOND_NS)
    board = ScriptedBoard(clock, Air().stretch(START_NS, range(200)), known=False)
    wearer = worn(board)
    wearer.poll()
    assert wearer.lane is not None
    assert wearer.lane.ring.newest == 199


def test_the_fault_is_that_of_the_last_change() -> None:
    clock = Clock()
    board = ScriptedBoard(clock)
    board.plan_state(START_NS, BoardState.LOST, "put it back")
    board.plan_state(START_NS + SECOND_NS, BoardState.STREAMING)
    wearer = worn(board)
    [change] = wearer.poll()
    assert isinstance(change, StateChange)
    assert (wearer.fault, wearer.status(None).state) == ("put it back", "lost")
    assert list(wearer.alarms()) == [Alarm("board", "patient", detail="put it back")]
    clock.advance(1.0)
    wearer.poll()
    assert (wearer.fault, list(wearer.alarms())) == ("", [])


def test_what_a_board_cannot_do_is_an_alarm_for_as_long_as_it_is_there() -> None:
    short = (Shortcoming("firmware_old", "v2.0.0"), Shortcoming("inputs_unused", "4, 5"))
    wearer = worn(ScriptedBoard(Clock(), info=replace(INFO, shortcomings=short)))
    assert list(wearer.alarms()) == [
        Alarm("firmware_old", "patient", of="v2.0.0"),
        Alarm("inputs_unused", "patient", of="4, 5"),
    ]


def test_another_board_on_the_channel_is_an_alarm_unless_a_fault_says_so() -> None:
    clock = Clock()
    board = ScriptedBoard(clock)
    board.see(strangers=120, crowded=True)
    wearer = worn(board)
    crowded = Alarm("radio_crowded", "patient", numbers={"packets": 120.0})
    assert list(wearer.alarms()) == [crowded]
    board.plan_state(START_NS, BoardState.LOST, "two boards", FaultKind.CROWDED)
    wearer.poll()
    kinds = [wearer.fault_kind]
    assert list(wearer.alarms()) == [Alarm("board", "patient", detail="two boards")]
    clock.advance(1.0)
    board.plan_state(START_NS + SECOND_NS, BoardState.STREAMING)
    board.see(crowded=False)
    wearer.poll()
    assert [*kinds, wearer.fault_kind] == [FaultKind.CROWDED, None]
    assert list(wearer.alarms()) == []


def test_status_has_measured_figures_once_there_are_samples() -> None:
    clock = Clock()
    air = Air(eeg(1), rate_hz=250.4)
    board = ScriptedBoard(clock, air.stretch(START_NS, [*range(5000), *range(5010, 7500)]))
    board.plan_state(START_NS, BoardState.STREAMING)
    wearer = worn(board)
    clock.advance(31.0)
    wearer.poll()
    status = wearer.status(clean_share=0.93)
    assert (status.samples, status.lost, status.late) == (7490, 10, 0)
    assert status.rate_hz == pytest.approx(250.4, abs=0.05)
    assert (status.nominal_rate_hz, status.kind) == (250.0, "cyton")
    assert (status.clean_share, {contact.state for contact in status.contacts}) == (0.93, {"good"})
    assert all(contact.peak_to_peak_uv is not None for contact in status.contacts)


def test_contacts_of_a_board_that_does_not_stream_are_not_those_of_before() -> None:
    clock = Clock(START_NS + 10 * SECOND_NS)
    board = ScriptedBoard(clock, Air().stretch(START_NS, range(1000)))
    board.plan_state(START_NS + 5 * SECOND_NS, BoardState.STALLED, "no data")
    wearer = worn(board)
    wearer.poll()
    assert {contact.state for contact in wearer.contacts()} == {"no data"}


def test_what_makes_a_contact_noisy_is_said() -> None:
    clock = Clock(START_NS + 4 * SECOND_NS)

    def signal(t_s: np.ndarray) -> np.ndarray:
        uv = eeg(1)(t_s) + 400 * np.sin(2 * np.pi * 50 * t_s)[:, None]
        uv[:, 0] += 3000 * np.sin(2 * np.pi * 50 * t_s)
        uv[:, 1] += 300 * np.sin(2 * np.pi * 61 * t_s)
        return np.asarray(uv)

    board = ScriptedBoard(clock, Air(signal).stretch(START_NS, range(1000)))
    board.plan_state(START_NS, BoardState.STREAMING)
    wearer = worn(board)
    wearer.poll()
    said = {contact.label: (contact.state, contact.noise) for contact in wearer.contacts()}
    assert said["F3"] == ("noisy", "mains")
    assert said["F4"] == ("noisy", "muscle")
    assert {said[label] for label in ("Fz", "P3", "P4", "O1", "O2", "A2")} == {("good", "")}


def test_the_montage_is_cut_to_the_channels_of_the_board() -> None:
    person = BoardSettings(channels=(*DEFAULT_CHANNELS, "T7", "T8"))
    wearer = worn(ScriptedBoard(Clock(), known=False), person)
    assert len(wearer.montage.channels) == len(wearer.contacts()) == 10
    wearer.board.open()
    wearer.poll()
    assert wearer.lane is not None
    assert wearer.montage.channels == wearer.lane.labels == DEFAULT_CHANNELS
    assert [contact.label for contact in wearer.contacts()] == list(DEFAULT_CHANNELS)


def test_what_is_not_known_is_null() -> None:
    clock = Clock(START_NS + SECOND_NS)

    def dead(t_s: np.ndarray) -> np.ndarray:
        return np.full((len(t_s), 8), 1e9)

    board = ScriptedBoard(clock, Air(dead).stretch(START_NS, range(200)))
    board.plan_state(START_NS, BoardState.STREAMING)
    wearer = worn(board)
    wearer.poll()
    said = msgspec.json.decode(msgspec.json.encode(wearer.status(None)))
    assert {contact["state"] for contact in said["contacts"]} == {"railed"}
    assert {contact["mains_share"] for contact in said["contacts"]} == {None}
    assert said["nominal_rate_hz"] == INFO.rate_hz


def test_the_dongle_and_how_long_the_board_is_on_are_told_while_it_streams() -> None:
    clock = Clock(START_NS + SECOND_NS)
    known = replace(INFO, radio_channel=7, serial="DM01N5QX", aux_labels=("board_ms",))
    board = ScriptedBoard(clock, info=known)
    board.plan_state(START_NS, BoardState.STREAMING)
    ms = np.array([[3_600_000], [0], [3_600_008], [MISSING_COUNT]], np.int32)
    counts, arrival_ns = np.zeros((4, INFO.channels), np.int32), np.full(4, START_NS)
    board.plan([(START_NS, Block(0, 0, counts, ms, arrival_ns))])
    board.plan_state(START_NS + 2 * SECOND_NS, BoardState.LOST, "put it back")
    wearer = worn(board)
    wearer.poll()
    told = wearer.status(None)
    assert (told.radio_channel, told.serial, told.on_for_s) == (7, "DM01N5QX", 3600.008)
    clock.advance(2.0)
    wearer.poll()
    assert wearer.status(None).on_for_s is None


def test_a_board_that_counts_no_milliseconds_does_not_tell_how_long_it_is_on() -> None:
    clock = Clock(START_NS + SECOND_NS)
    old = replace(INFO, aux_labels=("stop_byte", "accel_x"))
    board = ScriptedBoard(clock, Air().stretch(START_NS, range(200)), info=old)
    board.plan_state(START_NS, BoardState.STREAMING)
    wearer = worn(board)
    wearer.poll()
    assert wearer.lane is not None
    assert wearer.status(None).on_for_s is None
