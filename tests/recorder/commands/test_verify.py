import sqlite3
from contextlib import closing
from pathlib import Path

from tests.recorder.command_line import Shell
from tests.recorder.commands.two_sessions import ID


def damage(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file:
        file.execute("UPDATE block SET payload = x'00' WHERE id = 3")
        file.commit()


def test_a_whole_file_is_said_to_be_whole(directory: Path, shell: Shell) -> None:
    path = directory / f"{ID}.antiphon"
    assert shell("verify", ID).out == f"{path}: whole\n"
    told = shell("verify", path, "--json").json
    assert (told["schema"], told["ok"], told["problems"]) == ("antiphon.verify/1", True, [])
    assert told["counts"]["samples"] == 2004


def test_damage_is_65_with_a_line_for_each(directory: Path, shell: Shell) -> None:
    path = directory / f"{ID}.antiphon"
    damage(path)
    ran = shell("verify", ID)
    assert ran.code == 65
    assert "block 3: the checksum does not match" in ran.out
    cure, verdict = ran.out.splitlines()[-2:]
    assert cure == f"antiphon repair {path} saves what is whole"
    assert verdict == f"{path}: damaged"
    told = shell("verify", ID, "--json")
    assert (told.code, told.json["ok"]) == (65, False)
