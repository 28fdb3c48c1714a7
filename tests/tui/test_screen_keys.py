"""What each key does: nothing is stopped by accident, nothing that was typed is lost."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest
from textual.widgets import Input

from recorder.failure import Refused
from recorder.wire.messages import Alarm, Status
from tests.tui.scripted_service import (
    ScriptedService,
    board,
    idle,
    recording,
    trace,
)
from tests.tui.watching import Watch, watching
from tui.widgets.traces import TraceView

Scenario = Callable[[Watch], Awaitable[None]]
KEYS = [*"snxhqy1X", "space", "enter", "delete"]


def run(directory: Path, scenario: Scenario, status: Status) -> None:
    """Run a scenario with a screen of the smallest size that everything must fit into."""

    async def watched() -> None:
        async with watching(directory, status, size=(80, 24)) as watch:
            await scenario(watch)

    asyncio.run(watched())


def test_an_answer_that_cannot_be_read_is_told_and_no_more(tmp_path: Path) -> None:
    class Strange(msgspec.Struct):
        t_s: str = "soon"

    async def scenario(watch: Watch) -> None:
        watch.service.answer = Strange()
        await watch.press("m")
        await watch.until(watch.notices)
        assert watch.notices()[0].startswith("mark: the answer cannot be read: ")

    run(tmp_path, scenario, recording())


def test_no_single_key_stops_a_recording(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        for key in KEYS:
            await watch.press(key)
            if len(watch.app.screen_stack) > 1:
                await watch.press("escape")
        await watch.press("x", "enter", "space", "x", "n", "m")
        await watch.until(lambda: watch.asked()[-1] == "mark")
        assert "stop" not in watch.asked()
        assert watch.app.is_running

    run(tmp_path, scenario, recording())


def test_stop_needs_x_and_then_y(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.press("x")
        await watch.sees("Stop the recording?", "P01 · T01, 12:37", "y  stop it")
        await watch.press("y")
        await watch.sees("○ IDLE", "saved, and checked: whole")
        assert watch.asked() == ["stop", "session"]

    run(tmp_path, scenario, recording())


def test_marks_are_sent_at_once_and_confirmed_with_their_time(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.press("space", "1", "3", "9")
        await watch.until(lambda: len(watch.notices()) == 4)
        labels = [request.label for request in watch.service.asked if request.do == "mark"]
        assert labels == ["", "music starts", "shift"]
        without = "this key has no label: space marks without one"
        assert [it for it in watch.notices() if it != without] == [
            "mark at 12:37",
            "mark music starts at 12:37",
            "mark shift at 12:37",
        ]
        assert without in watch.notices()
        await watch.sees("5 marks")

    run(tmp_path, scenario, recording())


class Ticking:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def test_a_key_that_is_held_is_one_mark(tmp_path: Path) -> None:
    clock = Ticking()

    async def scenario() -> None:
        async with watching(tmp_path, recording(), size=(80, 24), monotonic=clock) as watch:
            for _ in range(10):
                await watch.press("space")
                clock.now_s += 0.1
            clock.now_s += 0.4
            await watch.press("space", "1")
            await watch.until(lambda: len(watch.notices()) == 3)
            assert watch.asked() == ["mark"] * 3

    asyncio.run(scenario())


def test_the_time_of_a_note_is_that_of_its_key(tmp_path: Path) -> None:
    clock = Ticking()

    async def scenario() -> None:
        async with watching(tmp_path, recording(), size=(80, 24), monotonic=clock) as watch:
            await watch.press("n", "h")
            clock.now_s += 1.5
            watch.service.refusal = Refused("not now", code=75)
            await watch.press("enter")
            await watch.until(lambda: watch.notices() == ["not now"])
            await watch.until(lambda: len(watch.app.screen_stack) == 2)
            clock.now_s += 0.5
            watch.service.refusal = None
            await watch.press("enter")
            await watch.until(lambda: len(watch.notices()) == 2)
            assert [it.ago_s for it in watch.service.asked if it.do == "note"] == [1.5, 2.0]

    asyncio.run(scenario())


def test_marks_that_are_made_while_no_service_answers_are_kept_and_handed_in(
    tmp_path: Path,
) -> None:
    clock = Ticking()

    async def scenario() -> None:
        async with watching(tmp_path, recording(), size=(80, 24), monotonic=clock) as watch:
            await watch.service.stop()
            await watch.sees("NOT RECORDING", "no service answers")
            await watch.press("space")
            clock.now_s += 2.0
            await watch.press("3")
            kept = "mark shift: kept, and handed in when the service is back (2)"
            await watch.sees(kept)
            clock.now_s += 1.0
            async with ScriptedService(watch.service.path) as back:
                back.status = recording(elapsed_s=800.0, saved_s=799.0)
                await watch.until(lambda: sum(it.do == "mark" for it in back.asked) == 2)
                marks = [(it.label, it.ago_s) for it in back.asked if it.do == "mark"]
                assert sorted(marks) == [("", 3.0), ("shift", 1.0)]

    asyncio.run(scenario())


def test_marks_of_a_session_that_has_ended_meanwhile_are_not_put_into_the_next(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        async with watching(tmp_path, recording(), size=(80, 24)) as watch:
            await watch.service.stop()
            await watch.sees("NOT RECORDING")
            await watch.press("space")
            async with ScriptedService(watch.service.path) as back:
                back.status = recording(id="20261124T041500Z-beef")
                await watch.sees("● REC")
                await watch.until(lambda: watch.notices()[1:])
                assert watch.notices()[1] == "1 mark was for a session that has ended: not stored"
                assert not [it for it in back.asked if it.do == "mark"]

    asyncio.run(scenario())


def test_a_click_at_a_label_marks_it_and_one_at_a_message_does_nothing(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.sees("1 music starts 2 music ends 3 shift")
        await watch.pilot.click("#marks", offset=(20, 0))
        await watch.until(lambda: watch.asked() == ["mark"])
        assert watch.service.asked[-1].label == "music ends"
        await watch.sees("music ends at 12:37")
        await watch.pilot.click("#marks", offset=(20, 0))
        await watch.press("n")
        await watch.sees("no names, please")
        assert watch.asked() == ["mark"]

    run(tmp_path, scenario, recording())


@pytest.mark.parametrize(
    ("key", "shown"), [("S", "Who is the patient?"), ("X", "Stop the recording?")]
)
def test_capitals_count(tmp_path: Path, key: str, shown: str) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.press(key)
        await watch.sees(shown)

    run(tmp_path, scenario, recording() if key == "X" else idle())


def test_what_signs_and_keys_mean_is_a_key_away(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.press("question_mark")
        await watch.sees("What the signs and keys mean", "✕ NOT RECORDING", "mark this moment")
        await watch.press("escape")
        await watch.until(lambda: len(watch.app.screen_stack) == 1)

    run(tmp_path, scenario, recording())


def test_a_note_is_typed_and_sent(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.press("n", *"x y1", "enter")
        await watch.until(lambda: watch.notices() == ["note at 12:37"])
        assert [(r.do, r.label) for r in watch.service.asked][-1] == ("note", "x y1")
        await watch.press("n", "space", "enter", "n", "z", "escape", "m")
        await watch.until(lambda: watch.asked() == ["note", "mark"])

    run(tmp_path, scenario, recording())


def test_a_mark_that_looks_like_a_name_is_told_at_once(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        watch.service.warnings = ["a name", "a telephone number"]
        await watch.press("m")
        looks = "it looks as if it held a name and a telephone number: codes only, please"
        await watch.until(lambda: watch.notices() == [f"mark at 12:37\n{looks}"])
        await watch.sees("mark at 12:37 · it looks as if it held a name")

    run(tmp_path, scenario, recording())


def test_a_note_that_was_refused_can_be_sent_again(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        watch.service.refusal = Refused("not now", code=75)
        await watch.press("n", "w", "enter")
        await watch.until(lambda: watch.notices() == ["not now"])
        await watch.until(lambda: len(watch.app.screen_stack) == 2)
        assert watch.app.screen.query_one(Input).value == "w"

        watch.service.refusal = None
        await watch.press("enter")
        await watch.until(lambda: watch.notices()[1:] == ["note at 12:37"])

    run(tmp_path, scenario, recording())


@pytest.mark.parametrize("keys", [["q"], ["ctrl+c"]])
def test_leaving_is_at_once_when_nothing_is_recorded(tmp_path: Path, keys: list[str]) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.press(*keys)
        await watch.until(lambda: not watch.app.is_running)
        assert watch.app.return_code == 0

    run(tmp_path, scenario, idle())


@pytest.mark.parametrize("keys", [["q", "y"], ["x", "ctrl+q", "ctrl+c"]])
def test_leaving_a_recording_asks_and_does_not_stop_it(tmp_path: Path, keys: list[str]) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.press(*keys[:-1])
        await watch.sees("Leave the screen?", "The recording goes on: P01 · T01")
        await watch.press("enter", "escape")
        assert watch.app.is_running
        await watch.press(*keys)
        await watch.until(lambda: not watch.app.is_running)
        assert "stop" not in watch.asked()

    run(tmp_path, scenario, recording())


def test_two_times_ctrl_c_do_not_end_a_recording_that_ends_with_the_screen(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        watch.app._is_last = True
        await watch.press("ctrl+c")
        await watch.sees("Leave the screen?", "The recording ends with the screen")
        await watch.press("ctrl+c", "ctrl+c")
        assert watch.app.is_running
        await watch.press("y")
        await watch.until(lambda: not watch.app.is_running)

    run(tmp_path, scenario, recording())


def test_a_question_about_a_session_goes_with_the_session(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.press("x")
        watch.service.say(idle())
        await watch.sees("saved, and checked: whole")
        watch.service.say(recording(id="20261123T050000Z-beef"))
        await watch.sees("● REC")
        await watch.press("y")
        assert "stop" not in watch.asked()

    run(tmp_path, scenario, recording())


def test_stop_says_which_session_it_means(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.press("x", "y")
        await watch.until(lambda: "stop" in watch.asked())
        stopped = [it.session for it in watch.service.asked if it.do == "stop"]
        assert stopped == ["2026-11-23T041500Z-P01-T01"]

    run(tmp_path, scenario, recording())


def test_traces_go_on_behind_a_question(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        pane = watch.app.screen.query_one(TraceView).panes["patient"]
        await watch.press("x")
        for step in range(0, 32, 8):
            watch.service.say(trace("patient", [[-20.0, 20.0] * 8] * 8, first_step=step))
            drawn = "⠶" * (step // 8 + 1)
            await watch.until(lambda drawn=drawn: drawn in pane.texts(1)[1])  # type: ignore[misc]

    run(tmp_path, scenario, recording())


def test_what_cannot_be_done_is_said_in_one_line(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        watch.service.refusal = Refused("the disk is full: [free] some room", code=73)
        await watch.press("space")
        await watch.until(lambda: watch.notices() == ["the disk is full: [free] some room"])
        await watch.sees("the disk is full: [free] some room")

    run(tmp_path, scenario, recording())


def test_w_asks_who_is_who_only_when_the_service_does(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.press("w")
        assert len(watch.app.screen_stack) == 1
        boards = [board("patient", state="held"), board("therapist")]
        asking = msgspec.structs.replace(
            recording(), boards=boards, alarms=[Alarm("who_is_who", detail="none")]
        )
        watch.service.say(asking)
        await watch.sees("who is who? Tap the patient's board", "whose?")
        watch.service.answer = asking
        await watch.press("w", "enter", "e")
        await watch.until(lambda: any("each board moves over" in it for it in watch.notices()))
        said = [(it.do, it.label) for it in watch.service.asked if it.do == "confirm"]
        assert said == [("confirm", "exchanged")]

    run(tmp_path, scenario, recording())


def test_a_screen_that_only_shows_asks_for_nothing(tmp_path: Path) -> None:
    async def watched() -> None:
        async with watching(tmp_path, recording(), read_only=True) as watch:
            await watch.press(*KEYS, "m", "1", "u", "l", "i", "b", "x", "y")
            await watch.app._marking._mark("past the keys")
            await watch.until(lambda: "this screen only shows" in watch.notices()[-1])
            assert watch.asked() == []

    asyncio.run(watched())
