"""A screen that comes late is told how asymmetry went; the session's file knows."""

from pathlib import Path

import pytest

from recorder.failure import Refused
from recorder.service.recent import recent
from tests.recorder.bounded import run
from tests.recorder.served_box import Box


def test_it_is_what_was_measured_in_the_session_with_its_errors(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.bed.stream_both(40.0)

    async def test() -> None:
        async with box.running():
            assert await box.ask("recent") == {"asymmetry": [], "marks_s": []}
            await box.start()
            await box.tick_until(30)
            await box.ask("mark", label="taken back")
            await box.ask("withdraw")
            begun = await box.ask("begin", label="talking")
            mark = await box.ask("mark", label="now all before it is on disk")
            recent = await box.ask("recent")
        assert recent["marks_s"] == pytest.approx([begun["t_s"], mark["t_s"]], abs=0.002)
        told = recent["asymmetry"]
        whose = {(it["who"], it["where"]) for it in told}
        assert {("patient", "F4-F3"), ("therapist", "F4-F3")} <= whose
        for course in told:
            times_s = [t_s for t_s, *_ in course["points"]]
            assert len(times_s) >= 5
            assert times_s == sorted(times_s)
            assert 0 < times_s[-1] < 30
            assert all(error is None or error > 0 for *_, error in course["points"])

    run(test())


def test_a_file_that_is_not_there_is_refused_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(Refused) as refused:
        recent(tmp_path / "none.antiphon")
    assert "\n" not in str(refused.value)
