"""A screen that was not there all the time: what it shows of before, and of what is missing."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from recorder.failure import Refused
from recorder.wire.messages import Alarm, Course, Measures, Recent, Status
from tests.tui.scripted_service import board, changed, faa, idle, recording, trace
from tests.tui.watching import Watch, watching
from tui.app import AntiphonApp, Around
from tui.braille import COLUMNS_PER_CELL, DOTS_PER_ROW
from tui.picture import MARK
from tui.widgets.asymmetry import History
from tui.widgets.traces import TraceView

Scenario = Callable[[Watch], Awaitable[None]]
T_S = 741.0


def run(directory: Path, scenario: Scenario, status: Status, size: tuple[int, int]) -> None:
    async def watched() -> None:
        async with watching(directory, status, size=size) as watch:
            await scenario(watch)

    asyncio.run(watched())


def strip_of(watch: Watch) -> str:
    """The dots beside the patient's asymmetry."""
    return "".join(sign for sign in watch.line("AsymmetryView") if "⠀" <= sign <= "⣿")


def test_the_last_minutes_of_asymmetry_are_asked_for_once(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        watch.service.say(Measures(T_S, [faa("patient", 0.12), faa("therapist", -0.2)]))
        await watch.sees("+0.12")
        poor = len(set(strip_of(watch)))
        watch.service.recent = Recent(
            [Course("patient", "F4-F3", [(T_S - k, 0.9, 0.1) for k in range(200, 20, -1)])]
        )
        watch.app._view._known_id = ""  # as of a screen that has just come
        watch.service.say(recording())
        await watch.until(lambda: len(asked(watch)) == 2)
        watch.service.say(Measures(T_S + 1, [faa("patient", 0.12)]))
        await watch.until(lambda: len(set(strip_of(watch))) > poor)
        watch.service.say(recording())
        await watch.pilot.pause()
        assert len(asked(watch)) == 2

    run(tmp_path, scenario, recording(), (160, 48))


def marked(watch: Watch) -> list[int]:
    """How many lines are in each row of the patient's strip."""
    return [row[:80].count(MARK) for row in watch.line("AsymmetryView").splitlines()]


def test_what_was_marked_before_and_is_marked_now_stands_at_the_asymmetry(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        watch.service.recent = Recent([], marks_s=[T_S - 400, T_S - 200, T_S - 60])
        watch.app._view._known_id = ""  # as of a screen that has just come
        watch.service.say(recording(elapsed_s=T_S))
        await watch.until(lambda: len(asked(watch)) == 2)
        watch.service.say(Measures(T_S, [faa("patient", 0.12)]))
        await watch.until(lambda: marked(watch)[0] == 2)
        assert sum(marked(watch)) == 2, "short lines, not those of a shift"
        watch.service.say(recording(elapsed_s=T_S + 1, markers=3))
        watch.service.say(Measures(T_S + 40, [faa("patient", 0.12)]))
        await watch.until(lambda: marked(watch)[0] == 3)
        watch.service.say(recording(elapsed_s=T_S + 41, markers=2))
        watch.service.say(Measures(T_S + 42, [faa("patient", 0.12)]))
        await watch.until(lambda: marked(watch)[0] == 2)
        watch.service.say(recording(id="another", elapsed_s=1.0, markers=0))
        watch.service.say(Measures(T_S + 43, [faa("patient", 0.12)]))
        await watch.until(lambda: marked(watch)[0] == 0)

    run(tmp_path, scenario, recording(), (160, 48))


def asked(watch: Watch) -> list[str]:
    return [request.do for request in watch.service.asked if request.do == "recent"]


def test_a_session_that_has_just_begun_has_no_past(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        watch.service.say(recording(elapsed_s=0.4, saved_s=0.0))
        await watch.sees("REC")
        assert asked(watch) == []

    run(tmp_path, scenario, idle(), (160, 48))


def test_a_service_that_knows_no_past_is_no_trouble(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        watch.service.refusal = Refused("no such request: 'recent'", 64)
        watch.service.say(recording())
        await watch.until(lambda: asked(watch))
        await watch.sees("REC")
        assert watch.notices() == []

    run(tmp_path, scenario, idle(), (160, 48))


def test_what_is_recalled_goes_before_what_was_seen() -> None:
    history = History()
    history.add(100.0, (0.1, 0.2))
    history.recall([(80.0, 0.5, 0.1), (90.0, 0.5, None), (101.0, 0.9, 0.1)])
    columns = COLUMNS_PER_CELL * 30
    spans = [span for span in history.spans(columns) if span is not None]
    assert spans == [(0.4, 0.6), (0.5, 0.5), (0.1, 0.2)]


def test_a_gap_that_has_ended_is_told_in_a_sentence(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        away = changed(watch.service.status)
        away.state, away.boards = "degraded", [board("patient", state="lost"), board("therapist")]
        watch.service.say(away)
        await watch.sees("REC, but patient: board lost")
        watch.service.say(recording(missing_s={"patient": 6.2, "therapist": 0.0}))
        await watch.sees("patient: 6 s are missing; now it is recorded again", "6 s missing")
        full = recording(state="waiting for room")
        full.alarms = [Alarm("waiting_for_room")]
        watch.service.say(full)
        await watch.sees("NOT RECORDING", "the disk has no room")
        assert "recorded again" not in watch.visible()
        await watch.service.stop()
        await watch.sees("no service answers")
        assert "the disk has no room" not in watch.visible()

    run(tmp_path, scenario, recording(), (80, 24))


def test_without_measures_traces_take_all_rows_of_a_small_terminal(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.press("h")
        watch.service.say(trace("patient", [[-20.0, 20.0] * 60] * 8))
        await watch.sees("s across", "A2")
        picture = watch.app._view.query_one(TraceView).panes["patient"].picture
        assert picture is not None
        assert len(picture.rows) > 8
        assert len(picture.rows) - 8 * picture.dots / DOTS_PER_ROW < 2  # less than a dot each

    run(tmp_path, scenario, recording(), (80, 24))


def test_a_second_screen_follows_and_shows_what_is_marked_at_the_first(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        around = Around(settle_s=0.0, read_only=True)
        other = AntiphonApp(watch.service.path, monotonic=lambda: 0.0, around=around)
        async with other.run_test(size=(160, 48)) as pilot:
            second = Watch(other, pilot, watch.service)
            await second.sees("● REC", "2 marks")
            await watch.press("2")
            await second.sees("3 marks", "last: music ends")
            await watch.press("x", "y")
            await second.sees("checked: whole")

    run(tmp_path, scenario, recording(), (160, 48))
