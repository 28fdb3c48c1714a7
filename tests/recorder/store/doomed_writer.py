"""A recorder that a test kills: records two boards in real time and says what is saved.

    python -m tests.recorder.store.doomed_writer FILE PERIOD_S

Prints `put NS` after a block is queued and `saved NS` when a newer time is saved; ends never.
"""

import sys
import threading
import time
from pathlib import Path

import numpy as np

from recorder.store.rows import BlockRow
from recorder.store.writer import SessionWriter
from tests.recorder import session_files

SAMPLES = 5
PACE_S = 0.02


def record(path: Path, period_s: float) -> None:
    writer = SessionWriter.create(path, session_files.header(path.stem), period_s=period_s)
    pace = threading.Event()
    first_index, told = 0, None
    while True:
        now_ns = time.monotonic_ns()
        for board_id in (0, 1):
            writer.put(_block(board_id, first_index, now_ns))
        _tell("put", now_ns)
        if writer.saved_t_ns != told:
            told = writer.saved_t_ns
            _tell("saved", told)
        first_index += SAMPLES
        pace.wait(PACE_S)


def _tell(kind: str, t_ns: int | None) -> None:
    sys.stdout.write(f"{kind} {t_ns}\n")
    sys.stdout.flush()


def _block(board_id: int, first_index: int, now_ns: int) -> BlockRow:
    counts = np.arange(first_index, first_index + SAMPLES, dtype=np.int32)[:, None]
    return BlockRow(
        board=board_id,
        segment=0,
        first_index=first_index,
        counts=counts * np.array([1, 2, 3], np.int32),
        aux=np.zeros((SAMPLES, 2), np.int32),
        arrival_index=np.array([first_index + SAMPLES - 1]),
        arrival_ns=np.array([now_ns]),
    )


if __name__ == "__main__":
    record(Path(sys.argv[1]), float(sys.argv[2]))
