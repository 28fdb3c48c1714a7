from pathlib import Path
from unittest import mock

import pytest

from hardware.board import BoardState
from recorder import __version__
from recorder.health.disk import ASSUMED_BYTES_PER_S, LOW_HOURS, RESERVE_BYTES
from recorder.health.watch import Health
from recorder.recording.alarms import found
from recorder.recording.impairments import Impairments
from recorder.recording.rollover import Parts
from recorder.service.status import describe as describe_all
from recorder.service.status import describe_session
from recorder.store.rows import EdgeRow
from recorder.wire.messages import Status
from recorder.wire.wording import in_words
from tests.recorder.bedside import Bedside

PLENTY_H = 100.0
BOTH = ((0, BoardState.STREAMING), (1, BoardState.STREAMING))


def describe(bed: Bedside, hours: float = PLENTY_H) -> Status:
    """The status with a disk of so many hours."""
    free = RESERVE_BYTES + round(hours * 3600 * ASSUMED_BYTES_PER_S)
    with mock.patch("recorder.recording.rollover.free_bytes", return_value=free):
        parts = Parts(bed.config, bed.recorder, bed.clock)
        wrong = [
            *found(bed.recorder, parts, Impairments()),
            *Health(bed.config.sessions_path).alarms(),
        ]
        return describe_all(bed.recorder, parts, wrong)


def told(status: Status) -> list[str]:
    return [in_words(alarm) for alarm in status.alarms]


@pytest.fixture
def bed(tmp_path: Path) -> Bedside:
    return Bedside(tmp_path)


def set_states(bed: Bedside, *states: tuple[int, BoardState], fault: str = "") -> None:
    for person, state in states:
        bed.boards[person].plan_state(bed.clock(), state, fault)
    bed.recorder.tick()


@pytest.mark.parametrize(
    ("patient", "therapist", "word"),
    [
        (BoardState.STREAMING, BoardState.STREAMING, "recording"),
        (BoardState.STREAMING, BoardState.LOST, "degraded"),
        (BoardState.STALLED, BoardState.STREAMING, "degraded"),
        (BoardState.STALLED, BoardState.OPENING, "no data"),
    ],
)
def test_the_state_says_whose_data_is_there(
    bed: Bedside, patient: BoardState, therapist: BoardState, word: str
) -> None:
    set_states(bed, (0, patient), (1, therapist))
    assert describe(bed).state == "idle"
    bed.start()
    assert describe(bed).state == word
    bed.stop()


def test_all_is_well_without_an_alarm(bed: Bedside) -> None:
    set_states(bed, *BOTH)
    bed.start()
    status = describe(bed)
    assert status.alarms == []
    assert (status.version, status.schema) == (__version__, "antiphon.status/2")
    assert [board.role for board in status.boards] == ["patient", "therapist"]
    bed.stop()


def test_a_fault_is_an_alarm_with_the_person(bed: Bedside) -> None:
    set_states(bed, (1, BoardState.LOST), fault="put the dongle back")
    assert told(describe(bed)) == ["therapist: put the dongle back"]


@pytest.mark.parametrize(("hours", "alarms"), [(LOW_HOURS + 0.1, 0), (1.94, 1), (0.0, 1)])
def test_a_disk_that_will_not_last_is_an_alarm(bed: Bedside, hours: float, alarms: int) -> None:
    status = describe(bed, hours)
    assert status.disk_hours == round(hours, 1)
    assert [text.startswith("disk: ") for text in told(status)] == [True] * alarms


def test_a_disk_that_refuses_and_one_that_lags_are_alarms(
    bed: Bedside, monkeypatch: pytest.MonkeyPatch
) -> None:
    bed.stream_both(5.0)
    session = bed.start()
    monkeypatch.setattr("recorder.store.writer.SessionWriter.error", "disk full: free some space")
    monkeypatch.setattr("recorder.store.writer.SessionWriter.saved_t_ns", bed.at(1.0))
    bed.run_until(5.0)
    assert told(describe(bed)) == [
        "disk: disk full: free some space",
        "saving is 4 s behind",
    ]
    monkeypatch.undo()
    assert bed.stop() == session.path


def test_the_session_is_described_by_its_data(bed: Bedside) -> None:
    assert describe_session(None, Parts(bed.config, bed.recorder, bed.clock)) is None
    bed.stream_both(4.0)
    session = bed.start()
    bed.run_until(3.0)
    bed.recorder.mark("shift")
    parts = Parts(bed.config, bed.recorder, bed.clock)
    described = describe_session(session, parts)
    assert described is not None
    assert (described.id, described.file) == (session.id, str(session.path))
    assert (described.patient, described.therapist) == ("P01", "T01")
    assert described.elapsed_s == pytest.approx(3.0, abs=0.1)
    assert (described.markers, described.last_marker) == (1, "shift")
    bed.stop()
    closed = describe_session(session, parts)
    assert closed is not None
    assert closed.saved_s == closed.elapsed_s


def test_a_session_that_waits_for_room_is_an_alarm(bed: Bedside) -> None:
    session = bed.start()
    parts = Parts(bed.config, bed.recorder, bed.clock)
    ended = parts.end()
    assert ended is session
    status = describe_all(bed.recorder, parts, list(parts.alarms()))
    assert status.state == "waiting for room"
    assert status.session == describe_session(session, parts)
    assert "nothing is recorded" in told(status)[0]
    parts.close(session)


def test_unclean_stops_are_told(bed: Bedside) -> None:
    parts = Parts(bed.config, bed.recorder, bed.clock)
    assert describe_all(bed.recorder, parts, [], 3).unclean_stops == 3


def test_clean_share_is_not_known_before_there_is_any(bed: Bedside) -> None:
    assert [board.clean_share for board in describe(bed).boards] == [None, None]
    bed.stream_both(12.0)
    bed.run_until(12.0)
    shares = [board.clean_share for board in describe(bed).boards]
    assert shares == [pytest.approx(1.0, abs=0.1)] * 2


def test_a_trigger_that_stops_in_a_session_is_an_alarm(bed: Bedside) -> None:
    bed.stream_both(20.0)
    rises = [EdgeRow("trigger", n, bed.at(n), 1) for n in range(5)]
    bed.recorder.triggers.rates.see([*rises])
    bed.run_until(1.0)
    bed.start()
    bed.run_until(8.0)
    assert _timing(bed) == []
    assert describe(bed).trigger.rates_hz == {"trigger": 0.5}
    bed.run_until(11.0)
    alarm = "trigger: nothing on trigger for 7 s: check the camera and the wire"
    assert _timing(bed) == [alarm]


def test_a_clock_that_is_unsure_is_an_alarm_once_it_has_settled(
    bed: Bedside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recorder.recording.alarms.SIGMA_ALARM_MS", 0.001)
    bed.stream_both(20.0)
    bed.run_until(1.0)
    bed.start()
    bed.run_until(5.0)
    assert _timing(bed) == []
    bed.run_until(15.0)
    alarms = _timing(bed)
    assert [alarm.partition(":")[0] for alarm in alarms] == ["patient", "therapist"]
    assert "times are only known to ±" in alarms[0]


def _timing(bed: Bedside) -> list[str]:
    """The alarms but for the disk's: simulated time runs ahead of it."""
    return [alarm for alarm in told(describe(bed)) if not alarm.startswith("saving")]
