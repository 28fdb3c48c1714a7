"""A terminal for a test: keys go in, what the program writes comes out."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.e2e.processes import ANTIPHON
from tests.places import ROOT

ROWS, COLUMNS = 48, 160

LEFT_ALTERNATE_SCREEN = "\x1b[?1049l"
# A finger that presses again.
PRESSED_EVERY_S = 0.4
# Longer than a page takes no keys after it has come, on a machine that others use.
LOOKED_S = 1.5


class Terminal:
    """A terminal with a program on it; `seen` is all that the program has written."""

    def __init__(self, descriptor: int, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.seen = b""
        self._descriptor = descriptor

    def press(self, keys: str) -> None:
        """Type; a byte that is no UTF-8 is given as Python stands for it, \\udcf6 for F6."""
        os.write(self._descriptor, os.fsencode(keys))

    def hang_up(self) -> None:
        """Take the terminal away; who has it as its own is not told, as there is no session."""
        nothing = os.open(os.devnull, os.O_RDWR)
        os.dup2(nothing, self._descriptor)
        os.close(nothing)

    def await_words(self, words: str, within_s: float = 20) -> None:
        """Read until the program has written `words` since the last call."""
        given_up_s = time.monotonic() + within_s
        fresh = b""
        while words.encode() not in fresh:
            left_s = given_up_s - time.monotonic()
            assert left_s > 0, f"{words!r} did not appear in {within_s} s"
            fresh += self._read(left_s)

    def insist(self, keys: str, words: str, within_s: float = 20) -> None:
        """Press until the program writes `words`: a page that has just come takes no keys yet."""
        given_up_s = time.monotonic() + within_s
        fresh = b""
        while words.encode() not in fresh:
            assert time.monotonic() < given_up_s, f"{words!r} did not appear in {within_s} s"
            self.press(keys)
            fresh += self._read(PRESSED_EVERY_S)

    def look_for_a_moment(self) -> None:
        """Read what comes for as long as a page that has just come takes no keys."""
        self.read_for(LOOKED_S)

    def read_for(self, seconds: float) -> None:
        """Read what comes meanwhile."""
        until_s = time.monotonic() + seconds
        while (left_s := until_s - time.monotonic()) > 0:
            self._read(left_s)

    def await_end(self, within_s: float = 20) -> int:
        """Read until the program has ended; its exit code."""
        given_up_s = time.monotonic() + within_s
        while self.process.poll() is None:
            assert time.monotonic() < given_up_s, "the program does not end"
            self._read(0.1)
        self._read(0.1)
        return self.process.returncode

    def _read(self, within_s: float) -> bytes:
        if not select.select([self._descriptor], [], [], within_s)[0]:
            return b""
        try:
            fresh = os.read(self._descriptor, 65536)
        except OSError:  # EIO: the program has closed its end
            return b""
        self.seen += fresh
        return fresh


@contextmanager
def terminal(*words: str, **variables: object) -> Iterator[Terminal]:
    """`antiphon WORDS` on a terminal of its own, with these variables in its environment."""
    environment = {**os.environ, "TERM": "xterm-256color"}
    environment |= {name: str(value) for name, value in variables.items()}
    with on_terminal([*ANTIPHON, *words], ROOT, environment) as one:
        yield one


@contextmanager
def on_terminal(
    command: list[str], directory: Path, environment: dict[str, str]
) -> Iterator[Terminal]:
    """A command on a terminal of its own."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    with subprocess.Popen(
        command,
        cwd=directory,
        env=environment,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as process:
        os.close(theirs)
        try:
            yield Terminal(ours, process)
        finally:
            process.kill()
            os.close(ours)
