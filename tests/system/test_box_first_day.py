"""The first day as deploy/README.md has it: its commands, as written, one after the other.

The third part of the story that test_box.py begins.
"""

import json
import re
from collections.abc import Iterator

import pytest

from tests.places import ROOT
from tests.system.box import AS_RECORDER, CONFIG, Box
from tests.system.technician import AS_TECHNICIAN

README = ROOT / "deploy" / "README.md"
BLOCK = re.compile(r"<!-- first day -->\n\s*```sh\n(.*?)```", re.DOTALL)
COMMAND_S = 120.0


def blocks() -> list[list[str]]:
    """The commands of each step."""
    text = README.read_text(encoding="utf-8")
    return [[line.strip() for line in it.strip().splitlines()] for it in BLOCK.findall(text)]


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
            done = wired.machine.attempt(*AS_TECHNICIAN, "bash", "-c", command, timeout_s=COMMAND_S)
            assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"


def test_the_doctor_tells_a_technician_what_the_service_can_do(box: Box) -> None:
    told = json.loads(box.technician.types("antiphon", "doctor", "--json"))
    words = {one["name"]: one["word"] for one in told["findings"]}
    assert told["ok"]
    assert {words[name] for name in ("sessions", "fsync", "dialout", "dongles", "service")} == {
        "ok"
    }
    assert box.technician.types("antiphon", "doctor").splitlines()[-1] == "ready to record"


def test_without_the_service_the_doctor_says_who_can_tell(box: Box) -> None:
    box.machine.run("systemctl", "stop", "antiphon")
    told = json.loads(box.technician.types("antiphon", "doctor", "--json"))
    findings = {one["name"]: one for one in told["findings"]}
    assert told["ok"]
    for name in ("sessions", "fsync"):
        assert findings[name]["word"] == "warn"
        assert findings[name]["remedy"] == "sudo -u antiphon antiphon doctor"
    box.begin_anew()


def test_a_directory_that_the_service_cannot_write_fails_whoever_asks(box: Box) -> None:
    elsewhere = "/srv/elsewhere"  # the unit lets it write to its own directories only
    box.machine.run("install", "-d", "--owner=antiphon", "--group=antiphon", elsewhere)
    before = box.machine.run("cat", CONFIG)
    box.machine.write(CONFIG, before.replace("/var/lib/antiphon/sessions", elsewhere))
    box.begin_anew()
    for who in (AS_TECHNICIAN, AS_RECORDER):
        done = box.machine.attempt(*who, "antiphon", "doctor", timeout_s=COMMAND_S)
        assert done.returncode == 69
        assert f"{elsewhere} cannot be written" in done.stdout.splitlines()[-1]
    box.machine.write(CONFIG, before)
    box.begin_anew()
