"""Emulated boards on pseudo-terminals, served by a thread of their own."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from hardware.emulated.cyton import Behaviour, EmulatedCyton
from hardware.emulated.ports import Emulator
from hardware.emulated.source import Source
from hardware.emulated.stream import TrueTime
from tests.hardware.cyton.virtual_line import Quiet


def emulated_cyton(
    behaviour: Behaviour | None = None, source: Source | None = None
) -> EmulatedCyton:
    """A board that is switched on now; a quiet and good one by default."""
    return EmulatedCyton(
        source or Quiet(),
        behaviour or Behaviour(),
        time.monotonic_ns(),
        true_time=TrueTime(),
        rng=np.random.default_rng(7),
    )


@contextmanager
def served(emulator: Emulator) -> Iterator[None]:
    """Serve an emulator's boards in real time."""
    stop = threading.Event()
    with emulator:
        loop = threading.Thread(target=emulator.run, args=(stop.is_set,))
        loop.start()
        try:
            yield
        finally:
            stop.set()
            loop.join()


@contextmanager
def emulated_port(
    link: Path, behaviour: Behaviour | None = None, source: Source | None = None
) -> Iterator[EmulatedCyton]:
    """Serve a board on `link` in real time."""
    cyton = emulated_cyton(behaviour, source)
    with served(Emulator({link: cyton})):
        yield cyton
