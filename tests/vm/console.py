"""A picture of the screen on a box's Linux console, from the framebuffer of a virtual machine.

    python -m tests.vm.console [--out console.png] [--keys t]      (root)

The box is installed as by `install.sh --console`, with the kernel's own font. It records two
emulated boards; the bar over the whole width must be green. What else there is has to be looked at.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from recorder.rehearsal.processes import emulated_boards
from tests.vm import monitor
from tests.vm.image import made, why_not
from tests.vm.machine import Box, running

KERNEL = "systemd.wants=antiphon-console@tty1.service loglevel=3"
BOOT_S, RECORDING_S = 1200.0, 300.0
SHOWN_S = 20.0  # of recording, for the screen to be there, and its measures
GREEN = bytes([0, 0xAA, 0])


def main() -> int:
    """Take it; return 1 when the bar is not green."""
    parser = argparse.ArgumentParser(prog="tests.vm.console")
    parser.add_argument("--out", type=Path, default=Path("console.png"))
    parser.add_argument(
        "--keys", nargs="*", default=[], help="to be pressed before, by qemu's names"
    )
    wanted = parser.parse_args()
    if reason := why_not():
        print(f"console: skipped: {reason}")  # noqa: T201
        return 0
    with tempfile.TemporaryDirectory(prefix="vm-") as name:
        is_green = photograph(made(), Path(name), wanted.out.resolve(), wanted.keys)
    print(f"{wanted.out}: the bar is {'green' if is_green else 'not green'}")  # noqa: T201
    return int(not is_green)


def photograph(image: Path, directory: Path, out: Path, keys: list[str]) -> bool:
    """Write the picture of a recording; whether its upper right corner is green."""
    talk = directory / "monitor"
    card = ("-device", "VGA", *monitor.words(talk))
    with emulated_boards(directory, []) as boards:
        ports = tuple(Path(port["port"]) for port in boards.ports)
        box = Box(image, directory, ports, kernel=KERNEL, more=card)
        box.format_disk()
        with running(box) as machine:
            machine.told("saved", BOOT_S)
            machine.told("saved", RECORDING_S, saved_s=SHOWN_S)
            bare = directory / "bare.ppm"
            monitor.say(machine, talk, [f"screendump {bare}"])
            monitor.say(machine, talk, [f"sendkey {key}" for key in keys])
            monitor.say(machine, talk, [f"screendump {out} -f png"])
            return _corner(bare) == GREEN


def _corner(picture: Path) -> bytes:
    """The colour at the right end of the first row, of a PPM."""
    _kind, size, _depth, pixels = picture.read_bytes().split(b"\n", 3)
    last = 3 * (int(size.split()[0]) - 1)
    return pixels[last : last + 3]


if __name__ == "__main__":
    sys.exit(main())
