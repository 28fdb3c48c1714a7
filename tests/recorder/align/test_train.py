from pathlib import Path

import pytest

from recorder.align.train import Train, read_train
from recorder.store.reader import SessionReader
from recorder.store.rows import EdgeRow
from tests.recorder import session_files

START_NS = session_files.START_NS


def edges(source: str, count: int, *, ends: bool = True) -> list[EdgeRow]:
    """Pulses of 30 ms, one a second from second 1 on."""
    rows = []
    for at in range(1, count + 1):
        rows.append(EdgeRow(source, 2 * at, START_NS + at * 10**9, 1))
        if ends:
            rows.append(EdgeRow(source, 2 * at + 1, START_NS + at * 10**9 + 30_000_000, 0))
    return rows


def read(path: Path, rows: list[EdgeRow], source: str | None = None) -> Train:
    session_files.write(path / "s.antiphon", list(rows))
    with SessionReader(path / "s.antiphon") as session:
        return read_train(session, source)


def test_pulses_are_in_seconds_since_the_session_started(tmp_path: Path) -> None:
    found = read(tmp_path, edges("train", 10))
    assert found.rise_s.tolist() == list(range(1, 11))
    assert found.fall_s == pytest.approx(found.rise_s + 0.03)
    assert found.has_ends


def test_our_own_train_goes_before_one_of_more_edges(tmp_path: Path) -> None:
    assert read(tmp_path, edges("train", 10) + edges("strobe", 30)).source == "train"


def test_without_our_own_the_source_of_most_edges_is_taken(tmp_path: Path) -> None:
    assert read(tmp_path, edges("b", 10) + edges("a", 30)).source == "a"


def test_a_source_can_be_asked_for(tmp_path: Path) -> None:
    assert read(tmp_path, edges("train", 10) + edges("pin", 12), "pin").rise_s.shape == (12,)


def test_marks_without_ends_are_pulses_too(tmp_path: Path) -> None:
    found = read(tmp_path, edges("lsl", 9, ends=False))
    assert found.rise_s.tolist() == list(range(1, 10))
    assert not found.has_ends


def test_a_pulse_whose_end_was_lost_is_left_out(tmp_path: Path) -> None:
    rows = edges("train", 12)
    del rows[7]  # the fall of the fourth
    assert 4 not in read(tmp_path, rows).rise_s


@pytest.mark.parametrize(
    ("rows", "source", "says"),
    [
        ([], None, "no sync train"),
        (edges("train", 10), "pin", "'pin'; there are those of train"),
        (edges("train", 7), None, "too few pulses of 'train': 7"),
    ],
)
def test_a_session_without_the_train_is_named(
    rows: list[EdgeRow], source: str | None, says: str, tmp_path: Path
) -> None:
    with pytest.raises(LookupError, match=says):
        read(tmp_path, rows, source)
