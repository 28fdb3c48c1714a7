import shutil
import sqlite3
import tracemalloc
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from recorder.store.reader import SessionReader
from recorder.store.rows import GapRow, MeasureRows, Row
from recorder.store.schema import VERSION
from recorder.store.summary import summarise
from tests.recorder import session_files
from tests.recorder.session_files import PERIOD_NS, START_NS, block, knot


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("usual") / "20261123T040000Z-1f3a.antiphon"
    return session_files.write(path, session_files.usual_rows())


@pytest.fixture
def session(usual: Path) -> Iterator[SessionReader]:
    with SessionReader(usual) as session:
        yield session


def written(path: Path, *rows: object) -> SessionReader:
    return SessionReader(session_files.write(path, [*rows]))  # type: ignore[list-item]


def test_header_comes_back_as_it_was_written(session: SessionReader) -> None:
    assert session.header == session_files.header()
    assert session.boards() == session_files.header().boards
    assert (session.state, session.ended_t_ns) == ("closed", START_NS + 4 * 10**9)


def test_late_samples_stand_in_their_place(session: SessionReader) -> None:
    index = np.concatenate([samples.index for samples in session.samples(0)])
    expected = [*range(500), *range(503, 507), *range(510, 1010)]
    assert index.tolist() == expected


def test_samples_are_the_counts_that_were_put(session: SessionReader) -> None:
    late = next(samples for samples in session.samples(0) if samples.index[0] == 503)
    row = block(0, 503, 4)
    assert np.array_equal(late.counts, row.counts)
    assert np.array_equal(late.aux, row.aux)


def test_counts_alone_are_those_of_the_samples(session: SessionReader) -> None:
    for board in session.boards():
        alone = session.counts(board.id)
        for (segment, first, counts), samples in zip(alone, session.samples(board.id), strict=True):
            assert (segment, first) == (samples.segment, samples.index[0])
            assert np.array_equal(counts, samples.counts)


@pytest.mark.parametrize(
    ("damage", "complaint"),
    [
        ("payload = x'00'", "checksum does not match"),
        ("aux = x'00'", "checksum does not match"),
        ("arrivals = x'00'", "checksum does not match"),
        ("n = n + 1", "checksum does not match"),
    ],
)
def test_a_damaged_block_is_named_also_when_only_counts_are_read(
    usual: Path, tmp_path: Path, damage: str, complaint: str
) -> None:
    path = tmp_path / "20261123T040000Z-1f3a.antiphon"
    shutil.copy(usual, path)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(f"UPDATE block SET {damage} WHERE id = 25")
    with (
        SessionReader(path) as session,
        pytest.raises(ValueError, match=f"block 25: .*{complaint}"),
    ):
        list(session.counts(0))


def test_segments_are_told_apart(tmp_path: Path) -> None:
    rows = [block(0, 0, segment=3), block(0, 0), block(0, 50), block(1, 0, segment=9)]
    with written(tmp_path / "s.antiphon", *rows) as session:
        assert session.segments(0) == [0, 3]
        assert [samples.segment for samples in session.samples(0)] == [0, 0, 3]
        assert [len(samples.index) for samples in session.samples(0, 3)] == [50]
        assert list(session.samples(0, 7)) == []


def test_arrivals_are_every_reads_last_index_and_time(session: SessionReader) -> None:
    index, arrival_ns = session.arrivals(1, 0)
    assert index.tolist() == list(range(9, 1000, 10))
    assert np.array_equal(arrival_ns, START_NS + index * PERIOD_NS + 3_000_000)


def test_times_follow_the_settled_knots_only(session: SessionReader) -> None:
    index = np.array([0, 299, 300, 599, 600, 700])
    expected = [
        START_NS + 300 * PERIOD_NS - 300 * (PERIOD_NS + 40),
        START_NS + 300 * PERIOD_NS - (PERIOD_NS + 40),
        START_NS + 300 * PERIOD_NS,
        START_NS + 300 * PERIOD_NS + 299 * (PERIOD_NS + 40),
        START_NS + 600 * PERIOD_NS + 12_000,
        START_NS + 600 * PERIOD_NS + 12_000 + 100 * (PERIOD_NS + 20),
    ]
    assert session.times_ns(0, 0, index).tolist() == expected
    assert session.timeline(0, 0).settled


def test_times_strictly_increase_over_all_samples(session: SessionReader) -> None:
    for board_id in (0, 1):
        times_ns = [
            session.times_ns(board_id, samples.segment, samples.index)
            for samples in session.samples(board_id)
        ]
        assert np.all(np.diff(np.concatenate(times_ns)) > 0)


def test_a_segment_too_short_to_settle_uses_its_provisional_knots(tmp_path: Path) -> None:
    provisional = knot(0, 10, t_ns=START_NS, period_ns=4e6, provisional=True)
    with written(tmp_path / "s.antiphon", block(0, 0), provisional) as session:
        assert session.times_ns(0, 0, np.array([11])).tolist() == [START_NS + 4_000_000]
        assert not session.timeline(0, 0).settled


def test_a_segment_without_a_fit_uses_its_earliest_arrival(tmp_path: Path) -> None:
    punctual, delayed = block(0, 0), block(0, 50)
    delayed.arrival_ns[:] += 30_000_000
    with written(tmp_path / "s.antiphon", punctual, delayed) as session:
        expected = START_NS + 3_000_000 + 99 * PERIOD_NS
        assert session.times_ns(0, 0, np.array([99])).tolist() == [expected]


def test_a_segment_of_which_there_is_nothing_has_no_time(session: SessionReader) -> None:
    with pytest.raises(ValueError, match="board 0 segment 5"):
        session.times_ns(0, 5, np.array([0]))


def test_markers_are_those_not_taken_back(session: SessionReader) -> None:
    assert [(marker.id, marker.label) for marker in session.markers()] == [(2, "music, ends")]


def test_measures_come_by_series_with_nan_where_there_is_no_value(tmp_path: Path) -> None:
    rows = [session_files.series(1), session_files.series(2, "faa")]
    rows += [session_files.values(START_NS + t, (1, 0.1 * t), (2, np.nan)) for t in (2, 1, 3)]  # type: ignore[misc]
    with written(tmp_path / "s.antiphon", *rows) as session:
        plv, faa = session.measures()
        assert plv.series == session_files.series(1)
        assert plv.t_ns.tolist() == [START_NS + 1, START_NS + 2, START_NS + 3]
        assert plv.value.tolist() == pytest.approx([0.1, 0.2, 0.3])
        assert np.isnan(faa.value).all()
        assert np.isnan(plv.percentile).all()
        assert [found.series.name for found in session.measures("faa")] == ["faa"]


def test_gaps_come_oldest_first(tmp_path: Path) -> None:
    later = session_files.gap(0, 70, 5)
    between = GapRow(0, 1, 0, 0, "no_answer", START_NS, START_NS + 5)
    with written(tmp_path / "s.antiphon", later, between) as session:
        assert session.gaps() == [between, later]


def test_summary_says_what_there_is(session: SessionReader, usual: Path) -> None:
    summary = summarise(session)
    patient, therapist = summary.pop("boards")
    assert summary == {
        "id": "20261123T040000Z-1f3a",
        "state": "closed",
        "created_utc_ns": 1_795_406_400_000_000_000,
        "begun_utc_ns": 1_795_406_400_000_000_000,
        "begun_is_certain": True,
        "duration_s": 4.0,
        "box": "",
        "template": "",
        "software_version": "0.1.0",
        "persons": {"patient": "P01", "therapist": "T01"},
        "markers": 1,
        "size_bytes": usual.stat().st_size,
    }
    assert (patient["samples"], patient["lost"], patient["late"]) == (1004, 6, 4)
    assert patient["channels"] == [{"label": it, "kind": "eeg"} for it in ("F3", "F4", "P3")]
    assert patient["gaps"] == {"radio": {"times": 2, "samples": 6, "seconds": 0.024}}
    assert patient["rate_hz"] == pytest.approx(250.0 / (1 + 1e-5))
    assert (therapist["rate_hz"], therapist["gaps"]) == (None, {})


def test_a_growing_file_can_be_read_and_seen_to_grow(tmp_path: Path) -> None:
    path = tmp_path / "s.antiphon"
    writer = session_files.start(path)
    with SessionReader(path) as session:
        lengths = []
        for number in range(3):
            lengths.append(sum(len(samples.index) for samples in session.samples(0)))
            writer.put(block(0, 50 * number))
            assert writer.flush(10.0)
        assert lengths == [0, 50, 100]
        assert session.ended_t_ns == int(block(0, 100).arrival_ns[-1])
    writer.close(START_NS)


def test_reading_leaves_no_trace_beside_a_closed_file(usual: Path, session: SessionReader) -> None:
    assert session.markers()
    assert list(usual.parent.iterdir()) == [usual]


def test_a_path_with_signs_that_mean_something_in_a_uri_is_opened(
    usual: Path, tmp_path: Path
) -> None:
    odd = tmp_path / "Sitzung #3? 100%.antiphon"
    shutil.copy(usual, odd)
    with SessionReader(odd) as session:
        assert session.state == "closed"


@pytest.mark.parametrize("content", [b"", b"plain text", b"SQLite format 3\0" + bytes(200)])
def test_what_is_no_session_file_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.antiphon"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"^[^\n]*x\.antiphon: not a session file[^\n]*$"):
        SessionReader(path)
    assert path.read_bytes() == content


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "x.db")) as db:
        db.execute("CREATE TABLE session (id TEXT)")
    with pytest.raises(ValueError, match="not a session file"):
        SessionReader(tmp_path / "x.db")


def test_a_file_of_a_newer_version_says_which_is_needed(usual: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.antiphon"
    shutil.copy(usual, path)
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 6}")
    with pytest.raises(ValueError, match=f"newer antiphon; it has file version {VERSION + 6}"):
        SessionReader(path)


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such file"):
        SessionReader(tmp_path / "x.antiphon")
    assert list(tmp_path.iterdir()) == []


def test_a_file_left_by_a_crash_that_cannot_be_opened_is_told_from_a_damaged_one(
    tmp_path: Path,
) -> None:
    writer = session_files.start(tmp_path / "s.antiphon")
    copy = Path(shutil.copy(tmp_path / "s.antiphon", tmp_path / "copy.antiphon"))
    writer.close(START_NS)
    (tmp_path / "copy.antiphon-wal").mkdir()
    with pytest.raises(OSError, match="cannot be opened"):
        SessionReader(copy)


def test_a_reader_cannot_write(session: SessionReader) -> None:
    with pytest.raises(ValueError, match="cannot be written"):
        session.query("DELETE FROM block")


def test_a_board_that_is_not_there_is_a_lookup_error(session: SessionReader) -> None:
    with pytest.raises(LookupError, match="no board 9"):
        session.board(9)


def test_measures_are_read_a_few_series_at_a_time_and_come_out_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows: list[object] = [session_files.series(number, f"m{number}") for number in range(1, 41)]
    pairs = [[(number, number + t / 7) for number in range(1, 41)] for t in range(300)]
    rows += [session_files.values(START_NS + t, *some) for t, some in enumerate(pairs)]
    monkeypatch.setattr("recorder.store.reader.VALUES_TOGETHER", 600)
    with written(tmp_path / "s.antiphon", *rows) as session:
        tracemalloc.start()
        counted = 0
        for found in session.measures():
            assert found.t_ns.tolist() == [START_NS + t for t in range(300)]
            expected = [found.series.id + t / 7 for t in range(300)]
            assert np.allclose(found.value, expected, rtol=1e-5)
            counted += len(found.value)
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert counted == 12_000
    assert peak_bytes < 12_000 * 32  # not all of them at once


def test_measures_keep_more_digits_than_they_are_good_for(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    value = np.concatenate([rng.normal(size=40), [1e-12, -1e30, np.nan, np.inf, 0.0]])
    ids = np.arange(1, len(value) + 1)
    clean, percentile = rng.random(len(value)), 100 * rng.random(len(value))
    rows = [*map(session_files.series, ids.tolist())]
    put = MeasureRows(START_NS, ids, value, clean, percentile)
    path = session_files.write(tmp_path / "s.antiphon", [*rows, put])
    with SessionReader(path) as session:
        found = list(session.measures())
    expected = np.where(np.isfinite(value), value, np.nan)
    stored = np.array([one.value[0] for one in found])
    assert np.allclose(stored, expected, rtol=5e-6, atol=0, equal_nan=True)
    assert np.allclose([one.clean[0] for one in found], clean, rtol=5e-3)
    assert np.allclose([one.percentile[0] for one in found], percentile, rtol=5e-3)


@pytest.mark.parametrize(
    ("clean", "stored"),
    [
        ([0.5] * 6, "[0.5]"),
        ([1, 0.25, 1, 0.25, 1, 0.25], "[1,0.25]"),
        ([1, 1, 0.842, 1, 1, 0.842], "[1,1,0.842]"),
        ([1, 1, 1, 1, 0.5, 1], "[1,1,1,1,0.5,1]"),
        ([np.nan] * 6, "[null]"),
    ],
)
def test_shares_that_repeat_are_stored_once_and_told_for_each(
    tmp_path: Path, clean: list[float], stored: str
) -> None:
    ids = np.arange(1, 7)
    put = MeasureRows(START_NS, ids, np.zeros(6), np.array(clean, np.float64), np.full(6, np.nan))
    rows: list[Row] = [*map(session_files.series, ids.tolist()), put]
    with SessionReader(session_files.write(tmp_path / "s.antiphon", rows)) as session:
        assert session.query("SELECT clean, percentile FROM measure_batch") == [(stored, None)]
        told = [float(one.clean[0]) for one in session.measures()]
        named = session.query("SELECT clean FROM measure")
    assert np.array_equal(told, clean, equal_nan=True)
    assert [share for (share,) in named] == [None if np.isnan(it) else it for it in clean]


def test_lists_of_series_are_stored_once(tmp_path: Path) -> None:
    rows: list[Row] = [*map(session_files.series, (1, 2))]
    rows += [session_files.values(START_NS, (1, 0.5), (2, 1.5))]
    rows += [session_files.values(START_NS + n, (1, 0.25 * n), (2, n)) for n in range(1, 9)]
    rows += [session_files.values(START_NS + n, (2, 0.25 * n)) for n in range(9, 12)]
    with SessionReader(session_files.write(tmp_path / "s.antiphon", rows)) as session:
        assert session.query("SELECT series FROM series_list") == [("[1,2]",), ("[2]",)]
        assert [len(one.t_ns) for one in session.measures()] == [9, 12]
        counted = "SELECT count(*), count(DISTINCT t_ns) FROM measure_named"
        assert session.query(counted) == [(21, 12)]


def test_of_what_other_instruments_send_every_digit_is_kept(tmp_path: Path) -> None:
    sent = [0.1, 1 / 3, 1e300, 5e-324, 123456.789012345]
    rows: list[Row] = [session_files.series(1)]
    unknown = np.full(1, np.nan)
    rows += [
        MeasureRows(START_NS + n, np.array([1]), np.array([it]), unknown, unknown, as_sent=True)
        for n, it in enumerate(sent)
    ]
    with SessionReader(session_files.write(tmp_path / "s.antiphon", rows)) as session:
        [series] = session.measures()
    assert series.value.tolist() == sent
