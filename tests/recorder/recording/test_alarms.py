"""An alarm is told once when it begins and once when it ends, and stands in between."""

import logging
from pathlib import Path

import pytest

from dsp.absence import Absence
from recorder.recording.alarms import EVENT, Alarms, found
from recorder.recording.impairments import Impairments
from recorder.recording.rollover import Parts
from recorder.store.reader import SessionReader
from recorder.wire.messages import Alarm
from recorder.wire.wording import ABSENCES, ALARMS, in_words, reason
from tests.recorder.bedside import Bedside

LOW = Alarm("disk_low", numbers={"hours": 1.25})
LOST = Alarm("board", "patient", detail="put the dongle back")


@pytest.fixture
def bed(tmp_path: Path) -> Bedside:
    return Bedside(tmp_path)


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "antiphon"]


def test_it_stands_since_it_began_although_its_numbers_move(
    caplog: pytest.LogCaptureFixture,
) -> None:
    alarms = Alarms()
    with caplog.at_level(logging.INFO):
        alarms.observe(100, [LOW], None)
        alarms.observe(200, [LOST, Alarm("disk_low", numbers={"hours": 1.0})], None)
        standing = {alarm.kind: alarm for alarm in alarms.standing}
        assert [standing[kind].since_ns for kind in ("disk_low", "board")] == [100, 200]
        assert standing["disk_low"].numbers == {"hours": 1.0}
        alarms.observe(300, [], None)
    assert alarms.standing == []
    assert told(caplog) == [
        "alarm: disk: room for 1.2 h of recording",
        "alarm: patient: put the dongle back",
        "alarm: over: patient: put the dongle back",
        "alarm: over: disk: room for 1.0 h of recording",
    ]


def test_two_people_have_two_alarms_of_one_kind() -> None:
    alarms = Alarms()
    alarms.observe(1, [LOST, Alarm("board", "therapist", detail="off")], None)
    assert [alarm.role for alarm in alarms.standing] == ["patient", "therapist"]


def test_a_session_has_a_row_when_it_begins_and_one_when_it_ends(bed: Bedside) -> None:
    alarms, session = Alarms(), bed.start()
    for t_ns, wrong in ((1, [LOST]), (2, [LOST]), (3, []), (4, [LOST])):
        alarms.observe(t_ns, wrong, session)
    bed.stop()
    assert events(session.path) == [
        (1, "patient: put the dongle back"),
        (3, "over: patient: put the dongle back"),
        (4, "patient: put the dongle back"),
    ]


def test_a_session_that_begins_while_it_stands_knows_of_it(
    bed: Bedside, caplog: pytest.LogCaptureFixture
) -> None:
    alarms = Alarms()
    alarms.observe(1, [LOST], None)
    session = bed.start()
    caplog.clear()
    with caplog.at_level(logging.INFO):
        alarms.observe(2, [LOST], session)
        alarms.observe(3, [LOST], session)
    bed.stop()
    assert events(session.path) == [(2, "patient: put the dongle back")]
    assert not [line for line in told(caplog) if line.startswith("alarm")]


def events(path: Path) -> list[tuple[int, str]]:
    with SessionReader(path) as file:
        return [*file.query("SELECT t_ns, text FROM event WHERE kind = ? ORDER BY rowid", EVENT)]


def standing(bed: Bedside) -> list[Alarm]:
    """What is wrong at the bedside now."""
    return [*found(bed.recorder, Parts(bed.config, bed.recorder, bed.clock), Impairments())]


def test_a_pause_of_both_readers_is_one_alarm_and_ends(bed: Bedside) -> None:
    bed.clock.advance(20.0)
    for board, paused_s in zip(bed.boards, (6.5, 6.4), strict=True):
        board.see(paused_s=paused_s, pause_end_ns=bed.at(20.0 + paused_s - 6.5))
    assert standing(bed) == [Alarm("stood_still", numbers={"paused_s": 6.5})]
    bed.clock.advance(11.0)
    assert standing(bed) == []


def test_what_comes_after_a_pause_is_not_taken_for_a_slow_disk(
    bed: Bedside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of it is new: the disk has had no time yet."""
    bed.stream_both(5.0)
    bed.start()
    monkeypatch.setattr("recorder.store.writer.SessionWriter.saved_t_ns", bed.at(1.0))
    bed.run_until(5.0)
    for board in bed.boards:
        board.see(paused_s=3.9, pause_end_ns=bed.at(4.9))
    assert [alarm.kind for alarm in standing(bed)] == ["stood_still"]
    bed.run_until(9.0)
    assert [alarm.kind for alarm in standing(bed)] == ["stood_still", "saving_behind"]
    monkeypatch.undo()
    bed.stop()


@pytest.mark.parametrize("kind", ALARMS)
def test_every_kind_has_its_words(kind: str) -> None:
    numbers = dict.fromkeys(
        (
            "named",
            "there",
            "sigma_ms",
            "silent_s",
            "hours",
            "behind_s",
            "value",
            "found_hz",
            "configured_hz",
            "packets",
            "paused_s",
            "by_s",
            "sessions",
            "days",
            "percent",
            "unusable_s",
            "minutes",
        ),
        2.0,
    )
    words = in_words(Alarm(kind, "patient", "F3 and F4", numbers, "what the driver said"))
    assert words
    assert "{" not in words
    assert words.splitlines() == [words]


def test_a_kind_of_a_newer_service_is_told_as_it_came() -> None:
    assert in_words(Alarm("radio_storm", "patient", detail="x")) == "patient radio_storm x"


def test_every_reason_for_an_absent_value_has_its_words() -> None:
    assert set(ABSENCES) == set(Absence)
    assert reason("") == ""
    assert reason("of_a_newer_service") == "of_a_newer_service"
