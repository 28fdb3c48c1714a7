"""What the session screen shows of what the service says."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from recorder.messages import Contact, Measures, Status, Trace
from tests.tui.scripted_service import (
    SESSION_FILE,
    board,
    contacts,
    faa,
    idle,
    recording,
    synchrony,
    trace,
)
from tests.tui.watching import Watch, watching

SIZES = [(80, 24), (100, 30), (160, 48), (200, 60)]
MEASURES = Measures(
    741.3,
    [
        faa("patient", 0.12),
        faa("therapist", None, clean=0.31),
        synchrony("plv", 0.31, 62.0),
        synchrony("accorr", -0.12, 40.0),
        synchrony("aec", 0.2),
        synchrony("plv", None, band="beta", window_s=10.0, clean_share=0.41),
        synchrony("plv", 0.99, 99.0, where="P3-P3"),
    ],
)


Scenario = Callable[[Watch], Awaitable[None]]


def run(
    directory: Path, scenario: Scenario, status: Status, size: tuple[int, int] = (160, 48)
) -> None:
    """Run a scenario with a screen that watches a service which says `status`."""

    async def watched() -> None:
        async with watching(directory, status, size=size) as watch:
            await scenario(watch)

    asyncio.run(watched())


def waves(role: str) -> Trace:
    return trace(role, [[-20.0, 20.0] * 8] * 8)


@pytest.mark.parametrize("size", SIZES)
def test_everything_that_matters_is_in_sight_at_every_size(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    async def scenario(watch: Watch) -> None:
        watch.service.say(MEASURES)
        watch.service.say(waves("patient"))
        watch.service.say(waves("therapist"))
        await watch.sees(
            *("● REC", "P01", "T01", "saved up to 12:36", "disk 41 h left", "2 marks"),
            *("PATIENT", "THERAPIST", "● streaming", "250.31 Hz", "clock ±0.4 ms", "lost 0.02 %"),
            *("F3●G", "A2●G", "all 8 channels good", "±50 µV", "A2   "),
            *("FAA F4-F3", "+0.12", "—", "only 31 % clean", "10 s, 93 % clean"),
            *("PLV", "ACCorr", "AEC", "0.31 (62)", "−0.12 (40)", "0.20 (?)", "until 16 s ago"),
            *("30 s, 91 % clean", "10 s, only 41 % clean", "chance level not yet known"),
            *("exploratory, not a medical device", "P01-T01.antiphon", "1 music starts"),
            *("s start", "space mark", "n note", "x stop", "h hide measures", "q leave"),
        )

    run(tmp_path, scenario, recording(), size)


SAID: dict[str, tuple[Status, tuple[str, ...]]] = {
    "idle, and how to begin": (
        idle(),
        (" ○ IDLE ", "press s to start a session", "no file open"),
    ),
    "recording, where, and up to where it is safe": (
        recording(saved_s=754.4),
        (" ● REC ", " saved up to 12:34 ·", SESSION_FILE),
    ),
    "data that is not saved in time": (
        recording(saved_s=750.0),
        ("▲ saved up to 12:30, 7 s behind",),
    ),
    "one person's data missing": (recording("degraded"), (" ◐ DEGRADED ",)),
    "both people's data missing": (recording("no_data"), (" ✕ NO DATA ",)),
    "a state this screen does not know": (recording("rebooting"), (" ? rebooting ",)),
    "no state": (recording(""), (" ? unknown ",)),
    "a full disk": (
        idle(disk_hours=1.5, alarms=["disk: room for 1.5 h of recording"]),
        ("▲ disk 90 min left", "▲ disk: room for 1.5 h of recording"),
    ),
    "no boards": (
        idle(boards=[]),
        ("PATIENT", "THERAPIST", "▲ no board is known for this person"),
    ),
    "every kind of contact": (
        idle(
            boards=[
                board(
                    "patient",
                    contacts=contacts(
                        F4="noisy", Fz="flat", P3="railed", P4="no data", O1="sticky"
                    ),
                )
            ]
        ),
        (
            "F3●G F4▲N Fz▬F P3■R P4○- O1?? O2●G A2●G",
            "▲ P3 railed: part the hair, add paste, check the plug",
        ),
    ),
}


def test_what_the_service_says_can_be_read(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        for status, texts in SAID.values():
            watch.service.say(status)
            await watch.sees(*texts)

    run(tmp_path, scenario, recording())


def test_a_long_path_keeps_its_end(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.until(lambda: watch.line("#file").startswith("…"))
        assert SESSION_FILE.endswith(watch.line("#file")[1:])
        assert "12:37" in watch.visible().splitlines()[0]

    run(tmp_path, scenario, recording(), (80, 24))


def test_the_time_is_large_where_there_is_room(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        digits = watch.app.screen.query_one("#digits")
        assert digits.display
        assert digits.size.height == 3
        assert "12:37" not in watch.line("#facts")

    run(tmp_path, scenario, recording())


def test_a_lost_board_is_told_once_and_in_its_own_column(tmp_path: Path) -> None:
    fault = "/dev/ttyUSB0 is gone: plug it in again"
    status = recording("degraded")
    status.alarms = [f"patient: {fault}"]
    status.boards = [
        board(
            "patient",
            state="lost",
            fault=fault,
            rate_hz=None,
            sigma_ms=None,
            clean_share=None,
            contacts=contacts(**dict.fromkeys(("F3", "F4", "Fz", "P3", "P4"), "no data")),
        ),
        board("therapist"),
    ]

    async def scenario(watch: Watch) -> None:
        await watch.sees("✕ lost", "— Hz  clock ±— ms", "clean —", "F3○-", "● streaming")
        assert watch.line("#patient .fault") == f"▲ {fault}"
        assert not watch.app.screen.query_one("#alarms").display
        assert not watch.app.screen.query_one("#therapist .fault").display

    run(tmp_path, scenario, status, (80, 24))


def test_traces_are_drawn_on_their_own_side(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        await watch.sees("no live data")
        watch.service.say(waves("therapist"))
        await watch.sees("±50 µV")
        rows = [row for row in watch.visible().splitlines() if row[80:].startswith("O1 ")]
        assert len(rows) == 1
        assert not rows[0][:80].strip()
        assert rows[0][85:89] == "⣿⣿⣿⣿"

    run(tmp_path, scenario, recording())


def test_traces_that_stop_are_taken_away(tmp_path: Path) -> None:
    now_s = [100.0]

    async def scenario() -> None:
        async with watching(tmp_path, recording(), monotonic=lambda: now_s[0]) as watch:
            watch.service.say(waves("patient"))
            await watch.sees("±50 µV")
            now_s[0] += 2.5
            await watch.until(lambda: "±50 µV" not in watch.visible())
            assert "⣿" not in watch.visible()

    asyncio.run(scenario())


def test_measures_that_stop_are_taken_away(tmp_path: Path) -> None:
    now_s = [100.0]

    async def scenario() -> None:
        async with watching(tmp_path, recording(), monotonic=lambda: now_s[0]) as watch:
            watch.service.say(MEASURES)
            await watch.sees("+0.12", "0.31 (62)")
            now_s[0] += 5.5
            await watch.sees("FAA —", "synchrony: no value now")
            assert "0.12" not in watch.visible()
            assert "percentile" not in watch.visible()

    asyncio.run(scenario())


def test_a_mark_made_anywhere_is_drawn_into_the_traces(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        watch.service.say(waves("patient"))
        await watch.sees("±50 µV")
        watch.service.say(recording(markers=3, last_marker="shift"))
        await watch.sees("3 marks, last: shift", "┊")

    run(tmp_path, scenario, recording())


def test_one_key_hides_the_measures_and_shows_them_again(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        watch.service.say(MEASURES)
        await watch.sees("FAA F4-F3", "0.31 (62)")
        await watch.press("h")
        await watch.sees("measures hidden, h shows them", "exploratory, not a medical device")
        assert "FAA" not in watch.visible()
        assert "PLV" not in watch.visible()
        await watch.press("h")
        await watch.sees("FAA F4-F3", "0.31 (62)")

    run(tmp_path, scenario, recording(), (80, 24))


def test_frontal_pairs_come_first_and_as_many_as_fit(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        watch.service.say(MEASURES)
        await watch.sees("F3-F3", "P3-P3", "0.99 (99)")
        text = watch.line("#synchrony")
        assert text.index("F3-F3") < text.index("P3-P3")

    run(tmp_path, scenario, recording())


def test_the_asymmetry_strip_rises_where_the_right_side_is_larger(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        watch.service.say(Measures(100.0, [faa("patient", 0.9), faa("therapist", -0.9)]))
        await watch.sees("+0.90", "−0.90")
        views = watch.app.screen.query("AsymmetryView")
        strips = [view.text.splitlines() for view in views if hasattr(view, "text")]
        assert [strip[0][-1] for strip in strips] == ["⢸", " "]
        assert [strip[1][-1] for strip in strips] == ["⠈", "⢸"]

    run(tmp_path, scenario, recording())


ODD = [
    idle(boards=[board("patient"), board("patient"), board("nurse"), board("", contacts=[])]),
    idle(boards=[board("patient", samples=-5, lost=5, fault="[b]a[/b] " * 400)]),
    idle(alarms=["", "[", "\x1b[2J", "é" * 3000]),
    idle(disk_hours=-1.0),
    recording(elapsed_s=-1.0, saved_s=1e15, markers=-1, last_marker="[/]" * 50),
    recording(elapsed_s=1e12, saved_s=0.0, file="", patient="", therapist="", id=""),
    idle(boards=[board("patient", contacts=[Contact("", ""), Contact("[", "good")] * 40)]),
]
ODD_PUSHES: list[Trace | Measures] = [
    trace("patient", [[1.0], [], [None, None, 3.0]], labels=["a"]),
    trace("patient", [[1.0, 2.0]], labels=[], step_s=-1.0),
    trace("nurse", [[1.0, 2.0]]),
    trace("therapist", [[1.0, 2.0]] * 3, labels=["x"] * 99, step_s=1e300, first_step=-9),
    Measures(-5.0, [faa("cat", 1e300), faa("patient", 1e300, where="?" * 99)]),
    Measures(5.0, [synchrony("x", 1.0), synchrony("plv", -1e300, 1e9, band="")]),
]


@pytest.mark.parametrize("size", [(20, 6), (80, 24)])
def test_odd_values_are_shown_as_well_as_may_be(tmp_path: Path, size: tuple[int, int]) -> None:
    async def scenario(watch: Watch) -> None:
        for number, odd in enumerate(ODD):
            watch.service.say(odd)
            for push in ODD_PUSHES:
                watch.service.say(push)
            watch.service.say(recording(f"still here {number}"))
            await watch.sees(f"still here {number}")

    run(tmp_path, scenario, idle(), size)
