"""Somebody who has just installed a minimal Debian and cloned this project."""

import os
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests import debian
from tests.fresh.pip_settings import of_this_machine
from tests.places import ROOT

# What the README asks for, and git to clone with; nothing else.
PACKAGES = ("git", "make", "python3", "python3-venv")
NAME, USER_ID = "newcomer", 1000
CREATED = f'chroot "$1" useradd --uid={USER_ID} --create-home {NAME}'
PIP_CACHE = "/srv/pip"
LIMIT_S = 1800.0
LAST_LINES = 40
_LOOK_S = 1.0


class Newcomer:
    """An ordinary user of one release of Debian; of what is done there, `home` is left.

    Args:
        release: of Debian.
        directory: an empty one, for what the user makes.
        log: what the commands print.
    """

    def __init__(self, release: int, directory: Path, log: Path) -> None:
        self.log = log
        self._release = release
        self._root = debian.tree(release, PACKAGES, CREATED)
        self._directory = directory
        self._pip = of_this_machine()
        # What pip has fetched, and what it has built there: no compiler of ours helps.
        fetched = self._root.with_name(f"{self._root.name}-pip")
        self._binds = {self._mine(fetched): PIP_CACHE, self._mine(directory / "tmp"): "/tmp"}
        log.write_bytes(b"")

    def offer(self) -> str:
        """Put a repository with what is committed here where it can be cloned from; its path."""
        place = self._directory / "antiphon.git"
        words = ["git", "clone", "--quiet", "--bare", "--depth=1", f"file://{ROOT}", str(place)]
        subprocess.run(words, check=True)
        subprocess.run(["chown", "--recursive", f"{USER_ID}:{USER_ID}", str(place)], check=True)
        self._binds[place] = "/srv/antiphon.git"
        return self._binds[place]

    def run(self, command: str, working: Callable[[str], None]) -> bool:
        """Give the shell a command, in the home directory; whether it did what it should.

        Args:
            command: without a terminal, in an environment that says nothing but how to reach PyPI.
            working: told about once a second how far pytest says it is, "" where it does not.
        """
        until_s = time.monotonic() + LIMIT_S
        with self.log.open("ab") as log:
            log.write(f"\n$ {command}\n".encode())
            log.flush()
            process = subprocess.Popen(
                [*self._enter(), "/bin/sh", "-c", command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            try:
                while process.poll() is None and time.monotonic() < until_s:
                    working(self._share())
                    _wait(process)
            finally:
                process.kill()
        return process.wait() == 0

    def results(self) -> list[str]:
        """What pytest has said at the end of each run."""
        return re.findall(r"^=+ (\d+ (?:passed|failed).*?) =+$", self._told(), re.MULTILINE)

    def failures(self) -> list[str]:
        """Of each test that failed, what pytest says in a line; without any, the last lines."""
        found = re.findall(r"^(?:FAILED|ERROR) .*$", self._told(), re.MULTILINE)
        return found or self._last(LAST_LINES)

    def _enter(self) -> list[str]:
        home = self._mine(self._directory / "home")
        binds = {home: f"/home/{NAME}", **self._binds}
        return [
            *("systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--as-pid2"),
            *("--volatile=overlay", f"--directory={self._root}", "--console=pipe"),
            f"--machine=fresh-{self._release}-{os.getpid()}",
            *(f"--user={NAME}", f"--chdir=/home/{NAME}"),
            *(f"--bind={outside}:{inside}" for outside, inside in binds.items()),
            *(f"--bind-ro={path}" for path in self._pip.paths),
            *(f"--setenv={name}={value}" for name, value in self._pip.variables.items()),
            f"--setenv=PIP_CACHE_DIR={PIP_CACHE}",
        ]

    def _mine(self, directory: Path) -> Path:
        directory.mkdir(exist_ok=True)
        os.chown(directory, USER_ID, USER_ID)
        return directory

    def _share(self) -> str:
        found = re.findall(r"\[ *(\d+%)\]$", "\n".join(self._last(3)), re.MULTILINE)
        return found[-1] if found else ""

    def _last(self, lines: int) -> list[str]:
        return self._told().splitlines()[-lines:]

    def _told(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")


def _wait(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_LOOK_S)
    except subprocess.TimeoutExpired:
        return
