"""The files for the box, as far as they can be judged without one."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from deploy.wheelhouse import requirements
from tests.places import ROOT

pytestmark = pytest.mark.once

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "box" / "systemd" / "system").glob("*.service"))
SCRIPTS = sorted(DEPLOY.glob("*.sh"))
THRESHOLD = "30"  # tenths


def needs(tool: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(tool) is None, reason=f"{tool} is not installed")


def pinned(machine: str, python: str) -> dict[str, str]:
    """The constraints that hold there, by name."""
    lines = requirements(DEPLOY / "constraints.txt", machine, python)
    return dict(line.partition(" ")[0].split("==") for line in lines)


@needs("shellcheck")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_shellcheck_has_nothing_to_say(script: Path) -> None:
    done = subprocess.run(["shellcheck", script], capture_output=True, text=True, check=False)
    assert done.stdout == ""


@needs("systemd-analyze")
@pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.name)
def test_the_exposure_of_a_unit_is_low(unit: Path) -> None:
    command = [
        "systemd-analyze",
        "security",
        "--offline=true",
        f"--threshold={THRESHOLD}",
        str(unit),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


@pytest.mark.parametrize("python", ["3.11", "3.13"])
def test_every_dependency_is_pinned_for_both_machines(python: str) -> None:
    project = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text())["project"]
    names = {re.match(r"[\w-]+", line)[0] for line in project["dependencies"]}  # type: ignore[index]
    assert names <= set(pinned("x86_64", python))
    assert names - {"brainflow", "setuptools"} <= set(pinned("aarch64", python))


def test_brainflow_is_not_fetched_for_machines_it_has_no_library_for() -> None:
    assert "brainflow" in pinned("x86_64", "3.11")
    assert "brainflow" not in pinned("aarch64", "3.11")


def test_a_python_gets_the_versions_that_are_made_for_it() -> None:
    assert pinned("x86_64", "3.11")["numpy"] != pinned("x86_64", "3.13")["numpy"]


def test_every_pin_has_hashes() -> None:
    for line in requirements(DEPLOY / "constraints.txt", "aarch64", "3.13"):
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", line)


def test_only_arm_needs_another_liblsl() -> None:
    assert list(requirements(DEPLOY / "liblsl.txt", "x86_64", "3.11")) == []
    assert len(list(requirements(DEPLOY / "liblsl.txt", "aarch64", "3.11"))) == 1
