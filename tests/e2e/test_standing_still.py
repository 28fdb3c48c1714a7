"""The recording process stands still: stopped, swapped out, its machine paused. Boards send on.

ANTIPHON_STILL_S holds how long, a number for each time; without it once, for some seconds.
"""

import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from recorder.recording.alarms import EVENT
from recorder.store.check import verify
from recorder.store.reader import SessionReader
from tests.e2e.processes import begin_session, box, has_recorded, service, told, until_status

pytestmark = pytest.mark.alone

STILL_S = [float(text) for text in os.environ.get("ANTIPHON_STILL_S", "4").split()]
FIRST_S = 4.0
SETTLED_S = 10.0  # and so long an alarm of it stands
BETWEEN_S = SETTLED_S + 2.0
AT_ONCE_MS, THEN_MS = 20.0, 2.0
MS = 1_000_000


def test_each_sample_keeps_its_place_and_its_time(tmp_path: Path) -> None:
    woken_ns = []
    with box(tmp_path) as (boards, config), service(config, tmp_path) as process:
        session, pause = begin_session(config), threading.Event()
        seconds = FIRST_S
        for still_s in STILL_S:
            until_status(config.socket_path, has_recorded(seconds), "recorded", seconds + 60)
            process.send_signal(signal.SIGSTOP)
            pause.wait(still_s)
            process.send_signal(signal.SIGCONT)
            woken_ns.append(time.monotonic_ns())
            seconds += still_s + BETWEEN_S
        until_status(config.socket_path, has_recorded(seconds), "recorded", seconds + 60)
        told("stop", "--socket", config.socket)
        truths = boards.stop()
    name = Path(session["file"])
    path = name.parent / "done" / name.name
    assert verify(path).problems == ()
    with SessionReader(path) as file:
        assert _alarms(file) == ["this computer", "over: this computer"] * len(STILL_S)
        for board, truth in enumerate(truths):
            _check(file, board, truth, np.array(woken_ns))


def _alarms(file: SessionReader) -> list[str]:
    rows = file.query("SELECT text FROM event WHERE kind = ? ORDER BY t_ns", EVENT)
    return [text.partition(" stood")[0] for (text,) in rows]


def _check(
    file: SessionReader, board: int, truth: dict[str, Any], woken_ns: NDArray[np.int64]
) -> None:
    index, ms = _samples(file, board)
    taken_ns = truth["begin_ns"] + index * 1e9 / truth["true_rate_hz"]
    off_ms = (taken_ns - taken_ns[0]) / MS - (ms - ms[0])
    assert np.abs(off_ms).max() < 1.5, "a sample has the place of another"
    error_ms = (file.times_ns(board, 0, index) - taken_ns) / MS
    since_ns = (taken_ns[:, None] - woken_ns[None, :]).astype(np.float64)
    since_ns[since_ns < 0] = np.inf
    settled = since_ns.min(axis=1) > SETTLED_S * 1e9
    settled &= taken_ns > taken_ns[0] + SETTLED_S * 1e9
    assert np.abs(error_ms).max() < AT_ONCE_MS
    assert np.abs(error_ms[settled]).max() < THEN_MS


def _samples(file: SessionReader, board: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Index and the board's own milliseconds of all samples, all of one segment."""
    blocks = list(file.samples(board))
    assert {block.segment for block in blocks} == {0}
    index = np.concatenate([block.index for block in blocks])
    ms = np.concatenate([block.aux[:, 2] for block in blocks])
    return index, ms.astype(np.int64)
