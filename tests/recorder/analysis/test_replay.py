"""A session measured again, against what was measured while it was recorded."""

from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from recorder.analysis.replay import Replayed, replay
from recorder.open import Measures, OpenSession, open_session
from recorder.rehearsal.boards import Plan
from recorder.store import inserts
from tests.arm64.minute import record
from tests.recorder import session_files
from tests.recorder.open.played import Floats, Played, Stretch, session

SECONDS = 62
# The mains are known 10 s after the start; then the measures begin anew, with windows of 30 s.
FIRST_WINDOW_S = 42.0
STORED_DIGITS = 6


def seeded() -> np.random.Generator:
    return np.random.default_rng(1)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the pipeline had in memory, to the last digit."""
    with mock.patch.multiple(inserts, VALUE="", SHARE=""):
        return record(tmp_path_factory.mktemp("whole"), Plan(seed=5), SECONDS)


@pytest.fixture(scope="module")
def again(path: Path) -> Replayed:
    with open_session(path, clock="recorded") as opened:
        return replay(opened, seeded())


def pairs_of(live: Measures, again: Replayed) -> tuple[Floats, Floats]:
    """Values of the same series and instants, live and again, outside the first window."""
    places = {
        (it.name, it.band, it.persons, it.channels): k
        for k, it in enumerate(again.definitions.rows)
    }
    found = []
    for column, row in enumerate(live.definitions):
        place = places[row.name, row.band, row.persons, row.channels]
        centre_ns = again.end_ns - round(row.window_s * 0.5e9)
        both, here, there = np.intersect1d(live.t_ns, centre_ns, return_indices=True)
        late = live.t_s[here] + row.window_s / 2 > FIRST_WINDOW_S
        rows = (live.value[here[late], column], again.value[there[late], place])
        found.append(np.stack(rows))
        assert len(both) > 0
    live_values, again_values = np.concatenate(found, axis=1)
    return live_values, again_values


def test_off_line_is_what_was_measured_on_line(path: Path, again: Replayed) -> None:
    with open_session(path) as opened:
        live, off = pairs_of(opened.measures(), again)
    np.testing.assert_array_equal(np.isnan(off), np.isnan(live))
    known = np.isfinite(live)
    assert known.sum() > 1000
    assert np.abs(off - live)[known].max() <= 1e-9


def test_what_is_stored_agrees_to_its_digits(again: Replayed, tmp_path: Path) -> None:
    stored = record(tmp_path, Plan(seed=5), SECONDS)
    with open_session(stored) as opened:
        live, off = pairs_of(opened.measures(), again)
    known = np.isfinite(live)
    allowed = 0.5 * 10.0 ** (np.floor(np.log10(np.abs(off[known]) + 1e-300)) + 1 - STORED_DIGITS)
    assert np.all(np.abs(off - live)[known] <= allowed * 1.001)


def test_every_kind_is_measured_off_line(again: Replayed) -> None:
    names = {it.name for it in again.definitions.rows}
    assert {"plv", "ccorr", "accorr", "coh", "imcoh", "wpli", "aec", "powcorr", "faa"} <= names
    assert np.isfinite(again.value[-1]).mean() > 0.6


def test_the_same_seed_gives_the_same_again(path: Path, again: Replayed) -> None:
    with open_session(path, clock="recorded") as opened:
        other = replay(opened, seeded())
    for name in ("z", "value", "clean", "percentile"):
        np.testing.assert_array_equal(getattr(other, name), getattr(again, name))


def tone(t_s: Floats) -> Floats:
    heard: Floats = 20_000 + 20 * np.sin(2 * np.pi * 10 * t_s) + 5 * np.sin(2 * np.pi * 3.3 * t_s)
    return heard


def played(tmp_path: Path, *stretches: Stretch) -> OpenSession:
    one = Played(250.3, stretches, tone)
    whole = Played(249.9, [Stretch(0.0, 250 * 30)], tone)
    return open_session(session(tmp_path / "20261123T040000Z-1f3a.antiphon", one, whole))


def test_where_somebody_is_missing_there_is_no_signal(tmp_path: Path) -> None:
    """A board that was away for five seconds, and lost half a second later on."""
    lost = Stretch(15.0, 250 * 15, lost=[range(1000, 1125)])
    with played(tmp_path, Stretch(0.0, 2500), lost) as opened:
        found = replay(opened, seeded())
    t_s = (found.start_ns - session_files.START_NS) / 1e9 + found.step_s * np.arange(
        found.z.shape[2]
    )
    there = np.isfinite(found.of_person(0).sum(axis=(0, 1)))
    assert not there[(t_s > 10) & (t_s < 15)].any()
    assert not there[(t_s > 18.98) & (t_s < 19.5)].any()
    assert there[(t_s > 1.3) & (t_s < 9.5)].mean() > 0.95
    assert there[(t_s > 16.5) & (t_s < 18.5)].mean() > 0.95
    assert there[(t_s > 21) & (t_s < 29)].mean() > 0.95
    assert np.isfinite(found.of_person(1))[..., (t_s > 1.3) & (t_s < 29)].mean() > 0.95


def test_one_person_alone_is_not_compared(tmp_path: Path) -> None:
    head = session_files.header("20261123T040000Z-1f3a")
    alone = replace(head, boards=head.boards[:1])
    path = session_files.write(tmp_path / f"{head.id}.antiphon", [session_files.block(0, 0)], alone)
    with open_session(path) as opened, pytest.raises(ValueError, match="therapist has no samples"):
        replay(opened, seeded())
