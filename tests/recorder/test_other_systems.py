"""Analysts read sessions on systems that are not Linux."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from recorder.cli import ANYWHERE, VERBS, module_of
from recorder.export import FORMATS, export_of
from recorder.privacy import age
from recorder.progress import no_progress
from tests.recorder import session_files
from tests.recorder.command_line import Shell
from tests.recorder.commands.conftest import shell  # noqa: F401
from tests.recorder.other_system import MODULES

ID = "20261123T040000Z-1f3a"
# What Windows takes for no file's name, whatever comes behind the first dot.
FORBIDDEN = re.compile(r'[<>:"/\\\\|?*\x00-\x1f]|[ .]\Z')
DEVICES = re.compile(r"(CON|PRN|AUX|NUL|COM\d|LPT\d)\Z", re.IGNORECASE)


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sessions")
    session_files.write(path / f"{ID}.antiphon", session_files.usual_rows())
    return path


def elsewhere(directory: Path, *arguments: object) -> "subprocess.CompletedProcess[str]":
    """The command, on a system that has nothing of Linux's own."""
    command = [sys.executable, "-m", "tests.recorder.other_system", *map(str, arguments)]
    return subprocess.run(
        [*command, "--sessions", str(directory)], capture_output=True, text=True, check=False
    )


def told(directory: Path, *arguments: object) -> Any:
    ran = elsewhere(directory, *arguments, "--json")
    assert (ran.returncode, ran.stderr) == (0, "")
    return json.loads(ran.stdout)


def test_the_reading_half_works_on_any_system(directory: Path, tmp_path: Path) -> None:
    assert told(directory, "sessions")["sessions"][0]["id"] == ID
    labels = "O1,O2,Oz"
    relabelled = told(directory, "relabel", ID, "--role", "patient", "--channels", labels)
    assert relabelled["before"] == ["F3", "F4", "P3"]
    assert told(directory, "show", ID)["boards"][0]["channels"][2]["label"] == "Oz"
    assert told(directory, "verify", ID)["ok"]
    files = told(directory, "export", ID, "--to", "csv", tmp_path, "--own-use")["files"]
    assert all(Path(file).is_file() for file in files)
    page = told(directory, "review", ID, "--out", tmp_path / "page.html")["page"]
    assert Path(page).is_file()
    assert [it["what"] for it in told(directory, "disclosures")["disclosures"]] == ["exported"] * 2


def test_an_encrypted_export_leaves_nothing_plain_on_any_system(
    directory: Path, tmp_path: Path
) -> None:
    pyrage = pytest.importorskip("pyrage")
    key = str(pyrage.x25519.Identity.generate().to_public())
    asked = ("export", ID, "--to", "csv", tmp_path, "--own-use", "--encrypt-to", key)
    files = told(directory, *asked)["files"]
    assert sorted(map(str, tmp_path.iterdir())) == sorted(files)
    assert {Path(file).suffix for file in files} == {age.AGE}
    assert not [*directory.glob(".*export*")]


def test_opening_a_session_works_on_any_system(directory: Path) -> None:
    code = (
        "from tests.recorder.other_system import leave; leave();"
        "from recorder.open import open_session; import sys;"
        "print(open_session(sys.argv[1]).pair().patient.shape[0])"
    )
    asked = [sys.executable, "-c", code, str(directory / f"{ID}.antiphon")]
    assert subprocess.run(asked, capture_output=True, text=True, check=True).stdout == "3\n"


@pytest.mark.parametrize(
    "asked",
    [
        ("serve",),
        ("emulate",),
        ("record", "--seconds", "1", "--out", "there"),
        ("status",),
        ("doctor",),
    ],
)
def test_what_needs_linux_says_so_in_one_line(asked: tuple[str, ...]) -> None:
    command = [sys.executable, "-m", "tests.recorder.other_system", *asked]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 69
    assert ran.stderr.startswith("antiphon: this needs Linux; on any system: sessions, show")
    assert ran.stderr.count("\n") == 1


def test_on_another_system_no_other_verb_is_begun(
    shell: Shell,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    for verb in set(VERBS) - set(ANYWHERE):
        code, text = shell.failure(verb, "--help")
        assert code == 69
        assert text.startswith(f"{verb}: this needs Linux")


def test_no_module_of_the_reading_half_loads_what_only_linux_has() -> None:
    """Also those that a library would load for us: none of them is there at all."""
    modules = sorted({module_of(verb) for verb in ANYWHERE})
    code = (
        f"import sys; before = set(sys.modules);"
        f"import recorder.open, recorder.export, {', '.join(modules)};"
        f"print((set(sys.modules) - before) & set({MODULES!r}) - {{'pwd', 'grp', 'fcntl'}})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


@pytest.mark.parametrize("form", FORMATS)
def test_the_names_of_all_exported_files_are_allowed_on_windows(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path, form: str
) -> None:
    if form == "fif":
        pytest.importorskip("mne")
    session = tmp_path_factory.mktemp("session") / f"{ID}.antiphon"
    export_of(form)(session_files.write(session, session_files.usual_rows()), tmp_path, no_progress)
    made = [path.relative_to(tmp_path) for path in tmp_path.rglob("*")]
    assert made
    for part in {part for path in made for part in path.parts}:
        assert not FORBIDDEN.search(part), part
        assert not DEVICES.match(part.partition(".")[0]), part
    assert len({str(path).lower() for path in made}) == len(made)
    assert max(len(str(path)) for path in made) < 160


@pytest.mark.parametrize("name", ["a:b", "what?", "end.", "x\\y", "AUX.csv", "com1"])
def test_names_that_windows_does_not_take_are_noticed(name: str) -> None:
    assert FORBIDDEN.search(name) or DEVICES.match(name.partition(".")[0])
