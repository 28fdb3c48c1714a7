"""What it costs to take in two boards of 16 channels: our driver beside bare BrainFlow.

Both read the same two emulated boards over pseudo-terminals, one after the other, each in a process
of its own that is asked for data 20 times a second. BrainFlow is called as its own examples do.

    python -m recorder.bench.acquisition native|brainflow SECONDS PORT PORT
"""

import importlib
import importlib.util
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recorder.rehearsal.processes import emulated_boards

WAYS = ("native", "brainflow")
SETTLE_S = 2.0
POLL_S = 0.05
TIMEOUT_S = 60.0

Poll = Callable[[], int]  # fetches what has come; how many samples that was


@dataclass(frozen=True, slots=True)
class Cost:
    """One way to take in two boards.

    Attributes:
        cpu_percent: of one core, user and system time.
        samples: that came in meanwhile, of both boards.
    """

    cpu_percent: float
    samples: int


def costs(directory: Path, run_s: float, progress: Callable[[int], None]) -> dict[str, Cost]:
    """Measure each of WAYS for `run_s` seconds; without BrainFlow, that one is left out."""
    found: dict[str, Cost] = {}
    with emulated_boards(directory, ["--daisy"]) as boards:
        ports = [port["port"] for port in boards.ports]
        for number, way in enumerate(WAYS, start=1):
            if way == "native" or importlib.util.find_spec("brainflow") is not None:
                found[way] = _cost(way, run_s, ports)
            progress(number)
    return found


def _cost(way: str, run_s: float, ports: list[str]) -> Cost:
    command = [sys.executable, "-m", __name__, way, str(run_s), *ports]
    told = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=run_s + TIMEOUT_S
    )
    return Cost(**json.loads(told.stdout.splitlines()[-1]))


def main(way: str, run_s: str, *ports: str) -> None:
    """Take in the boards on `ports` for some seconds and print what that cost, as JSON."""
    with ExitStack() as opened:
        polls = [(_native if way == "native" else _brainflow)(port, opened) for port in ports]
        _poll_for(SETTLE_S, polls)
        before, begin_s = _cpu_s(), time.monotonic()
        samples = _poll_for(float(run_s), polls)
        percent = 100 * (_cpu_s() - before) / (time.monotonic() - begin_s)
    sys.stdout.write(json.dumps({"cpu_percent": percent, "samples": samples}) + "\n")


def _poll_for(span_s: float, polls: list[Poll]) -> int:
    until_s, samples = time.monotonic() + span_s, 0
    while time.monotonic() < until_s:
        time.sleep(POLL_S)
        samples += sum(poll() for poll in polls)
    return samples


def _cpu_s() -> float:
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return spent.ru_utime + spent.ru_stime


def _native(port: str, opened: ExitStack) -> Poll:
    from hardware.board import Block
    from hardware.cyton.board import CytonBoard

    board = CytonBoard(port)
    board.open()
    board.start()
    opened.callback(board.close)
    return lambda: sum(len(it) for it in board.poll() if isinstance(it, Block))


def _brainflow(port: str, opened: ExitStack) -> Poll:
    library: Any = importlib.import_module("brainflow.board_shim")
    library.BoardShim.disable_board_logger()
    wanted = library.BrainFlowInputParams()
    wanted.serial_port = port
    shim = library.BoardShim(library.BoardIds.CYTON_DAISY_BOARD, wanted)
    shim.prepare_session()
    opened.callback(shim.release_session)
    shim.start_stream()
    opened.callback(shim.stop_stream)
    return lambda: int(shim.get_board_data().shape[1])


if __name__ == "__main__":
    main(*sys.argv[1:])
