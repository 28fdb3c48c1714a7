"""Rigs whose board is an amplifier's LSL stream; the amplifier is a thread of ours."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hardware import lsl_stream
from hardware.board import Board, BoardFault
from hardware.faults import FaultType, parse_fault
from hardware.lsl_board import LslBoard
from hardware.lsl_inlet import UV_PER_COUNT
from hardware.lsl_library import LOOPBACK, load
from tests.contract.board_contract import Rig, Script

RATE_HZ = 250.0
CHANNELS = 8
LOOK_S = 0.01

_numbers = count()


class Amplifier:
    """Sends samples that are their own number, in microvolts, and does what its script says."""

    def __init__(self, pylsl: Any, name: str, script: Script) -> None:
        self._pylsl = pylsl
        self._name = name
        faults = [parse_fault(text) for text in script.faults]
        self._faults = sorted(faults, key=lambda fault: fault.at_s)
        self._outlet = self._plug()
        self._begin_s = float(pylsl.local_clock()) if script.is_streaming else 0.0
        self._sent = 0  # samples that are over, sent or not
        self._silent_until_s = 0.0

    def run(self, stop: threading.Event) -> None:
        while not stop.wait(LOOK_S):
            now_s = float(self._pylsl.local_clock())
            if not self._begin_s and self._outlet is not None and self._outlet.have_consumers():
                self._begin_s = now_s
            if self._begin_s:
                self._befall(now_s)
                self._send(now_s)

    def _plug(self) -> Any:
        info = self._pylsl.StreamInfo(
            self._name, "EEG", CHANNELS, RATE_HZ, self._pylsl.cf_double64, self._name
        )
        return self._pylsl.StreamOutlet(info)

    def _befall(self, now_s: float) -> None:
        """Let the next fault happen, and what is over be over."""
        if now_s < self._silent_until_s:
            return
        if self._outlet is None:
            self._outlet = self._plug()
        if not self._faults or now_s - self._begin_s < self._faults[0].at_s:
            return
        fault = self._faults.pop(0)
        self._send(now_s)
        if fault.type is FaultType.LOSE:
            self._sent += int(fault.amount)
            return
        self._silent_until_s = now_s + fault.amount
        if fault.type is FaultType.UNPLUG:
            self._outlet = None

    def _send(self, now_s: float) -> None:
        """Send what is due; what was due while there was silence is lost."""
        due = int((now_s - self._begin_s) * RATE_HZ)
        numbers = np.arange(self._sent, due, dtype=np.float64)
        self._sent = max(self._sent, due)
        if len(numbers) and self._outlet is not None and now_s >= self._silent_until_s:
            stamps = self._begin_s + numbers / RATE_HZ
            self._outlet.push_chunk(np.repeat(numbers[:, None], CHANNELS, axis=1), stamps)


class LslRig:
    """A `Rig`."""

    def __init__(self, name: str) -> None:
        self._name = name

    def make(self, first_segment: int = 0) -> Board:
        return LslBoard(self._name, first_segment=first_segment)

    def check(self, indexes: NDArray[np.int64], counts: NDArray[np.int32]) -> None:
        numbers = np.rint(counts * UV_PER_COUNT).astype(np.int64)
        assert np.all(numbers == numbers[:, :1])
        assert (numbers[:, 0] - numbers[0, 0]).tolist() == (indexes - indexes[0]).tolist()


@contextmanager
def lsl(folder: Path, script: Script) -> Iterator[Rig]:
    """Set up an amplifier on LSL."""
    try:
        pylsl = load(LOOPBACK)
    except BoardFault as fault:
        pytest.skip(str(fault))
    name = f"contract-{os.getpid()}-{next(_numbers)}"
    if script.is_absent:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(lsl_stream, "FOUND_WITHIN_S", 0.2)
            yield LslRig(name)
        return
    stop = threading.Event()
    thread = threading.Thread(target=Amplifier(pylsl, name, script).run, args=(stop,))
    thread.start()
    yield LslRig(name)
    stop.set()
    thread.join()
