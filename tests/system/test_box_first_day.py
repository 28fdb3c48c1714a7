"""The first day as deploy/README.md has it: its commands, as written, one after the other.

The third part of the story that test_box.py begins.
"""

import re
from collections.abc import Iterator

import pytest

from tests.places import ROOT
from tests.system.box import AS_RECORDER, Box

README = ROOT / "deploy" / "README.md"
BLOCK = re.compile(r"<!-- first day -->\n\s*```sh\n(.*?)```", re.DOTALL)
COMMAND_S = 120.0


def blocks() -> list[list[str]]:
    """The commands of each step."""
    text = README.read_text(encoding="utf-8")
    return [[line.strip() for line in it.strip().splitlines()] for it in BLOCK.findall(text)]


def on_the_box(command: str) -> tuple[str, ...]:
    """A technician's command: sudo is root, who we are; others are of the group antiphon."""
    who = () if command.startswith("sudo ") and "sudo -u" not in command else AS_RECORDER
    return (*who, "bash", "-c", re.sub(r"^sudo (-u antiphon )?", "", command))


@pytest.fixture
def wired(box: Box) -> Iterator[Box]:
    """The box with a sync train on both boards' pins."""
    box.machine.run("systemctl", "stop", "boards")
    box.begin_boards("--train")
    box.begin_anew()
    yield box
    box.machine.run("systemctl", "stop", "boards")
    box.begin_boards()
    box.begin_anew()


def test_the_first_day_has_its_steps() -> None:
    assert [len(block) for block in blocks()] == [2, 4, 6]


def test_the_first_day_goes_as_the_readme_says(wired: Box) -> None:
    for block in blocks():
        wired.await_boards()
        for command in block:
            done = wired.machine.attempt(*on_the_box(command), timeout_s=COMMAND_S)
            if command == "antiphon doctor":  # emulated boards have no dongles
                failed = re.findall(r"^fail\s+(\w+)", done.stdout, re.MULTILINE)
                assert failed == ["dongles"], done.stdout
            else:
                assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
