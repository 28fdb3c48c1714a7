"""The Debian package: installed, and removed again."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from recorder import __version__
from tests.places import ROOT
from tests.system.machine import Machine

BUILD = ROOT / "deploy" / "build-deb.sh"


@pytest.fixture(scope="module")
def package(root: Path, wheelhouses: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package for this machine, of the wheels that are there already."""
    directory = tmp_path_factory.mktemp("deb")
    command = [str(BUILD), "--wheelhouse", f"{wheelhouses}/now", "amd64", str(directory)]
    subprocess.run(command, check=True, capture_output=True)
    [path] = directory.glob("*.deb")
    return path


@pytest.fixture(scope="module")
def machine(root: Path, package: Path) -> Iterator[Machine]:
    machine = Machine(root, "antiphon-deb", {"/packages": package.parent})
    try:
        yield machine
    finally:
        machine.power_off()


def test_the_package_is_named_as_debian_names_packages(package: Path) -> None:
    assert package.name == f"antiphon_{__version__}_amd64.deb"


def test_the_package_installs_without_a_network(machine: Machine, package: Path) -> None:
    machine.run("dpkg", "--install", f"/packages/{package.name}", timeout_s=300)
    assert machine.run("antiphon", "--version").split()[-1] == __version__
    assert machine.run("systemctl", "is-enabled", "antiphon").strip() == "enabled"
    assert machine.run("dpkg", "--verify", "antiphon") == ""


def test_removing_the_package_leaves_recordings_and_configuration(machine: Machine) -> None:
    recording = "/var/lib/antiphon/sessions/of-a-patient"
    machine.run("runuser", "--user=antiphon", "--", "touch", recording)
    machine.run("dpkg", "--remove", "antiphon", timeout_s=300)
    machine.run("ls", recording, "/etc/antiphon/antiphon.toml")
    assert machine.attempt("ls", "/opt/antiphon").returncode != 0
    assert machine.attempt("systemctl", "cat", "antiphon").returncode != 0
