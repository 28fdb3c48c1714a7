"""What analyses found, as notes keep it."""

from dataclasses import replace
from pathlib import Path

import pytest

from recorder.open import Result, Run, open_session
from recorder.open.shared import SharedSession
from recorder.store.note_rows import ResultRow
from recorder.store.notes import open_notes
from tests.recorder import session_files

BOTH = ("patient", "therapist")
PLV = Result("synchrony", "plv", "alpha", BOTH, ("F3", "F3"), 0.1, "as by chance", p=0.4, n=99)
RUN = Run("synchrony", {"seed": 7, "shortest_s": 30.0}, (PLV,), "0.1.0", 10)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return session_files.write(
        tmp_path / "20261123T040000Z-1f3a.antiphon", session_files.usual_rows()
    )


def note(path: Path, *rows: ResultRow) -> None:
    with open_notes(path) as notes:
        notes.add(*rows)


def test_they_come_back_as_they_were_written(path: Path) -> None:
    note(path, RUN.row())
    with open_session(path) as opened:
        assert opened.runs == (RUN,)
        assert opened.results == (PLV,)


def test_the_newest_run_of_each_test_counts(path: Path) -> None:
    newer = replace(RUN, results=(replace(PLV, value=0.2),), made_utc_ns=11)
    other = replace(RUN, test="changes", results=(replace(PLV, test="changes"),))
    note(path, newer.row(), RUN.row(), other.row())
    assert open_session(path).runs == (other, newer)


def test_what_other_programs_found_is_left_out(path: Path) -> None:
    note(path, ResultRow("lag", '{"seed": 1}', '{"p": 0.5}', "0.1", 12), RUN.row())
    note(path, ResultRow("list", "[]", "[1]", "0.1", 12))
    assert open_session(path).results == (PLV,)


def test_what_a_later_version_adds_is_no_harm(path: Path) -> None:
    row = RUN.row()
    note(path, replace(row, outcome=row.outcome.replace('"unit"', '"weather"')))
    assert open_session(path).results == (PLV,)


def test_a_number_that_is_none_is_not_written() -> None:
    with pytest.raises(ValueError, match="JSON"):
        replace(RUN, results=(replace(PLV, value=float("nan")),)).row()


def test_strangers_are_told_of_none(path: Path) -> None:
    note(path, RUN.row())
    assert SharedSession(path, "best", ()).results == ()
