"""What the session records, as other programs on this machine receive it."""

from pathlib import Path

import numpy as np
import pytest

from recorder.settings.file import Config
from recorder.settings.lsl import LslSettings
from recorder.store.reader import SessionReader
from tests.hardware.lsl.bench import LIMIT_S, SETTINGS, lsl
from tests.recorder.bedside import Bedside
from tests.recorder.bounded import wait_until


@pytest.fixture
def bed(tmp_path: Path) -> Bedside:
    """Two boards that stream; the streams for other programs are there."""
    lsl()
    config = Config(lsl=LslSettings(outlets=True, session_id=SETTINGS.session_id))
    bed = Bedside(tmp_path, config=config)
    bed.start()
    bed.stream_both(30.0)
    bed.run_until(3.0)
    feed = bed.recorder._feed
    assert feed is not None
    wait_until(lambda: feed._outlets is not None)
    return bed


def test_measures_arrive_in_the_order_of_their_definitions(bed: Bedside) -> None:
    pylsl, session = lsl(), bed.recorder.session
    assert session is not None
    source = f"antiphon-{session.id}-measures"
    inlet = pylsl.StreamInlet(pylsl.resolve_byprop("source_id", source, timeout=LIMIT_S)[0])
    inlet.open_stream(LIMIT_S)
    bed.run_until(16.0)
    received: list[list[float]] = []
    while (sample := inlet.pull_sample(1.0)[0]) is not None:
        received.append(sample)
    with SessionReader(bed.stop()) as file:
        stored = np.array([one.value for one in file.measures()]).T
    assert len(received) >= 10
    assert np.isfinite(received[-1]).sum() > 10
    np.testing.assert_allclose(stored[-len(received) :], received, rtol=1e-4, equal_nan=True)


def test_a_feed_that_has_ended_takes_no_more_while_the_boards_stream_on(bed: Bedside) -> None:
    session = bed.recorder.session
    assert session is not None
    session.end_companions()
    bed.run_until(6.0)
    bed.recorder.mark("shift")
    assert session.recorded_s > 5.5
    bed.stop()
