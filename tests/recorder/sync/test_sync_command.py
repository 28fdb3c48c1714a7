import json
import shutil
from pathlib import Path

import pytest

from recorder import wall_clock
from tests.recorder import session_files
from tests.recorder.command_line import Shell

ID = "20260101T080000Z-aaaa"
VERBS = ("sync", "prune")


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Of a machine that has heard a time server."""
    monkeypatch.setattr(wall_clock, "synchronised", lambda: True)
    return Shell(capsys, monkeypatch)


@pytest.fixture
def words(tmp_path: Path) -> list[object]:
    """A configuration with two destinations that have no keys, and where one session is."""
    sections = [f'[sync.{name}]\nhost = "{name}"\npath = "/eeg"\n' for name in ("ward", "archive")]
    keys = f'key = "{tmp_path}/key"\n'
    (tmp_path / "antiphon.toml").write_text(keys.join([*sections, ""]))
    session_files.write(tmp_path / f"{ID}.antiphon", [session_files.block(0, 0)])
    return ["--config", tmp_path / "antiphon.toml", "--sessions", tmp_path]


@pytest.mark.parametrize("verb", VERBS)
def test_without_a_destination_it_is_78(shell: Shell, tmp_path: Path, verb: str) -> None:
    (tmp_path / "antiphon.toml").write_text("")
    code, text = shell.failure(verb, "--config", tmp_path / "antiphon.toml")
    assert code == 78
    assert "add a [sync.NAME] section" in text


def test_an_unknown_destination_is_64_and_known_ones_are_named(
    shell: Shell, words: list[object]
) -> None:
    code, text = shell.failure("sync", *words, "--to", "nowhere")
    assert code == 64
    assert text == "no destination is called 'nowhere': ward, archive"


def test_prune_does_nothing_while_nobody_knows_the_time(
    shell: Shell, words: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wall_clock, "synchronised", lambda: False)
    code, text = shell.failure("prune", *words)
    assert (code, "no age is known" in text) == (75, True)


@pytest.mark.parametrize("verb", VERBS)
def test_no_directory_of_sessions_is_no_failure(
    shell: Shell, words: list[object], tmp_path: Path, verb: str
) -> None:
    assert shell(verb, *words, "--sessions", tmp_path / "none").code == 0
    assert not (tmp_path / "none").exists()


def test_only_the_destination_asked_for_is_looked_at(shell: Shell, words: list[object]) -> None:
    ran = shell("sync", *words, "--dry-run", "--json", "--to", "archive")
    assert [file["destination"] for file in ran.json["files"]] == ["archive"]
    assert len(shell("sync", *words, "--dry-run", "--json").json["files"]) == 2


def test_every_destination_that_fails_is_counted(shell: Shell, words: list[object]) -> None:
    ran = shell("sync", *words, "--json")
    assert ran.code == 78
    assert ran.err.startswith("antiphon: ward: ")
    assert ran.err.endswith(" (and 1 more)\n")
    told = json.loads(ran.out)
    assert (told["files"], len(told["problems"])) == ([], 2)


@pytest.mark.parametrize("name", [f"{ID} (copy)", "$(touch x)", "-oProxyCommand=x"])
@pytest.mark.parametrize("place", [".", "done"])
def test_a_name_that_could_never_be_erased_again_is_not_copied_and_is_told(
    shell: Shell, words: list[object], tmp_path: Path, name: str, place: str
) -> None:
    (tmp_path / place).mkdir(exist_ok=True)
    shutil.copy(tmp_path / f"{ID}.antiphon", tmp_path / place / f"{name}.antiphon")
    ran = shell("sync", *words, "--dry-run", "--json", "--to", "ward")
    assert ran.code == 65
    states = {file["name"]: file["state"] for file in ran.json["files"]}
    assert states == {f"{ID}.antiphon": "to copy", f"{name}.antiphon": "refused"}
    assert f"{name}.antiphon: no tombstone can carry this name" in ran.err
