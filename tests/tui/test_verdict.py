"""One answer for the whole screen: is it recorded?"""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.wire.messages import Alarm, Status
from tests.tui.scripted_service import board, idle, recording
from tui.verdict import SPOILS, STOPS, Judge, Level, Verdict


def judged(status: Status, after_s: float = 0.0, silence: str = "") -> Verdict:
    judge = Judge()
    judge.look(status, 100.0)
    return judge.look(None, 100.0 + after_s, silence)


def with_alarm(kind: str, role: str = "patient") -> Status:
    return msgspec.structs.replace(recording(), alarms=[Alarm(kind, role)])


def test_it_is_calm_only_when_nothing_is_wanted() -> None:
    assert judged(idle()).level is Level.IDLE
    assert judged(idle(), silence="no service").level is Level.IDLE
    assert Judge().look(None, 5.0, "no service").level is Level.IDLE


def test_it_records_as_long_as_more_is_saved() -> None:
    judge, status = Judge(), recording()
    for second in range(20):
        saved = recording(saved_s=756.6 + second, elapsed_s=757.3 + second)
        assert judge.look(saved, float(second)) == Verdict(Level.REC, "REC", saved.session)
    assert status.session is not None


def test_a_stream_that_is_not_saved_is_no_recording() -> None:
    judge = Judge()
    verdicts = [
        judge.look(recording(elapsed_s=757.0 + second, saved_s=756.6), float(second))
        for second in range(14)
    ]
    assert [it.level for it in verdicts[:4]] == [Level.REC, Level.REC, Level.REC, Level.BUT]
    assert verdicts[-1].words == "NOT RECORDING for 13 s: nothing is saved"


@pytest.mark.parametrize("kind", STOPS)
def test_why_nothing_is_saved_is_told(kind: str) -> None:
    assert judged(with_alarm(kind), after_s=12.0).words.endswith(f"for 12 s: {STOPS[kind]}")


def test_both_boards_gone_and_no_room_do_not_wait_to_be_told() -> None:
    assert judged(recording("no data")).words == "NOT RECORDING for 0 s: no data from either board"
    assert judged(recording("waiting for room")).words == "NOT RECORDING for 0 s: disk full"
    assert judged(with_alarm("file_gone")).level is Level.NOT


def test_silence_keeps_the_codes_and_the_clock_of_the_session() -> None:
    verdict = judged(recording(), after_s=12.0, silence="no service")
    assert verdict.words == "NOT RECORDING for 12 s: no service"
    assert verdict.session is not None
    assert (verdict.session.patient, verdict.session.elapsed_s) == ("P01", 757.3)


def test_a_session_that_was_stopped_is_not_missed() -> None:
    judge = Judge()
    judge.look(recording(), 1.0)
    assert judge.look(idle(), 2.0).level is Level.IDLE
    assert judge.look(None, 60.0, "no service").level is Level.IDLE


@pytest.mark.parametrize("kind", SPOILS)
def test_what_spoils_a_recording_is_told_beside_it(kind: str) -> None:
    verdict = judged(with_alarm(kind))
    assert verdict.level is Level.BUT
    assert verdict.words == f"REC, but {SPOILS[kind].format(role='patient')}"


@pytest.mark.parametrize("state", ["lost", "stalled", "held"])
def test_a_board_that_is_out_is_told_first(state: str) -> None:
    status = msgspec.structs.replace(
        recording("degraded"),
        boards=[board("patient"), board("therapist", state=state)],
        alarms=[Alarm("radio_loss", "patient", numbers={"percent": 1.0})],
    )
    assert judged(status).words.startswith("REC, but therapist: ")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["recording", "degraded", "no data", "waiting for room", "?"]),
            st.integers(0, 5),  # saved
            st.sampled_from(["", *STOPS, *SPOILS]),
            st.sampled_from(["", "no service"]),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_it_is_never_green_when_nothing_was_saved_for_five_seconds(
    looks: list[tuple[str, int, str, str]],
) -> None:
    judge, saved_at = Judge(), {}
    for second, (state, saved, kind, silence) in enumerate(looks):
        status = recording(state, saved_s=700.0 + saved)
        status.alarms = [Alarm(kind, "patient")] if kind else []
        verdict = judge.look(None if silence and second else status, 5.0 * second, silence)
        saved_at[second] = saved
        assert verdict.level is not Level.IDLE
        stood = second > 0 and (silence or saved_at[second - 1] == saved)
        if silence or state in ("no data", "waiting for room"):
            assert verdict.level is Level.NOT or not (second or silence)
        if stood and not silence and saved_at[second - 1] == saved and second > 1:
            assert verdict.level is not Level.REC
