"""The truth harness, in small: what it shows, and that it would see what it must not show."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from recorder.store.check import verify
from recorder.store.inserts import insert_rows
from recorder.store.reader import SessionReader
from tests.truth.__main__ import session
from tests.truth.accounts import Account, account
from tests.truth.box import Told, live
from tests.truth.script import BoardScript, Script, Stranger, script

QUIET = BoardScript(
    off=0.0013, warming=0.0, delay_s=0.0, timer_s=16e-3, loss=0.003, late=1e-3, duplicate=1e-3
)
NEAR = 40  # id of a block in its middle
USUAL = Script(seed=1, recorded=(5.0, 45.0), boards=(QUIET, replace(QUIET, off=-0.002)))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_in_a_random_mixture_nothing_is_wrong(seed: int) -> None:
    found, words = session(seed, usual_s=60.0)
    assert words == ""
    assert found.stored > 4000


def test_all_that_one_board_can_meet_in_one_session(tmp_path: Path) -> None:
    patient = replace(
        QUIET,
        silences=((8.0, 9.5),),
        unplugged=((20.0, 23.0), (43.0, 1e6)),
        resets=((32.0, 33.0),),
        strangers=(Stranger((12.0, 15.0), share=0.3, faster=7e-4, older_s=500.0),),
    )
    scene = replace(
        USUAL, boards=(patient, USUAL.boards[1]), stalls=((26.0, 30.0),), steps=((15.0, -3e5),)
    )
    told = live(scene, tmp_path)
    assert verify(told.paths[0]).problems == ()
    found = account(told)
    assert found.wrong == {}
    assert found.missing > 250 * 8
    assert found.stored > 0.98 * found.arrived


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    return live(USUAL, tmp_path_factory.mktemp("usual"))


def copy_of(told: Told) -> Path:
    """A copy of the file, to be changed."""
    [path] = told.paths
    copy = path.with_name("copy.antiphon")
    copy.write_bytes(path.read_bytes())
    return copy


def changed(told: Told, statement: str) -> Account:
    """The account of a copy of the file in which somebody has changed something."""
    copy = copy_of(told)
    with closing(sqlite3.connect(copy)) as file, file:
        file.execute(statement)
    return account(replace(told, paths=[copy]))


def test_a_session_without_trouble_is_right(told: Told) -> None:
    found = account(told)
    assert found.wrong == {}
    assert found.stored == pytest.approx(2 * 250 * 40, rel=0.02)
    assert found.settled > 10_000
    assert found.outside == 0


def large(told: Told) -> int:
    """The id of a block of many samples."""
    sql = f"SELECT id FROM block WHERE n > 50 ORDER BY abs(id - {NEAR}) LIMIT 1"
    with closing(sqlite3.connect(told.paths[0])) as file:
        return int(file.execute(sql).fetchone()[0])


def test_persons_exchanged_are_seen(told: Told) -> None:
    found = account(replace(told, boards=told.boards[::-1]))
    assert found.foreign == found.stored > 0


def test_what_is_missing_in_no_gap_is_seen(told: Told) -> None:
    assert changed(told, "DELETE FROM gap WHERE n > 0").unaccounted > 0
    assert changed(told, f"DELETE FROM block WHERE id = {large(told)}").unaccounted > 0


def test_samples_in_another_place_are_seen(told: Told) -> None:
    copy = copy_of(told)
    with SessionReader(copy) as session:
        row = session.block(large(told))
    moved = replace(row, first_index=row.first_index + 9000, arrival_index=row.arrival_index + 9000)
    with closing(sqlite3.connect(copy)) as file, file:
        file.execute(f"DELETE FROM block WHERE id = {large(told)}")
        insert_rows(file, [moved])
    found = account(replace(told, paths=[copy]))
    assert found.misplaced == len(row)


def test_samples_that_were_changed_are_seen(told: Told) -> None:
    copy = copy_of(told)
    with SessionReader(copy) as session:
        row = session.block(large(told))
    row.counts[3, 2] += 1
    row.aux[7, -1] += 1
    with closing(sqlite3.connect(copy)) as file, file:
        file.execute(f"DELETE FROM block WHERE id = {large(told)}")
        insert_rows(file, [row])
    assert account(replace(told, paths=[copy])).changed == 2


def test_times_that_are_wrong_are_seen(told: Told) -> None:
    late = changed(told, "UPDATE clock_fit SET t_ns = t_ns + 20000000 WHERE board = 1")
    assert late.outside > 0.4 * late.settled
    assert changed(told, "UPDATE clock_utc SET utc_ns = utc_ns + 10000000").off_utc == 1


def test_scripts_are_the_same_for_the_same_seed() -> None:
    assert script(7) == script(7)
    assert script(7) != script(8)
