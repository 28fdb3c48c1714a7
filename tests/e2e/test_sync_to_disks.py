"""Sessions copied to disks as people plug them in, each made and mounted here; and by two boxes."""

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from recorder import wall_clock
from recorder.store.catalog import new_session_id
from recorder.sync import folder
from tests.e2e.synced_box import finish, sha256
from tests.recorder import session_files
from tests.recorder.command_line import Shell
from tests.recorder.sync import far_places

pytestmark = pytest.mark.disks

ID, VIDEO_BYTES, SEED = "20260101T080000Z-aaaa", 3_000_000, 5
MIB = 1 << 20
# How it is made, and how it is mounted: by the kernel, or by a program beside it.
KINDS = {
    "ext4": ("mkfs.ext4 -q -E lazy_itable_init=0", "mount -o loop {image} {place}"),
    "vfat": ("mkfs.vfat", "mount -o loop {image} {place} || fusefat -o rw+ {image} {place}"),
    "exfat": (
        "mkfs.exfat",
        "mount -o loop {image} {place} || { loop=$(losetup --find --show {image}) && "
        "{ mount.exfat-fuse $loop {place}; losetup --detach $loop; mountpoint -q {place}; }; }",
    ),
}


@contextmanager
def disk(kind: str, directory: Path, size_mib: int) -> Iterator[Path]:
    """A new disk that is plugged in; skips where there can be none."""
    make, mount = KINDS[kind]
    if os.getuid() or shutil.which(make.split()[0]) is None:
        pytest.skip("needs root" if os.getuid() else f"not installed: {make.split()[0]}")
    image, place = directory / f"{kind}.img", directory / kind
    place.mkdir(parents=True)
    with image.open("wb") as file:
        file.truncate(size_mib * MIB)
    subprocess.run([*make.split(), str(image)], check=True, capture_output=True)
    words = mount.replace("{image}", str(image)).replace("{place}", str(place))
    subprocess.run(["sh", "-c", words], capture_output=True, check=False)
    if not place.is_mount():
        pytest.skip(f"no {kind} can be mounted here")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def make_box(directory: Path, place: Path, **more: object) -> Path:
    """A box with a session that was filmed; its configuration."""
    sessions = directory / "sessions"
    (sessions / "done").mkdir(parents=True)
    path = sessions / "done" / f"{ID}.antiphon"
    finish(session_files.write(path, [session_files.block(0, 250 * k, 250) for k in range(300)]))
    return configure(directory, place, **more)


def configure(directory: Path, place: Path, **more: object) -> Path:
    config = directory / "antiphon.toml"
    lines = [f'sessions = "{directory}/sessions"', "[sync_folder.usb]", f'folder = "{place}"']
    config.write_text("\n".join([*lines, *(f"{key} = {value}" for key, value in more.items())]))
    return config


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setattr(wall_clock, "synchronised", lambda: True)
    return Shell(capsys, monkeypatch)


class Pulled(SystemExit):
    """The plug, in mid-copy."""


@pytest.mark.parametrize("kind", KINDS)
def test_a_disk_is_filled_through_ten_cuts_and_erased(
    kind: str, tmp_path: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    with disk(kind, tmp_path / "plugged", 64) as place:
        config = make_box(tmp_path, place)
        ours = tmp_path / "sessions" / "done" / f"{ID}.antiphon"
        copy, staged = place / ours.name, place / f"{ours.name}.part"
        monkeypatch.setattr(folder, "PORTION_BYTES", 50_000)
        spend, left = folder.Pace.spend, 1

        def pull(pace: folder.Pace, more_bytes: int) -> None:
            nonlocal left
            left -= 1
            if not left:
                raise Pulled(9)
            spend(pace, more_bytes)

        monkeypatch.setattr(folder.Pace, "spend", pull)
        rng, sizes = random.Random(SEED), list[int]()
        for _ in range(10):
            left = rng.randrange(1, 3)
            assert shell("sync", "--config", config).code == 9
            assert not copy.exists()
            sizes.append(staged.stat().st_size)
        assert sizes == sorted(set(sizes))
        left = -1
        assert shell("sync", "--config", config).code == 0
        assert sha256(copy) == sha256(ours)
        assert not staged.exists()
        assert shell("sync", "--config", config).out == "usb  nothing to copy\n"
        assert shell("erase", ID, "--apply", "--config", config).code == 0
        assert "erased there" in shell("sync", "--config", config).out
        names = sorted(path.name for path in place.iterdir() if path.name != "lost+found")
        assert names == ["antiphon-disk", "tombstones"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_disk_that_is_full_or_pulled_out_loses_nothing(
    kind: str, tmp_path: Path, shell: Shell
) -> None:
    with disk(kind, tmp_path / "small", 16) as place:
        config = make_box(tmp_path, place)
        room = shutil.disk_usage(place).free
        (place / "others").write_bytes(bytes(room - MIB // 2))
        ran = shell("sync", "--config", config)
        assert ran.code == 73 or (
            kind == "vfat" and "Operation not permitted" in ran.err
        )  # fusefat
        assert not (place / f"{ID}.antiphon").exists()
        (place / "others").unlink()
        assert shell("sync", "--config", config).code == 0
        assert sha256(place / f"{ID}.antiphon") == sha256(
            tmp_path / "sessions" / "done" / f"{ID}.antiphon"
        )
        receipt = next((tmp_path / "sessions" / "receipts").glob("usb.*/*.json"))
    # Only its directory is left now: nothing is copied into that, and nothing is deleted here.
    ran = shell("sync", "--config", config)
    assert (ran.code, "is the other one plugged in?" in ran.err) == (73, True)
    assert list(place.iterdir()) == []
    assert shell("prune", "--older-than", 0, "--apply", "--config", config).code == 73
    assert receipt.exists()
    assert (tmp_path / "sessions" / "done" / f"{ID}.antiphon").exists()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Path]:
    if reason := far_places.other_disk_missing(tmp_path):
        pytest.skip(reason)
    with far_places.folder() as far:
        yield far.inbox


def test_two_boxes_that_copy_into_one_place_never_collide(
    house: Path, tmp_path: Path, shell: Shell
) -> None:
    """Begun in the same second, with the same random digits."""
    configs = []
    for box in ("box-1", "box-2"):
        one = new_session_id(1_795_406_400_000_000_000, b"\x1f\x3a", box)
        path = tmp_path / box / "sessions" / "done" / f"{one}.antiphon"
        path.parent.mkdir(parents=True)
        block = session_files.block(0, 0, n=50 if box == "box-1" else 40)
        finish(session_files.write(path, [block], session_files.header(one)))
        configs.append(configure(tmp_path / box, house))
        assert shell("sync", "--config", configs[-1]).code == 0
    copies = sorted(house.glob("*.antiphon"))
    assert [path.name.partition("-")[2] for path in copies] == [
        "box_1_1f3a.antiphon",
        "box_2_1f3a.antiphon",
    ]
    [first] = (tmp_path / "box-1" / "sessions" / "done").glob("*.antiphon")
    assert shell("erase", first.stem, "--apply", "--config", configs[0]).code == 0
    assert shell("sync", "--config", configs[0]).code == 0
    assert shell("sync", "--config", configs[1]).out == "usb  nothing to copy\n"
    assert [path.name for path in house.glob("*.antiphon")] == [copies[1].name]


def test_two_boxes_of_one_name_overwrite_nothing(house: Path, tmp_path: Path, shell: Shell) -> None:
    """As cloned cards are, by the worst of chances."""
    contents = []
    for box, samples in (("one", 50), ("clone", 40)):
        path = tmp_path / box / "sessions" / "done" / f"{ID}.antiphon"
        path.parent.mkdir(parents=True)
        finish(session_files.write(path, [session_files.block(0, 0, n=samples)]))
        contents.append(path)
        ran = shell("sync", "--config", configure(tmp_path / box, house))
    assert ran.code == 65
    assert "the destination has another file of this name; both are left alone" in ran.err
    assert sha256(house / f"{ID}.antiphon") == sha256(contents[0])
    assert contents[1].exists()


def test_two_disks_that_take_turns_are_both_filled_and_both_erased(
    house: Path, tmp_path: Path, shell: Shell
) -> None:
    config = make_box(tmp_path, house / "mounted")
    for disk_ in ("a", "b"):
        (house / disk_).mkdir()
    plugged = house / "mounted"

    def plug(disk_: str) -> None:
        plugged.unlink(missing_ok=True)
        plugged.symlink_to(house / disk_)

    for disk_ in ("a", "b"):
        plug(disk_)
        assert shell("sync", "--config", config).code == 0
        assert (house / disk_ / f"{ID}.antiphon").exists()
    told = shell("erase", ID, "--apply", "--config", config)
    assert told.out.count("the next antiphon sync erases the copy") == 2
    for disk_ in ("a", "b"):
        assert (house / disk_ / f"{ID}.antiphon").exists()
        plug(disk_)
        assert "erased there" in shell("sync", "--config", config).out
        assert not (house / disk_ / f"{ID}.antiphon").exists()
