import shutil
import sqlite3
import tracemalloc
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from recorder.store.check import verify
from recorder.store.files import DONE
from recorder.store.reader import SessionReader
from recorder.store.rows import Row
from tests.recorder import session_files
from tests.recorder.session_files import START_NS, block, gap, knot


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("usual") / "s.antiphon"
    return session_files.write(path, session_files.usual_rows())


@pytest.fixture
def copied(usual: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(usual, tmp_path / "copy.antiphon"))


def problems_of(path: Path, *rows: Row) -> tuple[str, ...]:
    return verify(session_files.write(path, [*rows])).problems


def changed(path: Path, *statements: str) -> tuple[str, ...]:
    """The problems after somebody has changed the file by hand."""
    with closing(sqlite3.connect(path)) as db:
        for statement in statements:
            db.execute(statement)
        db.commit()
    return verify(path).problems


def test_a_usual_session_is_whole(usual: Path) -> None:
    report = verify(usual)
    assert report.ok
    assert (report.state, report.problems, report.notes) == ("closed", (), ())
    assert report.counts == {
        "samples": 2004,
        "missing": 6,
        "blocks": 41,
        "gaps": 2,
        "measures": 1,
        "markers": 1,
    }


def test_progress_is_told_block_by_block(usual: Path) -> None:
    told: list[tuple[int, int]] = []
    verify(usual, lambda done, total: told.append((done, total)))
    assert told == [(done, 41) for done in range(1, 42)]


def test_a_file_that_is_put_away_meanwhile_is_checked_where_it_is_then(copied: Path) -> None:
    place = copied.parent / DONE / copied.name
    place.parent.mkdir()

    def put_away(done: int, _total: int) -> None:
        if done == 1 and not place.exists():
            copied.rename(place)

    assert [finding.kind for finding in verify(copied, put_away).findings] == ["hash"]
    assert not copied.exists()


def test_samples_missing_without_a_gap_are_a_problem(tmp_path: Path) -> None:
    problems = problems_of(tmp_path / "s.antiphon", block(0, 0), block(0, 60))
    assert problems == ("board 0 segment 0: samples 50 to 59 are missing without a gap",)


def test_a_gap_explains_what_is_missing_but_not_more(tmp_path: Path) -> None:
    problems = problems_of(tmp_path / "s.antiphon", block(0, 0), gap(0, 50, 7), block(0, 60))
    assert problems == ("board 0 segment 0: samples 57 to 59 are missing without a gap",)


def test_samples_that_are_there_twice_are_a_problem(tmp_path: Path) -> None:
    problems = problems_of(tmp_path / "s.antiphon", block(0, 0), block(0, 40), block(0, 90))
    assert "board 0 segment 0: samples 40 to 49 are there twice" in problems


@pytest.mark.parametrize("late", [False, True])
def test_samples_that_are_there_and_in_a_gap_are_a_problem(tmp_path: Path, late: bool) -> None:
    rows = (block(0, 0), gap(0, 50, 10), block(0, 60), block(0, 52, 4, late=late))
    problems = problems_of(tmp_path / "a.antiphon", *rows)
    assert problems == (
        "board 0 segment 0: samples 52 to 55 are in a gap and there, or there twice",
    )


def test_samples_that_came_late_are_in_no_gap(tmp_path: Path) -> None:
    rows = (block(0, 0), gap(0, 50, 2), block(0, 60), block(0, 52, 4, late=True), gap(0, 56, 4))
    assert problems_of(tmp_path / "s.antiphon", *rows) == ()


def test_a_session_may_begin_anywhere_and_segments_are_not_joined(tmp_path: Path) -> None:
    rows = (block(0, 7000), block(0, 20, segment=1), gap(0, 70, 5, segment=1))
    assert problems_of(tmp_path / "s.antiphon", *rows) == ()


def test_a_clock_that_runs_backwards_is_a_problem(tmp_path: Path) -> None:
    knots = (
        knot(0, 0, t_ns=START_NS, period_ns=4e6),
        knot(0, 10, t_ns=START_NS + 9 * 4_000_000, period_ns=4e6),
    )
    problems = problems_of(tmp_path / "s.antiphon", block(0, 0), *knots)
    assert problems == ("board 0 segment 0: the clock does not run forward",)


def test_a_clock_that_has_not_settled_may_be_off_its_rate(tmp_path: Path) -> None:
    fast = knot(0, 0, t_ns=START_NS, period_ns=3.9e6, provisional=True)
    assert problems_of(tmp_path / "s.antiphon", block(0, 0), fast) == ()
    settled = knot(0, 0, t_ns=START_NS, period_ns=3.9e6)
    [problem] = problems_of(tmp_path / "t.antiphon", block(0, 0), settled)
    assert "off its nominal rate" in problem


def test_a_clock_may_bend_as_far_as_it_admits_to_be_off(tmp_path: Path) -> None:
    usual = [knot(0, idx, t_ns=START_NS + idx * 4_000_000) for idx in range(2)]
    bent = knot(0, 2, t_ns=START_NS + 8_000_000, period_ns=4.4e6, sigma_ns=0.1e9)
    assert problems_of(tmp_path / "s.antiphon", block(0, 0), *usual, bent) == ()
    sure = knot(0, 2, t_ns=START_NS + 8_000_000, period_ns=4.4e6, sigma_ns=0.05e9)
    [problem] = problems_of(tmp_path / "t.antiphon", block(0, 0), *usual, sure)
    assert "off its nominal rate" in problem


def test_a_growing_file_is_whole_and_said_to_be_growing(tmp_path: Path) -> None:
    path = tmp_path / "s.antiphon"
    writer = session_files.start(path)
    writer.put(block(0, 0))
    assert writer.flush(10.0)
    report = verify(path)
    writer.close(START_NS)
    assert report.ok
    assert "not closed" in report.notes[0]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("UPDATE block SET payload = zeroblob(9) WHERE id = 5", "block 5: the checksum"),
        ("UPDATE block SET first_index = 90000 WHERE id = 5", "block 5: the checksum"),
        ("UPDATE block SET board = 9 WHERE id = 5", "no board 9"),
        ("UPDATE board SET aux_labels = '[]' WHERE id = 0", "bytes"),
        ("UPDATE board SET aux_labels = '7'", "column aux_labels is not a JSON array"),
        ("UPDATE board SET aux_labels = 'x['", "board: Expecting value"),
        ("DELETE FROM channel", "board 0: has no channels"),
        ("DELETE FROM session", "0 session rows"),
        ("DELETE FROM person", "board: row 0 refers to no person"),
        ("DROP TABLE gap", "no such table: gap"),
        ("UPDATE gap SET n = -3", "ends before it begins"),
        ("UPDATE clock_fit SET period_ns = 1e300", "does not run forward"),
        ("UPDATE clock_fit SET idx = 4", "does not run forward"),
        ("UPDATE clock_fit SET segment = 8, board = 6", "clock_fit: row"),
        ("PRAGMA application_id = 1", "not a session file"),
        ("UPDATE clock_fit SET period_ns = 3951000.0", "1.2% off its nominal rate"),
        ("UPDATE board SET nominal_rate_hz = 200.0", "1.2% off its nominal rate"),
        ("DELETE FROM series", "measure: values of no known series: 1"),
        ("UPDATE measure_batch SET value = 'x['", "malformed JSON"),
        ("UPDATE measure_batch SET value = '[\"x\"]'", "1 values are no numbers"),
    ],
)
def test_what_somebody_changed_by_hand_is_found(copied: Path, change: str, problem: str) -> None:
    found = changed(copied, change)
    assert any(problem in line for line in found), found


def test_a_finding_says_what_kind_it_is_and_where(copied: Path) -> None:
    with closing(sqlite3.connect(copied)) as db:
        db.execute("UPDATE block SET payload = zeroblob(9) WHERE id = 5")
        db.execute("UPDATE clock_fit SET period_ns = 1e300")
        db.commit()
    found = {finding.kind: finding for finding in verify(copied).findings}
    assert set(found) == {"block", "continuity", "clock", "rows"}
    assert found["block"].block == 5
    assert (found["continuity"].board, found["continuity"].segment) == (1, 0)
    assert (found["clock"].board, found["clock"].segment) == (0, 0)


def test_a_header_that_cannot_be_read_is_one_problem_and_not_one_for_each_block(
    copied: Path,
) -> None:
    assert len(changed(copied, "UPDATE board SET aux_labels = 'x['")) <= 3


def test_bytes_damaged_anywhere_are_problems_and_never_errors(usual: Path, tmp_path: Path) -> None:
    whole = usual.read_bytes()
    path = tmp_path / "damaged.antiphon"
    rng = np.random.default_rng(7)
    unnoticed = 0
    for _ in range(120):
        damaged = bytearray(whole)
        # half of them where the schema and the header rows are
        reach = len(whole) if rng.random() < 0.5 else len(whole) // 4
        for place in rng.integers(0, reach, rng.integers(1, 40)):
            damaged[place] ^= int(rng.integers(1, 256))
        path.write_bytes(damaged)
        report = verify(path)
        unnoticed += report.ok
        assert not [problem for problem in report.problems if "\n" in problem]
    # unused parts of pages may be damaged without harm
    assert unnoticed < 60


def test_a_file_cut_short_is_a_problem(usual: Path, tmp_path: Path) -> None:
    whole = usual.read_bytes()
    path = tmp_path / "cut.antiphon"
    for end in (0, 1, 100, 4096, 5000, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:end])
        assert not verify(path).ok, end


def test_what_is_not_read_of_a_damaged_log_is_told(tmp_path: Path) -> None:
    growing = tmp_path / "s.antiphon"
    writer = session_files.start(growing)
    for number in range(20):
        writer.put(block(0, 50 * number))
        assert writer.flush(10.0)
    log = Path(f"{growing}-wal").read_bytes()
    copy = tmp_path / "copy.antiphon"
    rng = np.random.default_rng(11)
    for place in rng.integers(0, len(log), 30):
        shutil.copy(growing, copy)
        damaged = bytearray(log)
        damaged[place] ^= 0xFF
        Path(f"{copy}-wal").write_bytes(damaged)
        report = verify(copy)
        told = not report.ok or any("its last second is not read" in it for it in report.notes)
        assert told or report.counts["samples"] == 1000
        assert all(finding.kind == "log" for finding in report.findings), report.problems
        Path(f"{copy}-shm").unlink(missing_ok=True)
    writer.close(START_NS)


def test_a_file_that_is_not_there_is_the_callers_mistake(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        verify(tmp_path / "x.antiphon")


def test_a_long_session_is_read_many_blocks_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = session_files.write(
        tmp_path / "s.antiphon", [block(0, 50 * number) for number in range(1000)]
    )
    asked: list[str] = []
    query = SessionReader.query

    def counted(self: SessionReader, sql: str, *parameters: object) -> list[tuple[object, ...]]:
        asked.append(sql)
        return query(self, sql, *parameters)

    monkeypatch.setattr(SessionReader, "query", counted)
    assert verify(path).counts["samples"] == 50_000
    assert len(asked) < 100


def test_memory_does_not_grow_by_an_object_for_each_block(tmp_path: Path) -> None:
    def peak_bytes(blocks: int) -> int:
        rows = [block(0, 2 * number, 2) for number in range(blocks)]
        path = session_files.write(tmp_path / f"{blocks}.antiphon", [*rows])
        verify(path)  # what is made once is there
        tracemalloc.start()
        verify(path)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak

    assert peak_bytes(4000) - peak_bytes(1000) < 3000 * 50


def test_one_damaged_block_among_many_is_the_only_one_named(tmp_path: Path) -> None:
    path = session_files.write(
        tmp_path / "s.antiphon", [block(0, 50 * number) for number in range(400)]
    )
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE block SET payload = zeroblob(9) WHERE id IN (7, 399)")
        db.execute("UPDATE block SET n = -4000000000 WHERE id = 200")
        db.commit()
    report = verify(path)
    assert [it.block for it in report.findings if it.kind == "block"] == [7, 200, 399]
    assert report.counts["samples"] == 397 * 50


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE session SET blocks = 99", "session: the newest of its 99 blocks is missing"),
        ("DELETE FROM block WHERE id = 41", "session: the newest of its 41 blocks is missing"),
        ("UPDATE session SET ended_t_ns = started_t_ns - 1", "session: ends before it begins"),
        ("UPDATE gap SET first_index = -7", "board 0 segment 0: begins with sample -7"),
        ("DELETE FROM block WHERE id = 1", "1 row is missing that had been written"),
        ("UPDATE series_list SET series = '[1,2]'", "measure: 1 rows are not as long as"),
        ("PRAGMA user_version = 3", "made by an older antiphon; it has file version 3"),
        ("DROP TABLE ledger", "no such table: ledger"),
    ],
)
def test_what_the_header_says_is_held_against_the_rows(
    copied: Path, change: str, told: str
) -> None:
    assert any(told in problem for problem in changed(copied, change))
