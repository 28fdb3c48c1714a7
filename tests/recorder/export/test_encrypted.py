from pathlib import Path
from typing import Any

import pytest

from recorder.export import export_of
from recorder.export.encrypted import export_encrypted
from recorder.failure import Failure
from recorder.progress import Progress, no_progress
from tests.recorder import session_files

pyrage = pytest.importorskip("pyrage")
EXPORT_CSV = export_of("csv")


@pytest.fixture
def identity() -> Any:
    return pyrage.x25519.Identity.generate()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "sessions").mkdir()
    file = tmp_path / "sessions" / "20260101T080000Z-aaaa.antiphon"
    return session_files.write(file, session_files.usual_rows())


def test_the_same_files_arrive_encrypted_and_nothing_plain_stays(
    path: Path, tmp_path: Path, identity: Any
) -> None:
    plain = EXPORT_CSV(path, tmp_path / "plain")
    stick = tmp_path / "stick"
    stick.mkdir()
    made = export_encrypted(EXPORT_CSV, path, stick, str(identity.to_public()))
    assert [file.name for file in made] == [f"{file.name}.age" for file in plain]
    assert sorted(stick.iterdir()) == sorted(made)
    for file, secret in zip(plain, made, strict=True):
        assert pyrage.decrypt(secret.read_bytes(), [identity]) == file.read_bytes()
    assert list(path.parent.iterdir()) == [path]


def test_files_in_directories_arrive_in_them(path: Path, tmp_path: Path, identity: Any) -> None:
    def tree(_: Path, directory: Path, __: Progress = no_progress) -> list[Path]:
        files = [directory / "sub-P01" / "events.tsv", directory / "sub-T01" / "events.tsv"]
        for file in files:
            file.parent.mkdir()
            file.write_text(file.parent.name)
        return files

    made = export_encrypted(tree, path, tmp_path / "stick", str(identity.to_public()))
    told = {
        str(it.relative_to(tmp_path)): pyrage.decrypt(it.read_bytes(), [identity]) for it in made
    }
    assert told == {
        "stick/sub-P01/events.tsv.age": b"sub-P01",
        "stick/sub-T01/events.tsv.age": b"sub-T01",
    }


def test_an_export_that_fails_leaves_nothing_plain(
    path: Path, tmp_path: Path, identity: Any
) -> None:
    def fail(_: Path, directory: Path, __: Progress = no_progress) -> list[Path]:
        (directory / "table.csv").write_text("1,2")
        raise ValueError("damaged")

    with pytest.raises(ValueError, match="damaged"):
        export_encrypted(fail, path, tmp_path / "stick", str(identity.to_public()))
    assert list(path.parent.iterdir()) == [path]


def test_a_bad_key_is_told_before_anything_is_made(path: Path, tmp_path: Path) -> None:
    with pytest.raises(Failure):
        export_encrypted(EXPORT_CSV, path, tmp_path / "stick", "age1nonsense")
    assert not (tmp_path / "stick").exists()
