from pathlib import Path

import pytest

from recorder.store.note_rows import AlignmentRow
from recorder.store.notes import open_notes
from tests.recorder.command_line import Shell
from tests.recorder.commands.two_sessions import ID


@pytest.fixture
def session(directory: Path) -> Path:
    [path] = directory.rglob(f"{ID}.antiphon")
    return path


def test_a_page_is_written_and_told(session: Path, shell: Shell, tmp_path: Path) -> None:
    out = tmp_path / "new" / "page.html"
    told = shell("review", ID, "-o", out, "--json").json
    assert (told["schema"], told["session"], told["page"]) == ("antiphon.review/1", ID, str(out))
    assert out.read_bytes().startswith(b"<!doctype html>")


def test_a_page_is_written_down_before_it_leaves(
    session: Path, shell: Shell, tmp_path: Path
) -> None:
    shell("review", ID, "-o", tmp_path / "page.html")
    [told] = shell("disclosures", "--json").json["disclosures"]
    assert (told["what"], told["session"]) == ("exported", ID)
    assert told["to"] == str(tmp_path / "page.html")


def test_sharing_needs_everybody(session: Path, shell: Shell, tmp_path: Path) -> None:
    code, told = shell.failure("review", ID, "-o", tmp_path / "page.html", "--for-sharing")
    assert code == 77
    assert "patient" in told
    assert not (tmp_path / "page.html").exists()


def test_a_video_must_be_aligned_and_beside_the_page(
    session: Path, shell: Shell, tmp_path: Path
) -> None:
    (out := tmp_path / "out").mkdir()
    video, elsewhere = out / "bedside.mp4", tmp_path / "bedside.mp4"
    for file in (video, elsewhere):
        file.write_bytes(b"")
    words = ("review", ID, "-o", out / "page.html", "--video")
    code, told = shell.failure(*words, video)
    assert (code, "antiphon align" in told) == (66, True)
    with open_notes(session) as notes:
        notes.add(AlignmentRow("cam1", "bedside.mp4", "ab", 0.0, 0.0, 1.0, 40, 1))
    assert shell.failure(*words, elsewhere)[0] == 64
    assert shell(*words, video).code == 0


def test_a_damaged_session_is_refused(session: Path, shell: Shell, tmp_path: Path) -> None:
    octets = bytearray(session.read_bytes())
    octets[len(octets) // 2 :] = bytes(len(octets) - len(octets) // 2)
    session.write_bytes(octets)
    assert shell.failure("review", ID, "-o", tmp_path / "page.html")[0] == 65
