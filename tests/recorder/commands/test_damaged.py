"""A damaged session is warned of where it is looked at, and refused where something is made."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from recorder.clocks.refitting import OF_DAMAGED
from recorder.store.beside import hash_file_of
from recorder.store.finish import finish
from recorder.store.note_rows import RefitRow
from recorder.store.notes import open_notes
from recorder.store.repair import repair
from tests.recorder.command_line import Shell
from tests.recorder.commands.two_sessions import ID

DAMAGE = "measure_batch: 1 row is not as written"


@pytest.fixture
def path(directory: Path) -> Path:
    """A session in which one value is not the one that was written."""
    path = directory / f"{ID}.antiphon"
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE measure_batch SET value = '[0.26]'")
    return path


def test_show_warns_in_one_line_and_tells_all_the_same(path: Path, shell: Shell) -> None:
    ran = shell("show", ID)
    cure = "antiphon verify tells it all, antiphon repair saves what is whole"
    assert (ran.code, ran.err) == (0, f"damaged: {DAMAGE}; {cure}\n")
    assert ID in ran.out
    assert shell("show", ID, "--json").json["damage"] == [DAMAGE]


def test_a_whole_session_is_not_warned_of(directory: Path, shell: Shell) -> None:
    assert shell("show", ID).err == ""
    assert shell("show", ID, "--json").json["damage"] == []


def test_export_refuses_and_with_damaged_its_files_say_so(
    path: Path, directory: Path, shell: Shell
) -> None:
    words = ("export", ID, "--to", "csv", "--own-use", directory / "out")
    code, text = shell.failure(*words)
    assert (code, DAMAGE in text, "--damaged" in text) == (65, True, True)
    assert not (directory / "out").exists()
    ran = shell(*words, "--damaged")
    told = directory / "out" / f"{ID}_damaged.txt"
    assert str(told) in ran.out.splitlines()
    assert DAMAGE in told.read_text()
    assert ran.err.startswith("damaged: ")


def test_refit_refuses_and_with_damaged_its_notes_say_so(path: Path, shell: Shell) -> None:
    code, text = shell.failure("refit", path)
    assert (code, DAMAGE in text) == (65, True)
    assert shell("refit", path, "--damaged").code == 0
    with open_notes(path) as notes:
        methods = {row.method for row in notes.read(RefitRow)}
    assert all(method.endswith(OF_DAMAGED) for method in methods)


def test_a_file_that_was_put_away_is_held_against_its_hash(directory: Path, shell: Shell) -> None:
    place = finish(directory / f"{ID}.antiphon")
    assert shell("export", ID, "--to", "csv", "--own-use", directory / "out").code == 0
    hash_file_of(place).write_text(f"{'0' * 64}  {place.name}\n")
    code, text = shell.failure("export", ID, "--to", "csv", "--own-use", directory / "out")
    assert (code, "another SHA-256" in text) == (65, True)


def test_what_has_been_repaired_is_refused_no_more(
    path: Path, directory: Path, shell: Shell
) -> None:
    repaired = repair(path, directory / "new.antiphon").path
    assert shell("export", repaired, "--to", "csv", "--own-use", directory / "out").code == 0
    assert not list((directory / "out").glob("*_damaged.txt"))


@pytest.mark.parametrize("verb", ["show", "verify"])
@pytest.mark.parametrize("left_bytes", [40_000, 20_480, 4096, 100])
def test_a_file_that_was_cut_short_names_the_cure_and_that_cures(
    directory: Path, shell: Shell, verb: str, left_bytes: int
) -> None:
    path = directory / f"{ID}.antiphon"
    os.truncate(path, left_bytes)
    ran = shell(verb, path)
    assert ran.code == 65
    assert "damaged" in ran.out + ran.err
    assert "antiphon repair" in ran.out + ran.err
    assert "not a session file" not in ran.out + ran.err
    assert "disk image" not in ran.out + ran.err  # the library's words


def test_what_the_library_says_of_a_broken_page_reaches_nobody(
    directory: Path, shell: Shell
) -> None:
    path = directory / f"{ID}.antiphon"
    size = path.stat().st_size
    with path.open("r+b") as file:
        for at in range(4096, size, 4096):
            file.seek(at)
            file.write(b"\xff" * 200)
    for verb in ("show", "verify"):
        ran = shell(verb, path)
        assert ran.code == 65
        assert "disk image" not in ran.out + ran.err
