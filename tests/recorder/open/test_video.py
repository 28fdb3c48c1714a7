import re
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.open.video import videos
from recorder.store.note_rows import AlignmentRow


def row(
    begin_s: float | None,
    end_s: float | None,
    offset_s: float,
    made: int = 1,
    camera: str = "cam1",
    sha: str = "ab",
) -> AlignmentRow:
    times = {"begin_s": begin_s, "end_s": end_s, "seen": 50}
    return AlignmentRow(camera, f"{sha}.mp4", sha, offset_s, 200.0, 3.0, 40, made, **times)  # type: ignore[arg-type]


LOST_S = 2.0  # frames of two seconds lack between the second 100 and 101 of the video
[CUT] = videos([row(101.0, 500.0, 12.0 + LOST_S), row(0.0, 100.0, 12.0)])


@settings(deadline=None)
@given(st.floats(0, 100) | st.floats(101, 500))
def test_both_ways_are_one_way_in_every_piece(video_s: float) -> None:
    session_s = CUT.session_s(video_s)
    assert session_s == pytest.approx(video_s * 1.0002 + 12 + LOST_S * (video_s > 100))
    assert CUT.video_s(session_s) == pytest.approx(video_s, abs=1e-6)


@pytest.mark.parametrize("video_s", [-0.001, 100.5, 500.001, inf, float("nan")])
def test_outside_of_all_pieces_there_is_no_time(video_s: float) -> None:
    where = "cam1: the mapping of this video holds from second 0.000 to 100.000, 101.000 to 500.000"
    with pytest.raises(LookupError, match=re.escape(where)):
        CUT.session_s(video_s)


@pytest.mark.parametrize("session_s", [11.9, 113.0, 115.0, 515.0])
def test_what_the_video_has_not_has_no_second_in_it(session_s: float) -> None:
    with pytest.raises(LookupError, match=rf"second {session_s:.3f} of the session"):
        CUT.video_s(session_s)


def test_of_a_stretch_the_part_is_told_that_the_video_has() -> None:
    assert CUT.video_span(2.0, 113.0) == (0.0, 100.0)
    begin_s, end_s = CUT.video_span(112.5, 900.0)
    assert (begin_s, end_s) == (101.0, 500.0)
    assert CUT.video_span(112.5, 114.5) == (inf, -inf)


def test_a_mapping_without_bounds_holds_everywhere() -> None:
    [video] = videos([row(None, None, 12.0)])
    assert video.session_s(-60.0) == pytest.approx(-48.012)
    assert video.video_s(-48.012) == pytest.approx(-60.0)


def test_chapters_of_one_camera_stand_one_after_the_other() -> None:
    late, early = row(0, 90, 200.0, made=1, sha="b"), row(0, 90, 100.0, made=2, sha="a")
    assert [it.sha256 for it in videos([late, early])] == ["a", "b"]
    again = row(0, 90, 201.0, made=3, sha="b")
    assert [it.pieces[0].offset_s for it in videos([late, early, again])] == [100.0, 201.0]


def test_of_two_files_of_one_camera_and_time_the_newer_counts() -> None:
    first, better = row(0, 90, 100.0, made=1, sha="a"), row(0, 90, 100.1, made=2, sha="b")
    assert [it.sha256 for it in videos([first, better])] == ["b"]


def test_the_newest_run_of_each_camera_counts_with_all_its_pieces() -> None:
    old, new = row(None, None, 1.0, made=1), [row(0, 9, 2.0, 2), row(9, 20, 3.0, 2)]
    first, second = videos([old, *new, row(None, None, 4.0, 3, "cam2")])
    assert [piece.offset_s for piece in first.pieces] == [2.0, 3.0]
    assert (second.camera, len(second.pieces)) == ("cam2", 1)
