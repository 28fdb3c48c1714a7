import subprocess
import sys
from pathlib import Path

import pytest

from recorder.privacy.disclosures import FILE
from tests.places import ROOT
from tests.recorder.command_line import Shell
from tests.recorder.commands.two_sessions import ID


def test_export_names_the_files_it_made(directory: Path, shell: Shell) -> None:
    out = directory / "new" / "tables"
    files = shell("export", ID, "--to", "csv", out, "--own-use").out.splitlines()
    assert files
    assert {Path(file).parent for file in files} == {out}
    assert all(Path(file).is_file() for file in files)
    told = shell("export", ID, "--to", "csv", out, "--own-use", "--json").json
    assert (told["schema"], told["files"]) == ("antiphon.export/1", files)


def test_an_export_is_written_down_before_it_leaves(directory: Path, shell: Shell) -> None:
    (log := directory / FILE).mkdir()
    assert shell.failure("export", ID, "--to", "csv", directory / "out", "--own-use")[0] == 73
    assert list((directory / "out").iterdir()) == []
    log.rmdir()
    shell("export", ID, "--to", "csv", directory / "out", "--own-use")
    [told] = shell("disclosures", "--json").json["disclosures"]
    assert (told["what"], told["session"]) == ("exported", ID)
    assert told["to"] == str(directory / "out")


def test_what_is_written_down_is_the_session_whatever_its_file_is_called(
    directory: Path, shell: Shell
) -> None:
    [file] = directory.rglob(f"{ID}.antiphon")
    for name in (f"{ID}.rescued.antiphon", "Frau Muster.antiphon"):
        named = file.rename(directory / name)
        shell("export", named, "--to", "csv", directory / "out", "--own-use")
        file = named
    told = shell("disclosures", ID, "--json").json["disclosures"]
    assert [it["session"] for it in told] == [ID, ID]


EXPORTING = """
import sys, time
from pathlib import Path
from recorder.export.tables import export_csv
def stand_still(done, total):
    print("begun", flush=True)
    time.sleep(60)
export_csv(Path(sys.argv[1]), Path(sys.argv[2]), stand_still)
"""


def killed_export(session: Path, out: Path) -> Path:
    """What an export into `out` leaves there that is killed in the middle."""
    command = [sys.executable, "-c", EXPORTING, str(session), str(out)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as exporting:
        assert exporting.stdout is not None
        assert exporting.stdout.readline() == b"begun\n"
        exporting.kill()
    [left] = out.iterdir()
    return left


@pytest.mark.parametrize("to", ["out", "elsewhere"])
def test_what_a_killed_export_left_goes_with_the_next_one_wherever_that_goes(
    directory: Path, shell: Shell, to: str
) -> None:
    [session] = directory.rglob(f"{ID}.antiphon")
    words = ("export", ID, "--to", "csv", "--own-use")
    assert shell(*words, directory / "out").code == 0  # so that it is known
    for file in (directory / "out").iterdir():
        file.unlink()
    left = killed_export(session, directory / "out")
    assert left.name.startswith(f".{ID}.export-")
    (anothers := directory / "out" / ".settings.export-20260101").mkdir()
    assert shell(*words, directory / to).code == 0
    assert not left.exists()
    assert anothers.exists()


def test_erase_names_what_a_killed_export_left(directory: Path, shell: Shell) -> None:
    [session] = directory.rglob(f"{ID}.antiphon")
    out = directory.parent / "stick"
    assert shell("export", ID, "--to", "csv", "--own-use", out).code == 0
    for file in out.iterdir():
        file.unlink()
    killed_export(session, out)
    ran = shell("erase", ID, "--apply")
    assert (ran.code, f"{ID} at {out}: it was exported there" in ran.err) == (69, True)


def test_an_unknown_format_is_64_and_known_ones_are_named(directory: Path, shell: Shell) -> None:
    code, text = shell.failure("export", ID, "--to", "edf", directory / "out")
    assert code == 64
    assert "no such format: edf; known: csv" in text
    assert not (directory / "out").exists()


def test_a_directory_that_cannot_be_made_is_73(directory: Path, shell: Shell) -> None:
    (directory / "file").write_text("in the way")
    code, text = shell.failure("export", ID, "--to", "csv", "--own-use", directory / "file" / "out")
    assert code == 73
    assert "Not a directory" in text


def test_an_export_without_consent_to_sharing_is_77_and_makes_nothing(
    directory: Path, shell: Shell
) -> None:
    code, text = shell.failure("export", ID, "--to", "csv", directory / "out")
    assert (code, "no consent to sharing from: patient; --own-use" in text) == (77, True)
    assert not (directory / "out").exists()


def test_an_encrypted_export_leaves_nothing_plain(directory: Path, shell: Shell) -> None:
    pyrage = pytest.importorskip("pyrage")
    key = str(pyrage.x25519.Identity.generate().to_public())
    words = ("--to", "csv", "--own-use", "--encrypt-to", key, directory / "out")
    files = shell("export", ID, *words).out.splitlines()
    assert files
    assert {Path(file).suffix for file in files} == {".age"}
    assert sorted(map(str, (directory / "out").iterdir())) == sorted(files)
