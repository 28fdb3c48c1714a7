"""A box as a whole machine: its dongles, and its plug pulled in the middle of sessions.

python -m tests.vm [--kills 10] [--seed N] [--image DIR] [--json FILE]      (root)

The machine records two emulated boards through its own kernel's FTDI driver. It is killed (SIGKILL
of qemu) at random moments of a session and switched on again. What its service had told to be saved
must be on the disk, each time; so must the sessions before.
"""

import json
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click
import numpy as np

from recorder.rehearsal.processes import emulated_boards
from tests.powercut.inspection import inspect, promises
from tests.powercut.mounts import mounted, run
from tests.vm.image import made, why_not
from tests.vm.machine import CONSOLE, SERIALS, Box, running

# With both processors busy elsewhere; on one that is not, a machine records within two minutes.
BOOT_S = 1200.0
RECORDING_S = 300.0  # for those seconds, on a machine that falls behind
SAVED_S = (1.0, 12.0)  # of recording, before the plug is pulled
DONGLE = {"owner": "root", "group": "dialout", "mode": "0o660", "latency_ms": 1}
GROUPS = {"antiphon", "dialout"}


@dataclass(slots=True)
class Story:
    """What became of one box.

    Attributes:
        boots_s: from switching on to the first second that was told to be saved.
        told_s: how much of each session was told to be saved when the plug was pulled.
        lost_s: the most that was missing of it.
        notes: all that it told.
        problems: whatever was not as it must be, one line each.
    """

    boots_s: list[float] = field(default_factory=list)
    told_s: list[float] = field(default_factory=list)
    lost_s: float = 0.0
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether it is as promised."""
        return not self.problems and self.lost_s <= 0


def main() -> int:
    """Boot, kill, look; return 1 when something was lost or was not as it must be."""
    wanted = _arguments()
    if reason := why_not():
        click.echo(f"vm: skipped: {reason}")
        return 0
    with tempfile.TemporaryDirectory(prefix="vm-") as name:
        directory = Path(name)
        image = wanted.image or made()
        story = live(image, directory, wanted.kills, np.random.default_rng(wanted.seed))
    for problem in story.problems:
        click.echo(f"    {problem}")
    if wanted.json:
        told = {"schema": "antiphon.vm/1", "ok": story.ok, **asdict(story)}
        wanted.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return int(not story.ok)


def live(image: Path, directory: Path, kills: int, rng: np.random.Generator) -> Story:
    """Kill a box again and again, and look at its disk each time."""
    story = Story()
    with emulated_boards(directory, []) as boards:
        box = Box(image, directory, tuple(Path(port["port"]) for port in boards.ports))
        box.format_disk()
        for number in range(1, kills + 1):
            _one_life(box, float(rng.uniform(*SAVED_S)), story)
            _look(box, story)
            click.echo(
                f"kill {number}: first saved after {story.boots_s[-1]:.0f} s, killed with"
                f" {story.told_s[-1]:.1f} s told; lost {story.lost_s:.3f} s"
            )
    return story


def _one_life(box: Box, enough_s: float, story: Story) -> None:
    """Switch on, have it record for a while, pull the plug."""
    began_s = time.monotonic()
    with running(box) as machine:
        try:
            machine.told("saved", BOOT_S)
            story.boots_s.append(time.monotonic() - began_s)
            if not story.notes:
                story.problems += _equipment_problems([*map(json.loads, machine.notes)])
            machine.told("saved", RECORDING_S, saved_s=enough_s)
        except TimeoutError as error:
            console = (box.directory / CONSOLE).read_text(errors="replace")[-2000:]
            raise TimeoutError(f"{error}; its console ends with:\n{console}") from error
    story.told_s.append(machine.saved_s)
    story.notes += machine.notes


def _equipment_problems(notes: list[dict[str, Any]]) -> list[str]:
    """What is wrong with the dongles as udev has set them up, or with the service's groups."""
    dongles = {note["serial"]: note for note in notes if note["told"] == "dongle"}
    click.echo(f"dongles: {json.dumps(list(dongles.values()))}")
    problems = [
        f"dongle {serial}: {key} is {dongles.get(serial, {}).get(key)!r}, not {wanted!r}"
        for serial in SERIALS
        for key, wanted in DONGLE.items()
        if dongles.get(serial, {}).get(key) != wanted
    ]
    [service] = [note for note in notes if note["told"] == "service"]
    lacking = GROUPS - set(service["groups"])
    return problems + [f"the service is not of {it}" for it in sorted(lacking)]


def _look(box: Box, story: Story) -> None:
    """Hold a copy of the disk against all that was ever told of it."""
    copy = box.directory / "copy.img"
    run("cp", "--sparse=always", box.disk, copy)
    with mounted(copy, box.directory / "after", "noatime") as root:
        found = inspect(root, promises(_of_sessions(story.notes)))
    run("e2fsck", "-f", "-n", copy)
    story.lost_s = max(story.lost_s, found.lost_s)
    story.problems += [it for it in found.problems if it not in story.problems]


def _of_sessions(notes: list[str]) -> list[str]:
    return [note for note in notes if json.loads(note)["told"] in ("started", "saved", "marked")]


def _arguments() -> Namespace:
    parser = ArgumentParser(prog="tests.vm", description=__doc__)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=20261123)
    parser.add_argument("--image", type=Path, help="one that tests/vm/image.sh has made")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
