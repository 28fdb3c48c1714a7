import tempfile
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.board import Block, Event, Gap
from recorder.session import Session
from recorder.store.check import verify
from recorder.store.reader import SessionReader
from recorder.store.writer import SessionWriter
from tests.recorder import session_files
from tests.recorder.scripted_board import Air, Timed
from tests.recorder.session_files import START_NS

SECOND_NS = 1_000_000_000


def start(path: Path, started_t_ns: int = START_NS, *, queue_bytes: int = 1 << 24) -> Session:
    header = replace(session_files.header(path.stem), started_t_ns=started_t_ns)
    writer = SessionWriter.create(path, header, period_s=30.0, queue_bytes=queue_bytes)
    return Session(writer, header)


def take(session: Session, board: int, event: Event) -> None:
    if isinstance(event, Block):
        session.take_block(board, event)
    elif isinstance(event, Gap):
        session.take_gap(board, event)


@st.composite
def orders(draw: st.DrawFn) -> list[int]:
    """Indexes of a stretch in the order in which their packets arrive; some never do."""
    order = [0]
    for came, lost in draw(st.lists(st.tuples(st.integers(1, 99), st.integers(0, 99)), max_size=6)):
        order += range(order[-1] + 1 + lost, order[-1] + 1 + lost + came)
    for at, places in draw(st.lists(st.tuples(st.integers(1, 200), st.integers(1, 60)), max_size=3)):
        if at < len(order):
            packet = order.pop(at)
            order.insert(at + places, packet)
    return order


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


@settings(max_examples=40, deadline=None)
@given(recordings(), st.data())
def test_every_index_is_in_one_block_or_one_gap(events: list[Timed], data: st.DataObject) -> None:
    asked = data.draw(st.integers(0, len(events) - 1), "asked to start before this event")
    begun = data.draw(st.integers(asked, len(events) - 1), "recorded from this event on")
    end = data.draw(st.integers(begun, len(events)), "stopped before this event")
    commits = data.draw(st.sets(st.integers(begun, len(events))), "commits")
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "x.antiphon"
        session = start(path, events[asked][0])
        for number, (_, event) in enumerate(events[begun:end], begun):
            take(session, 0, event)
            if number in commits:
                session.commit()
        session.close(events[-1][0] + SECOND_NS)
        report = verify(path)
        assert report.problems == ()
        found = covered(path)
        assert set(found.values()) <= {1}
        for segment in {segment for segment, _ in found}:
            indexes = sorted(index for place, index in found if place == segment)
            assert all(after == before + 1 for before, after in pairwise(indexes))
