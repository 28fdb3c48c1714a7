"""What the session screen shows of what the service says."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from recorder.wire.messages import Alarm, Contact, Measures, Shift, Status, Trace
from tests.tui.scripted_service import (
    LABELS,
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
from tui.widgets.asymmetry import MOST_ROWS, AsymmetryView
from tui.widgets.traces import TraceView

SIZES = [(80, 24), (100, 30), (200, 60)]
MUSCLE = "talking"
MEASURES = Measures(
    741.3,
    [
        faa("patient", 0.12),
        faa("therapist", None, clean_share=0.31, why="muscle"),
        synchrony("plv", 0.31, 62.0),
        synchrony("accorr", -0.12, 40.0),
        synchrony("aec", 0.2, 5.0),
        synchrony("plv", None, band="beta", window_s=10.0, clean_share=0.41, why="movement"),
        synchrony("plv", 0.44, 71.0, where="F4-F4"),
    ],
)
# Kept in the file, and not on the screen.
KEPT_BACK = [
    faa("patient", 0.77, kind="parietal", where="P4-P3"),
    faa("patient", 0.77, kind="fmtheta", band="theta", where="Fz"),
    faa("therapist", 0.77, kind="occalpha", where="O1-O2"),
    faa("therapist", 0.77, kind="faa_rel_se"),
    faa("patient", 0.77, band="ialpha"),
    synchrony("plv", 0.77, 77.0, where="P3-P3"),
    synchrony("plv", 0.77, 77.0, where="F3-F4"),
    synchrony("wpli", 0.77, 77.0),
    synchrony("plv", 0.77, 77.0, band="delta"),
]


Scenario = Callable[[Watch], Awaitable[None]]


def run(
    directory: Path, scenario: Scenario, status: Status, size: tuple[int, int] = (160, 48)
) -> None:
    """Run a scenario with a screen that watches a service which says `status`."""

    async def watched() -> None:
        async with watching(directory, status, size=size) as watch:
            await scenario(watch)

    asyncio.run(watched())


def recording_of(channels: list[Contact]) -> Status:
    """A session of a patient with these channels."""
    boards = [board("patient", contacts=channels), board("therapist")]
    return msgspec.structs.replace(recording(), boards=boards)


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
            *("PATIENT", "THERAPIST", "● sends", "signal quality 93 %"),
            *("F3●G", "A2●G", "all 8 channels good", "±50 µV", "A2   "),
            *("F4-F3", "+0.12 ±0.16", "—", "muscle, 31 % usable", "10 s, 93 % usable"),
            *("in step", "turning", "swelling", "62 of 100", "40 of 100", "5 of 100"),
            *("until 16 s ago", "30 s, 91 % usable", "movement, 41 % usable"),
            "more alike than in 62 of 100 shuffles",
            *("exploratory, not a medical device", "P01-T01.antiphon", "1 music starts"),
            *("space mark", "n note", "x stop", "h measures", "q leave"),
        )

    run(tmp_path, scenario, recording(), size)


def test_a_narrow_screen_drops_the_measures_and_keeps_advice_traces_and_marks(
    tmp_path: Path,
) -> None:
    bad = recording_of(contacts(F3="railed", F4="railed", Fz="railed", P3="railed"))

    async def scenario(watch: Watch) -> None:
        watch.service.say(MEASURES)
        watch.service.say(waves("patient"))
        await watch.sees("● REC", "part the hair, add gel", "check the plug", "1 music starts")
        await watch.sees("F3   ", "A2   ", "x stop")
        assert "in step" not in watch.visible()

    run(tmp_path, scenario, bad, (60, 26))


SAID: dict[str, tuple[Status, tuple[str, ...]]] = {
    "idle, and how to begin": (
        idle(),
        (" ○ IDLE ", "nothing is being recorded", "disk 41 h left"),
    ),
    "recording, where, and up to where it is safe": (
        recording(saved_s=754.4),
        (" ● REC ", " saved up to 12:34 ·", SESSION_FILE),
    ),
    "data that is not saved in time": (
        recording(saved_s=750.0),
        ("▲ saved up to 12:30, 7 s behind",),
    ),
    "one person's data missing": (
        recording("degraded"),
        (" ◐ REC, but one person's data is missing ",),
    ),
    "both people's data missing": (
        recording("no data"),
        (" ✕✕✕ NOT RECORDING for 0 s: no data from either board ", "P01 · T01"),
    ),
    "a disk without room": (
        recording("waiting for room"),
        (" ✕✕✕ NOT RECORDING for 0 s: disk full ", "P01 · T01"),
    ),
    "a state this screen does not know": (recording("rebooting"), (" ◐ REC, but rebooting ",)),
    "no state": (recording(""), (" ◐ REC, but in no known state ",)),
    "a full disk": (
        idle(disk_hours=1.5, alarms=[Alarm("disk_low", numbers={"hours": 1.5})]),
        ("▲ disk 90 min left", "▲ the disk has room for 1.5 h"),
    ),
    "what the box waits for": (
        idle(unattended="waits for the cap of patient"),
        ("nothing is being recorded · by itself: waits for the cap of patient",),
    ),
    "the box's health": (
        idle(alarms=[Alarm("temperature", numbers={"value": 81.0})]),
        ("▲ this computer is too hot: give it air",),
    ),
    "what is for the technician": (
        idle(alarms=[Alarm("clock_unsure", "patient", numbers={"sigma_ms": 8.0})]),
        ("▲ 1 thing is for the technician: t",),
    ),
    "a weak radio, and what is missing": (
        msgspec.structs.replace(
            recording(missing_s={"patient": 6.4}),
            boards=[board("patient", lost=2000), board("therapist")],
        ),
        ("signal quality 93 %  ▲ 6 s missing  ▲ the radio loses 2 %",),
    ),
    "no boards": (
        msgspec.structs.replace(recording(), boards=[]),
        ("PATIENT", "THERAPIST", "▲ no board is known for this person"),
    ),
}


def test_what_the_service_says_can_be_read(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        for status, texts in SAID.values():
            watch.service.say(status)
            await watch.sees(*texts)

    run(tmp_path, scenario, recording())


def test_every_kind_of_contact_can_be_told(tmp_path: Path) -> None:
    states = {"F4": "noisy", "Fz": "flat", "P3": "railed", "P4": "no data", "O1": "sticky"}

    async def scenario(watch: Watch) -> None:
        await watch.sees(
            "F3●G F4▲N Fz▬F P3■X P4○- O1?? O2●G A2●G",
            "▲ P3 off: part the hair, add gel, check the plug",
        )

    run(tmp_path, scenario, recording_of(contacts(**states)))


def test_the_smallest_screen_says_what_it_waits_for_and_what_happened(tmp_path: Path) -> None:
    status = idle(unattended="waits for the cap of patient")

    async def scenario(watch: Watch) -> None:
        await watch.sees("nothing is being recorded · by itself: waits for the cap of patient")
        watch.service.say(recording())
        await watch.sees("● REC")
        assert "by itself" not in watch.visible()

    run(tmp_path, scenario, status, (80, 24))


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
    path = "/dev/ttyUSB0 is gone: plug it in again"
    status = recording("degraded")
    status.alarms = [Alarm("board", "patient", detail=path)]
    status.boards = [
        board(
            "patient",
            state="lost",
            fault="unplugged",
            rate_hz=None,
            sigma_ms=None,
            clean_share=None,
            contacts=contacts(**dict.fromkeys(("F3", "F4", "Fz", "P3", "P4"), "no data")),
        ),
        board("therapist"),
    ]

    async def scenario(watch: Watch) -> None:
        await watch.sees("✕ away", "F3○-", "● sends", "◐ REC, but patient: board lost")
        assert "quality" not in watch.line("#patient .board")
        plug_in = "▲ Plug in the patient's receiver, the small USB stick."
        assert watch.line("#patient .fault") == plug_in
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
            await watch.sees("+0.12", "62 of 100")
            now_s[0] += 5.5
            watch.service.say(recording())
            await watch.sees("asymmetry —", "how alike both are: no value now")
            assert "0.12" not in watch.visible()
            assert "of 100" not in watch.visible()

    asyncio.run(scenario())


def test_a_mark_made_anywhere_is_drawn_into_the_traces(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        watch.service.say(waves("patient"))
        await watch.sees("±50 µV")
        watch.service.say(recording(markers=3, last_marker="shift"))
        await watch.sees("3 marks, last: shift", "┊")

    run(tmp_path, scenario, recording())


def test_until_chance_is_known_it_says_so_and_one_key_hides_the_measures(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        values = [faa("patient", 0.1), synchrony("plv", 0.31)]
        watch.service.say(Measures(20.0, values, measured_s=179.0))
        await watch.sees("?: not yet known how alike chance makes them (2 of about 5 min)")
        watch.service.say(MEASURES)
        await watch.sees("F4-F3", "62 of 100")
        assert "not yet known" not in watch.visible()
        await watch.press("h")
        await watch.sees("measures hidden, h shows them", "exploratory, not a medical device")
        assert "F4-F3" not in watch.visible()
        assert "in step" not in watch.visible()
        await watch.press("h")
        await watch.sees("F4-F3", "62 of 100")

    run(tmp_path, scenario, recording(), (80, 24))


def test_what_is_not_asked_for_at_the_bedside_stays_in_the_file(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        watch.service.say(Measures(741.3, [*KEPT_BACK, *MEASURES.values]))
        await watch.sees("F3-F3", "F4-F4", "71 of 100", "+0.12")
        assert "77" not in watch.visible()
        text = watch.line("#synchrony")
        assert text.index("F3-F3") < text.index("F4-F4")

        watch.service.say(Measures(742.3, KEPT_BACK))
        await watch.sees("no site in front that both have; others are in the file")
        assert "of 100" not in watch.visible()

    run(tmp_path, scenario, recording())


@pytest.mark.parametrize(
    ("size", "reason"), [((80, 24), MUSCLE), ((160, 48), "talking, 31 % usable")]
)
def test_an_asymmetry_stands_beside_that_at_rest_and_a_long_reason_has_room(
    tmp_path: Path, size: tuple[int, int], reason: str
) -> None:
    async def scenario(watch: Watch) -> None:
        relative = faa("patient", -0.31, kind="faa_rel", error=0.2)
        watch.service.say(Measures(100.0, [faa("patient", 0.12, clean_share=1.0), relative]))
        await watch.sees("+0.12 ±0.16", "10 s, 100 % usable", "vs rest −0.31 ±0.20")

        no_rest = faa("patient", None, kind="faa_rel")
        watch.service.say(Measures(101.0, [faa("patient", 0.13), no_rest]))
        await watch.sees("+0.13 ±0.16")
        assert "rest" not in watch.visible()

        absent: dict[str, Any] = {"clean_share": 0.31, "why": MUSCLE}
        values = [faa("patient", None, **absent), synchrony("plv", None, **absent)]
        watch.service.say(Measures(102.0, [*values, synchrony("plv", 0.4, where="F4-F4")]))
        await watch.sees(reason, "muscle in most")
        assert len({len(row) for row in watch.line("#synchrony").splitlines()}) == 1

    run(tmp_path, scenario, recording(), size)


SHIFTS = [
    Shift("patient", "F4-F3", 10.0, "up", 0.5),
    Shift("therapist", "F4-F3", 640.0, "down", -0.5, "the patient is behind by 5 s"),
    Shift("patient", "F4-F3", 725.0, "up", 0.6),
]


def test_shifts_are_marked_with_their_time_and_nothing_is_made_of_them(tmp_path: Path) -> None:
    marked = "shift marked, see video (provisional): 12:05 patient F4-F3"

    async def scenario(watch: Watch) -> None:
        watch.service.say(Measures(741.3, [faa("patient", 0.5)], SHIFTS))
        await watch.sees(marked, "┊")
        assert watch.line("#shifts").endswith("12:05 patient F4-F3, 10:40 therapist F4-F3")
        assert "behind" not in watch.visible()
        await watch.press("h")
        await watch.until(lambda: "shift marked" not in watch.visible())
        assert "┊" not in watch.visible()

    run(tmp_path, scenario, recording(), (80, 24))


def test_the_asymmetry_strip_is_the_error_band_on_its_side_of_zero(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        values = [faa("patient", 0.5, error=0.2), faa("therapist", -0.5, error=0.2)]
        watch.service.say(Measures(100.0, values))
        views = watch.app.screen.query(AsymmetryView)

        def ends() -> list[list[str]]:
            return [[row[-1] for row in view.text.splitlines()] for view in views]

        await watch.until(lambda: ends() == [["⠰", "⠁"], [" ", "⠱"]])

    run(tmp_path, scenario, recording(), (80, 24))


def test_rows_that_traces_cannot_use_go_to_the_asymmetry(tmp_path: Path) -> None:
    async def scenario(watch: Watch) -> None:
        watch.service.say(waves("patient"))
        watch.service.say(MEASURES)
        await watch.sees("+0.12", "±50 µV")
        traces = watch.app.screen.query_one(TraceView)
        asymmetry = watch.app.screen.query_one(AsymmetryView)
        await watch.until(lambda: (traces.size.height - 1) % len(LABELS) == 0)
        assert asymmetry.size.height >= 4
        sixteen = [Contact(f"C{n}", "good") for n in range(16)]
        watch.service.say(recording_of(sixteen))
        await watch.until(lambda: asymmetry.size.height == MOST_ROWS)

    run(tmp_path, scenario, recording())


ODD = [
    idle(boards=[board("patient"), board("patient"), board("nurse"), board("", contacts=[])]),
    idle(boards=[board("patient", samples=-5, lost=5)]),
    idle(alarms=[Alarm(""), Alarm("board"), Alarm("disk_error", detail="\x1b[2J[" + "é" * 3000)]),
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
    Measures(6.0, [faa("patient", 0.1, error=-1e300)], [Shift("cat", "[b]", -1e300, "", 0.0)]),
    Measures(1e300, [faa("patient", None, why="é[" * 900)], [Shift("", "", 1e300, "", 0.0)] * 99),
]


@pytest.mark.parametrize("size", [(20, 6), (80, 24)])
def test_odd_values_are_shown_as_well_as_may_be(tmp_path: Path, size: tuple[int, int]) -> None:
    async def scenario(watch: Watch) -> None:
        for number, odd in enumerate(ODD):
            watch.service.say(odd)
            for push in ODD_PUSHES:
                watch.service.say(push)
            watch.service.say(recording(f"up {number}"))
            await watch.sees(f"up {number}")

    run(tmp_path, scenario, idle(), size)
