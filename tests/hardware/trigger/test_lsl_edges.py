import pytest

from hardware.lsl.markers import LslMarkers, Marker
from hardware.trigger.edges import Edge, TriggerFault
from hardware.trigger.lsl import LslEdges

S = 1_000_000_000


def test_markers_whose_stamps_are_doubted_are_no_edges(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, sent_s = [100 * S], list[float]()

    def poll(markers: LslMarkers) -> list[Marker]:
        times_ns = markers.stamps.times_ns(sent_s, 0.0, clock[0])
        sent_s.clear()
        return [(t_ns, "flash") for t_ns in times_ns]

    monkeypatch.setattr(LslMarkers, "open", lambda _: None)
    monkeypatch.setattr(LslMarkers, "poll", poll)
    edges = LslEdges("trigger", "camera", monotonic_ns=lambda: clock[0])
    edges.open()
    sent_s.append(99.9)
    assert edges.poll() == [Edge("trigger", 1, 99_900_000_000, 1)]
    sent_s += [float("nan"), 1.7e9]
    [fault] = edges.poll()
    assert isinstance(fault, TriggerFault)
    assert (
        str(fault) == "trigger: the stamps of its markers are not of LSL's clock: they are no edges"
    )
    assert edges.poll() == []
    clock[0] = 120 * S
    sent_s.append(119.5)
    assert [edge.t_ns for edge in edges.poll() if isinstance(edge, Edge)] == [119_500_000_000]
