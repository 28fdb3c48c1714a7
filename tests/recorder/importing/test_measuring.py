from pathlib import Path

import numpy as np
import pytest

from recorder.analysis.replay import replay
from recorder.importing.session import Asked
from recorder.open import OpenSession
from recorder.settings.measures import MeasureSettings
from recorder.store.check import verify
from tests.recorder.importing.files import SITES, imported, pair


def test_an_imported_session_is_measured_as_a_recorded_one_would_be(tmp_path: Path) -> None:
    chosen = MeasureSettings(pairs=(("F3", "F4"), ("F3", "nowhere")))
    asked = Asked(names=(SITES,), measures=chosen)
    done = imported(tmp_path, *pair(tmp_path, 36.0), asked=asked)
    assert verify(done.path).ok
    assert done.told["unmeasured"] == ""
    with OpenSession(done.path, "recorded") as session:
        again = replay(session, np.random.default_rng(1), chosen=MeasureSettings())
        [mine] = [
            it
            for it in session.each_measure("faa")
            if it.series.persons == ("patient",) and it.series.channels == ("F4", "F3")
        ]
        place = next(
            at
            for at, row in enumerate(again.definitions.rows)
            if (row.name, row.persons, row.channels) == ("faa", ("patient",), ("F4", "F3"))
        )
        centre_ns = again.end_ns - round(mine.series.window_s * 0.5e9)
        np.testing.assert_array_equal(mine.t_ns, centre_ns)
        np.testing.assert_allclose(mine.value, again.value[:, place], rtol=1e-4)
        assert np.isfinite(mine.value).sum() > 10
        assert {it.series.channels for it in session.each_measure("plv")} >= {("F3", "F4")}
        contacts = [(it.board, it.channel) for it in session.quality]
    assert contacts.count((0, 0)) == contacts.count((1, 7)) == 7


def test_what_cannot_be_measured_is_imported_all_the_same_and_says_why(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x_uV=np.zeros((2, 2, 300)), fs=60.0)
    done = imported(tmp_path, tmp_path / "x.npz", asked=Asked(measures=MeasureSettings()))
    assert verify(done.path).ok
    assert done.told["unmeasured"]


@pytest.mark.parametrize("seconds", [0.1, 1.0, 3.0])
def test_the_shortest_sessions_are_measured_without_a_value(tmp_path: Path, seconds: float) -> None:
    done = imported(
        tmp_path, *pair(tmp_path, seconds, 0.0), asked=Asked(measures=MeasureSettings())
    )
    assert verify(done.path).ok
