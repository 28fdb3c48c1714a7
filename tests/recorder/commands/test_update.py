import os
from pathlib import Path

import pytest

from recorder.commands import update
from recorder.commands.update import newest_in
from recorder.failure import Failure
from tests.recorder.command_line import Shell


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    return Shell(capsys, monkeypatch)


def wheelhouse(place: Path, version: str) -> Path:
    place.mkdir(parents=True)
    (place / "SHA256SUMS").touch()
    (place / f"antiphon-{version}-py3-none-any.whl").touch()
    return place


def test_of_several_wheelhouses_the_newest_is_taken_by_its_number(tmp_path: Path) -> None:
    for version in ("0.9.0", "0.10.0", "0.2.1"):
        wheelhouse(tmp_path / version, version)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "SHA256SUMS").touch()
    assert newest_in(tmp_path) == tmp_path / "0.10.0"
    assert newest_in(tmp_path / "0.2.1") == tmp_path / "0.2.1"
    with pytest.raises(Failure, match="no wheelhouse of antiphon"):
        newest_in(tmp_path / "other")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ([], 64),
        (["0.2.0", "--rollback"], 64),
        (["0.2.0"], 66),
        (["/nowhere", "--sha256", "ab"], 66),
    ],
)
def test_what_is_not_to_be_had_is_refused_before_anything(
    shell: Shell, words: list[str], code: int
) -> None:
    assert shell.failure("update", *words)[0] == code


def test_what_the_installer_did_not_install_it_does_not_update(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(update, "INSTALLER", tmp_path / "none")
    assert shell.failure("update", "--rollback")[0] == 69


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--rollback", "--now"], "rollback --now"),
        (["0.2.0", "--sha256", "ab"], "upgrade --version 0.2.0 --sha256 ab"),
        (["{}"], "upgrade --wheelhouse {}"),
    ],
)
def test_the_installer_takes_over(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    stick = wheelhouse(tmp_path / "stick", "0.2.0")
    begun: list[list[str]] = []

    def instead(path: str, command: list[str]) -> None:
        begun.append(command)
        raise SystemExit(0)

    monkeypatch.setattr(update, "INSTALLER", Path("/bin/true"))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os, "execv", instead)
    shell("update", *(word.format(stick) for word in words))
    assert begun == [["/bin/true", *said.format(stick).split()]]
