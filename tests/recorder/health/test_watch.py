"""Health: each change is told once, what stands is known, a figure on a border does not flutter."""

import os
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder import wall_clock
from recorder.health.signs import SIGNS, judged, sentence
from recorder.health.watch import Health
from recorder.settings.health import HealthSettings
from recorder.store.finish import count_unclean_stop
from recorder.wire.messages import Level, Vital
from recorder.wire.wording import in_words
from tests.recorder.health.box import FIRMWARE, Box, pi


class Watched:
    """A made-up box and its health."""

    def __init__(self, root: Path) -> None:
        self.box: Box = pi(root)
        self.synchronised = True
        self.health = Health(root / "sessions", root=root, synchronised=lambda: self.synchronised)

    def value(self, name: str) -> float | None:
        return self.vital(name).value

    def vital(self, name: str) -> Vital:
        [found] = [vital for vital in self.health.vitals if vital.name == name]
        return found


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_before_the_first_look_nothing_is_known_and_nothing_is_wrong(watched: Watched) -> None:
    assert {(vital.value, vital.level) for vital in watched.health.vitals} == {(None, "ok")}
    assert (watched.health.standing(), watched.health.alarms()) == ([], [])


def test_a_box_that_is_well_has_nothing_to_tell(watched: Watched) -> None:
    assert watched.health.look([0.02] * 10 + [0.03] * 10) == []
    values = {vital.name: vital.value for vital in watched.health.vitals}
    assert values.keys() == SIGNS.keys()
    assert None not in values.values()
    assert (values["temperature"], values["memory_available"]) == (51.2, 2000)
    assert values["commit_p95"] == values["commit_max"] == 0.03


Spoil = Callable[[Watched, bool], None]


def heat(watched: Watched, bad: bool) -> None:
    watched.box.temperature(81.0 if bad else 60.0)


def power(watched: Watched, bad: bool) -> None:
    watched.box.write(FIRMWARE, "10001" if bad else "0")


def slowing(watched: Watched, bad: bool) -> None:
    watched.box.write(FIRMWARE, "4" if bad else "0")


def memory(watched: Watched, bad: bool) -> None:
    watched.box.memory(40 if bad else 400)


def leak(watched: Watched, bad: bool) -> None:
    watched.box.memory(2000, rss_pages=80_000 if bad else 20_000)


def clock(watched: Watched, bad: bool) -> None:
    watched.synchronised = not bad


def reset(watched: Watched, bad: bool) -> None:
    watched.box.write("sys/class/watchdog/watchdog0/bootstatus", "32" if bad else "0")


@pytest.mark.parametrize(
    ("spoil", "name", "told"),
    [
        (heat, "temperature", "temperature: 81 °C"),
        (power, "under_voltage", "under voltage: yes"),
        (slowing, "throttled", "throttled: yes"),
        (memory, "memory_available", "memory available: 40 MiB"),
        (leak, "memory_rss", "memory rss: 312.5 MiB"),
        (clock, "clock_synchronised", "clock synchronised: no"),
        (reset, "watchdog_reset", "watchdog reset: yes"),
    ],
)
def test_what_goes_wrong_is_told_once_and_again_when_it_is_well(
    watched: Watched, spoil: Spoil, name: str, told: str
) -> None:
    watched.health.look()
    spoil(watched, True)
    assert watched.health.look() == watched.health.standing() == quietly(name, f"warn: {told}")
    assert watched.health.look() == []
    assert sentence(watched.vital(name)) == told
    assert [alarm.kind for alarm in watched.health.alarms()] == [name] * SIGNS[name].is_alarm
    spoil(watched, False)
    assert [line[:4] for line in watched.health.look()] == quietly(name, "ok: ")
    assert (watched.health.standing(), watched.health.alarms()) == ([], [])


def quietly(name: str, line: str) -> list[str]:
    """What an alarm says is told as an alarm is."""
    return [] if SIGNS[name].is_alarm else [line]


def test_a_slow_card_is_told_by_its_commits_and_forgotten_when_it_recovers(
    watched: Watched,
) -> None:
    assert watched.health.look([3.0] + [0.05] * 18) == []
    assert watched.value("commit_p95") is None  # one slow commit of few says nothing yet
    assert watched.health.look([0.05]) == []
    assert (watched.value("commit_p95"), watched.value("commit_max")) == (0.05, 3.0)
    watched.health.look([1.5] * 3)
    assert [in_words(alarm) for alarm in watched.health.alarms()] == [
        "commits to the session file take 1.5 s: use a faster card or an SSD for sessions"
    ]
    watched.health.look([0.05] * 300)
    assert watched.health.alarms() == []
    assert watched.value("commit_max") == 0.05


def test_a_disk_that_fills_is_told(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    free = {"bytes": 100 << 20}
    monkeypatch.setattr("recorder.health.watch.free_bytes", lambda _: free["bytes"])
    assert watched.health.look() == ["warn: disk free: 100 MiB"]
    assert watched.health.alarms() == []  # the disk has its own
    free["bytes"] = 1000 << 20
    assert watched.health.look() == ["ok: disk free: 1000 MiB"]


def test_unclean_stops_are_told(watched: Watched) -> None:
    (watched.box.root / "sessions").mkdir()
    watched.health.look()
    assert watched.value("unclean_stops") == 0
    count_unclean_stop(watched.box.root / "sessions")
    watched.health.look()
    assert watched.value("unclean_stops") == 1


def test_a_machine_without_sensors_is_never_alarming(tmp_path: Path) -> None:
    health = Health(tmp_path, root=tmp_path / "empty", synchronised=lambda: True)
    assert health.look() == []
    assert {sentence(v) for v in health.vitals if v.value is None} >= {"temperature: not told"}


@settings(max_examples=50, deadline=None)
@given(
    st.sampled_from([sign for sign in SIGNS.values() if sign.warn is not None]),
    st.lists(st.floats(0, 1), min_size=2, max_size=30),
)
def test_between_warn_and_clear_a_level_never_changes(sign: object, places: list[float]) -> None:
    assert isinstance(sign, type(SIGNS["temperature"]))
    assert sign.warn is not None
    for before in ("ok", "warn"):
        level: Level = before
        for place in places:
            inside = sign.clear + (0.01 + 0.98 * place) * (sign.warn - sign.clear)
            level = judged(sign.name, inside, level).level
        assert level == before


def test_this_machine_can_be_looked_at(tmp_path: Path) -> None:
    health = Health(tmp_path, synchronised=wall_clock.synchronised)
    health.look()
    found = {vital.name: vital.value for vital in health.vitals}
    assert (found["memory_rss"] or 0) > 5
    assert (found["disk_free"] or 0) == pytest.approx(
        os.statvfs(tmp_path).f_bavail * os.statvfs(tmp_path).f_frsize / 2**20, rel=0.2
    )


@pytest.mark.parametrize("path", ["antiphon.prom", "/run/antiphon.txt", "/run/.promx"])
def test_a_path_that_no_collector_reads_is_refused(path: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="a path like"):
        msgspec.convert({"prometheus": path}, HealthSettings)
    assert msgspec.convert({"prometheus": "/run/a.prom"}, HealthSettings).prometheus
