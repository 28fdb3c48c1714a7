"""An amplifier in a process of its own: python -m tests.hardware.lsl.peer NAME SESSION_ID."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from hardware.lsl.library import LslSettings, load
from tests.places import ROOT

RATE_HZ = 250.0
CHUNK = 10


@contextmanager
def peer(name: str, session_id: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the amplifier; it is killed at the end."""
    command = [sys.executable, "-m", "tests.hardware.lsl.peer", name, session_id]
    with subprocess.Popen(command, cwd=ROOT) as process:
        try:
            yield process
        finally:
            process.kill()


def main(name: str, session_id: str) -> None:
    """Send ten samples every 40 ms, each its own number."""
    pylsl = load(LslSettings(session_id=session_id))
    outlet = pylsl.StreamOutlet(pylsl.StreamInfo(name, "EEG", 2, RATE_HZ, "float32", name))
    begin_s, pause = time.monotonic(), threading.Event()
    for first in range(0, sys.maxsize, CHUNK):
        numbers = np.arange(first, first + CHUNK)
        stamps_s = begin_s + numbers / RATE_HZ
        pause.wait(max(stamps_s[-1] - time.monotonic(), 0.0))
        outlet.push_chunk(np.repeat(numbers[:, None], 2, axis=1), stamps_s.tolist())


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
