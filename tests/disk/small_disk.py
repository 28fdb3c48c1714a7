"""A file system of some hundred megabytes in a sparse file, that can be filled and broken."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.powercut.mounts import format_ext4, run

# Enough for a session to be allowed to begin; on disk it is what is written to it.
DISK_BYTES = 700 << 20
OPTIONS = "noatime,errors=remount-ro"


class SmallDisk:
    """An ext4 on a loop device, mounted at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ballast = path / "ballast"

    @property
    def free(self) -> int:
        """Bytes that may still be written."""
        disk = os.statvfs(self.path)
        return disk.f_bavail * disk.f_frsize

    def leave(self, free: int) -> None:
        """Take all but `free` bytes; without writing them, so it takes no time."""
        with self._ballast.open("wb") as ballast:
            os.posix_fallocate(ballast.fileno(), 0, self.free - free)

    def take_the_rest(self) -> None:
        """Write until there is no room for a block more."""
        with (self.path / "rest").open("wb", buffering=0) as rest:
            try:
                while True:
                    rest.write(bytes(1 << 16))
            except OSError:
                return

    def make_room(self) -> None:
        """Delete what was taken."""
        for file in (self._ballast, self.path / "rest"):
            file.unlink(missing_ok=True)

    def fail(self) -> None:
        """Let the kernel find an error: from now on the disk is read-only."""
        device = Path(run("findmnt", "-no", "SOURCE", self.path).strip()).name
        Path(f"/sys/fs/ext4/{device}/trigger_fs_error").write_text("1", encoding="ascii")


@contextmanager
def small_disk(at: Path, image: Path) -> Iterator[SmallDisk]:
    """Mount a fresh disk at `at`; what is still open on it when it goes, stays open.

    Raises:
        OSError: nothing can be mounted here.
    """
    at.mkdir(exist_ok=True)
    with image.open("wb") as file:
        file.truncate(DISK_BYTES)
    format_ext4(image)
    run("mount", "-o", f"loop,{OPTIONS}", image, at)
    try:
        yield SmallDisk(at)
    finally:
        subprocess.run(["umount", "-l", at], check=False, capture_output=True)  # or gone already
