"""What is installed: this source tree, and a newer and a broken version of it."""

import os
import re
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from deploy import wheelhouse
from recorder import __version__
from tests.cache import cache
from tests.places import ROOT
from tests.system.box import Box, installing
from tests.system.machine import PYTHON, Machine, image, obstacle
from tests.system.technician import PROGRAMS

NEXT, BROKEN = "90.1.0", "90.2.0"
VERSIONS = {"now": __version__, "next": NEXT, "broken": BROKEN}
IN_A_WHEEL = ("recorder", "hardware", "dsp", "tui", "deploy")
BESIDE_IT = ("pyproject.toml", "README.md", "LICENSE")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a failed test what the box has said of itself."""
    report = yield
    box = getattr(item, "funcargs", {}).get("box")
    if report.failed and box is not None:
        report.sections.append(("the box", box.told_last()))
    return report


@pytest.fixture(scope="session")
def root() -> Path:
    """A fresh Debian; skips where no machine can be made of it."""
    if "ANTIPHON_SYSTEM_TESTS" not in os.environ:
        pytest.skip("takes minutes: make test-system")
    if reason := obstacle():
        pytest.skip(reason)
    return image(cache())


@pytest.fixture(scope="session")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Source trees `now`, `next` and `broken`."""
    directory = tmp_path_factory.mktemp("sources")
    for name, version in VERSIONS.items():
        source_of(version, directory / name)
    (directory / "broken" / "recorder" / "service" / "loop.py").write_text(
        "raise SystemExit('broken')\n"
    )
    return directory


@pytest.fixture(scope="session")
def wheelhouses(root: Path, sources: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directories `now`, `next` and `broken`, each a wheelhouse of one version.

    They fetch what the wheel asks for, so there are none without the machine that `root` is.
    """
    directory = tmp_path_factory.mktemp("wheelhouses")
    now = directory / "now"
    wheelhouse.main(["--machine=x86_64", f"--python={PYTHON}", str(now)])
    others = shutil.ignore_patterns("antiphon-*", "SHA256SUMS")
    for name in ("next", "broken"):
        shutil.copytree(now, directory / name, ignore=others, copy_function=os.link)
        wheelhouse.build(sources / name, directory / name)
        wheelhouse.write_sums(directory / name)
    return directory


def source_of(version: str, directory: Path) -> None:
    """This source tree under another version."""
    unwanted = shutil.ignore_patterns("__pycache__")
    for room in IN_A_WHEEL:
        shutil.copytree(ROOT / room, directory / room, ignore=unwanted)
    for name in BESIDE_IT:
        shutil.copy(ROOT / name, directory / name)
    for name in ("pyproject.toml", "recorder/__init__.py"):
        path = directory / name
        text, count = re.subn(f'"{re.escape(__version__)}"', f'"{version}"', path.read_text())
        assert count == 1
        path.write_text(text)


@pytest.fixture(scope="session")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The machine's /var/lib/antiphon, which outlives it."""
    return tmp_path_factory.mktemp("recordings")


@pytest.fixture(scope="session")
def box(root: Path, wheelhouses: Path, recordings: Path) -> Iterator[Box]:
    """A machine with antiphon installed, two emulated boards and the service running."""
    binds = {
        "/wheelhouses": wheelhouses,
        "/var/lib/antiphon": recordings,
        "/deploy": ROOT / "deploy",
        PROGRAMS: Path(__file__).parent,
    }
    machine = Machine(root, "antiphon-box", binds)
    try:
        yield Box(machine, *installing("install", "now"))
    finally:
        machine.power_off()
