"""What is in the source archive and in the wheel, and that the wheel runs."""

import re
import subprocess
import sys
import tarfile
import zipfile
from email.message import Message
from email.parser import Parser
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from recorder import __version__
from recorder.settings.destination import Folder, Remote, Workstation
from recorder.settings.file import DESTINATIONS, SECTIONS, Config, load
from tests.places import ROOT

ROOMS = ("recorder", "hardware", "dsp", "tui")
DIST_INFO = f"antiphon-{__version__}.dist-info"
SHARED = f"antiphon-{__version__}.data/data/share/antiphon"
# What builds packages, and the picture of the README.
ONLY_OF_THE_SOURCES = {
    *("deploy/build-deb.sh", "deploy/constraints.sh", "deploy/wheelhouse.py"),
    *(f"deploy/pictures/{name}.png" for name in ("review", "screen")),
}
# The bench that a user has of his own box; a bench line is the board's.
BENCHES_OF_USERS = {
    "recorder/commands/bench.py",
    *(f"recorder/bench/{it}.py" for it in ("__init__", "acquisition", "machine", "numbers")),
    "recorder/bench/processes.py",
    "hardware/cyton/bench_line.py",
}


@pytest.fixture(scope="module")
def archives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the source archive, and with the wheel that is made of it."""
    directory = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(directory), "."]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    return directory


@pytest.fixture(scope="module")
def wheel(archives: Path) -> Path:
    [path] = archives.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def wheel_files(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    with zipfile.ZipFile(wheel) as archive:
        return Parser().parsestr(archive.read(f"{DIST_INFO}/METADATA").decode())


def files_below(folder: str) -> set[str]:
    """Files of a folder of the project as the archives name them, without what Python leaves."""
    found = (path.relative_to(ROOT) for path in (ROOT / folder).rglob("*") if path.is_file())
    return {path.as_posix() for path in found if "__pycache__" not in path.parts}


def test_the_wheel_holds_the_four_rooms_and_nothing_else(wheel_files: set[str]) -> None:
    top = {name.split("/", 1)[0] for name in wheel_files}
    assert top == {*ROOMS, DIST_INFO, f"antiphon-{__version__}.data"}
    for room in ROOMS:
        assert {name for name in wheel_files if name.startswith(f"{room}/")} == files_below(room)
    assert {"tui/antiphon.tcss", "recorder/cli.py", "hardware/board.py"} <= wheel_files


def test_the_wheel_brings_what_a_box_needs_and_nothing_of_developers(
    wheel_files: set[str],
) -> None:
    shared = {name for name in wheel_files if name.startswith(SHARED)}
    assert shared == {f"{SHARED}/{name}" for name in files_below("deploy") - ONLY_OF_THE_SOURCES}
    assert {f"{SHARED}/deploy/{name}" for name in ("antiphon.toml", "install.sh")} <= shared
    whole = shared | {name for room in ROOMS for name in wheel_files if name.startswith(f"{room}/")}
    assert not [name for name in whole if re.search(r"\btests?\b|test_|\bvm\b|guest", name)]
    benches = {name for name in whole if "bench" in name}
    assert benches == BENCHES_OF_USERS


def test_the_source_archive_holds_everything_needed_to_build_and_test(archives: Path) -> None:
    [path] = archives.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {member.name.split("/", 1)[1] for member in archive if member.isfile()}
    assert {name.split("/", 1)[0] for name in names} == {
        *(*ROOMS, "deploy", "tests", "Makefile", "pyproject.toml", "PKG-INFO", ".gitignore"),
        *("README.md", "ARCHITECTURE.md", "CHANGELOG.md", "LICENSE"),
    }
    for folder in (*ROOMS, "deploy", "tests"):
        assert {name for name in names if name.startswith(f"{folder}/")} == files_below(folder)


def test_brainflow_is_asked_for_only_where_its_libraries_run(metadata: Message) -> None:
    [brainflow] = [
        wanted for wanted in metadata.get_all("Requires-Dist", []) if wanted.startswith("brainflow")
    ]
    assert brainflow.endswith("; sys_platform != 'linux' or platform_machine == 'x86_64'")


def test_the_screen_s_library_stays_below_its_next_major_version(metadata: Message) -> None:
    wanted = map(Requirement, metadata.get_all("Requires-Dist", []))
    [textual] = [it.specifier for it in wanted if it.name == "textual"]
    major = int(version("textual").partition(".")[0])
    assert version("textual") in textual
    assert f"{major + 1}.0" not in textual


def test_the_package_cannot_be_uploaded_by_mistake(metadata: Message) -> None:
    assert "Private :: Do Not Upload" in metadata.get_all("Classifier", [])


def test_the_command_is_antiphon(wheel: Path, metadata: Message) -> None:
    with zipfile.ZipFile(wheel) as archive:
        entry_points = archive.read(f"{DIST_INFO}/entry_points.txt").decode()
    assert entry_points.strip() == "[console_scripts]\nantiphon = recorder.cli:main"
    assert metadata["Version"] == __version__


def test_the_wheel_runs_from_where_it_is_unpacked(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    told = subprocess.run(
        [sys.executable, "-m", "recorder", "--version"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert told.stdout.split()[-1] == __version__


def test_the_example_configuration_shows_every_key_with_its_default(tmp_path: Path) -> None:
    example = ROOT / "deploy" / "antiphon.toml"
    assert load(example) == Config()
    text = example.read_text(encoding="utf-8")
    uncommented = tmp_path / "antiphon.toml"
    uncommented.write_text(re.sub(r"(?m)^# (?=\w+ = )", "", text), encoding="utf-8")
    assert load(uncommented) == Config()
    shown = re.findall(r"(?m)^(\w+) = ", uncommented.read_text(encoding="utf-8"))
    own_keys = [key for key in Config.__struct_fields__ if key not in {*SECTIONS, *DESTINATIONS}]
    sections = [key for struct in SECTIONS.values() for key in struct.__struct_fields__]
    assert shown == own_keys + sections


def test_the_example_of_a_destination_shows_every_key_with_its_default(tmp_path: Path) -> None:
    text = (ROOT / "deploy" / "antiphon.toml").read_text(encoding="utf-8")
    uncommented = tmp_path / "antiphon.toml"
    section = re.sub(r"(?m)^#   ", "", text[text.index("#   [sync.ward]") :])
    uncommented.write_text(section, encoding="utf-8")
    config = load(uncommented)
    ward, usb, cloud = config.sync["ward"], config.sync_folder["usb"], config.sync_remote["cloud"]
    assert ward == Workstation(host=ward.host, path=ward.path)
    assert usb == Folder(folder=usb.folder)
    assert cloud == Remote(remote=cloud.remote, encrypt_to=cloud.encrypt_to)
    shown = re.findall(r"(?m)^(\w+) = ", section[: section.index("[sync_folder")])
    assert shown == list(Workstation.__struct_fields__)
