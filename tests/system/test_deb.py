"""The Debian package: installed with apt at a terminal, upgraded, put back, and removed again.

apt gives dpkg a terminal of its own, as wide as the one that it has.
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from recorder import __version__
from tests.places import ROOT
from tests.system.box import AS_RECORDER, Box
from tests.system.conftest import BROKEN, NEXT, VERSIONS
from tests.system.machine import Machine
from tests.system.technician import PROGRAMS

BUILD = ROOT / "deploy" / "build-deb.sh"
APT = ("sudo", "apt-get", "--yes", "-o", "DPkg::Lock::Timeout=0")


def named(version: str) -> str:
    return f"antiphon_{version}_amd64.deb"


@pytest.fixture(scope="module")
def packages(wheelhouses: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages for this machine, of the wheels that are there already."""
    directory = tmp_path_factory.mktemp("deb")
    for name in VERSIONS:
        command = [str(BUILD), "--wheelhouse", f"{wheelhouses}/{name}", "amd64", str(directory)]
        subprocess.run(command, check=True, capture_output=True)
    return directory


@pytest.fixture(scope="module")
def box(root: Path, packages: Path) -> Iterator[Box]:
    binds = {"/packages": packages, PROGRAMS: Path(__file__).parent}
    machine = Machine(root, "antiphon-deb", binds)
    try:
        yield Box(machine, *APT, "install", f"/packages/{named(__version__)}")
    finally:
        machine.power_off()


def state(box: Box) -> tuple[str, str]:
    """What dpkg makes of the package: ii is installed, iF is installed and not set up."""
    query = ("dpkg-query", "--show", "--showformat=${db:Status-Abbrev}|${Version}", "antiphon")
    abbreviation, _, version = box.machine.run(*query).partition("|")
    return abbreviation.strip(), version


def test_packages_are_named_as_debian_names_packages(packages: Path) -> None:
    names = {path.name for path in packages.iterdir()}
    assert names == {named(version) for version in VERSIONS.values()}


def test_the_package_installs_without_a_network_and_without_a_key(box: Box) -> None:
    assert "no port for the patient" in box.told
    assert state(box) == ("ii", __version__)
    assert box.machine.run("antiphon", "--version").split()[-1] == __version__
    assert box.machine.run("systemctl", "is-enabled", "antiphon").strip() == "enabled"
    assert box.machine.run("dpkg", "--verify", "antiphon") == ""


def test_a_session_is_not_torn_by_an_upgrade(box: Box) -> None:
    name = box.begin_session()
    done = box.technician.tries(*APT, "install", f"/packages/{named(NEXT)}")
    assert done.returncode == 100
    assert "a session is being recorded: stop it first" in done.stdout
    assert state(box) == ("ii", __version__)
    assert box.version() == __version__
    assert box.session().id == name
    box.antiphon("stop")


def test_an_upgrade_is_in_use(box: Box) -> None:
    box.technician.types(*APT, "install", f"/packages/{named(NEXT)}")
    box.await_boards()
    assert state(box) == ("ii", NEXT)
    assert box.version() == box.status().version == NEXT


def test_a_broken_upgrade_goes_back_by_itself_and_the_package_can_be_put_right(box: Box) -> None:
    done = box.technician.tries(*APT, "install", f"/packages/{named(BROKEN)}")
    assert done.returncode == 100
    assert f"{BROKEN} does not start; {NEXT} is in use again" in done.stdout
    box.await_boards()
    assert box.version() == box.status().version == NEXT
    assert state(box) == ("iF", BROKEN)
    box.technician.types(*APT, "--allow-downgrades", "install", f"/packages/{named(NEXT)}")
    assert state(box) == ("ii", NEXT)


def test_rollback_returns_to_the_last_good_version(box: Box) -> None:
    box.technician.types("sudo", "antiphon-install", "rollback")
    box.await_boards()
    assert box.version() == box.status().version == __version__


def test_the_installer_leaves_a_package_to_dpkg(box: Box) -> None:
    done = box.technician.tries("sudo", "antiphon-install", "uninstall")
    assert done.returncode == 1
    assert "it was installed as a package: sudo apt remove antiphon" in done.stdout
    assert box.version() == __version__


@pytest.mark.skipif(shutil.which("lintian") is None, reason="not installed: lintian")
def test_lintian_finds_no_error(packages: Path) -> None:
    command = ["lintian", "--fail-on", "error", str(packages / named(__version__))]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_removing_the_package_leaves_recordings_and_configuration(box: Box) -> None:
    recording = "/var/lib/antiphon/sessions/of-a-patient"
    box.machine.run(*AS_RECORDER, "touch", recording)
    box.technician.types(*APT, "remove", "antiphon")
    box.machine.run("ls", recording, "/etc/antiphon/antiphon.toml")
    assert box.machine.attempt("ls", "/opt/antiphon").returncode != 0
    assert box.machine.attempt("systemctl", "cat", "antiphon").returncode != 0
    said = box.technician.types(*APT, "purge", "antiphon")
    assert "/var/lib/antiphon stays" in said
    box.machine.run("ls", recording)
    assert box.machine.attempt("ls", "/etc/antiphon").returncode != 0
