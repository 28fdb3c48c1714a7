"""Putting sessions away in a process of its own, of low priority, while others are recorded.

    python -P -m recorder.store.apart FILE

It may be killed at any time; whoever tries again goes on from what is there.
"""

import logging
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from recorder.failure import EX_TEMPFAIL, EX_UNAVAILABLE, words
from recorder.store.finish import settle

LOWEST = 19

log = logging.getLogger("antiphon")


class Apart:
    """Settles one session after the other, as `recorder.store.finish.settle`; until it is ended."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[str] | None = None
        self._is_over = False

    def settle(self, path: Path) -> None:
        """Put a session away. Blocks.

        Raises:
            BlockingIOError: another process has it, or `end` was called: again later.
            OSError: it cannot be put away, for that reason.
        """
        command = [sys.executable, "-P", "-m", __name__, str(path)]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as self._child:
            if self._is_over:
                self._child.kill()
            _, told = self._child.communicate()
            code = self._child.wait()
        if code == 0:
            for line in told.splitlines():
                log.warning("%s", line)
            return
        reason = told.strip().rpartition("\n")[2] or f"{path}: ended by {code}"
        raise (BlockingIOError if self._is_over or code == EX_TEMPFAIL else OSError)(reason)

    def end(self) -> None:
        """Leave what is not done to the next service."""
        self._is_over = True
        if self._child is not None:
            self._child.kill()


def main(path: Path) -> int:
    """Settle one session; why it cannot be is the last line of standard error."""
    logging.basicConfig(format="%(message)s")
    with suppress(OSError):  # a service may be forbidden to, and then it is not
        os.nice(LOWEST)
    try:
        settle(path)
    except BlockingIOError as error:
        sys.stderr.write(f"{words(error)}\n")
        return EX_TEMPFAIL
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{words(error)}\n")
        return EX_UNAVAILABLE
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
