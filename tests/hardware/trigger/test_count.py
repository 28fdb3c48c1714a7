"""The trigger test says which paths saw what."""

from hardware.trigger.count import count_edges, in_words
from hardware.trigger.edges import (
    LostEdges,
    ScriptedEdges,
    TriggerEvent,
    TriggerFault,
    TriggerSource,
)

S = 1_000_000_000


class Clock:
    """A clock that moves while it is waited for."""

    def __init__(self) -> None:
        self.now_ns = 50 * S

    def __call__(self) -> int:
        return self.now_ns

    def wait(self, seconds: float) -> None:
        self.now_ns += round(seconds * 1e9)


def pulses(name: str, clock: Clock, *rises_s: float) -> ScriptedEdges:
    script = [edge for rise_s in rises_s for edge in ((rise_s, 1), (rise_s + 0.03, 0))]
    return ScriptedEdges(name, script, clock)


def words(clock: Clock, *sources: TriggerSource) -> str:
    return in_words(count_edges(sources, 10.0, clock, clock.wait))


class Failing:
    """A path that cannot be opened, or says something of its own."""

    def __init__(self, fault: TriggerFault | None = None, *events: TriggerEvent) -> None:
        self.fault = fault
        self.events = list(events)
        self.closed = 0
        self.name = "therapist D11"

    def open(self) -> None:
        if self.fault:
            raise self.fault

    def poll(self) -> list[TriggerEvent]:
        assert not self.fault
        events, self.events = self.events, []
        return events

    def close(self) -> None:
        self.closed += 1


def test_each_path_is_counted_with_its_intervals() -> None:
    clock = Clock()
    sources = [pulses("gpio", clock, 0.5, 1.25, 2.5), pulses("patient D11", clock, 0.5, 2.5)]
    gpio, pin = count_edges(sources, 10.0, clock, clock.wait)
    assert (gpio.source, gpio.edges, gpio.pulses, gpio.fault) == ("gpio", 6, 3, "")
    assert gpio.intervals_s == (0.75, 1.25)
    assert (pin.edges, pin.pulses, pin.intervals_s) == (4, 2, (2.0,))
    assert clock.now_ns == 60 * S


def test_what_all_saw_is_one_sentence() -> None:
    clock = Clock()
    assert words(clock, pulses("gpio", clock, 0.5, 1.25, 2.5), pulses("lsl", clock, 3)) == (
        "gpio saw 3 pulses, 0.750 to 1.250 s apart; lsl saw 2 edges"
    )


def test_a_path_that_saw_nothing_is_named_with_what_to_check() -> None:
    clock = Clock()
    sources = [pulses("gpio", clock, 1, 2), pulses("patient D11", clock), pulses("lsl", clock)]
    assert words(clock, *sources) == (
        "gpio saw 2 pulses, 1.000 to 1.000 s apart; patient D11 saw nothing; lsl saw nothing: "
        "check the wire and the opto-coupler of patient D11 and lsl"
    )


def test_when_no_path_saw_anything_the_pulse_is_in_question() -> None:
    clock = Clock()
    assert words(clock, pulses("gpio", clock), pulses("lsl", clock)) == (
        "gpio saw nothing; lsl saw nothing: is there a pulse at all?"
    )


def test_a_path_that_cannot_be_used_says_why_and_the_others_are_counted() -> None:
    clock, failing = Clock(), Failing(TriggerFault("therapist D11", "no such port"))
    assert words(clock, failing, pulses("gpio", clock, 1, 2)) == (
        "therapist D11: no such port; gpio saw 2 pulses, 1.000 to 1.000 s apart"
    )
    assert failing.closed == 0


def test_a_path_that_fails_midway_says_why_and_is_closed() -> None:
    clock, failing = Clock(), Failing(None, TriggerFault("therapist D11", "pulled out"))
    assert words(clock, failing) == "therapist D11: pulled out"
    assert failing.closed == 1


def test_lost_edges_were_seen_too() -> None:
    clock = Clock()
    assert words(clock, Failing(None, LostEdges("therapist D11", 7, 0))) == (
        "therapist D11 saw 7 edges"
    )
    assert words(clock, Failing(None, LostEdges("therapist D11", 1, 0))).endswith("saw 1 edge")


def test_pulses_after_the_time_do_not_count() -> None:
    clock = Clock()
    (count,) = count_edges([pulses("gpio", clock, 1, 9.9, 10.5)], 10.0, clock, clock.wait)
    assert count.pulses == 2
