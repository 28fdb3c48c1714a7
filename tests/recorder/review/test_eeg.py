from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recorder.open import Grid, OpenSession
from recorder.review import eeg as room
from recorder.review.eeg import BIN, NEAR_S, Seen, eeg, seen_eeg
from tests.recorder.review.sessions import short
from tests.recorder.review.unpacking import unpacked

HZ = 250.0
LABELS = {"patient": ("F3", "F4")}


def seen(seconds: int, seed: int = 1) -> Seen:
    uv = np.random.default_rng(seed).normal(0, 30, (round(seconds * HZ), 2)).astype(np.float32)
    uv[1000:1700] = np.nan
    return Seen(Grid(0, HZ, len(uv)), 0.5, {"patient": uv})


def told(seconds: int, spans: list[tuple[float, float]], *, whole: bool = False) -> Any:
    return eeg(seen(seconds), LABELS, spans, whole=whole)


def test_each_bin_has_its_lowest_and_highest() -> None:
    one = seen(20)
    bins = unpacked(told(20, [])["bins"]["patient"], 1.0, 4)
    for channel, rows in enumerate(bins.reshape(2, 2, -1)):
        for place, (low, high) in enumerate(rows.T):
            cut = one.people["patient"][place * BIN : (place + 1) * BIN, channel]
            there = cut[np.isfinite(cut)]
            expected = (there.min(), there.max()) if len(there) else (np.nan, np.nan)
            assert (low, high) == pytest.approx(expected, abs=0.51, nan_ok=True)
    assert np.isnan(bins).any()


def test_every_sample_near_a_moment_is_there_once() -> None:
    one = seen(120)
    found = told(120, [(40.0, 45.0), (50.0, 50.0), (110.0, 110.0)])
    assert found["left_out"] == 0
    times: list[float] = []
    for stretch in found["stretches"]:
        times += [stretch["begin_s"] + k / HZ for k in range(stretch["n"])]
        values = unpacked(stretch["people"]["patient"], found["step"], 2)
        begin = round((stretch["begin_s"] - one.begin_s) * HZ)
        really = one.people["patient"][begin : begin + stretch["n"]].T
        assert values == pytest.approx(really, abs=0.51, nan_ok=True)
    assert len(set(np.rint(np.array(times) * HZ))) == len(times)
    for begin_s, end_s in ((40.0, 50.0), (110.0, 110.0)):
        low_s, high_s = begin_s - NEAR_S, min(end_s + NEAR_S, 120.0)
        inside = [t for t in times if low_s <= t < high_s]
        assert len(inside) == pytest.approx((high_s - low_s) * HZ, abs=1)


def test_moments_that_do_not_fit_are_counted_and_the_first_ones_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(room, "NEAR_MOST", 60_000)
    found = told(600, [(300.0, 300.0), (100.0, 100.0), (200.0, 200.0), (500.0, 500.0)])
    assert 0 < found["left_out"] < 4
    kept = [(it["begin_s"], it["begin_s"] + it["n"] / HZ) for it in found["stretches"]]
    assert any(begin <= 300.0 <= end for begin, end in kept)


def test_all_of_it_is_made_coarser_until_it_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = told(300, [], whole=True)
    assert (whole["hz"], whole["step"]) == (HZ, 1.0)
    assert sum(it["n"] for it in whole["stretches"]) == 300 * HZ
    most = sum(len(it["people"]["patient"]) for it in whole["stretches"]) // 3
    monkeypatch.setattr(room, "ALL_MOST", most)
    coarser = told(300, [], whole=True)
    assert sum(len(it["people"]["patient"]) for it in coarser["stretches"]) < 1.1 * most
    assert coarser["hz"] < HZ


def test_holes_are_empty_and_offsets_are_gone(tmp_path: Path) -> None:
    with OpenSession(short(tmp_path / "20261123T040000Z-1f3a.antiphon"), "best") as session:
        found = seen_eeg(session, {role: session.slots(role) for role in session.roles})
    assert found is not None
    patient, therapist = (found.people[role] for role in ("patient", "therapist"))
    assert np.isnan(patient[1000:1100]).all()
    assert np.isfinite(np.delete(patient, np.s_[990:1110], axis=0)).all()
    assert np.isfinite(therapist).all()
    assert np.nanmax(therapist[500:-500]) == pytest.approx(20, abs=1)
