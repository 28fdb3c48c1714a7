"""Packets that are none of a board's, in a session: an alarm that ends, and none is stored."""

from pathlib import Path

from hardware.cyton.frames import UV_PER_COUNT
from hardware.emulated.neighbour import MEAN_UV
from recorder.failure import EX_UNAVAILABLE
from recorder.recording.alarms import EVENT
from recorder.store.check import verify
from recorder.store.reader import SessionReader
from recorder.wire.messages import Status
from tests.e2e.processes import (
    antiphon,
    begin_session,
    both_stream,
    box,
    service,
    told,
    until_status,
)

COMES_S, GOES_S = 6.0, 9.0
RUSHES_S, RESTS_S = 6.0, 7.5
FAULTS = (
    f"patient:{COMES_S}:stranger:50",
    f"patient:{GOES_S}:stranger:0",
    f"therapist:{RUSHES_S}:rush:10",
    f"therapist:{RESTS_S}:rush:1",
)


def test_a_stranger_and_a_rush_are_told_of_and_never_stored(tmp_path: Path) -> None:
    words = [word for fault in FAULTS for word in ("--fault", fault)]
    with box(tmp_path, *words) as (boards, config), service(config, tmp_path):
        session, socket = begin_session(config), config.socket_path
        crowded = until_status(socket, lambda it: has(it, "radio_crowded"), "told of the stranger")
        until_status(socket, lambda it: has(it, "board"), "told of the rush")
        until_status(socket, lambda it: not it.alarms and both_stream(it), "all is well again", 30)
        told("stop", "--socket", config.socket)
        [begin_ns, _] = [truth["begin_ns"] for truth in boards.stop()]
    [alarm] = [alarm for alarm in crowded.alarms if alarm.kind == "radio_crowded"]
    assert alarm.role == "patient"
    assert COMES_S < (alarm.since_ns - begin_ns) / 1e9 < COMES_S + 3
    name = Path(session["file"])
    path = name.parent / "done" / name.name
    assert verify(path).problems == ()
    with SessionReader(path) as file:
        for board in (0, 1):
            for block in file.samples(board):
                assert (block.counts.mean(axis=1) * UV_PER_COUNT < MEAN_UV / 2).all()
        texts = [text for (text,) in file.query("SELECT text FROM event WHERE kind = ?", EVENT)]
    for role in ("patient", "therapist"):
        mine = [text for text in texts if role in text]
        assert [text.startswith("over: ") for text in mine] == [False, True]


def has(status: Status, kind: str) -> bool:
    return any(alarm.kind == kind for alarm in status.alarms)


def test_a_session_does_not_begin_while_two_boards_are_heard(tmp_path: Path) -> None:
    with (
        box(tmp_path, "--state", "patient:shared_channel") as (_, config),
        service(config, tmp_path),
    ):
        until_status(config.socket_path, lambda it: has(it, "board"), "told of two boards")
        code, _, text = antiphon("start", "--socket", config.socket)
    assert code == EX_UNAVAILABLE
    assert "another board is heard on this radio channel" in text
