from collections import Counter
from collections.abc import Callable

import pytest

from recorder.store.card import card_file_of
from recorder.store.check import verify
from recorder.store.reader import SessionReader
from tests.e2e.conftest import Figure, Recording
from tests.e2e.processes import told, told_json

pytestmark = pytest.mark.alone

Recordings = Callable[[str], Recording]


@pytest.fixture
def synthetic(recordings: Recordings) -> Recording:
    return recordings("synthetic")


def test_it_measures_the_rates_of_both_boards(synthetic: Recording, figure: Figure) -> None:
    for board in synthetic.summary["boards"]:
        off_ppm = (board["rate_hz"] / board["true_rate_hz"] - 1) * 1e6
        figure(f"rate of the {board['role']}'s board, ppm off", off_ppm)
        assert abs(off_ppm) < 200
        assert 0 < board["rate_sigma_hz"] < 0.05
        assert board["true_rate_hz"] != 250


def test_it_records_what_the_boards_sent(synthetic: Recording) -> None:
    assert [board["role"] for board in synthetic.summary["boards"]] == ["patient", "therapist"]
    for board in synthetic.summary["boards"]:
        assert board["samples"] > 12 * 250
        # what was on its way when the recording ended is the emulator's alone
        assert 0 <= board["truth"]["sent"] - board["samples"] <= 5
        assert (board["lost"], board["late"], board["fault"]) == (0, 0, "")


def test_it_tells_the_newest_value_of_every_measure(synthetic: Recording) -> None:
    measures = synthetic.summary["measures"]
    asymmetry = [measure for measure in measures if measure["kind"] == "faa"]
    assert [measure["who"] for measure in asymmetry] == ["patient", "therapist"]
    assert all(measure["value"] is not None for measure in asymmetry)
    indices = {"faa", "parietal", "fmtheta", "occalpha"}
    forms = {f"{index}{form}" for index in indices for form in ("", "_rel")}
    assert {measure["kind"] for measure in measures} == {*forms, "plv", "accorr", "aec"}
    # a window of 30 s cannot be half full yet
    assert all(measure["value"] is None for measure in measures if measure["window_s"] == 30)


def test_the_file_is_whole_and_one_plain_file(synthetic: Recording) -> None:
    report = verify(synthetic.path)
    assert (report.problems, report.notes, report.state) == ((), (), "closed")
    hashed = synthetic.path.with_name(f"{synthetic.path.name}.sha256")
    card = card_file_of(synthetic.path)
    assert sorted(synthetic.path.parent.iterdir()) == [card, synthetic.path, hashed]
    told_report = told_json("verify", synthetic.path)
    assert told_report["ok"]
    assert told_report["counts"] == report.counts
    assert report.counts["samples"] == sum(b["samples"] for b in synthetic.summary["boards"])


def test_sessions_lists_it(synthetic: Recording) -> None:
    [entry] = told_json("sessions", "--sessions", synthetic.path.parent)["sessions"]
    assert (entry["id"], entry["state"]) == (synthetic.path.stem, "closed")
    assert 12 <= entry["duration_s"] < 16
    assert synthetic.path.stem in told("sessions", "--sessions", synthetic.path.parent)


def test_show_tells_the_same_as_the_recording_did(synthetic: Recording) -> None:
    shown = told_json("show", synthetic.path)
    assert [board["samples"] for board in shown["boards"]] == [
        board["samples"] for board in synthetic.summary["boards"]
    ]
    for board, recorded in zip(shown["boards"], synthetic.summary["boards"], strict=True):
        assert board["rate_hz"] == pytest.approx(recorded["true_rate_hz"], rel=200e-6)
    text = told("show", "--sessions", synthetic.path.parent, synthetic.path.stem[:8])
    assert f"session    {synthetic.path.stem}, closed" in text
    assert f"{synthetic.summary['boards'][0]['samples']} samples, 0 lost among them, 0 late" in text


def test_every_sample_has_a_later_time_than_the_one_before(synthetic: Recording) -> None:
    with SessionReader(synthetic.path) as session:
        for board in session.boards():
            assert session.timeline(board.id, 0).settled
            assert session.timeline(board.id, 0).increases()


def test_both_boards_see_the_sync_train_where_one_is_asked_for(recordings: Recordings) -> None:
    edges = {}
    for name in ("scripted", "synthetic"):
        with SessionReader(recordings(name).path) as session:
            edges[name] = Counter(edge.source for edge in session.edges())
    assert edges["synthetic"] == Counter()
    assert edges["scripted"].keys() == {"patient D11", "therapist D11"}
    assert min(edges["scripted"].values()) >= 6  # three pulses
