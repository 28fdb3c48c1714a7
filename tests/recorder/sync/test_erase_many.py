"""Many sessions are erased with few flushes, and still nothing before it is written down."""

import multiprocessing
import os
import resource
import shutil
import signal
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from recorder.privacy.disclosures import FILE, disclosures, write_down
from recorder.store.files import hold
from recorder.store.finish import finish
from recorder.sync.erase import AT_ONCE, erase, finish_erasures, remains
from recorder.sync.receipts import Receipt, Receipts
from recorder.sync.tombstones import tombstones
from tests.decisions import strike
from tests.recorder import session_files

IDS = [f"2026010{day}T080000Z-aaaa" for day in (1, 2)]
OTHER = "20260103T080000Z-aaaa"
WHEN = "2026-11-23T12:00:00Z"
WARD = "antiphon@ward:22/srv/eeg"
HASH = "ab" * 32
STEPS = 60  # more than there are

_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([__name__])


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three sessions that are put away, each with a video and a receipt."""
    made = tmp_path_factory.mktemp("made")
    receipts = Receipts(made, "ward", WARD)
    for id_ in (*IDS, OTHER):
        writer = session_files.start(made / f"{id_}.antiphon")
        writer.close(session_files.START_NS + 10**9)
        finish(writer.path)
        (made / f"{id_}-camera-1.mkv").write_bytes(b"a face")
        receipts.store(Receipt(f"{id_}.antiphon", 12, HASH, 34, WHEN, WARD, verified=True))
    return made


@pytest.fixture
def sessions(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "sessions")
    return tmp_path / "sessions"


def files_of(sessions: Path, id_: str) -> set[str]:
    return {str(path.relative_to(sessions)) for path in remains(sessions, id_)}


def erase_and_die(sessions: Path, at: int, way: strike.Way) -> None:
    """In a process of its own, which tells by its exit that nothing has struck it."""
    strike.watch()
    strike.arm(at, way)
    with suppress(OSError):
        erase(sessions, IDS, "person", WHEN)
    os._exit(0 if strike.disarm() <= at else 1)


def struck(sessions: Path, at: int, way: strike.Way) -> bool:
    """Whether there is a step `at`."""
    process = _processes.Process(target=erase_and_die, args=(sessions, at, way))
    process.start()
    process.join(60)
    assert process.exitcode in (0, 1, -signal.SIGKILL)
    return process.exitcode != 0


@pytest.mark.parametrize(("way", "every"), [("kill before", 1), ("fail", 3)])
def test_a_kill_or_a_failure_at_any_step_leaves_nothing_half_told(
    made: Path, tmp_path: Path, way: strike.Way, every: int
) -> None:
    whole = {id_: files_of(made, id_) for id_ in (*IDS, OTHER)}
    for at in range(0, STEPS, every):
        sessions = tmp_path / str(at)
        shutil.copytree(made, sessions)
        if not struck(sessions, at, way):
            assert at > 20
            break
        told = {it.session for it in disclosures(sessions) if it.what == "erased"}
        buried = {it.id for it in tombstones(sessions)}
        begun = {id_ for id_ in IDS if files_of(sessions, id_) != whole[id_]}
        assert begun <= buried <= told <= set(IDS), at
        finish_erasures(sessions)
        for id_ in buried:
            assert not remains(sessions, id_), at
            assert HASH not in (sessions / "receipts" / "ward" / f"{id_}.json").read_text(), at
        assert [it.state for it in erase(sessions, IDS, "person", WHEN)] == ["erased"] * 2
        assert not any(remains(sessions, id_) for id_ in IDS)
        assert files_of(sessions, OTHER) == whole[OTHER]
        shutil.rmtree(sessions)
    else:
        pytest.fail("there are more steps than were tried")


def test_all_that_tells_of_it_is_flushed_before_anything_is_deleted(
    sessions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    fsync, unlink = os.fsync, os.unlink

    def flushed(descriptor: int) -> None:
        fsync(descriptor)
        seen.append(str(Path(f"/proc/self/fd/{descriptor}").readlink().relative_to(sessions)))

    def deleted(path: Path) -> None:
        seen.append("deleted")
        unlink(path)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(os, "unlink", deleted)
    erase(sessions, IDS, "person", WHEN)
    first = seen.index("deleted")
    stones = {f"tombstones/.{id_}.json.part" for id_ in IDS}
    emptied = {f"receipts/ward/.{id_}.json.part" for id_ in IDS}
    assert seen[:2] == [FILE, "."]
    assert set(seen[2:4]) == stones
    assert seen[4] == "tombstones"
    assert set(seen[5:7]) == emptied
    assert seen[7] == "receipts/ward"
    assert first == 8
    assert seen[-2:] == [".", "done"]
    assert set(seen[first:-2]) == {"deleted"}


def test_it_takes_as_many_flushes_as_files_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [f"20260101T080000Z-{number:04x}" for number in range(AT_ONCE + 1)]
    for id_ in ids:
        (tmp_path / f"{id_}-camera-1.mkv").write_bytes(b"a face")
    flushed: Counter[str] = Counter()
    fsync = os.fsync

    def counted(descriptor: int) -> None:
        fsync(descriptor)
        flushed[Path(f"/proc/self/fd/{descriptor}").readlink().name] += 1

    monkeypatch.setattr(os, "fsync", counted)
    assert {it.state for it in erase(tmp_path, ids, "person", WHEN)} == {"erased"}
    assert flushed.pop(FILE) == 2
    assert flushed.pop("tombstones") == 2
    assert flushed.pop(tmp_path.name) == 2  # when the first line is written, and in the end
    assert flushed == {f".{id_}.json.part": 1 for id_ in ids}
    assert [it.session for it in disclosures(tmp_path)] == ids


def test_one_that_is_being_recorded_holds_up_no_other(sessions: Path) -> None:
    path = sessions / "done" / f"{IDS[0]}.antiphon"
    held = hold(path)
    try:
        done = erase(sessions, IDS, "person", WHEN)
    finally:
        os.close(held)
    assert [(it.state, it.code) for it in done] == [("refused", 75), ("erased", 0)]
    assert [it.session for it in disclosures(sessions)] == [IDS[1]]
    assert path.exists()


def test_a_disk_that_is_full_in_the_middle_of_the_lines_deletes_nothing(sessions: Path) -> None:
    write_down(sessions, WHEN, "exported", OTHER, to="/media/stick")
    before = {id_: files_of(sessions, id_) for id_ in IDS}
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, ((sessions / FILE).stat().st_size + 99, limits[1]))
    try:
        done = erase(sessions, IDS, "person", WHEN)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [(it.state, it.code) for it in done] == [("refused", 74)] * 2
    assert {id_: files_of(sessions, id_) for id_ in IDS} == before
    assert tombstones(sessions) == []
    assert [it.state for it in erase(sessions, IDS, "person", WHEN)] == ["erased"] * 2
    assert [it.session for it in disclosures(sessions)][-2:] == IDS
