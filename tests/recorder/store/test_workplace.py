import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from recorder.recording.interrupted import take_over
from recorder.settings.file import Config
from recorder.store.files import DONE
from recorder.store.workplace import sweep_workplaces, workplace
from recorder.sync.erase import remains
from tests.places import ROOT

ID = "20260101T080000Z-aaaa"
WORKING = """
import sys, time
from pathlib import Path
from recorder.store.workplace import workplace
with workplace(Path(sys.argv[1]), "20260101T080000Z-aaaa", "export") as place:
    (place / "table.csv").write_text("plain EEG")
    print("begun", flush=True)
    time.sleep(60)
"""


def killed(directory: Path, number: int) -> int:
    """A program that works there, and is killed; its exit code."""
    command = [sys.executable, "-c", WORKING, str(directory)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as working:
        assert working.stdout is not None
        assert working.stdout.readline() == b"begun\n"
        working.send_signal(number)
        return working.wait(timeout=30)


def test_a_place_is_called_after_its_session_and_goes_with_the_work(tmp_path: Path) -> None:
    with workplace(tmp_path, ID, "repair") as place:
        (place / "copy").write_bytes(b"EEG")
        assert remains(tmp_path, ID) == [place]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_ends_the_work_leaves_nothing(tmp_path: Path, number: int) -> None:
    assert killed(tmp_path, number) == 128 + number
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_program_left_goes_when_the_next_place_is_made(tmp_path: Path) -> None:
    killed(tmp_path, signal.SIGKILL)
    [left] = tmp_path.iterdir()
    assert (left / "table.csv").read_text() == "plain EEG"
    with workplace(tmp_path, "another", "repair") as place:
        assert list(tmp_path.iterdir()) == [place]


@pytest.mark.parametrize("where", [".", DONE])
@pytest.mark.parametrize("name", ["", ".repair-k3g1rkak", f".{ID}-export-0a_b1c2d"])
def test_what_a_killed_program_left_goes_when_the_service_starts(
    tmp_path: Path, where: str, name: str
) -> None:
    place = tmp_path / where
    place.mkdir(exist_ok=True)
    killed(place, signal.SIGKILL)
    if name:
        (place / name).mkdir()
        (place / name / "part.antiphon").write_bytes(b"EEG")
    assert take_over(Config(sessions=str(tmp_path)), 0) is None
    assert [path for path in tmp_path.rglob("*") if path.name != DONE] == []


def test_a_place_that_somebody_works_in_stays(tmp_path: Path) -> None:
    with workplace(tmp_path, ID, "export") as place:
        assert sweep_workplaces(tmp_path) == []
        with workplace(tmp_path, ID, "export") as other:
            assert place.is_dir()
            assert other != place
        assert list(tmp_path.iterdir()) == [place]


def test_what_only_looks_like_one_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / ".x.repair-abcdefgh").symlink_to(tmp_path / "precious")
    (tmp_path / ".x.export-abcdefgh").write_bytes(b"a file")
    (tmp_path / ".x.repair-notes").mkdir()
    before = sorted(tmp_path.iterdir())
    assert sweep_workplaces(tmp_path) == []
    assert sorted(tmp_path.iterdir()) == before


def test_it_is_swept_while_it_is_made_and_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = os.open
    swept: list[Path] = []

    def open_late(path: Path, flags: int, *mode: int, **others: Any) -> int:
        if "export" in str(path) and not swept:
            swept.append(path)
            Path(path).rmdir()
        return opened(path, flags, *mode, **others)

    monkeypatch.setattr(os, "open", open_late)
    with workplace(tmp_path, ID, "export") as place:
        assert place.is_dir()
        assert place not in swept
