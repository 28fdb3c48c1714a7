import gzip
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from recorder.store.check import verify
from recorder.store.finish import settle
from recorder.store.reader import SessionReader
from recorder.store.repair import repair
from recorder.store.rows import MeasureRows
from recorder.store.schema import VERSION, migrate
from tests.recorder import session_files
from tests.recorder.session_files import START_NS, block

FIXTURES = Path(__file__).parent / "fixtures"


@pytest.fixture
def version_1(tmp_path: Path) -> Path:
    path = tmp_path / "version-1.antiphon"
    with gzip.open(FIXTURES / "version-1.antiphon.gz") as packed, open(path, "wb") as file:
        shutil.copyfileobj(packed, file)
    return path


def require_contents(path: Path) -> None:
    """What fixtures/README.md says is in it."""
    with SessionReader(path) as session:
        for board_id, end in ((0, 600), (1, 500)):
            samples = list(session.samples(board_id))
            index = np.concatenate([run.index for run in samples])
            counts = np.concatenate([run.counts for run in samples])
            aux = np.concatenate([run.aux for run in samples])
            assert index[-1] == end - 1
            assert np.array_equal(counts[:, 0], 3 * index + 100_000 * board_id)
            assert np.array_equal(counts[:, 1], -70 * index + 100_000 * board_id)
            assert (counts[:, 2] == -(2**31)).sum() > 60
            assert np.array_equal(aux, index[:, None] * [1, 4] + 7)
        assert [gap.n for gap in session.gaps()] == [6]
        assert [marker.label for marker in session.markers()] == ["music"]
        plv, faa = session.measures()
        assert plv.value.tolist() == [0.125, 0.25, 0.375]
        assert np.array_equal(faa.value, [-0.5, np.nan, -1.5], equal_nan=True)
        assert plv.clean.tolist() == [1.0, 1.0, 1.0]
        assert np.isnan(plv.percentile).all()
        assert session.header.persons == session_files.header().persons
        kinds = [channel.kind for board in session.boards() for channel in board.channels]
        assert kinds == 6 * ["eeg"]


def test_a_file_of_version_1_is_read_as_it_is(version_1: Path) -> None:
    before = version_1.read_bytes()
    require_contents(version_1)
    assert verify(version_1).problems == ()
    assert version_1.read_bytes() == before


def test_a_file_of_version_1_is_brought_up_to_date_without_loss(version_1: Path) -> None:
    with closing(sqlite3.connect(version_1, isolation_level=None)) as db:
        migrate(db)
        assert db.execute("PRAGMA user_version").fetchone() == (VERSION,)
        named = db.execute("SELECT name, count(value), min(value) FROM measure_named GROUP BY name")
        assert named.fetchall() == [("faa", 2, -1.5), ("plv", 3, 0.125)]
    require_contents(version_1)
    assert verify(version_1).problems == ()


def test_a_file_that_was_brought_up_to_date_can_be_repaired(
    version_1: Path, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(version_1, isolation_level=None)) as db:
        migrate(db)
    repaired = repair(version_1, tmp_path / "new.antiphon")
    assert repaired.notes == ()
    assert repaired.kept["channel"] == 6
    require_contents(repaired.path)


def test_a_session_that_an_old_program_left_is_resumed(version_1: Path) -> None:
    with closing(sqlite3.connect(version_1)) as db:
        db.execute("UPDATE session SET state = 'recording', ended_t_ns = NULL")
        db.commit()
    writer = session_files.resume(version_1)
    writer.put(block(0, 0, segment=1))
    writer.put(session_files.values(START_NS + 9 * 10**9, (1, 0.75)))
    writer.close(START_NS + 10**10)
    with SessionReader(version_1) as session:
        assert session.query("SELECT DISTINCT codec FROM block ORDER BY 1") == [(1,), (2,)]
        assert next(session.measures("plv")).value.tolist() == [0.125, 0.25, 0.375, 0.75]
        assert len(list(session.blocks(0, 1))) == 1
    assert verify(version_1).problems == ()


def test_one_that_cannot_be_brought_up_to_date_is_left_and_let_go_of(version_1: Path) -> None:
    with closing(sqlite3.connect(version_1)) as db:
        db.execute("UPDATE session SET state = 'recording', ended_t_ns = NULL")
        db.execute("DROP TABLE measure")
        db.commit()
    with pytest.raises(OSError, match="no such table"):
        session_files.resume(version_1)
    descriptors = (each for each in Path("/proc/self/fd").iterdir() if each.is_symlink())
    assert version_1 not in [descriptor.readlink() for descriptor in descriptors]


def test_a_session_that_an_old_program_left_is_put_away(version_1: Path) -> None:
    with closing(sqlite3.connect(version_1)) as db:
        db.execute("UPDATE session SET state = 'recording', ended_t_ns = NULL")
        db.commit()
    place = settle(version_1)
    require_contents(place)
    assert verify(place).problems == ()


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
    assert np.allclose([one.percentile[0] for one in found], percentile, rtol=5e-4)
