"""Jobs that go wrong, for processes that are begun anew."""

import os
import signal
from pathlib import Path


def square(number: int) -> int:
    """Which goes well, or is an exception that nobody thought of."""
    if number < 0:
        raise ZeroDivisionError("below zero")
    return number * number


def killed_once(file: Path) -> str:
    """Kills its process the first time."""
    if file.name.startswith("well"):
        return "well"
    if not file.exists():
        file.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return "done"


def killed_always(number: int) -> int:
    """Kills its process for one of the numbers."""
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number
