"""The image of a box, made of this source tree."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.vm.machine import PROGRAM

ROOT = Path(__file__).resolve().parents[2]
PYTHON = "3.11"  # of the Debian in the image


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


def made(directory: Path) -> Path:
    """Make an image in `directory`; where it is. Takes a minute, the first time five.

    Raises:
        CalledProcessError: it cannot be made; why is on standard error.
    """
    wheels, image = directory / "wheels", directory / "image"
    script = ROOT / "deploy" / "wheelhouse.py"
    fetch = [sys.executable, script, "--machine", "x86_64", "--python", PYTHON, wheels]
    subprocess.run([*map(str, fetch)], check=True, stdout=subprocess.DEVNULL)
    make = [ROOT / "deploy" / "vm" / "image.sh", wheels, image]
    subprocess.run([*map(str, make)], check=True, stdout=subprocess.DEVNULL)
    return image
