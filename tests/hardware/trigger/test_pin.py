"""The boards' own trigger pins, found on exactly the right sample."""

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from math import ceil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.board import Block, Event
from hardware.cyton import conversation
from hardware.cyton.assembler import BlockAssembler
from hardware.cyton.board import CytonBoard
from hardware.cyton.frames import AUX_LABELS
from hardware.emulated.air import Chances
from hardware.emulated.cyton import Behaviour, BoardTruth, EmulatedCyton
from hardware.emulated.ports import Emulator
from hardware.emulated.stream import TrueTime
from hardware.trigger.edges import Edge
from hardware.trigger.pin import PinEdge, PinEdges, PinSource
from hardware.trigger.sync_train import schedule
from tests.hardware.cyton.virtual_line import Quiet
from tests.hardware.emulated_port import served

S, MS = 1_000_000_000, 1_000_000
RATES_HZ = (250.33, 250.51)
LOSS = Chances(loss=0.01)


def block(first_index: int, pins: list[int], segment: int = 0, late: bool = False) -> Block:
    aux = np.zeros((len(pins), 3), np.int32)
    aux[:, 0] = pins
    arrival_ns = (first_index + np.arange(len(pins))) * 4 * MS
    return Block(segment, first_index, np.zeros((len(pins), 8), np.int32), aux, arrival_ns, late)


def finder(board: str = "patient", pin: str = "D11") -> PinEdges:
    return PinEdges(board, pin, AUX_LABELS)


def found(*blocks: Block) -> list[tuple[int, int, int, bool]]:
    edges = finder()
    return [
        (edge.segment, edge.index, edge.level, edge.is_exact)
        for it in blocks
        for edge in edges.feed(it)
    ]


def test_an_edge_is_on_the_first_sample_with_the_new_level() -> None:
    edges = finder().feed(block(100, [0, 0, 1, 1, 1, 0]))
    assert edges == [
        PinEdge("patient", 0, 101, 102, 1, 102 * 4 * MS),
        PinEdge("patient", 0, 104, 105, 0, 105 * 4 * MS),
    ]
    assert all(edge.is_exact for edge in edges)


def test_an_edge_between_two_blocks_is_exact() -> None:
    assert found(block(0, [0, 0]), block(2, [1, 1])) == [(0, 2, 1, True)]


def test_an_edge_in_a_gap_is_not_claimed_to_be_exact() -> None:
    edges = finder()
    edges.feed(block(0, [0, 0]))
    (edge,) = edges.feed(block(5, [1, 1]))
    assert (edge.before, edge.index, edge.is_exact) == (1, 5, False)


def test_a_level_that_is_the_same_on_both_sides_of_a_gap_is_no_edge() -> None:
    assert found(block(0, [0, 0]), block(50, [0, 1])) == [(0, 51, 1, True)]


def test_a_segment_begins_without_a_past() -> None:
    blocks = block(0, [1, 1, 0]), block(0, [1, 0], segment=1), block(2, [1], segment=1)
    assert found(*blocks) == [(0, 2, 0, True), (1, 1, 0, True), (1, 2, 1, True)]


def test_late_samples_change_nothing() -> None:
    blocks = block(0, [0, 0]), block(4, [1, 1]), block(2, [0, 1], late=True), block(6, [1, 0])
    assert found(*blocks) == [(0, 4, 1, False), (0, 7, 0, True)]


def test_a_damaged_pin_byte_is_no_edge() -> None:
    assert found(block(0, [0, 64, 0, 0, 129, 1, 1])) == [(0, 5, 1, False)]
    assert found(block(0, [64]), block(1, [0, 1])) == [(0, 2, 1, True)]


def test_the_other_pin_is_another_column() -> None:
    it = block(0, [0, 0, 1])
    it.aux[:, 1] = [0, 1, 1]
    assert [edge.index for edge in finder(pin="D12").feed(it)] == [1]


def test_a_pin_that_the_board_does_not_report_is_refused() -> None:
    with pytest.raises(ValueError, match="therapist's board has no D17; it has D11, D12, board_ms"):
        finder("therapist", "D17")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(1, 12), min_size=1, max_size=20),
    st.sets(st.integers(0, 120), max_size=30),
    st.integers(1, 40),
)
def test_whatever_is_lost_no_exact_edge_is_wrong(
    lengths: list[int], lost: set[int], cut: int
) -> None:
    levels = np.repeat(np.arange(len(lengths)) % 2, lengths)
    true_edges = set((np.flatnonzero(np.diff(levels)) + 1).tolist())
    kept = [index for index in range(len(levels)) if index not in lost]
    edges, seen = finder(), list[PinEdge]()
    for run in np.split(kept, [i + 1 for i in range(len(kept) - 1) if kept[i + 1] > kept[i] + 1]):
        for at in range(0, len(run), cut):
            part = run[at : at + cut]
            seen += edges.feed(block(int(part[0]), levels[part].tolist()))
    for edge in seen:
        within = true_edges & set(range(edge.before + 1, edge.index + 1))
        assert len(within) % 2 == 1
        assert levels[edge.index] == edge.level
    exact = {edge.index for edge in seen if edge.is_exact}
    assert exact == {edge for edge in true_edges if {edge - 1, edge} <= set(kept)}


def train(seconds: float, seed: int = 4, scale: float = 1.0) -> list[float]:
    """When D11 goes on and off, in seconds of true time; `scale` below 1 is a faster train."""
    edges_s, rise_s = list[float](), 0.1
    for pulse in schedule(np.random.default_rng(seed)):
        rise_s += pulse.interval_s * scale
        if rise_s > seconds:
            return edges_s
        edges_s += [rise_s, rise_s + pulse.width_s]
    return []


def emulate(person: int, true_time: TrueTime, now_ns: int, edges_s: list[float]) -> EmulatedCyton:
    behaviour = Behaviour(rate_hz=RATES_HZ[person], chances=LOSS, d11_edges_s=tuple(edges_s))
    rng = np.random.default_rng(person)
    return EmulatedCyton(Quiet(), behaviour, now_ns, true_time=true_time, rng=rng)


def expected(truth: BoardTruth, true_time: TrueTime, edges_s: list[float]) -> list[int]:
    """The index of the first sample at or after each edge in true time."""
    assert truth.begin_ns is not None
    assert true_time.origin_ns is not None
    begin_s = (truth.begin_ns - true_time.origin_ns) / 1e9
    first = round(begin_s * truth.true_rate_hz)
    return [ceil(edge_s * truth.true_rate_hz) - first for edge_s in edges_s]


def check(seen: list[PinEdge], true_indexes: list[int], last_index: int) -> float:
    """Hold what was seen against the truth; return the share of edges that are exact."""
    true_indexes = [index for index in true_indexes if 0 < index <= last_index]
    exact = {edge.index: edge.level for edge in seen if edge.is_exact}
    assert set(exact) <= set(true_indexes)
    for edge in seen:
        (index,) = [it for it in true_indexes if edge.before < it <= edge.index]
        assert edge.level == 1 - true_indexes.index(index) % 2
    assert len(seen) == len(true_indexes)  # no pulse is lost: each is 5 samples long
    return len(exact) / len(true_indexes)


def test_over_minutes_each_pulse_is_on_its_sample_with_a_percent_of_packets_lost() -> None:
    true_time, edges_s = TrueTime(), train(100.0, scale=0.15)
    for person, start_ns in enumerate((10 * S, 11 * S + 234_567)):
        board = emulate(person, true_time, start_ns, edges_s)
        assembler, edges, seen = BlockAssembler(250.0), finder(), list[PinEdge]()
        board.receive(b"/3<", start_ns)
        board.due(start_ns + S)
        board.receive(b"b", start_ns + S)
        assembler.begin_stream(start_ns + S)
        last_index = 0
        for now_ns in range(start_ns + S, start_ns + 100 * S, 200 * MS):
            for event in assembler.feed([(b"".join(board.due(now_ns)), now_ns)]):
                if isinstance(event, Block):
                    seen += edges.feed(event)
                    last_index = event.first_index + len(event) - 1
        share = check(seen, expected(board.truth(), true_time, edges_s), last_index)
        assert len(seen) > 1200
        assert 0.97 < share < 0.99  # of two packets, one or the other was lost


@pytest.fixture
def boards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator["Pair"]:
    monkeypatch.setattr(conversation, "QUIET_S", 0.1)
    with ExitStack() as undo:
        yield Pair(tmp_path, undo)


class Pair:
    """Two emulated boards with one D11 between them, and what records from them."""

    def __init__(self, folder: Path, undo: ExitStack) -> None:
        self.true_time, self.edges_s = TrueTime(), train(30.0, scale=0.1)
        now_ns = time.monotonic_ns()
        self.emulated = {
            folder / role: emulate(person, self.true_time, now_ns, self.edges_s)
            for person, role in enumerate(("patient", "therapist"))
        }
        undo.enter_context(served(Emulator(self.emulated)))
        self.recording = {link.name: CytonBoard(str(link)) for link in self.emulated}
        for board in self.recording.values():
            board.start()
            undo.callback(board.close)

    def events(self, seconds: float) -> Iterator[tuple[str, Event]]:
        """What the boards deliver in a while."""
        pause, end_s = threading.Event(), time.monotonic() + seconds
        while time.monotonic() < end_s:
            pause.wait(0.02)
            for role, board in self.recording.items():
                for event in board.poll():
                    yield role, event


def test_a_pulse_on_both_boards_is_found_on_the_right_sample_of_each(boards: Pair) -> None:
    finders = {role: finder(role) for role in boards.recording}
    seen: dict[str, list[PinEdge]] = {role: [] for role in boards.recording}
    last_index = dict.fromkeys(boards.recording, 0)
    for role, event in boards.events(4.0):
        if isinstance(event, Block):
            seen[role] += finders[role].feed(event)
            if not event.late:
                last_index[role] = event.first_index + len(event) - 1
    for link, emulated in boards.emulated.items():
        role = link.name
        assert boards.recording[role].tally.lost > 0
        indexes = expected(emulated.truth(), boards.true_time, boards.edges_s)
        assert check(seen[role], indexes, last_index[role]) > 0.9
        assert len(seen[role]) > 20
        assert {edge.board for edge in seen[role]} == {role}


def test_as_a_source_a_pin_gives_edges_at_their_arrival() -> None:
    waiting: list[list[Event]] = [
        [block(0, [0, 1])],
        [block(2, [1, 0, 0]), block(5, [1])],
        [],
    ]
    source = PinSource("patient D11", finder(), lambda: waiting.pop(0))
    assert source.poll() == []
    source.open()  # what came before is not looked at
    assert source.poll() == [
        Edge("patient D11", 1, 3 * 4 * MS, 0),
        Edge("patient D11", 2, 5 * 4 * MS, 1),
    ]
    assert source.poll() == []
    source.close()
    assert source.poll() == []
