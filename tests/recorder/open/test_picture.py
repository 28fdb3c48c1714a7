"""A session in the terminal."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.open import OpenSession, open_session
from recorder.open.picture import picture
from recorder.store.rows import GapRow, MarkerRow, Row, SeriesRow
from tests.recorder import session_files
from tests.recorder.session_files import START_NS

SECOND_NS = 10**9
ID = "20261123T040000Z-1f3a"


def opened(tmp_path: Path, *rows: Row) -> OpenSession:
    return open_session(session_files.write(tmp_path / f"{ID}.antiphon", [*rows]))


def asymmetry(role: str, key: int) -> SeriesRow:
    one = session_files.series(key, "faa")
    return replace(one, persons=(role,), channels=("F4", "F3"))


def test_both_asymmetries_holes_and_marks_stand_where_they_were(tmp_path: Path) -> None:
    session = opened(
        tmp_path,
        asymmetry("patient", 1),
        asymmetry("therapist", 2),
        session_files.values(START_NS + SECOND_NS // 20, (1, 0.8), (2, -0.4)),
        session_files.values(START_NS + 4 * SECOND_NS, (1, -0.8)),
        GapRow(1, 1, 0, 0, "unplugged", START_NS + 2 * SECOND_NS, START_NS + 3 * SECOND_NS),
        *(MarkerRow(START_NS + SECOND_NS, "shift", id=key) for key in range(1, 4)),
        *(MarkerRow(START_NS + 3 * SECOND_NS, "shift", id=key) for key in range(4, 15)),
    )
    patient = [
        "patient: faa alpha F4-F3; 0.1 s a column",
        "     +0.8 |*",
        "          |",
        "          |",
        "        0 |----------------------------------------",
        "          |",
        "          |",
        "     -0.8 |                                       *",
        "    holes |",
    ]
    therapist = [
        "therapist: faa alpha F4-F3; 0.1 s a column",
        "     +0.8 |",
        "          |",
        "          |",
        "        0 |----------------------------------------",
        "          |",
        "          |*",
        "     -0.8 |",
        "    holes |                    ##########",
    ]
    foot = [
        "    marks |          3                   +",
        "           +---------+---------+---------+---------",
        "           0:00                0:02",
    ]
    assert picture(session, 52) == [*patient, *therapist, *foot]


def test_a_short_hole_is_seen_in_a_long_session(tmp_path: Path) -> None:
    second = GapRow(0, 0, 500, 3, "radio", START_NS + 2 * SECOND_NS, START_NS + 2 * SECOND_NS)
    half = GapRow(1, 0, 500, 3, "half", START_NS + 2 * SECOND_NS, START_NS + 2 * SECOND_NS)
    patients, therapists = (
        line for line in picture(opened(tmp_path, second, half), 52) if "holes" in line
    )
    assert patients == "    holes |                    ."
    assert therapists == "    holes |"


def test_values_beside_each_other_are_meant_and_what_was_defined_anew_is_joined(
    tmp_path: Path,
) -> None:
    session = opened(
        tmp_path,
        asymmetry("patient", 1),
        replace(asymmetry("patient", 2), mains_hz=60.0),
        replace(asymmetry("patient", 3), channels=("F8", "F7")),
        session_files.values(START_NS + SECOND_NS, (1, 2.0), (3, -9.0)),
        session_files.values(START_NS + SECOND_NS + 1, (1, 0.0), (3, -9.0)),
        session_files.values(START_NS + 3 * SECOND_NS, (2, 1.0), (3, -9.0)),
    )
    assert picture(session, 52)[:3] == [
        "patient: faa alpha F4-F3; 0.1 s a column",
        "       +1 |          *                   *",
        "          |",
    ]


def test_without_measures_holes_and_marks_are_told(tmp_path: Path) -> None:
    lines = picture(opened(tmp_path, session_files.block(0, 0)), 80)
    assert lines[0] == "patient: no frontal asymmetry was measured; 0.0588 s a column"
    assert len(lines) == 7


def test_a_session_of_no_length_has_no_picture(tmp_path: Path) -> None:
    writer = session_files.start(tmp_path / f"{ID}.antiphon")
    writer.close(START_NS)
    assert picture(open_session(tmp_path / f"{ID}.antiphon"), 80) == []


@pytest.fixture(scope="module")
def noisy(tmp_path_factory: pytest.TempPathFactory) -> OpenSession:
    rng = np.random.default_rng(7)
    values = [
        session_files.values(START_NS + int(at), (1, float(value)))
        for at, value in zip(rng.integers(0, 4 * 10**9, 300), rng.normal(0, 40, 300), strict=True)
    ]
    return opened(tmp_path_factory.mktemp("noisy"), asymmetry("patient", 1), *values)


@settings(deadline=None, max_examples=30)
@given(width=st.integers(1, 400))
def test_a_picture_is_as_wide_as_the_terminal_and_plain(noisy: OpenSession, width: int) -> None:
    lines = picture(noisy, width)
    assert max(map(len, lines)) <= max(width, 32)
    assert all(line.isascii() and line.isprintable() for line in lines)
    assert sum(line.count("*") for line in lines) >= min(20, width - 12)
