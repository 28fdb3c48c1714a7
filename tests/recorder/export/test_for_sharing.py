"""What is exported for people outside tells them nothing of who it was, and when, in any format."""

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

from recorder.export import FORMATS, export_of
from recorder.export.asked import Asked
from tests.recorder import session_files
from tests.recorder.export.full import ID, full_session

# Of the session, its people, their boards, and what was typed.
TELLING = (
    *(ID, "P-Muster", "T-Beispiel", "DM00Q0QN", "ttyUSB", "she smiles", "It is lighter now"),
    *("a.mp4", "2026-11-23", "1795406400"),
)
NEEDED = {"bdf": "edfio", "bids": "edfio", "elan": "pympi", "fif": "mne", "parquet": "duckdb"}


@pytest.mark.parametrize("form", FORMATS)
def test_no_format_tells_who_it_was(form: str, tmp_path: Path) -> None:
    if form in NEEDED and find_spec(NEEDED[form]) is None:
        pytest.skip(f"{NEEDED[form]} is not installed")
    head = session_files.header(ID)
    codes = {"patient": "P-Muster", "therapist": "T-Beispiel"}
    people = tuple(replace(it, code=codes[it.role]) for it in head.persons)
    path = full_session(tmp_path / "full", replace(head, persons=people))
    assert told_by(export_of(form)(path, tmp_path / "own"))
    files = export_of(form, Asked(for_sharing=True))(path, tmp_path / "shared")
    assert told_by(files) == set()


def told_by(files: list[Path]) -> set[str]:
    """What of it is in the files, or in their names."""
    text = "\n".join(f"{file.name}\n{_text(file)}" for file in files)
    return {it for it in TELLING if it in text}


def _text(file: Path) -> str:
    if file.suffix != ".parquet":
        return file.read_bytes().decode("latin-1").replace("\0", "")  # numpy's words are UTF-32
    import duckdb

    about = duckdb.sql(f"SELECT key::VARCHAR, value::VARCHAR FROM parquet_kv_metadata('{file}')")
    rows = duckdb.sql(f"SELECT * FROM '{file}'")
    assert about is not None
    assert rows is not None
    return f"{about.fetchall()}\n{rows.fetchall()}"
