"""An emulated board on a pseudo-terminal, served by a thread of its own."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from hardware.emulated_cyton import Behaviour, EmulatedCyton
from hardware.emulated_stream import TrueTime
from hardware.emulator import Emulator
from hardware.source import Source
from tests.hardware.virtual_line import Quiet


@contextmanager
def emulated_port(
    link: Path, behaviour: Behaviour | None = None, source: Source | None = None
) -> Iterator[EmulatedCyton]:
    """Serve a board on `link` in real time."""
    cyton = EmulatedCyton(
        source or Quiet(),
        behaviour or Behaviour(),
        time.monotonic_ns(),
        true_time=TrueTime(),
        rng=np.random.default_rng(3),
    )
    stop = threading.Event()
    with Emulator({link: cyton}) as emulator:
        loop = threading.Thread(target=emulator.run, args=(stop.is_set,))
        loop.start()
        try:
            yield cyton
        finally:
            stop.set()
            loop.join()
