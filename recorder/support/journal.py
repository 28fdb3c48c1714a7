"""What systemd knows of the service: its journal, its units' state, and the kernel's USB lines.

Host names are never asked for.
"""

import os
import re
import subprocess
from pathlib import Path

from recorder.failure import EX_UNAVAILABLE, EX_USAGE, Failure

UNIT = "antiphon.service"
UNITS = (UNIT, "antiphon-sync.service", "antiphon-sync.timer")
STATE = (
    "Id,LoadState,ActiveState,SubState,Result,NRestarts,ExecMainStatus,ActiveEnterTimestamp,"
    "WatchdogUSec,MemoryCurrent,StatusText"
)
PATIENCE_S = 30.0
KERNEL_LINES = 3000
# What bears on boards, cards and power; not what a plugged-in thing calls itself.
TELLING = re.compile(
    r"usb|tty|ftdi|cp210|ch34|mmc|voltage|thermal|watchdog|out of memory|oom", re.I
)
CALLED = re.compile(r"(Product|Manufacturer|SerialNumber): ")


def unit_log(lines: int, since: str = "", *, root: Path = Path("/")) -> list[str]:
    """The last lines that the service has written, oldest first.

    Args:
        lines: how many at most.
        since: as journalctl takes it, such as "1 hour ago"; "" is any time.
        root: where /run is.

    Raises:
        Failure: there is no systemd, no such unit, or no such time.
    """
    _require_unit(root)
    command = ["journalctl", f"--unit={UNIT}", f"--lines={lines}", "--output=short-iso"]
    if since:
        command.append(f"--since={since}")
    return _said(*command, "--no-hostname", "--no-pager", "--quiet").splitlines()


def _require_unit(root: Path) -> None:
    """See that the service is one of systemd's; the Failure says where its lines are instead."""
    if not (root / "run/systemd/system").is_dir():
        text = "this machine does not run systemd: the service's lines are where it was started"
        raise Failure(text, EX_UNAVAILABLE)
    if _said("systemctl", "show", "--property=LoadState", "--value", UNIT).strip() == "not-found":
        text = f"{UNIT} is not installed here: the service's lines are where it was started"
        raise Failure(text, EX_UNAVAILABLE)


def units_state() -> str:
    """How the units are, a property a line. Raises Failure."""
    return _said("systemctl", "show", f"--property={STATE}", *UNITS)


def kernel_log() -> list[str]:
    """What the kernel has said in this boot of USB, cards, power and memory. Raises Failure."""
    command = ("journalctl", "--dmesg", f"--lines={KERNEL_LINES}", "--output=short-monotonic")
    lines = _said(*command, "--no-hostname", "--no-pager", "--quiet").splitlines()
    return [line for line in lines if TELLING.search(line) and not CALLED.search(line)]


def _said(*command: str) -> str:
    """What a program prints; Failure when there is none, or it cannot do it."""
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE_S,
            env=os.environ | {"LC_ALL": "C.UTF-8"},
            check=False,
        )
    except FileNotFoundError as error:
        raise Failure(f"there is no {command[0]} on this machine", EX_UNAVAILABLE) from error
    except subprocess.TimeoutExpired as error:
        raise Failure(f"{command[0]} does not answer", EX_UNAVAILABLE) from error
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise Failure(f"{command[0]}: {reason}", EX_USAGE)
    return done.stdout
