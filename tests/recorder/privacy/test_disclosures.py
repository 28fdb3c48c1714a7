"""What has left the house is written down before it leaves, and stays written down."""

from pathlib import Path

import pytest

from recorder.privacy.disclosures import FILE, disclosures, write_down

AT = "2026-11-29T10:00:00Z"


def test_lines_are_added_in_order_and_found_by_session(tmp_path: Path) -> None:
    sessions = tmp_path / "sessions"
    assert disclosures(sessions) == []
    write_down(sessions, AT, "exported", "A", to="/media/stick")
    write_down(sessions, AT, "copied", "B", to="box@ward:/srv")
    write_down(sessions, AT, "erased", "A")
    assert [(it.what, it.session, it.to) for it in disclosures(sessions)] == [
        ("exported", "A", "/media/stick"),
        ("copied", "B", "box@ward:/srv"),
        ("erased", "A", ""),
    ]
    assert [it.what for it in disclosures(sessions, "A")] == ["exported", "erased"]


@pytest.mark.parametrize("cut", [1, 5, 40])
def test_a_line_that_a_power_cut_has_torn_hides_no_other(tmp_path: Path, cut: int) -> None:
    write_down(tmp_path, AT, "exported", "A", to="/one")
    write_down(tmp_path, AT, "exported", "B", to="/two")
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole[:-cut])
    write_down(tmp_path, AT, "erased", "A")
    found = [(it.what, it.session) for it in disclosures(tmp_path)]
    assert found == [("exported", "A"), *[("exported", "B")] * (cut == 1), ("erased", "A")]
