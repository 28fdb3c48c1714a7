"""A service that is killed in mid-session loses less than a second and goes on when it is back."""

import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from recorder.settings.file import Config
from recorder.store.check import verify
from recorder.store.ledger import Ledger
from recorder.store.reader import SessionReader
from tests.e2e.conftest import Figure, Scenes
from tests.e2e.kill_anywhere import Outcome, instants, kill_at
from tests.e2e.kills import KILLS, Killed
from tests.e2e.processes import (
    box,
    service,
    status_of,
)

pytestmark = pytest.mark.alone


@pytest.fixture(scope="module")
def killed(scenes: Scenes) -> Killed:
    return scenes.killed.result()


def rewrite(path: Path, sql: str) -> None:
    """Change a session file as its recorder would; nothing is left beside it."""
    connecting = closing(sqlite3.connect(path, isolation_level=None))
    with connecting as file, Ledger(file).transaction():
        file.execute(sql)


def session_files(directory: Path) -> list[Path]:
    """All of them, those that have been put away as well."""
    return sorted(directory.rglob("*.antiphon"))


def test_less_than_a_second_is_missing_after_each_kill(killed: Killed, figure: Figure) -> None:
    for number, kill in enumerate(killed.kills, start=1):
        figure(f"missing after kill {number}, s", kill.missing_s)
        assert kill.missing_s < 1.0


def test_the_file_that_a_kill_leaves_is_whole(killed: Killed) -> None:
    for kill in killed.kills:
        assert kill.report.ok, kill.report.problems
        assert "not closed" in kill.report.notes[0]
    # a kill within the first second of a service may find nothing new; nothing is ever taken away
    samples = [kill.report.counts["samples"] for kill in killed.kills]
    assert samples == sorted(samples)
    assert samples[-1] > samples[0]


def test_the_same_session_goes_on_in_the_same_file(killed: Killed) -> None:
    assert {kill.session for kill in killed.kills} == {killed.path.stem}
    assert killed.ended["id"] == killed.path.stem
    assert [it.name for it in session_files(killed.copy.with_name("sessions"))] == [
        killed.path.name
    ]


def test_each_restart_is_a_gap_with_its_cause_and_a_segment_of_its_own(killed: Killed) -> None:
    with SessionReader(killed.path) as session:
        gaps = session.gaps()
        for board in session.boards():
            own = [gap for gap in gaps if gap.board == board.id]
            assert [gap.cause for gap in own] == ["restart"] * KILLS
            assert [gap.n for gap in own] == [0] * KILLS
            assert all(0 < gap.end_ns - gap.begin_ns < 20e9 for gap in own)
            segments = [gap.segment for gap in own]
            assert segments == sorted(set(segments))
            # of a segment that a kill cut short within a second nothing else may be stored
            assert set(session.segments(board.id)) <= {0, *segments}


def test_every_mark_that_was_made_is_there(killed: Killed) -> None:
    with SessionReader(killed.path) as session:
        labels = [marker.label for marker in session.markers()]
    assert labels == [f"mark {number}" for number in range(KILLS)]
    assert killed.ended["markers"] == KILLS


def test_stop_closes_a_session_that_was_gone_on_with(killed: Killed) -> None:
    report = verify(killed.path)
    assert (report.problems, report.state) == ((), "closed")


def test_the_time_of_each_kill_is_in_a_gap_and_none_is_in_no_gap(killed: Killed) -> None:
    notes = [note for note in verify(killed.path).notes if "in no gap" not in note]
    assert notes == list(verify(killed.path).notes)
    assert [note.split(",")[-1] for note in notes] == [" in gaps of time"] * 2


def test_a_session_of_an_earlier_boot_is_ended_and_not_gone_on_with(
    killed: Killed, tmp_path: Path
) -> None:
    config = Config(sessions=str(tmp_path / "sessions"), socket=str(tmp_path / "s.sock"))
    shutil.copytree(killed.copy, config.sessions)
    [path] = Path(config.sessions).glob("*.antiphon")
    rewrite(path, "UPDATE session SET boot_id = 'an earlier one'")
    before = verify(path)
    with box(tmp_path) as (_, config), service(config, tmp_path):
        assert status_of(config.socket_path).session is None
    [ended_path] = session_files(Path(config.sessions))
    after = verify(ended_path)
    assert (before.state, after.state) == ("recording", "interrupted")
    assert after.ok, after.problems
    assert after.counts == before.counts


def test_of_two_that_were_left_the_newer_goes_on(killed: Killed, tmp_path: Path) -> None:
    with box(tmp_path) as (_, config):
        shutil.copytree(killed.copy, config.sessions)
        older = Path(config.sessions) / killed.path.name
        newer = older.with_stem("29991231T235959Z-ffff")
        rewrite(older, "UPDATE session SET state = state")  # and so into one file
        shutil.copy(older, newer)
        rewrite(newer, f"UPDATE session SET id = '{newer.stem}'")
        with service(config, tmp_path):
            session = status_of(config.socket_path).session
    assert session is not None
    assert (session.id, session.file) == (newer.stem, str(newer))


@pytest.fixture(scope="module")
def anywhere(tmp_path_factory: pytest.TempPathFactory) -> list[Outcome]:
    """Ten kills, five on each of two boxes; `make test-kills` does two hundred."""
    moments = instants(10, np.random.default_rng(11))
    boxes = [tmp_path_factory.mktemp("any") for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        lives = [pool.submit(list, kill_at(box, moments[n::2])) for n, box in enumerate(boxes)]
        return [outcome for life in lives for outcome in life.result()]


def test_a_kill_at_any_instant_costs_less_than_a_second_and_harms_nothing(
    anywhere: list[Outcome], figure: Figure
) -> None:
    figure("worst missing of kills anywhere, s", max(it.missing_s for it in anywhere))
    assert [it for it in anywhere if not it.ok] == []
    assert {it.instant.phase for it in anywhere} >= {"record", "stop", "end"}
