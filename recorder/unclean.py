"""How often a service has died here in mid-session: a number in a file beside the sessions."""

import logging
from pathlib import Path

from recorder.durable import write_whole

FILE = "unclean-stops"

log = logging.getLogger("antiphon")


def count(directory: Path) -> int:
    """How often so far; 0 when nobody has counted, or what stands there is no number."""
    try:
        return max(0, int((directory / FILE).read_text(encoding="ascii")))
    except (OSError, ValueError):
        return 0


def count_one(directory: Path) -> None:
    """Count one more; that it cannot be written down is told in the log only."""
    number = count(directory) + 1
    log.warning("the service ended without closing its session, time %d on this box", number)
    try:
        write_whole(directory / FILE, f"{number}\n".encode())
    except OSError as error:
        log.warning("not counted: %s", error)
