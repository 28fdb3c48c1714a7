"""A minimal Debian in a directory, made once and kept (tests/cache.py)."""

import os
import shutil
import subprocess
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from tests.cache import cache

RELEASES = {12: "bookworm", 13: "trixie"}
TOOLS = {"mmdebstrap": "mmdebstrap", "systemd-nspawn": "systemd-container"}


def why_not() -> str:
    """Why no Debian can be made and entered here, or ""."""
    if os.geteuid() != 0:
        return "only root may change its root directory"
    for program, package in TOOLS.items():
        if shutil.which(program) is None:
            return f"{program} is missing: apt install {package}"
    return ""


def tree(release: int, packages: Sequence[str], hook: str = "true") -> Path:
    """The root directory of a Debian; making it takes a minute and a network.

    Args:
        release: 12 or 13.
        packages: what is in it beside what must be.
        hook: for the shell, run at the end of making it; $1 is the directory.

    Raises:
        CalledProcessError: it cannot be made; why is on standard error.
    """
    key = zlib.crc32("\n".join([*packages, hook]).encode())
    place = cache() / f"{RELEASES[release]}-{key:08x}"
    if not place.exists():
        with tempfile.TemporaryDirectory(prefix="new-debian-", dir=cache()) as directory:
            new = Path(directory, "root")
            _make(release, packages, hook, new)
            if not place.exists():  # else another run was quicker
                new.rename(place)
    return place


def _make(release: int, packages: Sequence[str], hook: str, new: Path) -> None:
    kind = ["--quiet", "--variant=minbase", f"--include={','.join(packages)}"]
    command = ["mmdebstrap", *kind, f"--customize-hook={hook}", RELEASES[release], str(new)]
    subprocess.run(command, check=True)
