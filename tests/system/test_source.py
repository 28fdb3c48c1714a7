"""Installed from a source tree; pip finds in a directory what it would fetch."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from recorder import __version__
from tests.system.box import Box
from tests.system.conftest import BROKEN
from tests.system.machine import Machine
from tests.system.technician import PROGRAMS

PIP = """[global]
no-index = true
find-links = /wheelhouses/now /build-tools
"""


def installing(verb: str, source: str) -> tuple[str, ...]:
    return ("sudo", f"/sources/{source}/deploy/install.sh", verb)


@pytest.fixture(scope="module")
def build_tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a wheel is made with."""
    directory = tmp_path_factory.mktemp("build-tools")
    command = ["pip", "download", "--quiet", f"--dest={directory}", "hatchling>=1.26"]
    subprocess.run([sys.executable, "-m", *command], check=True)
    return directory


@pytest.fixture(scope="module")
def box(root: Path, sources: Path, wheelhouses: Path, build_tools: Path) -> Iterator[Box]:
    binds = {"/sources": sources, "/wheelhouses": wheelhouses, "/build-tools": build_tools}
    machine = Machine(root, "antiphon-source", {**binds, PROGRAMS: Path(__file__).parent})
    machine.write("/etc/pip.conf", PIP)
    try:
        yield Box(machine, *installing("install", "now"))
    finally:
        machine.power_off()


def test_a_source_tree_is_installed_without_a_key(box: Box) -> None:
    assert "no port for the patient" in box.told
    assert box.version() == box.status().version == __version__


def test_a_broken_upgrade_goes_back_by_itself(box: Box) -> None:
    done = box.technician.tries(*installing("upgrade", "broken"))
    assert done.returncode == 1
    assert f"{BROKEN} does not start; {__version__} is in use again" in done.stdout
    box.await_boards()
    assert box.version() == box.status().version == __version__


def test_there_is_nothing_to_go_back_to_but_good_versions(box: Box) -> None:
    done = box.technician.tries("sudo", "antiphon-install", "rollback")
    assert done.returncode == 1
    assert "there is no version to go back to" in done.stdout
    assert box.version() == __version__
