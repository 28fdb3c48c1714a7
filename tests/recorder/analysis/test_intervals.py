"""Which stretches of a session are compared."""

from pathlib import Path

import numpy as np
import pytest

from recorder.analysis.intervals import Sets, inside, moments_used, sets_asked, spans_of
from recorder.open import open_session
from recorder.store.note_rows import NoteIntervalRow
from recorder.store.notes import open_notes
from recorder.store.rows import MarkerRow
from tests.recorder import session_files
from tests.recorder.session_files import START_NS


@pytest.fixture
def path(tmp_path: Path) -> Path:
    marks = ((0.5, "baseline starts"), (1.5, "baseline ends"), (2, "music starts"), (9, "shift"))
    rows = [*session_files.usual_rows()[:1]]
    rows += [session_files.block(board, first) for board in (0, 1) for first in range(0, 1000, 50)]
    rows += [
        MarkerRow(at(t_s), label, made_t_ns=START_NS, id=50 + k)
        for k, (t_s, label) in enumerate(marks)
    ]
    return session_files.write(tmp_path / "20261123T040000Z-1f3a.antiphon", rows)


def at(seconds: float) -> int:
    return START_NS + round(seconds * 1e9)


def rate(path: Path, *rated: tuple[str, float, float, str], blind: bool | None = True) -> None:
    with open_notes(path) as notes:
        notes.add(
            *(
                NoteIntervalRow(at(a), at(b), label, "rater", author, 1, blind=blind)
                for author, a, b, label in rated
            )
        )


def test_marks_that_start_and_end_make_a_stretch(path: Path) -> None:
    with open_session(path) as opened:
        found = spans_of(opened)
        assert found["baseline"] == [(0.5, 1.5)]
        assert found["music"] == [(2.0, opened.duration_s)]  # nobody said that it ended
        assert set(found) == {"baseline", "music"}


def test_moments_are_those_that_most_blind_raters_share(path: Path) -> None:
    rate(
        path,
        ("R1", 1, 2, "interest"),
        ("R2", 1.2, 2.2, "interest: a smile"),
        ("R3", 0, 4, "no interest"),
    )
    rate(path, ("R1", 3, 3.5, "no interest"))
    with open_session(path) as opened:
        found = spans_of(opened)
        assert found["interest"] == [(1.2, 2.0)]
        assert found["no interest"] == [(3.0, 3.5)]
        assert "shared by most" in moments_used(opened)
        assert sets_asked(found, ())[0] == Sets("interest", "no interest")


def test_of_raters_who_saw_the_measures_it_is_said(path: Path) -> None:
    rate(path, ("R1", 1, 2, "interest"), ("R2", 1, 2, "interest"), blind=None)
    with open_session(path) as opened:
        assert spans_of(opened)["interest"] == [(1.0, 2.0), (1.0, 2.0)]
        assert moments_used(opened) == "all of 2 raters, not shared by several blind ones"


def test_other_labels_are_sets_of_their_own(path: Path) -> None:
    rate(path, ("R1", 1, 2, "drum"), ("R1", 3, 4, "drum"))
    with open_session(path) as opened:
        assert spans_of(opened)["drum"] == [(1.0, 2.0), (3.0, 4.0)]
        assert moments_used(opened) == "none"


def test_what_is_asked_for_is_two_different_labels_that_there_are() -> None:
    known = {"music": [(0.0, 1.0)], "talk": [(2.0, 3.0)]}
    assert sets_asked(known, ()) == [Sets("music"), Sets("talk")]
    assert sets_asked(known, ("music:talk", "talk")) == [Sets("music", "talk"), Sets("talk")]
    assert Sets("talk").name == "talk against the rest"
    for wrong in ("music:music", ":talk", "tango", "music:tango"):
        with pytest.raises(ValueError, match="contrast"):
            sets_asked(known, (wrong,))


def test_the_end_is_not_inside() -> None:
    t_s = np.arange(6.0)
    assert inside([(1.0, 3.0), (5.0, 5.0)], t_s).tolist() == [
        False,
        True,
        True,
        False,
        False,
        False,
    ]
