"""Recording by itself: each way to start, to go on and to stop, on a clock that is passed in."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.settings.unattended import UnattendedSettings
from recorder.unattended.caps import Caps
from recorder.unattended.rules import Running, Scene, Step, Unattended

ON, OFF, ONE = Caps(True, True), Caps(False, False), Caps(True, False)
CAPS = UnattendedSettings(mode="caps", start_after_s=20, stop_after_s=120, split_minutes=10)
WINDOW = UnattendedSettings(mode="window", windows=("Mon..Fri 09:00-17:00",), split_minutes=0)
GMT = ZoneInfo("UTC")
MONDAY_8 = datetime(2026, 11, 23, 8, tzinfo=UTC)


@dataclass
class Ward:
    """A box that does what is decided, second by second."""

    settings: UnattendedSettings = CAPS
    streaming: bool = True
    caps: Caps = ON
    synchronised: bool = True
    utc: datetime = MONDAY_8
    zone: ZoneInfo | None = GMT
    can: bool = True
    ended: int = 0
    waits_for_room: bool = False
    running: Running = ""
    began_s: int = 0
    now_s: int = 0
    done: list[tuple[int, Step]] = field(default_factory=list)
    reason: str = ""

    def __post_init__(self) -> None:
        self.unattended = Unattended(self.settings, self.zone)

    def goes_on(self, seconds: int, step_s: int = 1) -> "Ward":
        for _ in range(0, seconds, step_s):
            self.now_s += step_s
            self._second()
        return self

    def person(self, running: Running) -> None:
        """Somebody starts or stops a session."""
        self.running, self.began_s = running, self.now_s
        self.ended += not running

    def restarted(self) -> None:
        """The service died and resumes its session."""
        self.unattended, self.ended = Unattended(self.settings, self.zone), 0

    def _second(self) -> None:
        seconds = int(self.utc.timestamp()) + self.now_s
        scene = Scene(
            streaming=self.streaming,
            caps=self.caps,
            running=self.running,
            recorded_s=self.now_s - self.began_s,
            ended=self.ended,
            waits_for_room=self.waits_for_room,
            utc_ns=seconds * 1_000_000_000,
            synchronised=self.synchronised,
        )
        decision = self.unattended.decide(self.now_s * 1_000_000_000, scene)
        self.reason = decision.reason
        if decision.step is not Step.NOTHING:
            self.done.append((self.now_s, decision.step))
            if self.can:
                self.running = "" if decision.step is Step.STOP else "unattended"
                self.began_s = self.now_s

    @property
    def steps(self) -> list[Step]:
        return [step for _, step in self.done]


def test_a_box_that_is_told_nothing_does_nothing() -> None:
    ward = Ward(UnattendedSettings()).goes_on(1000)
    assert (ward.steps, ward.reason) == ([], "off")


def test_it_starts_when_both_boards_stream_and_both_caps_have_been_on_for_a_while() -> None:
    ward = Ward(streaming=False).goes_on(100)
    assert ward.reason == "waits until both boards stream"
    ward.streaming, ward.caps = True, ONE
    ward.goes_on(100)
    assert ward.reason == "waits for the cap of therapist"
    ward.caps = ON
    assert ward.goes_on(20).steps == []
    assert ward.goes_on(1).done == [(221, Step.START)]
    assert ward.goes_on(1).reason == "records"


def test_a_cap_that_slips_makes_it_wait_again() -> None:
    ward = Ward().goes_on(15)
    ward.caps = ONE
    ward.goes_on(1)
    ward.caps = ON
    assert ward.goes_on(20).steps == []
    assert ward.goes_on(1).steps == [Step.START]


def test_it_goes_on_with_one_cap_and_through_short_times_with_none() -> None:
    ward = Ward().goes_on(30)
    for caps, seconds in ((ONE, 200), (OFF, 119), (ONE, 1), (OFF, 119)):
        ward.caps = caps
        ward.goes_on(seconds)
    assert ward.steps == [Step.START]


def test_it_stops_when_no_cap_was_on_for_long_and_starts_with_the_next_people() -> None:
    ward = Ward().goes_on(30)
    ward.caps = OFF
    assert ward.goes_on(121).steps == [Step.START, Step.STOP]
    ward.goes_on(600)
    ward.caps = ON
    assert ward.goes_on(22).steps == [Step.START, Step.STOP, Step.START]


def test_boards_that_are_lost_for_a_while_end_nothing() -> None:
    ward = Ward().goes_on(30)
    ward.streaming = False
    assert ward.goes_on(300).steps == [Step.START]


def test_it_is_split_by_duration() -> None:
    ward = Ward().goes_on(21 + 3 * 600)
    assert [at for at, step in ward.done if step is Step.SPLIT] == [621, 1221, 1821]
    never = Ward(msgspec.structs.replace(CAPS, split_minutes=0)).goes_on(10_000)
    assert never.steps == [Step.START]


def test_a_session_that_a_person_started_is_left_alone() -> None:
    ward = Ward()
    ward.person("attended")
    ward.goes_on(1000)
    ward.caps = OFF
    ward.goes_on(1000)
    assert (ward.steps, ward.reason) == (
        [],
        "a person has started the session that is running",
    )


@pytest.mark.parametrize("before", ["attended", "unattended"])
def test_after_a_person_stopped_it_waits_until_the_caps_were_off(before: Running) -> None:
    ward = Ward()
    ward.person(before)
    ward.goes_on(100)
    ward.person("")
    ward.goes_on(300)
    assert (ward.steps, "waits until the caps were off once" in ward.reason) == ([], True)
    ward.caps = ONE
    ward.goes_on(20)  # somebody only touched it
    ward.caps = ON
    assert ward.goes_on(100).steps == []
    ward.caps = OFF
    ward.goes_on(31)
    ward.caps = ON
    assert ward.goes_on(21).steps == [Step.START]


def test_a_session_that_comes_and_goes_between_two_looks_is_not_missed() -> None:
    ward = Ward().goes_on(15)
    ward.person("attended")
    ward.person("")
    assert ward.goes_on(300).steps == []
    assert "waits until the caps were off once" in ward.reason


@pytest.mark.parametrize("running", ["attended", "unattended"])
def test_a_session_that_waits_for_room_is_still_the_one_that_runs(running: Running) -> None:
    ward = Ward()
    ward.person(running)
    ward.goes_on(30)
    ward.waits_for_room, ward.running = True, ""
    assert ward.goes_on(300).reason == "waits for room on the disk"
    ward.waits_for_room, ward.running = False, running
    ward.goes_on(100)
    assert ward.steps == []


def test_a_person_may_take_over_while_it_records() -> None:
    ward = Ward().goes_on(30)
    ward.person("attended")
    ward.caps = OFF
    assert ward.goes_on(500).steps == [Step.START]


def test_a_start_or_a_stop_that_fails_is_tried_again_but_not_at_once() -> None:
    ward = Ward(can=False).goes_on(50)
    assert [at for at, _ in ward.done] == [21, 31, 41]
    assert ward.reason == ""
    ward.can = True
    ward.goes_on(10)
    ward.caps, ward.can = OFF, False
    ward.goes_on(150)
    assert ward.steps.count(Step.STOP) == 3
    ward.can = True
    ward.goes_on(10)
    ward.caps = ON
    assert ward.goes_on(21).steps[-1] is Step.START  # its own stop holds nothing back


def test_after_a_power_cut_it_starts_by_itself() -> None:
    ward = Ward().goes_on(100)
    ward.person("")
    ward.restarted()
    assert ward.goes_on(21).steps == [Step.START, Step.START]


def test_a_window_opens_and_closes_by_local_time() -> None:
    ward = Ward(WINDOW, caps=OFF, zone=ZoneInfo("Europe/Berlin"))  # nine there, eight in UTC
    ward.goes_on(8 * 3600 + 60, 30)
    assert ward.done == [(30, Step.START), (8 * 3600, Step.STOP)]
    assert ward.reason == "waits for Mon..Fri 09:00-17:00"


def test_a_window_waits_for_both_boards() -> None:
    ward = Ward(WINDOW, utc=MONDAY_8.replace(hour=10), streaming=False).goes_on(60)
    assert ward.reason == "waits until both boards stream"
    ward.streaming = True
    assert ward.goes_on(1).steps == [Step.START]


def test_a_window_does_not_open_before_the_clock_is_right() -> None:
    ward = Ward(WINDOW, utc=datetime(1970, 1, 1, 10, tzinfo=UTC), synchronised=False)
    ward.goes_on(60)
    assert (ward.steps, "synchronised clock" in ward.reason) == ([], True)
    ward.utc, ward.synchronised = MONDAY_8.replace(hour=10), True
    assert ward.goes_on(1).steps == [Step.START]
    ward.synchronised = False  # the network went; the clock was right and goes on
    assert ward.goes_on(7 * 3600, 60).steps == [Step.START, Step.STOP]


def test_windows_without_a_time_of_day_are_told_until_it_is_known() -> None:
    ward = Ward(WINDOW, utc=datetime(1970, 1, 1, 10, tzinfo=UTC), synchronised=False)
    assert not ward.unattended.lacks_time  # nobody has looked yet
    assert ward.goes_on(1).unattended.lacks_time
    ward.synchronised = True
    assert not ward.goes_on(1).unattended.lacks_time
    ward.synchronised = False
    assert not ward.goes_on(1).unattended.lacks_time
    assert not Ward(synchronised=False).goes_on(1).unattended.lacks_time


def test_a_session_that_is_gone_on_with_is_not_stopped_for_want_of_a_clock() -> None:
    ward = Ward(WINDOW, synchronised=False, utc=datetime(1970, 1, 1, tzinfo=UTC))
    ward.person("unattended")
    assert ward.goes_on(1000).steps == []


def test_a_person_who_stops_in_a_window_has_quiet_until_the_next() -> None:
    ward = Ward(WINDOW, utc=MONDAY_8.replace(hour=9)).goes_on(100)
    ward.person("")
    ward.goes_on(8 * 3600, 60)
    assert ward.steps == [Step.START]
    ward.goes_on(16 * 3600, 60)
    assert ward.steps == [Step.START, Step.START]


def test_caps_mode_needs_no_time_of_day() -> None:
    ward = Ward(synchronised=False, utc=datetime(1970, 1, 1, tzinfo=UTC))
    assert ward.goes_on(21).steps == [Step.START]


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"mode": "window"}, "windows: when?"),
        ({"windows": ["9-17"]}, "write it like"),
        ({"mode": "always"}, "Invalid enum value"),
        ({"patient": "Anna Müller"}, "regex"),
    ],
)
def test_settings_that_make_no_sense_are_refused(fields: dict[str, object], complaint: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=complaint.replace("?", r"\?")):
        msgspec.convert(fields, UnattendedSettings)


Event = tuple[str, int]
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["on", "off", "one", "lost", "back", "start", "stop", "crash"]),
        st.integers(1, 200),
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(events=EVENTS)
def test_whatever_happens_it_never_touches_a_persons_session_nor_starts_a_second(
    events: list[Event],
) -> None:
    ward = Ward()
    caps = {"on": ON, "off": OFF, "one": ONE}
    for event, seconds in events:
        if event in caps:
            ward.caps = caps[event]
        elif event in ("lost", "back"):
            ward.streaming = event == "back"
        elif event == "crash":
            ward.restarted()
        else:
            ward.person("attended" if event == "start" else "")
        for _ in range(seconds):
            before, steps = ward.running, len(ward.steps)
            ward.goes_on(1)
            new = ward.steps[steps:]
            assert before != "attended" or not new
            assert before or new in ([], [Step.START])
            assert before != "unattended" or Step.START not in new


def test_windows_follow_a_time_zone_that_is_set_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC0")
    ward = Ward(WINDOW, zone=None).goes_on(1800)
    assert ward.steps == []
    monkeypatch.setenv("TZ", "CET-1")
    assert ward.goes_on(1).done == [(1801, Step.START)]
    monkeypatch.setenv("TZ", "JST-9")
    assert ward.goes_on(10).steps == [Step.START, Step.STOP]
    monkeypatch.undo()
    time.tzset()
