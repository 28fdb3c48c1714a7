"""One run of a camera program: started at low priority, listened to, stopped in good order."""

import os
import select
import signal
import subprocess
import time
from collections.abc import Callable

STOP_S = 5.0  # to finish the file

_SLICE_S = 0.1
_READ_BYTES = 65536
_LAST_WORDS_BYTES = 500
# It must not take the processor from the recording, nor hold the camera when we are gone.
_MANNERS = ("setpriv", "--pdeathsig", "INT", "nice", "-n", "10")


class CameraProcess:
    """A running program. A context manager: it has ended when that is left.

    The thread that starts it must live as long as it: when that thread dies, the program is
    interrupted.

    Args:
        command: the program and its arguments.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(
            [*_MANNERS, *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,  # so that Ctrl-C in a terminal is for us alone
        )
        pipes = (self._process.stdout, self._process.stderr)
        self._out, self._err = (pipe.fileno() if pipe else -1 for pipe in pipes)
        self._talking = {self._out, self._err}
        self._begun = b""  # of a line
        self._errors = b""

    def __enter__(self) -> "CameraProcess":
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:
            if self._process.poll() is None:
                self._process.kill()

    @property
    def has_ended(self) -> bool:
        """Whether it has said its last word."""
        return not self._talking

    @property
    def last_words(self) -> str:
        """The last line of its complaints, or ""."""
        lines = self._errors.decode("utf-8", "replace").strip().splitlines()
        return lines[-1].strip() if lines else ""

    def read(self, timeout_s: float) -> list[str]:
        """Return the lines that have come, as soon as something has; none after the timeout."""
        out = b""
        for fd in select.select(list(self._talking), (), (), timeout_s)[0]:
            octets = os.read(fd, _READ_BYTES)
            if not octets:
                self._talking.discard(fd)
            elif fd == self._err:
                self._errors = (self._errors + octets)[-_LAST_WORDS_BYTES:]
            else:
                out = octets
        *lines, self._begun = (self._begun + out).split(b"\n")
        return [line.decode("ascii", "replace") for line in lines]

    def stop(self, monotonic_ns: Callable[[], int] = time.monotonic_ns) -> list[str]:
        """Ask it to finish its file, and kill it if it does not; return its last lines."""
        self._process.send_signal(signal.SIGINT)
        limit_ns = monotonic_ns() + round(STOP_S * 1e9)
        lines: list[str] = []
        while not self.has_ended and monotonic_ns() < limit_ns:
            lines += self.read(_SLICE_S)
        return lines
