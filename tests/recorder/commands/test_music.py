"""`antiphon music` as it is typed."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from recorder.export.tables import all_tables
from recorder.open import open_session
from recorder.store.beside import sha256_of
from recorder.store.note_rows import AlignmentRow
from recorder.store.notes import open_notes
from tests.recorder import session_files
from tests.recorder.align.rendered import Scene, beeps, train
from tests.recorder.command_line import Shell

ID = "20261123T040000Z-1f3a"
needs_pyav = pytest.mark.skipif(find_spec("av") is None, reason="PyAV is not installed")


@pytest.fixture
def session(tmp_path: Path) -> Path:
    return session_files.write(tmp_path / f"{ID}.antiphon", [session_files.block(0, 0)])


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    return beeps(tmp_path / "room.wav", Scene(seconds=20.0, begin_s=0.0), train(pulses=100))


@needs_pyav
def test_the_music_is_told_where_the_recording_lies_in_the_session(
    session: Path, sound: Path, shell: Shell
) -> None:
    row = AlignmentRow("room", sound.name, sha256_of(sound), 7.0, 0.0, 1.0, 20, 5, 0.0, 15.0, 20)
    with open_notes(session) as notes:
        notes.add(row)
    told = shell("music", session, "--sound", sound, "--json").json
    assert (told["seconds"], told["heard"], told["file"]) == (15, 15, "room.wav")
    opened = open_session(session)
    assert [it.t_s for it in opened.music] == pytest.approx([7.5 + at for at in range(15)])
    for it in opened.music:
        assert it.loudness_lufs == pytest.approx(-20, abs=5)
    [table] = [it for it in all_tables(opened) if it.name == "music"]
    assert len(table.rows) == 15
    assert table.rows[0][0] == opened.started_ns + 7_500_000_000


@needs_pyav
def test_a_sound_that_was_not_aligned_is_named(session: Path, sound: Path, shell: Shell) -> None:
    code, text = shell.failure("music", session, "--sound", sound)
    assert (code, "was not aligned with this session: antiphon align" in text) == (65, True)


@needs_pyav
def test_a_file_without_sound_is_named(session: Path, tmp_path: Path, shell: Shell) -> None:
    path = tmp_path / "letter.mp4"
    path.write_bytes(b"Dear colleague, " * 99)
    code, text = shell.failure("music", session, "--sound", path)
    assert (code, "neither a video nor sound" in text) == (65, True)
