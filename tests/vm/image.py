"""The image of a box, made of this source tree."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.cache import cache
from tests.places import ROOT
from tests.vm.machine import PROGRAM

HERE = Path(__file__).parent
PYTHON = "3.11"  # of the Debian in the image
UNUSED_S = 86400.0  # a machine may be running from an image that another run has replaced


def why_not() -> str:
    """Why no machine can be made and run here, or ""."""
    if os.geteuid() != 0:
        return "only root may make and mount disks"
    for program in (PROGRAM, "mmdebstrap", "mke2fs"):
        if shutil.which(program) is None:
            return f"{program} is missing: apt install qemu-system-x86 mmdebstrap e2fsprogs"
    if not os.access("/dev/loop-control", os.R_OK | os.W_OK):
        return "/dev/loop-control is missing"
    return ""


def made() -> Path:
    """Where the image is; it is kept until something of its contents changes, and a day longer.

    Making it takes a minute, the first time five.

    Raises:
        CalledProcessError: it cannot be made; why is on standard error.
    """
    with tempfile.TemporaryDirectory(prefix="wheels-") as directory:
        script = ROOT / "deploy" / "wheelhouse.py"
        _run(sys.executable, script, "--machine", "x86_64", "--python", PYTHON, directory)
        image = cache() / f"vm-{_contents(Path(directory))[:12]}"
        if not image.exists():
            _make(Path(directory), image)
    image.touch()
    return image


def _contents(wheels: Path) -> str:
    """A hash of all that an image is made of; antiphon's own wheel holds the installer, too."""
    found = hashlib.sha256((wheels / "SHA256SUMS").read_bytes())
    for path in [HERE / "image.sh", *sorted((HERE / "guest").rglob("*"))]:
        if path.is_file() and path.suffix != ".pyc":
            found.update(path.relative_to(HERE).as_posix().encode() + path.read_bytes())
    return found.hexdigest()


def _make(wheels: Path, image: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="new-vm-", dir=cache()) as directory:
        new = Path(directory, "image")
        _run(HERE / "image.sh", wheels, new)
        if not image.exists():  # else another run was quicker
            new.rename(image)
    for old in cache().glob("vm-*"):
        if image.stat().st_mtime - old.stat().st_mtime > UNUSED_S:
            shutil.rmtree(old)


def _run(*words: object) -> None:
    subprocess.run([*map(str, words)], check=True, stdout=subprocess.DEVNULL)
