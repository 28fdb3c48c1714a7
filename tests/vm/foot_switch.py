"""A foot switch on a booted box: qemu's USB keyboard, by the kernel's input events and udev.

    python -m tests.vm.foot_switch [--presses 5]      (root)

Each press must be a mark in the session's file, in order, as far apart as they were pressed.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from recorder.rehearsal.processes import emulated_boards
from recorder.store.reader import SessionReader
from tests.powercut.mounts import mounted
from tests.vm import monitor
from tests.vm.image import made, why_not
from tests.vm.machine import Box, running

BOOT_S, RECORDING_S = 1200.0, 300.0
APART_S = 2.0
# A machine whose every instruction is translated hears of a key late.
LATE_S = 0.5
SAVED_S = 5.0


def main() -> int:
    """Press, pull the plug, look; return 1 when a press is missing or at another time."""
    parser = argparse.ArgumentParser(prog="tests.vm.foot_switch")
    parser.add_argument("--presses", type=int, default=5)
    presses = parser.parse_args().presses
    if reason := why_not():
        print(f"foot switch: skipped: {reason}")  # noqa: T201
        return 0
    with tempfile.TemporaryDirectory(prefix="vm-") as name:
        pressed_s, marked_s = pressed(made(), Path(name), presses)
    print(f"pressed after {pressed_s} s, marked after {marked_s} s")  # noqa: T201
    if len(marked_s) != presses:
        return 1
    return int(np.abs(np.subtract(pressed_s, marked_s)).max() > LATE_S)


def pressed(image: Path, directory: Path, presses: int) -> tuple[list[float], list[float]]:
    """When it was pressed by the host and by the file, from the first press on."""
    talk = directory / "monitor"
    more = ("-device", "usb-kbd", *monitor.words(talk))
    with emulated_boards(directory, []) as boards:
        box = Box(image, directory, tuple(Path(it["port"]) for it in boards.ports), more=more)
        box.format_disk()
        times_s = []
        with running(box) as machine:
            machine.told("saved", BOOT_S)
            for _ in range(presses):
                times_s.append(time.monotonic())
                monitor.say(machine, talk, ["sendkey b"], APART_S)
            saved_s = machine.saved_s + SAVED_S
            machine.told("saved", RECORDING_S, saved_s=saved_s)
    return _since_first(times_s), _since_first(marks(box))


def marks(box: Box) -> list[float]:
    """When the foot switch marked, by the files on the disk of a dead machine."""
    with mounted(box.disk, box.directory / "after", "noatime") as root:
        found = []
        for path in root.rglob("*.antiphon"):
            with SessionReader(path) as session:
                rows = [row for row in session.markers() if row.source == "foot switch"]
                assert all(row.label == "song" for row in rows)
                found += [row.t_ns * 1e-9 for row in rows]
    return sorted(found)


def _since_first(times_s: list[float]) -> list[float]:
    return [round(it - times_s[0], 3) for it in times_s]


if __name__ == "__main__":
    sys.exit(main())
