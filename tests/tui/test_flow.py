"""The pages from the caps to what was recorded: one obvious next step each, and a way back."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from recorder.wire.messages import Measures, Status
from recorder.wire.past import KnownPair, KnownPerson, Missing, People, Written
from tests.tui.scripted_service import (
    LABELS,
    board,
    contacts,
    faa,
    idle,
    past,
    recording,
    synchrony,
)
from tests.tui.watching import Watch, watching
from tui.screens.caps import CapsPage
from tui.screens.done import DonePage, moment_of
from tui.screens.ready import ReadyPage
from tui.screens.session import SessionScreen

Scenario = Callable[[Watch], Awaitable[None]]
KNOWN = People(
    [
        KnownPerson("patient", "P09", 1, "2026-11-21 14:02"),
        KnownPerson("patient", "P07", 4, "2026-11-20 09:30"),
        KnownPerson("therapist", "T02", 5, "2026-11-21 14:02"),
        KnownPerson("therapist", "T01", 2, "2026-10-01 10:00"),
    ],
    [KnownPair("P07", "T02", 4, "2026-11-20 09:30", ("eeg", "video"))],
)
BAD_CAPS = [board("patient", contacts=contacts(O2="railed")), board("therapist")]


def run(
    directory: Path, scenario: Scenario, status: Status, size: tuple[int, int] = (80, 24)
) -> None:
    async def watched() -> None:
        async with watching(directory, status, size=size) as watch:
            watch.service.people = KNOWN
            await scenario(watch)

    asyncio.run(watched())


def front(watch: Watch) -> str:
    return type(watch.app.screen).__name__


async def comes(watch: Watch, page: str) -> None:
    await watch.until(lambda: front(watch) == page)
    await watch.pilot.pause()


def test_a_known_pair_with_good_caps_is_recorded_after_five_keys(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.sees("PATIENT", "F3●", "all 8 channels good", "Enter")
        await watch.press("enter")
        await watch.sees("Who is the patient?", "P07", "4 sessions", "last 2026-11-20")
        await watch.press("down", "down")
        await watch.press("enter")
        await watch.sees("Who is the therapist?", "T02")
        await watch.press("enter")
        await watch.sees("Record P07 with T02, session 5", "as agreed on 2026-11-20")
        await watch.sees("[x]", "both agreed to video", "[ ]", "sharing", "disk: room for 41 h")
        await watch.press("enter")
        await watch.sees("● REC", "P07", "T02")
        [start] = [it for it in watch.service.asked if it.do == "start"]
        assert (start.patient, start.therapist) == ("P07", "T02")
        assert start.consent == ("eeg", "video")
        assert (start.practice, start.passed) == (False, ())

    run(tmp_path, scenario, idle())


def test_nothing_is_chosen_before_somebody_chooses(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.press("enter")
        await comes(watch, "WhoPage")
        await watch.press("enter", "enter", "enter")
        await watch.sees("choose a code, or type one", "Who is the patient?")
        await watch.press("escape")
        await comes(watch, "CapsPage")
        assert "start" not in watch.asked()

    run(tmp_path, scenario, idle())


def test_equal_codes_names_and_what_is_no_code_are_refused(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.press("s")
        await comes(watch, "WhoPage")
        objecting = msgspec.structs.replace(KNOWN, objections={"patient": "Mueller looks like a"})
        watch.service.people = objecting
        await watch.press(*"Mueller", "enter")
        await watch.sees("Mueller looks like a", "Who is the patient?")
        watch.service.people = KNOWN
        await watch.press(*["backspace"] * 7, *"A B", "enter")
        await watch.sees("'A B' will not do")
        await watch.press(*["backspace"] * 3, *"t02", "enter")
        await watch.sees("Who is the therapist?", "patient t02")
        await watch.press("enter")
        await watch.sees("T02 is the patient's code already")
        await watch.press("escape")
        await watch.sees("Who is the patient?")

    run(tmp_path, scenario, idle())


def test_a_new_pair_needs_four_keys_besides_the_codes(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.press("enter")
        await comes(watch, "WhoPage")
        await watch.press(*"P11", "enter")
        await watch.sees("Who is the therapist?")
        await watch.press(*"T09", "enter")
        await watch.sees("Record P11 with T09, session 1", "[ ]")
        assert "[x]" not in watch.visible()
        await watch.press("enter")
        await watch.sees("● REC")

    run(tmp_path, scenario, idle())


def test_bad_sites_are_passed_with_a_reason_that_is_stored(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.sees("O2■", "O2 off: part the hair")
        await watch.press("enter")
        await watch.sees("Go on all the same?", "The patient's O2 has no contact")
        await watch.press("enter", "escape")
        await comes(watch, "CapsPage")
        await watch.press("enter")
        await comes(watch, "GateDialog")
        await watch.press("1")
        await comes(watch, "WhoPage")
        await watch.press("down", "enter", "enter")
        await comes(watch, "StartPage")
        await watch.press("enter")
        await watch.sees("● REC")
        [start] = [it for it in watch.service.asked if it.do == "start"]
        assert start.passed == ("The patient's O2 has no contact: it cannot be better today",)

    run(tmp_path, scenario, idle(boards=BAD_CAPS))


def test_what_goes_wrong_after_the_caps_is_asked_about_at_the_start(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.press("enter")
        await comes(watch, "WhoPage")
        await watch.press("down", "enter", "enter")
        await comes(watch, "StartPage")
        away = idle(boards=[board("patient"), board("therapist", state="lost", fault="unplugged")])
        watch.service.status = away
        await watch.press("enter")
        await watch.sees("Go on all the same?", "The therapist's board is not there")
        await watch.press(*"gone", "enter")
        await watch.until(lambda: "start" in watch.asked())
        [start] = [it for it in watch.service.asked if it.do == "start"]
        assert start.passed == ("The therapist's board is not there: gone",)

    run(tmp_path, scenario, idle())


def test_practice_is_of_nobody(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.press("p")
        await watch.sees("For practice: it is neither copied nor counted")
        await watch.press("enter")
        await watch.sees("● REC")
        [start] = [it for it in watch.service.asked if it.do == "start"]
        assert (start.practice, start.patient, start.therapist) == (True, "", "")

    run(tmp_path, scenario, idle())


def test_what_is_to_be_done_before_anything_can_be_recorded_is_numbered(tmp_path: Path) -> None:
    off = board("patient", state="lost", fault="off")

    async def scenario(watch: Watch) -> None:
        await watch.sees("Not ready", "1  ○ Switch on the PATIENT's board", "blue light")
        await watch.sees("2  ● The therapist's board is ready")
        await watch.press("enter", "s")
        assert isinstance(watch.app.screen, ReadyPage)
        watch.service.say(idle())
        await comes(watch, "CapsPage")

    run(tmp_path, scenario, idle(boards=[off, board("therapist")]))


def test_a_blink_and_what_lasts_less_than_five_seconds_are_no_fault(tmp_path: Path) -> None:
    clock = [100.0]

    def with_f3(state: str, noise: str = "") -> Status:
        channels = contacts(F3=state)
        channels[0].noise = noise
        return idle(boards=[board("patient", contacts=channels), board("therapist")])

    async def scenario() -> None:
        begun, now = with_f3("good"), lambda: clock[0]
        async with watching(tmp_path, begun, size=(80, 24), monotonic=now) as it:
            await it.sees("F3●")
            for state, noise, for_s in [
                ("noisy", "blinks", 6.0),
                ("noisy", "blinks", 0.0),
                ("railed", "", 4.0),
                ("railed", "", 0.0),
            ]:
                it.service.say(with_f3(state, noise))
                await it.until(lambda: it.app._view._news_s == clock[0])
                await it.pilot.pause()
                clock[0] += for_s
            assert "F3●" in it.visible()
            clock[0] += 1.5
            it.service.say(with_f3("railed"))
            await it.sees("F3■", "F3 off")

    asyncio.run(scenario())


def test_a_session_that_somebody_else_starts_is_shown_at_once(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.press("enter")
        await comes(watch, "WhoPage")
        watch.service.say(recording())
        await watch.until(lambda: isinstance(watch.app.screen, SessionScreen))

    run(tmp_path, scenario, idle())


def test_what_was_recorded_is_told_and_commented(tmp_path: Path) -> None:
    told = past(
        gaps=[Missing(740.0, 6.0, "patient", "radio")],
        marks=[Written(10.0, "music starts")],
        notes=[Written(20.0, "window open")],
        destinations=["ward"],
        passed=[Written(0.0, "The patient's O2 has no contact: only a trial")],
    )

    async def scenario(watch: Watch) -> None:
        watch.service.past = msgspec.structs.replace(told, is_put_away=False)
        await watch.press("x", "y")
        await comes(watch, "DonePage")
        await watch.sees("P01 and T01, 24:10 long", "saved; it is being checked")
        watch.service.past = told
        await watch.sees("saved, and checked: whole", "usable share 93 %", "usable share 88 %")
        await watch.sees("8 s missing: weak radio 6 s,", "the receiver was unplugged 2 s")
        await watch.sees("the longest gap: 6 s at 12:20", "1 mark, 1 note", "copy waiting: ward")
        await watch.sees("started all the same: The patient's O2", "00:20  note: window open")
        await watch.press("c")
        await watch.sees("Comment on this session")
        await watch.press(*"calm", "enter")
        await watch.until(lambda: "comment" in watch.asked())
        [comment] = [it for it in watch.service.asked if it.do == "comment"]
        assert (comment.label, comment.session) == ("calm", "2026-11-23T041500Z-P01-T01")
        await watch.press("enter")
        await comes(watch, "CapsPage")

    run(tmp_path, scenario, recording())


def test_moments_of_an_interview_are_kept_one_after_the_other(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        watch.service.past = past(interviews={"therapist": [Written(760.0, "the song")]})
        await watch.press("x", "y")
        await watch.sees("12:40  the therapist tells: the song")
        await watch.press("i")
        await watch.sees("Moments that one of the two tells of")
        await watch.press("p")
        await watch.sees("A moment that the patient tells of")
        await watch.press(*"quiet", "enter", *"s", "home", *"1:02:03", "space", "enter")
        await watch.sees("the moment is kept")
        await comes(watch, "MomentDialog")
        await watch.press("escape")
        await comes(watch, "DonePage")
        [moment] = [it for it in watch.service.asked if it.do == "interview"]
        assert (moment.by, moment.at_s, moment.label) == ("patient", 3723.0, "quiets")
        assert moment.session == "2026-11-23T041500Z-P01-T01"

    run(tmp_path, scenario, recording())


@pytest.mark.parametrize(
    ("line", "at_s"),
    [("0:05 x", 5), ("12:40  the song", 760), ("100:00 x", 6000), ("1:00:00 x", 3600)],
)
def test_a_moment_is_a_time_and_words(line: str, at_s: float) -> None:
    moment = moment_of(line)
    assert moment is not None
    assert moment.t_s == at_s


@pytest.mark.parametrize("line", ["", "song", "12:40", "12:75 x", "1:2:03 x", "12.40 x", "-1:00 x"])
def test_what_has_no_time_is_no_moment(line: str) -> None:
    assert moment_of(line) is None


def test_damage_is_told_before_all_else(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        watch.service.past = past(damage=["another SHA-256"])
        await watch.press("x", "y")
        await watch.sees("damaged: another SHA-256: call the technician")

    run(tmp_path, scenario, recording())


def test_past_sessions_are_searched_and_opened(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.press("o")
        await watch.sees("Sessions", "2026-11-23 05:15", "P01 · T01", "24:10", "not copied")
        await watch.press(*"P99")
        await watch.until(lambda: "24:10" not in watch.visible())
        await watch.press(*["backspace"] * 3)
        await watch.sees("24:10")
        await watch.press("enter")
        await watch.until(lambda: isinstance(watch.app.screen, DonePage))
        await watch.sees("saved, and checked: whole")
        await watch.press("escape")
        await watch.until(lambda: isinstance(watch.app.screen, CapsPage))

    run(tmp_path, scenario, idle())


def test_the_technician_has_every_figure_and_nobody_else(tmp_path: Path) -> None:
    values = [faa("patient", 0.12), synchrony("plv", 0.31, 62.0)]

    async def scenario(watch: Watch) -> None:
        watch.service.say(Measures(741.3, values))
        await watch.sees("62 of 100")
        assert "ppm" not in watch.visible()
        await watch.press("t")
        await watch.sees("● REC", "250.310 Hz", "+1240 ppm", "clock ±0.42 ms", "lost 20 (0.02 %)")
        await watch.sees("PLV F3-F3 alpha 0.31 (62)", "unclean stops", "faults, the newest first")
        await watch.press("space")
        await watch.until(lambda: "mark" in watch.asked())
        await watch.press("t")
        await watch.until(lambda: isinstance(watch.app.screen, SessionScreen))

    run(tmp_path, scenario, recording(), (160, 48))


def test_keys_that_were_meant_for_the_page_before_do_nothing(tmp_path: Path) -> None:
    clock = [100.0]

    async def scenario() -> None:
        async with watching(
            tmp_path, idle(), size=(80, 24), monotonic=lambda: clock[0], settle_s=0.3
        ) as watch:
            watch.service.people = KNOWN
            clock[0] += 1.0
            await watch.press("enter")
            await comes(watch, "WhoPage")
            await watch.press(*"ss", "escape")
            assert front(watch) == "WhoPage"
            clock[0] += 0.31
            await watch.press("escape")
            await comes(watch, "CapsPage")

    asyncio.run(scenario())


def test_only_keys_that_work_now_are_shown(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.sees("Enter go on", "i contacts")
        foot = watch.visible().splitlines()[-1]
        assert "mark" not in foot
        watch.service.say(recording())
        await watch.sees("space mark", "x stop")
        assert "Enter" not in watch.visible().splitlines()[-1]
        await watch.press("t")
        await watch.sees("space mark", "Esc back")

    run(tmp_path, scenario, idle(), (120, 40))


def test_without_any_usable_channel_that_is_said(tmp_path: Path) -> None:
    useless = board("patient", contacts=contacts(**dict.fromkeys(LABELS, "railed")))

    async def scenario(watch: Watch) -> None:
        await watch.sees("all channels bad: check the ear clip", "first")
        await watch.press("enter")
        await watch.sees("The patient has no usable channel")

    run(tmp_path, scenario, idle(boards=[useless, board("therapist")]))
