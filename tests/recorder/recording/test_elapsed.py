"""Samples and gaps together account for the time of each person, at every end of a session."""

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.board import Block, BoardState, FaultKind, Gap, GapCause
from recorder.recording.interrupted import Past
from recorder.recording.session import Session
from recorder.store.check import verify
from recorder.store.files import files_of
from recorder.store.finish import settle
from recorder.store.reader import SessionReader
from recorder.store.rows import GapRow
from recorder.store.summary import summarise
from recorder.store.writer import SessionWriter
from tests.recorder import session_files
from tests.recorder.bedside import Bedside
from tests.recorder.scripted_board import Air, Timed
from tests.recorder.session_files import START_NS

SECOND_NS = 1_000_000_000
PATIENT, THERAPIST = 0, 1


def time_gaps(path: Path, board: int = PATIENT) -> list[GapRow]:
    with SessionReader(path) as session:
        return [gap for gap in session.gaps() if gap.board == board and not gap.n]


def untold(path: Path) -> list[str]:
    return [note for note in verify(path).notes if "in no gap" in note]


def start(path: Path, past: Past | None = None, *, period_s: float = 30.0) -> Session:
    writer = SessionWriter.create(path, session_files.header(path.stem), period_s=period_s)
    return Session(writer, session_files.header(path.stem), past)


def take(session: Session, board: int, events: list[Timed]) -> None:
    for _, event in events:
        if isinstance(event, Gap):
            session.take_gap(board, event)
        else:
            session.take_block(board, event)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "cause"),
    [
        (FaultKind.UNPLUGGED, "unplugged"),
        (FaultKind.SILENT, "no_answer"),
        (FaultKind.CROWDED, "crowded"),
    ],
)
def test_a_board_that_never_comes_back_leaves_a_gap_to_the_end(
    tmp_path: Path, kind: FaultKind, cause: str
) -> None:
    bed = Bedside(tmp_path)
    bed.start()
    bed.stream(PATIENT, 0.0, range(1500))
    bed.stream(THERAPIST, 0.0, range(4500))
    bed.boards[PATIENT].plan_state(bed.at(6.1), BoardState.LOST, "is gone", kind)
    bed.boards[PATIENT].plan_state(bed.at(9.0), BoardState.LOST, "is away", FaultKind.MISSING)
    bed.run_until(18.0)
    session = bed.recorder.session
    assert session is not None
    path = bed.stop()
    [gap] = time_gaps(path)
    assert (gap.cause, gap.segment, gap.end_ns) == (cause, 1, bed.clock())
    assert gap.begin_ns == pytest.approx(bed.at(6.0), abs=20_000_000)
    assert time_gaps(path, THERAPIST) == []
    assert session.missing_s == {"patient": pytest.approx(12.0, abs=0.02), "therapist": 0.0}
    assert verify(path).notes == ("patient: no data for 12.0 s, in gaps of time",)
    with SessionReader(path) as reader:
        board = summarise(reader)["boards"][PATIENT]
    assert board["gaps"] == {
        cause: {"times": 1, "samples": 0, "seconds": pytest.approx(12.0, abs=0.02)}
    }


def test_a_board_that_was_lost_before_the_start_and_never_came_is_missing_all_along(
    tmp_path: Path,
) -> None:
    bed = Bedside(tmp_path)
    bed.stream_both(1.0)
    bed.boards[PATIENT].plan_state(bed.at(1.1), BoardState.LOST, "is gone", FaultKind.UNPLUGGED)
    bed.run_until(2.0)
    bed.stream(THERAPIST, 2.0, range(1000))
    bed.start()
    bed.run_until(6.0)
    [gap] = time_gaps(path := bed.stop())
    assert (gap.cause, gap.begin_ns, gap.end_ns) == ("unplugged", bed.at(2.0), bed.at(6.0))
    assert untold(path) == []


def test_a_board_that_begins_to_stream_after_the_start_leaves_a_gap_before(tmp_path: Path) -> None:
    bed = Bedside(tmp_path)
    bed.start()
    bed.stream(PATIENT, 2.0, range(500))
    bed.stream(THERAPIST, 0.0, range(1000))
    bed.run_until(4.1)
    [gap] = time_gaps(path := bed.stop())
    assert (gap.cause, gap.segment, gap.begin_ns) == ("silence", 0, START_NS)
    assert untold(path) == []


def test_an_ordinary_stop_is_no_gap(tmp_path: Path) -> None:
    bed = Bedside(tmp_path)
    bed.stream_both(9.0)
    bed.run_until(1.0)
    bed.start()
    bed.run_until(5.0)
    assert verify(bed.stop()).notes == ()


def test_what_had_waited_tells_of_no_more_than_its_own_length(tmp_path: Path) -> None:
    """The host stood still, and the board went away meanwhile."""
    session, air = start(tmp_path / "x.antiphon"), Air()
    events = [event for _, event in air.stretch(START_NS, range(1000))]
    woken_ns = START_NS + 30 * SECOND_NS
    for event in events:
        assert isinstance(event, Block)
        arrival_ns = np.full(len(event), woken_ns)
        waited = replace(event, arrival_ns=arrival_ns, is_backlog=True)
        session.take_block(PATIENT, event if event.first_index < 900 else waited)
    session.close(woken_ns + SECOND_NS // 5)
    [gap] = time_gaps(session.path)
    assert gap.begin_ns == pytest.approx(START_NS + 4 * SECOND_NS, abs=SECOND_NS // 20)
    assert gap.end_ns == woken_ns + SECOND_NS // 5


def test_of_a_board_that_was_away_when_the_service_died_the_gap_is_its_own(tmp_path: Path) -> None:
    """The other board's newest sample came later; of this one nothing has come since."""
    gone_ns, died_ns = START_NS + 20 * SECOND_NS, START_NS + 60 * SECOND_NS
    past = Past((), died_ns, (gone_ns, died_ns), (1, 1), 1)
    session = start(tmp_path / "x.antiphon", past)
    back_ns = died_ns + 5 * SECOND_NS
    take(session, THERAPIST, Air(first_segment=1).stretch(back_ns, range(500)))
    session.lose(PATIENT, FaultKind.MISSING)  # nor is it back
    session.close(back_ns + 2 * SECOND_NS)
    [gap] = time_gaps(session.path)
    assert (gap.cause, gap.begin_ns) == (GapCause.RESTART, gone_ns)
    assert gap.end_ns == back_ns + 2 * SECOND_NS
    [gap] = time_gaps(session.path, THERAPIST)
    assert (gap.cause, gap.begin_ns) == (GapCause.RESTART, died_ns)


def test_a_session_that_is_ended_without_its_recorder_gets_the_gap(tmp_path: Path) -> None:
    growing = start(tmp_path / "x.antiphon")
    take(growing, PATIENT, Air().stretch(START_NS, range(1000)))
    take(growing, THERAPIST, Air().stretch(START_NS, range(3000)))
    growing.commit()
    assert growing.writer.flush(10.0)
    (tmp_path / "left").mkdir()
    for file in files_of(growing.path):
        if not file.name.endswith("-shm"):
            shutil.copy(file, tmp_path / "left")
    path = settle(tmp_path / "left" / "x.antiphon")
    growing.close(START_NS + 12 * SECOND_NS)
    [gap] = time_gaps(path)
    with SessionReader(path) as reader:
        assert (gap.cause, gap.segment, gap.end_ns) == ("silence", 1, reader.ended_t_ns)
    assert gap.begin_ns == pytest.approx(START_NS + 4 * SECOND_NS, abs=20_000_000)
    assert (verify(path).problems, untold(path)) == ((), [])
    assert settle(path) == path
    assert len(time_gaps(path)) == 1


def test_a_session_that_is_left_for_the_next_service_says_nothing_yet(tmp_path: Path) -> None:
    session = start(tmp_path / "x.antiphon")
    take(session, PATIENT, Air().stretch(START_NS, range(500)))
    session.leave(START_NS + 9 * SECOND_NS)
    assert time_gaps(session.path) == []


def test_time_that_no_gap_tells_of_is_told_by_verify(tmp_path: Path) -> None:
    """As in the files of earlier versions."""
    rows = [session_files.block(0, first) for first in range(0, 500, 50)]
    path = session_files.write(tmp_path / "x.antiphon", [*rows])
    assert verify(path).problems == ()
    assert verify(path).notes == (
        "patient: no data, and 2.0 s from 2.0 s on are in no gap",
        "therapist: no data, and 4.0 s from 0.0 s on are in no gap",
    )
    two_s = START_NS + 2 * SECOND_NS
    after = GapRow(0, 1, 0, 0, "unplugged", two_s, START_NS + 4 * SECOND_NS)
    short = replace(after, end_ns=START_NS + 3 * SECOND_NS)
    for gap, begin in ((after, "4.0 s"), (short, "1.0 s")):
        path = session_files.write(tmp_path / f"{begin[0]}.antiphon", [*rows, gap])
        assert verify(path).notes[0].startswith("patient: no data for")
        assert begin in untold(path)[0]


absences = st.lists(
    st.tuples(
        st.integers(1, 900),  # samples
        st.integers(0, 40),  # tenths of a second until the next segment
        st.sampled_from(list(FaultKind)),
    ),
    max_size=4,
)


@settings(max_examples=25, deadline=None)
@given(absences, st.integers(0, 30), st.integers(0, 30))
def test_whatever_a_board_does_no_time_is_unaccounted_for(
    life: list[tuple[int, int, FaultKind]], before: int, after: int
) -> None:
    with tempfile.TemporaryDirectory() as directory:
        session, air = start(Path(directory) / "x.antiphon"), Air()
        now_ns = START_NS + before * SECOND_NS // 10
        for samples, pause, kind in life:
            events = air.stretch(now_ns, range(samples))
            take(session, PATIENT, events)
            session.lose(PATIENT, kind)
            now_ns = events[-1][0] + pause * SECOND_NS // 10
        ended_ns = now_ns + after * SECOND_NS // 10
        session.close(ended_ns)
        assert verify(session.path).problems == ()
        assert untold(session.path) == []
        kept_s = sum(samples for samples, _, _ in life) / 250
        told_s = session.missing_s["patient"]
        assert kept_s + told_s == pytest.approx((ended_ns - START_NS) * 1e-9, abs=0.55)
