import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.board import Block, Event, Gap, GapCause
from recorder.recording.interrupted import Past
from recorder.recording.session import Session
from recorder.store.check import verify
from recorder.store.reader import SessionReader
from recorder.store.rows import GapRow
from recorder.store.writer import SessionWriter
from tests.recorder import session_files
from tests.recorder.scripted_board import Air, Timed
from tests.recorder.session_files import START_NS

SECOND_NS = 1_000_000_000


def start(
    path: Path,
    started_t_ns: int = START_NS,
    *,
    queue_bytes: int = 1 << 24,
    past: Past | None = None,
) -> Session:
    """A session that is committed when asked to, and otherwise seldom."""
    return start_with_writer(path, started_t_ns, queue_bytes=queue_bytes, past=past)[0]


def start_with_writer(
    path: Path,
    started_t_ns: int = START_NS,
    *,
    queue_bytes: int = 1 << 24,
    past: Past | None = None,
) -> tuple[Session, SessionWriter]:
    header = replace(session_files.header(path.stem), started_t_ns=started_t_ns)
    writer = SessionWriter.create(path, header, period_s=30.0, queue_bytes=queue_bytes)
    return Session(writer, header, past), writer


def take(session: Session, board: int, event: Event) -> None:
    if isinstance(event, Block):
        session.take_block(board, event)
    elif isinstance(event, Gap):
        session.take_gap(board, event)


@st.composite
def orders(draw: st.DrawFn) -> list[int]:
    """Indexes of a stretch in the order in which their packets arrive; some never do."""
    came = [0]
    for n, lost in draw(st.lists(st.tuples(st.integers(1, 99), st.integers(0, 50)), max_size=6)):
        came += range(came[-1] + 1 + lost, came[-1] + 1 + lost + n)
    late = draw(st.dictionaries(st.sampled_from(came), st.integers(1, 60), max_size=3))
    return [0, *sorted(came[1:], key=lambda index: index + late.get(index, 0))]


@st.composite
def recordings(draw: st.DrawFn) -> list[Timed]:
    """One board's events over up to three segments."""
    air = Air()
    begin_ns = START_NS
    events: list[Timed] = []
    for order in draw(st.lists(orders(), min_size=1, max_size=3)):
        batch = draw(st.sampled_from([1, 7, 10, 64]))
        events += air.stretch(begin_ns, order, batch=batch)
        begin_ns = events[-1][0] + SECOND_NS
    return events


def covered(path: Path) -> Counter[tuple[int, int]]:
    """How often each (segment, index) of the first board is in a block or in a gap."""
    with SessionReader(path) as session:
        spans = [(row.segment, row.first_index, len(row)) for row in session.blocks(0)]
        spans += [(gap.segment, gap.first_index, gap.n) for gap in session.gaps()]
    return Counter((segment, first + i) for segment, first, n in spans for i in range(n))


def require_whole(path: Path) -> None:
    """Nothing is damaged, and from first to last every index of a segment is there once."""
    assert verify(path).problems == ()
    found = covered(path)
    assert set(found.values()) <= {1}
    for segment in {segment for segment, _ in found}:
        indexes = sorted(index for place, index in found if place == segment)
        assert indexes == list(range(indexes[0], indexes[-1] + 1))


def gap_rows(path: Path, board: int = 0) -> list[GapRow]:
    with SessionReader(path) as session:
        return [gap for gap in session.gaps() if gap.board == board]


def events_of(path: Path) -> list[tuple[str, str]]:
    with SessionReader(path) as session:
        return session.query("SELECT kind, text FROM event ORDER BY rowid")


@settings(max_examples=20, deadline=None)
@given(recordings(), st.data())
def test_every_index_is_in_one_block_or_one_gap(events: list[Timed], data: st.DataObject) -> None:
    asked = data.draw(st.integers(0, len(events) - 1), "asked to start before this event")
    begun = data.draw(st.integers(asked, len(events) - 1), "recorded from this event on")
    end = data.draw(st.integers(begun, len(events)), "stopped before this event")
    commits = data.draw(st.sets(st.integers(begun, len(events)), max_size=5), "commits")
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "x.antiphon"
        session = start(path, events[asked][0])
        for number, (_, event) in enumerate(events[begun:end], begun):
            take(session, 0, event)
            if number in commits:
                session.commit()
        session.close(events[-1][0] + SECOND_NS)
        path = session.path
        require_whole(path)
        recorded = samples_between(events[asked][0], [event for _, event in events[begun:end]])
        assert verify(path).counts["samples"] == recorded


@settings(max_examples=20, deadline=None)
@given(recordings(), st.data())
def test_what_is_lost_between_two_sessions_that_follow_each_other_is_in_a_gap_of_one(
    events: list[Timed], data: st.DataObject
) -> None:
    made = data.draw(st.integers(1, len(events)), "the next file is made before this event")
    turn = data.draw(st.integers(1, len(events)), "the next is recorded from this event on")
    with tempfile.TemporaryDirectory() as directory:
        old = start(Path(directory) / "a.antiphon")
        for _, event in events[:turn]:
            take(old, 0, event)
        new = start(Path(directory) / "b.antiphon", events[made - 1][0] + 1)
        new.follow(old)
        old.close(events[turn - 1][0])
        for _, event in events[turn:]:
            take(new, 0, event)
        new.close(events[-1][0] + SECOND_NS)
        whole = start(Path(directory) / "c.antiphon")
        for _, event in events:
            take(whole, 0, event)
        whole.close(events[-1][0] + SECOND_NS)
        require_whole(old.path)
        require_whole(new.path)
        assert covered(old.path) + covered(new.path) == covered(whole.path)


def samples_between(started_ns: int, events: list[Event]) -> int:
    """How many samples of `events` came after the start, and after the first of their segment."""
    first: dict[int, int] = {}
    n = 0
    for event in events:
        if isinstance(event, Block) and event.arrival_ns[-1] >= started_ns:
            if not event.late:
                first.setdefault(event.segment, event.first_index)
            if event.first_index >= first.get(event.segment, event.first_index + 1):
                n += len(event)
    return n


@settings(max_examples=12, deadline=None)
@given(recordings(), st.data())
def test_what_a_full_queue_costs_is_in_gaps(events: list[Timed], data: st.DataObject) -> None:
    room = data.draw(st.integers(3_000, 40_000), "bytes of queue")
    commits = data.draw(st.sets(st.integers(0, len(events)), max_size=8), "commits")
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "x.antiphon"
        session = start(path, queue_bytes=room)
        for number, (_, event) in enumerate(events):
            take(session, 0, event)
            if number in commits:
                session.commit()
        session.close(events[-1][0] + SECOND_NS)
        path = session.path
        require_whole(path)
        sent = [event for _, event in events if isinstance(event, Block)]
        found = covered(path)
        assert all((b.segment, b.first_index + i) in found for b in sent for i in range(len(b)))


def test_a_stall_of_the_disk_is_one_gap_from_its_first_sample_to_its_last(tmp_path: Path) -> None:
    session = start(tmp_path / "x.antiphon", queue_bytes=40_000)
    events = Air().stretch(START_NS, range(5200))
    for _, event in events:
        take(session, 0, event)  # nobody commits: the queue fills
    session.close(events[-1][0])
    [gap] = gap_rows(session.path)
    with SessionReader(session.path) as reader:
        kept = sum(len(row) for row in reader.blocks(0))
    assert (gap.cause, gap.first_index, gap.n) == ("disk", kept, 5200 - kept)
    assert 0 < kept < 2500
    require_whole(session.path)


def test_gaps_of_a_stall_are_written_while_the_session_goes_on(tmp_path: Path) -> None:
    session, writer = start_with_writer(tmp_path / "x.antiphon", queue_bytes=40_000)
    for _, event in (events := Air().stretch(START_NS, range(5200))):
        take(session, 0, event)
    assert writer.flush(10.0)  # the disk is back
    session.commit()
    assert writer.flush(10.0)
    assert [gap.cause for gap in gap_rows(session.path)] == ["disk"]
    session.close(events[-1][0])


def test_samples_and_gaps_from_before_the_start_are_not_recorded(tmp_path: Path) -> None:
    air = Air()
    air.begin(START_NS, GapCause.RESTART)
    before = list(air.go_on(START_NS, [*range(100), *range(110, 150)]))
    after = list(air.go_on(START_NS, [*range(150, 200), 105, *range(200, 500)]))
    session = start(tmp_path / "x.antiphon", before[-1][0] + 1)
    for _, event in [*before, *after, *air.end()]:
        take(session, 0, event)
    session.close(after[-1][0])
    assert gap_rows(session.path) == []
    assert sorted(index for _, index in covered(session.path)) == list(range(150, 500))


def test_a_gap_found_while_the_file_was_being_made_is_not_recorded(tmp_path: Path) -> None:
    begun_ns = START_NS + 4 * SECOND_NS // 5
    session = start(tmp_path / "x.antiphon", begun_ns)
    session.take_gap(0, Gap(0, 40, 5, GapCause.RADIO, START_NS + 1, START_NS + 2))
    for _, event in Air().stretch(START_NS, range(300)):
        if isinstance(event, Block) and event.first_index >= 200:
            session.take_block(0, event)
    session.close(START_NS + 5 * SECOND_NS // 4)
    assert gap_rows(session.path) == []
    require_whole(session.path)


def test_a_board_that_was_away_at_the_start_leaves_a_gap_of_time(tmp_path: Path) -> None:
    session = start(tmp_path / "x.antiphon", START_NS)
    over = Gap(1, 0, 0, GapCause.UNPLUGGED, START_NS - 9 * SECOND_NS, START_NS - 1)
    ends_later = replace(over, segment=2, end_ns=START_NS + SECOND_NS)
    for gap in (over, ends_later):
        session.take_gap(0, gap)
    session.close(START_NS + SECOND_NS)
    [row] = gap_rows(session.path)
    assert (row.segment, row.cause, row.end_ns) == (2, "unplugged", ends_later.end_ns)
    assert session.missing_s["patient"] == pytest.approx(1.0)


def test_samples_dropped_before_they_were_fetched_are_one_gap(tmp_path: Path) -> None:
    session = start(tmp_path / "x.antiphon")
    blocks = [event for _, event in Air().stretch(START_NS, range(300)) if isinstance(event, Block)]
    for block in blocks[:10]:
        session.take_block(0, block)
    session.take_gap(0, Gap(0, 100, 50, GapCause.OVERRUN, START_NS, START_NS + SECOND_NS))
    for block in blocks[15:]:
        session.take_block(0, block)
    session.close(int(blocks[-1].arrival_ns[-1]))
    assert [(gap.first_index, gap.n, gap.cause) for gap in gap_rows(session.path)] == [
        (100, 50, "overrun")
    ]
    require_whole(session.path)


def test_a_hole_that_nobody_explained_is_explained_when_the_next_segment_begins(
    tmp_path: Path,
) -> None:
    session = start(tmp_path / "x.antiphon")
    air = Air()
    first = air.stretch(START_NS, range(300))
    second = air.stretch(first[-1][0] + SECOND_NS, range(100))
    for _, event in [*first[:5], *first[10:], *second]:  # five blocks never got here
        take(session, 0, event)
    session.close(second[-1][0])
    assert {(gap.segment, gap.first_index, gap.n) for gap in gap_rows(session.path)} == {
        (0, 50, 50),
        (1, 0, 0),
    }
    assert session.missing_s["patient"] == pytest.approx(0.2 + 1.0, abs=0.02)
    require_whole(session.path)


def test_two_boards_do_not_mix(tmp_path: Path) -> None:
    session = start(tmp_path / "x.antiphon")
    patient = Air().stretch(START_NS, [*range(100), *range(120, 400)])
    therapist = Air().stretch(START_NS, range(400))
    for _, event in patient:
        take(session, 0, event)
    for _, event in therapist:
        take(session, 1, event)
    session.close(patient[-1][0])
    assert [(gap.board, gap.first_index, gap.n) for gap in gap_rows(session.path)] == [(0, 100, 20)]
    assert verify(session.path).counts["samples"] == 780


def test_markers_are_counted_and_the_newest_is_known(tmp_path: Path) -> None:
    session = start(tmp_path / "x.antiphon")
    assert session.mark(START_NS + SECOND_NS, "music starts") == 1.0
    assert session.mark(START_NS + 2 * SECOND_NS, "") == 2.0
    assert (session.markers, session.last_marker) == (2, "")
    assert session.note(START_NS + 3 * SECOND_NS, "window open") == 3.0
    session.close(START_NS + 4 * SECOND_NS)
    with SessionReader(session.path) as reader:
        assert [marker.label for marker in reader.markers()] == ["music starts", ""]
    assert events_of(session.path) == [("note", "window open"), ("session", "stopped")]


def test_a_marker_that_the_disk_cannot_take_is_not_counted(tmp_path: Path) -> None:
    session = start(tmp_path / "x.antiphon", queue_bytes=500)
    with pytest.raises(OSError, match="not written down"):
        session.mark(START_NS, "shift")
    with pytest.raises(OSError, match="not written down"):
        session.note(START_NS, "loud")
    assert (session.markers, session.last_marker) == (0, "")
    session.close(START_NS + SECOND_NS)


def test_elapsed_time_follows_the_data_and_saved_time_the_disk(tmp_path: Path) -> None:
    session, writer = start_with_writer(tmp_path / "x.antiphon")
    assert (session.elapsed_s, session.saved_s, session.recorded_s) == (0.0, 0.0, 0.0)
    events = Air().stretch(START_NS + 2 * SECOND_NS, range(500))
    for _, event in events:
        take(session, 0, event)
    assert session.elapsed_s == pytest.approx(4.0, abs=0.02)
    assert session.recorded_s == pytest.approx(2.0, abs=0.05)
    assert session.saved_s == 0.0
    session.commit()
    assert writer.flush(10.0)
    assert session.saved_s == pytest.approx(4.0, abs=0.02)
    session.close(events[-1][0])


def test_a_resumed_session_begins_with_a_gap_of_each_board(tmp_path: Path) -> None:
    killed_ns, back_ns = START_NS + 60 * SECOND_NS, START_NS + 70 * SECOND_NS
    past = Past(("music starts", "shift"), killed_ns, (killed_ns, killed_ns), (1, 3), 38)
    session = start(tmp_path / "x.antiphon", past=past)
    assert (session.markers, session.last_marker) == (2, "shift")
    assert session.elapsed_s == session.saved_s == pytest.approx(60.0)
    for board, segment in enumerate(past.next_segments):
        for _, event in Air(first_segment=segment).stretch(back_ns, range(100)):
            take(session, board, event)
    session.mark(back_ns, "music ends")
    assert session.markers == 3
    session.close(back_ns + SECOND_NS // 2)
    rows = [gap for board in (0, 1) for gap in gap_rows(session.path, board)]
    gaps = [(g.board, g.segment, g.n, g.cause, g.begin_ns) for g in rows]
    assert gaps == [(0, 1, 0, "restart", killed_ns), (1, 3, 0, "restart", killed_ns)]
    assert all(gap.end_ns - back_ns < SECOND_NS for gap in rows)
