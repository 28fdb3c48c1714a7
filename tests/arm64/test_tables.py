"""Tables of two machines are the same but for rounding, and a difference is found."""

from pathlib import Path

import pytest

from recorder.export import export_of
from recorder.rehearsal.boards import Plan
from tests.arm64.minute import record
from tests.arm64.tables import Difference, compare

HEADING = "t_ns,who,value\n"


def compared(directory: Path, one: str, other: str, *, exact: bool = False) -> Difference:
    a, b = directory / "one.csv", directory / "other.csv"
    a.write_text(HEADING + one)
    b.write_text(HEADING + other)
    return compare(a, b, exact=exact)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1000,P,0.25\n", "1000,P,0.25\n"),
        ("1000,P,0.25\n", "1000,P,0.2500001\n"),
        ("1000,P,nan\n", "1000,P,NaN\n"),
        ("1000,P,\n", "1000,P,\n"),
        ("1000000000000,P,0.25\n", "1000000000900,P,0.25\n"),
    ],
)
def test_rounding_is_no_difference(tmp_path: Path, one: str, other: str) -> None:
    assert compared(tmp_path, one, other).ok


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1000,P,0.25\n", "1000,P,0.250002\n"),
        ("1000,P,0.25\n", "1000,P,\n"),
        ("1000,P,0.25\n", "1000,P,nan\n"),
        ("1000,P,0.25\n", "1000,T,0.25\n"),
        ("1000,P,0.25\n", ""),
        ("1000,P,0.25\n", "1000,P\n"),
        ("1000000000000,P,0.25\n", "1000000002000,P,0.25\n"),
    ],
)
def test_anything_else_is_found(tmp_path: Path, one: str, other: str) -> None:
    [problem] = compared(tmp_path, one, other).problems
    assert "one.csv, row 1" in problem


def test_counts_must_be_the_very_same(tmp_path: Path) -> None:
    a, b = "1000,P,0.25\n", "1000,P,0.2500001\n"
    assert not compared(tmp_path, a, b, exact=True).ok
    assert compared(tmp_path, a, a, exact=True).worst == 0


def test_a_recording_on_the_simulated_clock_comes_out_the_same_each_time(tmp_path: Path) -> None:
    made = []
    for name in ("one", "other"):
        path = record(tmp_path / name, Plan(seed=5), 5)
        made.append(
            {it.name.removeprefix(path.stem): it for it in export_of("csv")(path, tmp_path / name)}
        )
    for suffix in ("_patient.csv", "_therapist.csv"):
        difference = compare(made[0][suffix], made[1][suffix], exact=True)
        assert difference.ok
        assert difference.rows > 3 * 250
