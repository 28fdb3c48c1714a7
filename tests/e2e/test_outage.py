"""One board stalls, then its dongle is pulled out and put back; the other person is not touched."""

from pathlib import Path

import pytest

from recorder.store.check import verify
from recorder.store.reader import SessionReader
from recorder.store.rows import GapRow
from tests.e2e.conftest import Figure, Scenes
from tests.e2e.outages import UNPLUGGED_S, Outages
from tests.e2e.processes import board_of

pytestmark = pytest.mark.alone

PATIENT, THERAPIST = 0, 1


@pytest.fixture(scope="module")
def outages(scenes: Scenes) -> Outages:
    return scenes.outages.result()


def _gaps(path: Path) -> list[GapRow]:
    with SessionReader(path) as session:
        return session.gaps()


def test_a_stall_is_told_within_a_second_of_the_last_data(outages: Outages, figure: Figure) -> None:
    stall, _ = _gaps(outages.path)
    after_s = (outages.stalled.t_ns - stall.begin_ns) * 1e-9
    figure("from the last data to stalled, s", after_s)
    assert 0.5 < after_s < 1.0
    assert outages.stalled.status.state == "degraded"
    assert board_of(outages.stalled.status, "therapist").state == "streaming"


def test_a_pulled_out_dongle_is_told_at_once_and_in_words(outages: Outages, figure: Figure) -> None:
    _, unplugged = _gaps(outages.path)
    after_s = (outages.lost.t_ns - unplugged.begin_ns) * 1e-9
    figure("from the last data to lost, s", after_s)
    assert after_s < 1.0
    assert outages.lost.status.state == "degraded"


def test_the_data_are_back_soon_after_the_dongle_is(outages: Outages, figure: Figure) -> None:
    _, unplugged = _gaps(outages.path)
    back_s = (unplugged.end_ns - unplugged.begin_ns) * 1e-9 - UNPLUGGED_S
    figure("from replugging to data, s", back_s)
    assert 0 < back_s < 5
    assert outages.returned.status.state == "recording"


def test_what_is_missing_is_a_gap_with_its_cause(outages: Outages) -> None:
    stall, unplugged = _gaps(outages.path)
    assert (stall.board, stall.cause, stall.segment) == (PATIENT, "silence", 0)
    assert stall.n == pytest.approx(2 * 250.33, abs=5)
    assert (unplugged.board, unplugged.cause, unplugged.segment) == (PATIENT, "unplugged", 1)
    assert unplugged.n == 0


def test_the_session_goes_on_in_a_new_segment_and_is_whole(outages: Outages) -> None:
    with SessionReader(outages.path) as session:
        assert session.segments(PATIENT) == [0, 1]
        after = [samples.index for samples in session.samples(PATIENT, 1)]
    assert after[0][0] == 0
    assert sum(map(len, after)) > 250
    report = verify(outages.path)
    assert report.ok, report.problems


def test_the_other_person_has_no_gap(outages: Outages) -> None:
    with SessionReader(outages.path) as session:
        assert session.segments(THERAPIST) == [0]
        index = [int(i) for samples in session.samples(THERAPIST) for i in samples.index]
        assert index == list(range(index[0], index[0] + len(index)))
        span_s = (session.ended_t_ns - session.header.started_t_ns) * 1e-9
        assert len(index) == pytest.approx(250.51 * span_s, abs=100)


def test_the_log_of_the_session_tells_what_happened_in_words(outages: Outages) -> None:
    with SessionReader(outages.path) as session:
        events = [text for (text,) in session.query("SELECT text FROM event WHERE kind = 'board'")]
    told = [event.split(maxsplit=2)[1] for event in events if event.startswith("patient")]
    assert told == ["stalled", "streaming", "lost", "streaming"]
    assert "is the board on, charged and near?" in events[0]
    assert "plug it in again" in events[2]
