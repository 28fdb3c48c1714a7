"""Ten minutes of two boards with faults, on a simulated clock; `make soak` does a day of it."""

import pytest

from recorder.store.check import verify
from recorder.store.reader import SessionReader
from tests.soak.__main__ import GROWTH_BLOCKS, boards_of
from tests.soak.accounts import account
from tests.soak.day import Day, live

# In minutes, not hours: what the writer's queue happens to hold is in it.
WARMING_UP_KIB = 1024
MINUTES = 10


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> Day:
    return live(tmp_path_factory.mktemp("soak"), MINUTES * 60, seed=5, look_every_s=30)


def test_every_sample_is_recorded_or_accounted_for(day: Day) -> None:
    accounts = [account(day.path, *it) for it in boards_of(day)]
    for it in accounts:
        assert it.recorded + it.missing + it.between == it.taken
        assert it.recorded == it.sent
        assert it.misplaced == 0
        assert it.taken > 0.98 * MINUTES * 60 * 250
    assert sum(it.missing for it in accounts) > 0
    assert sum(it.between for it in accounts) > 0


def test_the_file_of_it_is_whole_and_closed(day: Day) -> None:
    report = verify(day.path)
    assert (report.problems, report.state) == ((), "closed")


def test_each_board_was_opened_again_after_a_fault(day: Day) -> None:
    with SessionReader(day.path) as session:
        segments = [len(session.segments(board.id)) for board in session.boards()]
    assert sum(segments) > 2


def test_memory_does_not_grow(day: Day) -> None:
    assert day.growth.rss_kib <= WARMING_UP_KIB
    assert day.growth.blocks <= GROWTH_BLOCKS
