"""A small file is there whole, old or new, whenever the power fails."""

import os
import stat
from pathlib import Path

import pytest

from recorder.durable import begin_whole, make_anew, write_all, write_whole


def test_a_file_is_made_with_its_directory_and_replaced(tmp_path: Path) -> None:
    file = tmp_path / "deeper" / "note"
    for content in (b"one", b"two, longer", b""):
        write_whole(file, content)
        assert file.read_bytes() == content
    assert list(file.parent.iterdir()) == [file]
    assert not file.stat().st_mode & (stat.S_IRWXO | stat.S_IWGRP)


def test_its_content_is_on_the_disk_before_its_name_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the name is before it returns."""
    file, synced = tmp_path / "note", []
    fsync = os.fsync

    def seen(descriptor: int) -> None:
        synced.append((Path(f"/proc/self/fd/{descriptor}").readlink().name, file.exists()))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", seen)
    write_whole(file, b"one")
    assert synced == [(".note.part", False), (tmp_path.name, True)]


def test_what_was_there_is_left_when_it_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "note"
    write_whole(file, b"old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_whole(file, b"new")
    assert file.read_bytes() == b"old"


def test_a_file_written_bit_by_bit_has_its_name_at_its_end(tmp_path: Path) -> None:
    file = tmp_path / "deeper" / "log"
    with begin_whole(file) as out:
        out.write("one\n")
        assert not file.exists()
        out.write("two\n")
    assert file.read_text() == "one\ntwo\n"
    assert list(file.parent.iterdir()) == [file]


def test_a_file_that_comes_to_nothing_leaves_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_text("old")

    def write_half() -> None:
        with begin_whole(file) as out:
            out.write("new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_made_anew_takes_the_place_of_a_link_and_of_no_device(tmp_path: Path) -> None:
    (precious := tmp_path / "precious").write_text("mine")
    (link := tmp_path / "link").symlink_to(precious)
    os.close(make_anew(link))
    assert (precious.read_text(), link.is_symlink(), link.read_bytes()) == ("mine", False, b"")
    os.mkfifo(pipe := tmp_path / "pipe")
    with pytest.raises(FileExistsError):
        make_anew(pipe)
    assert pipe.is_fifo()


def test_of_many_files_none_has_its_name_before_all_are_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = {tmp_path / name / "note": name.encode() for name in ("a", "b", "c")}
    synced: list[tuple[str, int]] = []
    fsync = os.fsync

    def seen(descriptor: int) -> None:
        name = Path(f"/proc/self/fd/{descriptor}").readlink().name
        synced.append((name, sum(path.exists() for path in contents)))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", seen)
    write_all(contents)
    assert synced[:3] == [(".note.part", 0)] * 3
    assert sorted(synced[3:]) == [("a", 3), ("b", 3), ("c", 3)]
    assert {path: path.read_bytes() for path in contents} == contents


def test_of_many_files_none_is_written_when_one_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "in the way").write_bytes(b"")
    contents = {tmp_path / name: b"new" for name in ("one", "in the way/two", "three")}
    with pytest.raises(OSError, match="in the way"):
        write_all(contents)
    assert not any(path.exists() for path in contents)
