"""Cards and images, mounted. Everything is undone on leaving, whatever happened."""

import json
import os
import select
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.places import ROOT
from tests.powercut.cuts import Log

# The one file of the card, and what it may be told: tests.powercut.card.
IMAGE = "disk.img"
RESET, SAVE = b"reset", b"save"
BLOCK_BYTES = 4096
_READY_S = 10.0


def why_not() -> str:
    """Why the power cannot be cut here, or ""."""
    if os.geteuid() != 0:
        return "only root may mount"
    for program in ("fusermount3", "mkfs.ext4", "e2fsck", "losetup", "unshare"):
        if shutil.which(program) is None:
            return f"{program} is missing: apt install fuse3 e2fsprogs"
    for device in ("/dev/fuse", "/dev/loop-control"):
        if not os.access(device, os.R_OK | os.W_OK):
            return f"{device} is missing"
    try:
        import mfusepy  # noqa: F401  # looks for libfuse at once
    except OSError as error:
        return f"{error}: apt install fuse3"
    return ""


def run(*words: object) -> str:
    """Run a command that must succeed; what it prints."""
    done = subprocess.run(list(map(str, words)), check=False, capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"{words[0]}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def format_ext4(device: Path) -> None:
    """Make a file system whose making is over when this returns."""
    at_once = "lazy_itable_init=0,lazy_journal_init=0"
    run("mkfs.ext4", "-q", "-F", "-b", BLOCK_BYTES, "-m", 0, "-E", at_once, device)


@contextmanager
def mounted(image: Path, at: Path, options: str) -> Iterator[Path]:
    """`image` on a loop device that goes when it is unmounted.

    Raises:
        OSError: it cannot be mounted.
    """
    at.mkdir(exist_ok=True)
    run("mount", "-t", "ext4", "-o", f"loop,{options}", image, at)
    try:
        yield at
    finally:
        run("umount", at)


class LoggedCard:
    """A card with a file system on it, mounted at `path`, as long as its context lasts."""

    def __init__(self, directory: Path, path: Path) -> None:
        self.path = path
        self._directory = directory
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(directory / "told.sock"))
        self._socket.connect(str(directory / "card.sock"))

    def note(self, **told: object) -> None:
        """Write into the log what the service has just told."""
        self.order(json.dumps(told).encode())

    def order(self, octets: bytes) -> None:
        """Send the card a note or an order, and wait until it is done."""
        self._socket.send(octets)
        self._socket.recv(16)

    def log(self) -> Log:
        """Everything so far."""
        self.order(SAVE)
        return Log.load(self._directory / "log.pickle")

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


@contextmanager
def logged_card(directory: Path, size: int, options: str) -> Iterator[LoggedCard]:
    """A fresh card of `size` bytes, its log beginning with the empty file system."""
    exported = directory / "fuse"
    exported.mkdir()
    with _card_process(directory, exported, size):
        format_ext4(exported / IMAGE)
        with mounted(exported / IMAGE, directory / "card", options) as path:
            card = LoggedCard(directory, path)
            os.sync()
            card.order(RESET)
            try:
                yield card
            finally:
                card.close()


@contextmanager
def _card_process(directory: Path, exported: Path, size: int) -> Iterator[None]:
    words = (exported, size, directory / "log.pickle", directory / "card.sock")
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.powercut.card", *map(str, words)],
        cwd=ROOT,
        stderr=subprocess.DEVNULL,
    )
    try:
        _await(exported / IMAGE, process)
        yield
    finally:
        run("fusermount3", "-u", exported)
        process.wait(_READY_S)


def _await(path: Path, process: subprocess.Popen[bytes]) -> None:
    given_up_s = time.monotonic() + _READY_S
    while not path.exists():
        if process.poll() is not None or time.monotonic() > given_up_s:
            raise OSError("the card did not appear: is mfusepy installed, and libfuse3?")
        select.select((), (), (), 0.02)
