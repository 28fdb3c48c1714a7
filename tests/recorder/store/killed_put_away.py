"""Puts copies of a session away, each killed before another line of the code that does it.

python -m tests.recorder.store.killed_put_away FILE DIRECTORY      prints how many there are
"""

import os
import shutil
import sys
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

from recorder.store.finish import finish

KILLED = 9
# The functions of it; before each of their lines it is killed once.
STEPS = ("_put_away", "write_whole", "pack", "_replaced", "_copy", "workplace", "_make", "_lock")


def main(ended: Path, directory: Path) -> int:
    """Each copy in a directory of its own: cut0, cut1 and so on."""
    return next(cut for cut in count() if not _killed_before(_copy(ended, directory, cut), cut))


def _copy(ended: Path, directory: Path, cut: int) -> Path:
    home = directory / f"cut{cut}"
    home.mkdir()
    return Path(shutil.copy(ended, home))


def _killed_before(path: Path, line: int) -> bool:
    """Whether so many lines had not yet been all."""
    child = os.fork()
    if child == 0:
        sys.settrace(_killing(line))
        finish(path)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    assert code in (0, KILLED)
    return code == KILLED


def _killing(left: int) -> Any:
    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        code = frame.f_code
        if code.co_name not in STEPS or "/recorder/" not in code.co_filename:
            return None
        left -= event == "line"
        if left < 0:
            os._exit(KILLED)
        return trace

    return trace


if __name__ == "__main__":
    sys.stdout.write(f"{main(Path(sys.argv[1]), Path(sys.argv[2]))}\n")
