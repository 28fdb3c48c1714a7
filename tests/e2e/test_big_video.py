"""A video of 2 GB that is cut again and again: resumed, whole in the end, and not sent twice."""

import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from recorder.sync.outbox import PIECE_BYTES
from tests.e2e.processes import begin, ended, until
from tests.e2e.synced_box import finish, sha256
from tests.e2e.test_every_destination import FILMABLE, FILMED, VIDEO
from tests.recorder import session_files
from tests.recorder.sync import far_places
from tests.recorder.sync.far_places import FarPlace
from tests.recorder.sync.workstation import CAN_RUN, WHY_NOT, Workstation
from tests.results import Row, keep

pytestmark = pytest.mark.skipif(
    "ANTIPHON_SYNC_TESTS" not in os.environ, reason="takes minutes: make test-sync"
)
VIDEO_BYTES, SEED = 2_000_000_000, 3
CUTS = int(os.environ.get("ANTIPHON_CUTS", "5"))
PIECE = 16 << 20


@pytest.fixture(scope="module")
def filmed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    directory = tmp_path_factory.mktemp("filmed")
    path = directory / "sessions" / "done" / f"{FILMED}.antiphon"
    path.parent.mkdir(parents=True)
    head = replace(session_files.header(FILMED), persons=FILMABLE)
    finish(session_files.write(path, [session_files.block(0, 0)], head))
    content = random.Random(SEED).randbytes(PIECE)
    with (directory / "sessions" / VIDEO).open("wb") as video:
        for number in range(VIDEO_BYTES // PIECE):
            video.write(number.to_bytes(8, "big") + content[8:])
    yield directory
    (directory / "sessions" / VIDEO).unlink()


def sync(directory: Path, far: FarPlace) -> "subprocess.Popen[str]":
    config = directory / "antiphon.toml"
    config.write_text(far.section("far"))
    return begin("sync", "--config", config, "--sessions", directory / "sessions")


def arrives(
    directory: Path, far: FarPlace, cut: Callable[["subprocess.Popen[str]"], None]
) -> list[dict[int, int]]:
    """Cut it, each time later, and let it finish; what was there after each cut."""
    there: list[dict[int, int]] = []
    for _ in range(CUTS):
        process = sync(directory, far)
        cut(process)
        assert ended(process)[0] != 0
        assert VIDEO not in far.names()
        assert far.names() != []
        there.append(held(far))
    code, stderr = 75, "another sync"
    while code == 75 and "another sync" in stderr:  # what a killed one left behind has the lock
        code, _, stderr = ended(sync(directory, far), within_s=3600)
    assert (code, stderr) == (0, "")
    return there


def held(far: FarPlace) -> dict[int, int]:
    """How large each file there is, under whatever name, by its inode."""
    sizes: dict[int, int] = {}
    for path in far.inbox.rglob("*"):
        with suppress(FileNotFoundError):
            found = path.stat()
            sizes[found.st_ino] = found.st_size
    return sizes


def put(way: str, figure: str) -> None:
    what = f"a video of {VIDEO_BYTES / 1e9:.0f} GB {way}, cut {CUTS} times"
    keep("test-sync", [Row(what, f"whole; {figure}", "whole, nothing sent twice")], words=())


@pytest.mark.skipif(not CAN_RUN, reason=WHY_NOT)
def test_over_ssh(filmed: Path, one_workstation: Workstation) -> None:
    line = one_workstation.line
    far = FarPlace("sync", one_workstation.fields(), one_workstation.inbox)
    rng, total = random.Random(SEED), 0

    def cut(process: "subprocess.Popen[str]") -> None:
        line.again()
        line.when(rng.randrange(50_000_000, 300_000_000), line.cut)
        process.wait()
        nonlocal total
        total += line.sent_bytes

    arrives(filmed, far, cut)
    assert sha256(one_workstation.inbox / VIDEO) == sha256(filmed / "sessions" / VIDEO)
    assert total + line.sent_bytes < 1.1 * VIDEO_BYTES
    put("over ssh", f"{(total + line.sent_bytes) / VIDEO_BYTES:.2f} of its bytes were sent")


def kill_later(far: FarPlace, rng: random.Random) -> Callable[["subprocess.Popen[str]"], None]:
    """Kill it, as a power cut does, when so much more has arrived."""

    def size() -> int:
        return sum(held(far).values())

    def cut(process: "subprocess.Popen[str]") -> None:
        wanted = size() + rng.randrange(100_000_000, 180_000_000)
        until(lambda: size() > wanted or process.poll() is not None or None, "it grows", 600)
        process.kill()

    return cut


@pytest.mark.disks
def test_to_a_folder(filmed: Path) -> None:
    if reason := far_places.other_disk_missing(filmed):
        pytest.skip(reason)
    with far_places.folder() as far:
        there = arrives(filmed, far, kill_later(far, random.Random(SEED)))
        sizes = [sum(one.values()) for one in there]
        assert sizes == sorted(sizes)
        assert sha256(far.inbox / VIDEO) == sha256(filmed / "sessions" / VIDEO)
        put("to a folder of another disk", "it went on where it was each time")


@pytest.mark.parametrize("crypt", [False, True], ids=["local", "crypt"])
def test_by_rclone_in_pieces(filmed: Path, tmp_path: Path, *, crypt: bool) -> None:
    pytest.importorskip("pyrage")
    if far_places.RCLONE is None:
        pytest.skip("rclone is not installed (apt install rclone)")
    shutil.rmtree(filmed / "sessions" / "receipts", ignore_errors=True)
    far = far_places.remote(tmp_path / "far", crypt=crypt)
    there = arrives(filmed, far, kill_later(far, random.Random(SEED)))
    pieces = sorted(name for name in far.names() if "-of-" in name)
    assert len(pieces) == -(-VIDEO_BYTES // PIECE_BYTES)
    assert far.content(VIDEO) == (filmed / "sessions" / VIDEO).read_bytes()
    whole = {inode for one in there for inode, size in one.items() if size >= PIECE_BYTES}
    again = len(whole - set(held(far)))
    assert again <= CUTS
    kind = "crypt" if crypt else "local"
    put(f"by rclone ({kind})", f"of {len(pieces)} pieces {again} that had arrived were sent again")
