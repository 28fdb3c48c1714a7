"""Who does the jobs: whatever breaks, each job is told of once."""

from functools import partial
from pathlib import Path

import pytest

from recorder.cohort.workers import KILLED, Cluster, all_done, processes
from recorder.failure import EX_UNAVAILABLE, Failure
from tests.cohort.cluster import cluster
from tests.cohort.doomed import killed_always, killed_once, square


def test_an_exception_is_told_and_stops_no_other() -> None:
    told = dict(all_done([3, -1, 4, 5], square, partial(processes, 2)))
    assert told == {3: 9, 4: 16, 5: 25, -1: "ZeroDivisionError: below zero"}


def test_a_process_that_is_killed_costs_no_job(tmp_path: Path) -> None:
    jobs = [tmp_path / name for name in ("well 1", "once", "well 2", "well 3")]
    told = dict(all_done(jobs, killed_once, partial(processes, 2)))
    assert {it.name: found for it, found in told.items()} == {
        "well 1": "well",
        "well 2": "well",
        "well 3": "well",
        "once": "done",
    }


def test_a_job_that_kills_its_process_each_time_has_failed() -> None:
    told = list(all_done([1, 2, 3, 4], killed_always, partial(processes, 2)))
    assert sorted(told, key=lambda it: it[0]) == [(1, 1), (2, KILLED), (3, 3), (4, 4)]


def test_nothing_to_do_asks_nobody() -> None:
    def nobody() -> None:
        raise AssertionError

    assert list(all_done([], square, nobody)) == []  # type: ignore[arg-type]


def test_a_cluster_does_the_same_also_when_its_scheduler_is_restarted(tmp_path: Path) -> None:
    pytest.importorskip("distributed", reason="pip install antiphon[cohort]")
    with cluster(1, tmp_path) as dask:
        told: dict[int, int | str] = {}
        for job, found in all_done([*range(300), -1], square, Cluster(dask.address)):
            if not told:
                dask.kill_scheduler()
            told[job] = found
    assert told == {it: it * it for it in range(300)} | {-1: "ZeroDivisionError: below zero"}


def test_a_scheduler_that_is_not_there_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed", reason="pip install antiphon[cohort]")
    monkeypatch.setattr("recorder.cohort.workers.FIRST_S", 0.0)
    monkeypatch.setattr("recorder.cohort.workers.TIMEOUT_S", 0.3)
    with pytest.raises(Failure, match="no Dask scheduler answers at tcp:") as failed:
        list(all_done([1], square, Cluster("tcp://127.0.0.1:9")))
    assert failed.value.code == EX_UNAVAILABLE
