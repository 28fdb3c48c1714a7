"""A folder: whether its disk is there, which one it is, and what happens when it is full or cut."""

import errno
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from recorder.failure import Failure
from recorder.settings.destination import Folder
from recorder.sync.finished import Sealed, seal
from recorder.sync.folder import DISK, FolderLink, Pace
from tests.recorder.sync import far_places

pytestmark = pytest.mark.disks

ID = "20260101T080000Z-aaaa"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    if reason := far_places.other_disk_missing(tmp_path):
        pytest.skip(reason)
    with far_places.folder() as far:
        yield far.inbox


@pytest.fixture
def link(place: Path, tmp_path: Path) -> FolderLink:
    link = FolderLink("usb", Folder(folder=str(place)), tmp_path)
    link.require_ready()
    return link


@pytest.fixture
def file(tmp_path: Path) -> Sealed:
    path = tmp_path / f"{ID}-camera-01.mkv"
    path.write_bytes(os.urandom(3_000_000))
    return seal(path)


def test_a_disk_has_one_name_for_ever_and_another_disk_another(
    link: FolderLink, place: Path, tmp_path: Path
) -> None:
    again = FolderLink("usb", link.destination, tmp_path)
    again.look()
    assert again.address == link.address == f"{place}#{link.disk}"
    (place / DISK).unlink()
    again.require_ready()
    assert again.disk != link.disk
    with pytest.raises(Failure, match="another disk is in") as no:
        link.hashes_of([], 0)
    assert no.value.code == 75


@pytest.mark.parametrize("where", ["here", "nowhere"])
def test_a_disk_that_is_not_plugged_in_gets_nothing(tmp_path: Path, where: str) -> None:
    (tmp_path / "here").mkdir()
    link = FolderLink("usb", Folder(folder=str(tmp_path / where)), tmp_path / "sessions")
    with pytest.raises(Failure, match="plugged in") as no:
        link.require_ready()
    assert no.value.code == 73
    assert list((tmp_path / "here").iterdir()) == []


def test_a_name_that_is_not_ours_is_left_alone(place: Path, tmp_path: Path) -> None:
    (place / DISK).write_text("what is this?\n")
    with pytest.raises(Failure, match="is not ours") as no:
        FolderLink("usb", Folder(folder=str(place)), tmp_path).require_ready()
    assert no.value.code == 78
    assert (place / DISK).read_text() == "what is this?\n"


def test_a_name_that_a_power_cut_left_empty_is_given_anew(place: Path, tmp_path: Path) -> None:
    (place / DISK).touch()
    link = FolderLink("usb", Folder(folder=str(place)), tmp_path)
    link.require_ready()
    assert len(link.disk) == 8


class Pulled(Exception):
    """Somebody has pulled the disk out."""


def test_ten_cuts_lose_nothing_and_send_nothing_twice(
    link: FolderLink, file: Sealed, place: Path
) -> None:
    slow = replace_limit(link, 1024)  # 256 KiB at once
    staged = place / f"{file.path.name}.part"
    sizes = [0]

    def pull(done: int, total: int) -> None:
        raise Pulled

    for _ in range(10):
        with pytest.raises(Pulled):
            slow.send(file, pull)
        sizes.append(staged.stat().st_size)
        assert not (place / file.path.name).exists()
    assert [b - a for a, b in pairwise(sizes)] == [256 << 10] * 10
    link.send(file)
    assert link.settle(file, replace=False)
    assert (place / file.path.name).read_bytes() == file.path.read_bytes()
    assert not staged.exists()


def replace_limit(link: FolderLink, kib_s: int) -> FolderLink:
    folder = Folder(folder=link.destination.folder, limit_kib_s=kib_s)
    return replace(link, destination=folder)


@pytest.mark.parametrize("staged", [b"other bytes", b"x" * 4_000_000])
def test_what_was_staged_and_is_not_the_file_never_gets_its_name(
    link: FolderLink, file: Sealed, place: Path, staged: bytes
) -> None:
    part = place / f"{file.path.name}.part"
    part.write_bytes(staged)
    link.send(file)
    if not link.settle(file, replace=False):
        assert not part.exists()
        link.send(file)
        assert link.settle(file, replace=False)
    assert (place / file.path.name).read_bytes() == file.path.read_bytes()


def test_a_file_that_has_come_to_be_there_is_not_overwritten(
    link: FolderLink, file: Sealed, place: Path
) -> None:
    link.send(file)
    (place / file.path.name).write_bytes(b"someone else's")
    with pytest.raises(Failure, match="come to be meanwhile"):
        link.settle(file, replace=False)
    assert (place / file.path.name).read_bytes() == b"someone else's"


def test_an_erasure_takes_all_of_a_session_and_nothing_of_its_next_part(
    link: FolderLink, place: Path
) -> None:
    gone = [f"{ID}.antiphon", f"{ID}.antiphon.part", f"{ID}.m1f3a9c2e.notes", f".{ID}.repair-x"]
    gone += [f"{ID}-camera-01.mkv", f"{ID}-camera-01.mkv.0001-of-0002.age", f"{ID}.antiphon.age"]
    stays = [f"{ID}-2.antiphon", f"{ID}-2-camera-01.mkv", "20260101T080000Z-bbbb.antiphon", DISK]
    theirs = [f"{ID} (copy).antiphon", f"{ID}-mine.txt"]
    for name in [*gone, *stays[:-1], *theirs]:
        (place / name).write_text("x")
    assert sorted(link.bury(ID, '{"id": 1}')) == sorted(theirs)
    assert {path.name for path in place.iterdir()} == {*stays, *theirs, "tombstones"}
    assert (place / "tombstones" / f"{ID}.json").read_text() == '{"id": 1}\n'


@pytest.mark.parametrize(
    ("number", "code", "words"),
    [
        (errno.ENOSPC, 73, "free some space there; what has arrived is kept"),
        (errno.EFBIG, 73, "File too large: FAT holds no file of 4 GiB"),
        (errno.EROFS, 77, "let the user antiphon write there"),
        (errno.EIO, 75, "was it pulled out?"),
        (errno.ENAMETOOLONG, 74, "File name too long"),
    ],
)
def test_what_the_disk_complains_of_is_one_line_and_a_code(
    link: FolderLink, file: Sealed, number: int, code: int, words: str
) -> None:
    def fail(done: int, total: int) -> None:
        raise OSError(number, os.strerror(number), "/media/usb/x")

    with pytest.raises(Failure) as no:
        link.send(file, fail)
    assert (no.value.code, str(no.value).startswith("usb: ")) == (code, True)
    assert words in str(no.value)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A filesystem of 2 MiB."""
    there = tmp_path / "small"
    there.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "antiphon-test", str(there)]
    if os.getuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs root, to mount a small filesystem")
    yield there
    subprocess.run(["umount", str(there)], check=True)


def test_a_full_disk_keeps_what_came_and_resumes_when_there_is_room(
    small_disk: Path, tmp_path: Path, file: Sealed
) -> None:
    link = FolderLink("usb", Folder(folder=str(small_disk)), tmp_path)
    link.require_ready()
    with pytest.raises(Failure, match="No space left") as no:
        link.send(file)
    assert no.value.code == 73
    assert not (small_disk / file.path.name).exists()
    arrived = (small_disk / f"{file.path.name}.part").stat().st_size
    assert arrived > 1_000_000
    subprocess.run(["mount", "-o", "remount,size=64m", str(small_disk)], check=True)
    told: list[int] = []
    link.send(file, lambda done, _: told.append(done))
    assert told[0] > arrived
    assert link.settle(file, replace=False)


def test_no_more_is_sent_in_a_second_than_the_limit() -> None:
    now_s, waited = 0.0, list[float]()

    def wait(span_s: float) -> None:
        nonlocal now_s
        now_s += span_s
        waited.append(span_s)

    pace = Pace(100, lambda: now_s, wait)
    for _ in range(8):
        pace.spend(pace.portion_bytes)
    assert now_s == pytest.approx(2.0)
    Pace(0, lambda: now_s, wait).spend(1 << 30)
    assert len(waited) == 8
