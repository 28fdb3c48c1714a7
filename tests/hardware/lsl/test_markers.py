"""Markers of another program come with their time, and nothing waits for them."""

import math
import time
from typing import Any

import pytest

from hardware.lsl import markers as markers_module
from hardware.lsl.description import RIVAL_WITHIN_S
from hardware.lsl.markers import LslMarkers
from hardware.lsl.stamps import Doubt
from tests.hardware.lsl.bench import SETTINGS, lsl, until


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markers_module, "RIVAL_WITHIN_S", 0.02)


def marker_outlet(name: str, form: str = "string", channels: int = 1) -> Any:
    pylsl = lsl()
    return pylsl.StreamOutlet(pylsl.StreamInfo(name, "Markers", channels, 0.0, form, name))


def opened(stream: str) -> LslMarkers:
    lsl()
    markers = LslMarkers(stream, settings=SETTINGS)
    markers.open()
    return markers


def poll_until(markers: LslMarkers, n: int) -> list[tuple[int, str]]:
    seen: list[tuple[int, str]] = []
    slowest_s = 0.0

    def enough() -> bool:
        nonlocal slowest_s
        began = time.monotonic()
        seen.extend(markers.poll())
        slowest_s = max(slowest_s, time.monotonic() - began)
        return len(seen) >= n

    until(enough)
    assert slowest_s < 0.2
    return seen


def connected(markers: LslMarkers, outlet: Any) -> None:
    def seen() -> bool:
        assert markers.poll() == []
        return bool(outlet.have_consumers())

    until(seen)


def test_markers_keep_the_time_at_which_they_were_sent() -> None:
    outlet, markers = marker_outlet("marks"), opened("marks")
    connected(markers, outlet)
    sent_ns = [time.monotonic_ns() - 60_000_000_000, time.monotonic_ns()]
    for t_ns, label in zip(sent_ns, ["music starts", 'ä, "quoted"'], strict=True):
        outlet.push_sample([label], t_ns / 1e9)
    seen = poll_until(markers, 2)
    assert [label for _, label in seen] == ["music starts", 'ä, "quoted"']
    assert [t_ns for t_ns, _ in seen] == pytest.approx(sent_ns, abs=1_000_000)
    assert markers.fault == ""
    markers.close()
    markers.close()


def test_numbers_columns_and_other_codings_become_text() -> None:
    outlets = [marker_outlet("codes", "int32", 2), marker_outlet("latin-1")]
    streams = [opened("codes"), opened("latin-1")]
    for markers, outlet in zip(streams, outlets, strict=True):
        connected(markers, outlet)
    outlets[0].push_sample([7, 255], 1.0)
    outlets[1].push_sample(["Märsche".encode("latin-1")], 1.0)
    labels = [label for markers in streams for _, label in poll_until(markers, 1)]
    assert labels == ["7 255", "M\ufffdrsche"]
    for markers in streams:
        markers.close()


def test_what_is_wrong_is_told_while_it_is_wrong() -> None:
    markers = opened("no markers")
    assert markers.poll() == []
    assert "lsl:no markers: no such stream" in markers.fault
    outlet = marker_outlet("no markers")
    connected(markers, outlet)
    until(lambda: markers.poll() == [] and markers.fault == "")
    markers.close()


def test_a_sender_that_comes_back_is_heard_again() -> None:
    outlet, markers = marker_outlet("back"), opened("back")
    connected(markers, outlet)
    outlet.push_sample(["one"])
    poll_until(markers, 1)
    del outlet
    outlet = marker_outlet("back")
    connected(markers, outlet)
    outlet.push_sample(["two"])
    assert [label for _, label in poll_until(markers, 1)] == ["two"]
    markers.close()


def test_of_two_streams_of_a_name_none_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markers_module, "RIVAL_WITHIN_S", RIVAL_WITHIN_S)
    outlets = marker_outlet("twins"), marker_outlet("twins")
    markers = opened("twins")

    def told() -> bool:
        assert markers.poll() == []
        return "2 streams" in markers.fault

    until(told)
    assert not any(outlet.have_consumers() for outlet in outlets)
    markers.close()


def test_what_cannot_be_searched_for_is_refused() -> None:
    with pytest.raises(ValueError, match="named"):
        LslMarkers("")


def test_a_marker_whose_stamp_is_none_comes_at_its_arrival_and_the_others_are_kept() -> None:
    outlet, markers = marker_outlet("odd"), opened("odd")
    connected(markers, outlet)
    before_ns = time.monotonic_ns()
    outlet.push_sample(["first"], before_ns / 1e9)
    for stamp_s in (math.nan, math.inf, 1e300):
        outlet.push_sample(["odd"], stamp_s)
    outlet.push_sample(["epoch"], 1.7e9)
    outlet.push_sample(["last"], before_ns / 1e9 - 1.0)
    told = poll_until(markers, 6)
    now_ns = time.monotonic_ns()
    assert [label for _, label in told] == ["first", "odd", "odd", "odd", "epoch", "last"]
    assert abs(told[0][0] - before_ns) < 10_000_000
    assert all(before_ns <= t_ns <= now_ns for t_ns, label in told if label == "odd")
    assert abs(told[4][0] - 1_700_000_000 * 10**9) < 10**9
    assert set(markers.stamps.doubts_s(now_ns)) == set(Doubt)
