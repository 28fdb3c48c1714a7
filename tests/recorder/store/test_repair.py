import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from recorder.store.check import verify
from recorder.store.reader import SessionReader
from recorder.store.repair import repair
from recorder.store.rows import EdgeRow, EventRow, QualityRow, Row
from recorder.store.schema import PAGE_BYTES, VERSION
from tests.recorder import session_files
from tests.recorder.session_files import START_NS, block

FIXTURES = Path(__file__).parent / "fixtures"
BLOCKS = 120


def many_rows() -> list[Row]:
    rows: list[Row] = [*session_files.usual_rows()[:2]]
    for number in range(BLOCKS // 2):
        rows += [block(board_id, 50 * number) for board_id in (0, 1)]
        rows += [QualityRow(START_NS + number, 0, 0, "good", 0.25, 4.0)]
        rows += [EventRow(START_NS + number, "note", f"number {number}")]
        rows += [session_files.values(START_NS + number, (1, 0.5))]
    return rows


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "s.antiphon"
    return session_files.write(path, many_rows())


def blocks_of(path: Path) -> dict[int, tuple[int, bytes]]:
    """Checksum and payload by id."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        rows = db.execute("SELECT id, crc32, payload FROM block").fetchall()
    return {block_id: (crc32, payload) for block_id, crc32, payload in rows}


def pages_of_blocks(path: Path) -> dict[int, int]:
    """On which page each block stands, found by looking for its payload."""
    content = path.read_bytes()
    return {
        key: content.index(payload) // PAGE_BYTES for key, (_, payload) in blocks_of(path).items()
    }


def overwrite(path: Path, pages: list[int], rng: np.random.Generator) -> None:
    with open(path, "r+b") as file:
        for page in pages:
            file.seek(page * PAGE_BYTES)
            file.write(rng.bytes(PAGE_BYTES))


def test_a_whole_file_comes_back_whole(whole: Path, tmp_path: Path) -> None:
    repaired = repair(whole, tmp_path / "new.antiphon")
    assert (repaired.lost_blocks, repaired.lost_samples, repaired.notes) == (0, 0, ())
    assert blocks_of(repaired.path) == blocks_of(whole)
    assert verify(repaired.path).problems == ()
    with SessionReader(whole) as before, SessionReader(repaired.path) as after:
        assert after.header == before.header
        assert (after.state, after.ended_t_ns) == (before.state, before.ended_t_ns)
        for table in ("quality", "measure_batch", "series", "channel", "person"):
            rows = f"SELECT * FROM {table}"
            assert after.query(rows) == before.query(rows), table
        [(text,)] = after.query("SELECT text FROM event WHERE kind = 'repair'")
        assert text == "repaired from s.antiphon: 0 blocks are lost"
    assert list(tmp_path.iterdir()) == [repaired.path]


@pytest.mark.parametrize("seed", range(12))
def test_every_block_on_an_undamaged_page_comes_back_and_the_lost_are_counted(
    whole: Path, tmp_path: Path, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    damaged = Path(shutil.copy(whole, tmp_path / "damaged.antiphon"))
    places = pages_of_blocks(whole)
    count = whole.stat().st_size // PAGE_BYTES
    # the first page holds the schema; the last one of the blocks is not special either
    noisy = sorted({0, *rng.choice(count, count // 4, replace=False).tolist()})
    overwrite(damaged, noisy, rng)
    before = damaged.read_bytes()
    repaired = repair(damaged, tmp_path / "new.antiphon")
    expected = {k: v for k, v in blocks_of(whole).items() if places[k] not in noisy}
    assert blocks_of(repaired.path) == expected
    assert damaged.read_bytes() == before
    if "session: lost" not in repaired.notes:
        assert repaired.lost_blocks == BLOCKS - len(expected)
    assert verify(repaired.path).problems == ()


def test_lost_samples_become_a_gap_of_their_time(whole: Path, tmp_path: Path) -> None:
    damaged = Path(shutil.copy(whole, tmp_path / "damaged.antiphon"))
    places = pages_of_blocks(whole)
    page = places[BLOCKS // 2]
    lost = [key for key, place in places.items() if place == page]
    overwrite(damaged, [page], np.random.default_rng(1))
    assert not verify(damaged).ok
    repaired = repair(damaged, tmp_path / "new.antiphon")
    assert (repaired.lost_blocks, repaired.lost_samples) == (len(lost), 50 * len(lost))
    report = verify(repaired.path)
    assert report.problems == ()
    assert report.counts["samples"] == 50 * (BLOCKS - len(lost))
    with SessionReader(repaired.path) as session:
        gaps = session.gaps()
    assert {gap.cause for gap in gaps} == {"damage"}
    assert all(gap.end_ns - gap.begin_ns > 0.1e9 for gap in gaps)


def test_the_newest_blocks_are_counted_too(whole: Path, tmp_path: Path) -> None:
    damaged = Path(shutil.copy(whole, tmp_path / "damaged.antiphon"))
    places = pages_of_blocks(whole)
    overwrite(damaged, [places[BLOCKS]], np.random.default_rng(2))
    repaired = repair(damaged, tmp_path / "new.antiphon")
    assert repaired.lost_blocks == sum(place == places[BLOCKS] for place in places.values())


def test_blocks_longer_than_a_page_come_back(tmp_path: Path) -> None:
    rows = [block(0, first, 4000) for first in range(0, 40_000, 4000)]
    path = session_files.write(tmp_path / "s.antiphon", [*rows])
    assert max(len(payload) for _, payload in blocks_of(path).values()) > 2 * PAGE_BYTES
    repaired = repair(path, tmp_path / "new.antiphon")
    assert blocks_of(repaired.path) == blocks_of(path)
    _, payload = blocks_of(path)[5]
    # its tail stands on overflow pages of its own
    overwrite(
        path, [path.read_bytes().index(payload[-500:]) // PAGE_BYTES], np.random.default_rng(3)
    )
    repaired = repair(path, tmp_path / "again.antiphon")
    assert sorted(blocks_of(repaired.path)) == [1, 2, 3, 4, 6, 7, 8, 9, 10]
    assert (repaired.lost_blocks, repaired.lost_samples) == (1, 4000)


def test_a_growing_file_is_salvaged_with_its_log(tmp_path: Path) -> None:
    path = tmp_path / "s.antiphon"
    writer = session_files.start(path)
    for row in many_rows():
        writer.put(row)
    assert writer.flush(20.0)
    (tmp_path / "left").mkdir()
    left = tmp_path / "left" / path.name
    for suffix in ("", "-wal"):
        shutil.copy(f"{path}{suffix}", f"{left}{suffix}")
    writer.close(START_NS)
    before = {file.name: file.read_bytes() for file in left.parent.iterdir()}
    repaired = repair(left, tmp_path / "new.antiphon")
    assert len(blocks_of(repaired.path)) == BLOCKS
    assert {file.name: file.read_bytes() for file in left.parent.iterdir()} == before
    with SessionReader(repaired.path) as session:
        assert session.state == "interrupted"
        assert session.ended_t_ns == session.newest_t_ns()


def test_a_file_cut_short_keeps_what_is_before_the_cut(whole: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "cut.antiphon"
    content = whole.read_bytes()
    half = len(content) // 2 // PAGE_BYTES * PAGE_BYTES
    damaged.write_bytes(content[:half])
    repaired = repair(damaged, tmp_path / "new.antiphon")
    expected = {key for key, page in pages_of_blocks(whole).items() if page < half // PAGE_BYTES}
    assert set(blocks_of(repaired.path)) == expected
    assert repaired.lost_blocks == BLOCKS - len(expected)


def test_what_is_no_session_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x.antiphon"
    for content in (b"", b"no", bytes(20_000), np.random.default_rng(4).bytes(20_000)):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="nothing of a session"):
            repair(path, tmp_path / "new.antiphon")
        assert list(tmp_path.iterdir()) == [path]


def test_a_newer_file_is_not_touched(whole: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(whole, tmp_path / "x.antiphon"))
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(ValueError, match="newer antiphon"):
        repair(path, tmp_path / "new.antiphon")


def test_nothing_is_ever_overwritten(whole: Path, tmp_path: Path) -> None:
    (tmp_path / "new.antiphon").write_bytes(b"mine")
    with pytest.raises(FileExistsError):
        repair(whole, tmp_path / "new.antiphon")
    with pytest.raises(FileNotFoundError):
        repair(tmp_path / "none", tmp_path / "other.antiphon")


def damaged_copies(whole: Path, path: Path, count: int) -> Iterator[None]:
    """`path` with bytes flipped here and there, again and again."""
    content = whole.read_bytes()
    rng = np.random.default_rng(5)
    for _ in range(count):
        damaged = bytearray(content)
        reach = len(content) if rng.random() < 0.5 else len(content) // 4
        for place in rng.integers(0, reach, rng.integers(1, 60)):
            damaged[place] ^= int(rng.integers(1, 256))
        path.write_bytes(damaged)
        yield


def test_flipped_bytes_never_make_a_repair_fail(whole: Path, tmp_path: Path) -> None:
    genuine = set(blocks_of(whole).values())
    path, new = tmp_path / "damaged.antiphon", tmp_path / "new.antiphon"
    for _ in damaged_copies(whole, path, 10):
        repaired = repair(path, new)
        assert set(blocks_of(new).values()) <= genuine
        assert repaired.kept["block"] > BLOCKS // 2
        assert verify(new).problems == ()
        new.unlink()


@pytest.mark.parametrize(
    ("loss", "notes"),
    [
        ("DELETE FROM session", ("session: lost",)),
        ("DELETE FROM person", ("person: lost",)),
        ("DELETE FROM board WHERE id = 1", ("board: lost",)),
        ("DELETE FROM board", ("board: lost", "board: lost")),
        ("DELETE FROM channel", ("channel: lost", "channel: lost")),
        ("DELETE FROM channel WHERE (board, idx) = (0, 1)", ("channel: lost",)),
        ("DELETE FROM series", ("series: 1 lost",)),
        ("DELETE FROM series_list", ("series_list: 1 lost", "series: 1 lost")),
        ("UPDATE board SET aux_labels = 'x['", ()),
        ("INSERT INTO board VALUES (7,'no','','','','','',1,1,1,'[]')", ("1 rows that",)),
        ("INSERT INTO gap VALUES (0, 0, 60, 5, 'halg', 0, 0)", ("1 rows that",)),
        ("INSERT INTO gap VALUES (0, 0, 9000, -5, 'radio', 0, 0)", ("1 rows that",)),
        ("INSERT INTO gap VALUES (4, 0, 9000, 5, 'radio', 0, 0)", ("1 rows that",)),
        ("INSERT INTO quality VALUES (0, 4, 0, 'good', 0, 0)", ("1 rows that",)),
        ("UPDATE measure_batch SET value = 'x[' WHERE rowid = 1", ("1 rows that",)),
        ("UPDATE clock_fit SET period_ns = 1e300", ("clock of (0, 0)",)),
    ],
)
def test_what_is_lost_or_untrue_beside_the_blocks_keeps_no_file_from_being_whole(
    tmp_path: Path, loss: str, notes: tuple[str, ...]
) -> None:
    path = session_files.write(tmp_path / "damaged.antiphon", session_files.usual_rows())
    with closing(sqlite3.connect(path)) as db:
        db.execute(loss)
        db.execute("DELETE FROM ledger")  # it would tell more
        db.commit()
    assert not verify(path).ok
    repaired = repair(path, tmp_path / "new.antiphon")
    assert blocks_of(repaired.path) == blocks_of(path)
    report = verify(repaired.path)
    assert report.problems == ()
    assert report.counts["samples"] == 2004
    told = [note for note in repaired.notes if "not in the ledger" not in note]
    assert len(told) == len(notes)
    assert all(map(str.startswith, told, notes)), told


def test_a_stand_in_says_that_it_is_one(tmp_path: Path) -> None:
    path = session_files.write(tmp_path / "s.antiphon", session_files.usual_rows())
    with closing(sqlite3.connect(path)) as db:
        for table in ("channel", "board", "person", "session"):
            db.execute(f"DELETE FROM {table}")
        db.commit()
    with SessionReader(repair(path, tmp_path / "new.antiphon").path) as session:
        header = session.header
    assert (header.id, header.boot_id) == ("s", "unknown")
    assert [(it.role, it.code, it.consent_share) for it in header.persons] == [
        ("patient", "unknown", False),
        ("therapist", "unknown", False),
    ]
    assert [(it.kind, it.nominal_rate_hz, len(it.aux_labels)) for it in header.boards] == [
        ("unknown", 250.0, 2)
    ] * 2
    assert [it.label for it in header.boards[0].channels] == [f"unknown {n}" for n in (1, 2, 3)]
    assert {it.kind for it in header.boards[0].channels} == {"unknown"}


def test_a_row_that_is_not_as_written_is_left_out_and_all_others_are_there(
    whole: Path, tmp_path: Path
) -> None:
    path = Path(shutil.copy(whole, tmp_path / "damaged.antiphon"))
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE quality SET peak_to_peak_uv = 5.0 WHERE t_ns = ?", (START_NS + 7,))
        before = db.execute("SELECT * FROM quality WHERE t_ns <> ?", (START_NS + 7,)).fetchall()
    repaired = repair(path, tmp_path / "new.antiphon")
    assert repaired.notes == ("1 rows beside the blocks are lost",)
    with SessionReader(repaired.path) as session:
        assert session.query("SELECT * FROM quality") == before
    assert verify(repaired.path).ok


def test_a_consent_that_nobody_gave_does_not_come_of_damage(whole: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(whole, tmp_path / "damaged.antiphon"))
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE person SET consent_share = 1 WHERE role = 'patient'")
    repaired = repair(path, tmp_path / "new.antiphon")
    assert "person: lost" in repaired.notes
    with SessionReader(repaired.path) as session:
        assert {one.role: one.consent_share for one in session.header.persons} == {
            "patient": False,
            "therapist": True,
        }


def test_a_row_is_kept_when_the_part_of_the_ledger_that_knows_it_is_lost(
    whole: Path, tmp_path: Path
) -> None:
    path = Path(shutil.copy(whole, tmp_path / "damaged.antiphon"))
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE ledger SET crcs = zeroblob(length(crcs)) WHERE id > 1")
        before = db.execute("SELECT * FROM quality").fetchall()
    repaired = repair(path, tmp_path / "new.antiphon")
    assert any("not in the ledger" in note for note in repaired.notes)
    with SessionReader(repaired.path) as session:
        assert session.query("SELECT * FROM quality") == before


@pytest.mark.parametrize("seed", range(8))
def test_a_flipped_bit_in_the_log_costs_one_row_and_not_all_that_came_after_it(
    tmp_path: Path, seed: int
) -> None:
    path = tmp_path / "s.antiphon"
    writer = session_files.start(path)
    for row in many_rows():
        writer.put(row)
        if isinstance(row, EventRow):
            assert writer.flush(10.0)
    damaged, log = tmp_path / "damaged.antiphon", Path(f"{path}-wal").read_bytes()
    shutil.copy(path, damaged)
    writer.leave()
    flipped = bytearray(log)
    flipped[int(np.random.default_rng(seed).integers(len(log)))] ^= 1
    Path(f"{damaged}-wal").write_bytes(flipped)
    repaired = repair(damaged, tmp_path / "new.antiphon")
    expected = blocks_of(path)
    found = blocks_of(repaired.path)
    assert set(found.items()) <= set(expected.items())
    assert len(found) >= len(expected) - 1
    assert Path(f"{damaged}-wal").read_bytes() == bytes(flipped)


def test_a_row_whose_number_was_damaged_drives_no_other_out(tmp_path: Path) -> None:
    edges = [EdgeRow("gpio", seq, START_NS + seq * 10**9, 1) for seq in range(5, 10)]
    path = session_files.write(tmp_path / "s.antiphon", [block(0, 0), *edges])
    content = bytearray(path.read_bytes())
    text = content.index(b"gpio" + bytes([6]))  # of the second: its seq follows
    number = text - 6  # before the head of five bytes, which is before the text
    assert content[number] == 2
    content[number] = 3
    path.write_bytes(content)
    repair(path, tmp_path / "repaired.antiphon")
    with SessionReader(tmp_path / "repaired.antiphon") as session:
        assert sorted(seq for (seq,) in session.query("SELECT seq FROM edge")) == [5, 6, 7, 8, 9]
