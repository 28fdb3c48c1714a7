"""What it costs to take in two boards of 16 channels: our driver beside bare BrainFlow.

Both read the same two emulated boards over pseudo-terminals, in turns, each time in a process of
its own that is asked for data 20 times a second. BrainFlow is called as its own examples do.

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
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from recorder.rehearsal.processes import emulated_boards

NATIVE, BRAINFLOW = "native", "brainflow"
BURST_MS = 16  # as an adapter hands packets on whose timer nobody has set
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
        wakeups_per_s: how often its threads waited for something and went on, the two readers' and
            the one's that asks.
    """

    cpu_percent: float
    samples: int
    wakeups_per_s: float


@dataclass(frozen=True, slots=True)
class Compared:
    """Our driver beside BrainFlow; medians of several turns.

    Attributes:
        native_cpu_percent: of one core.
        brainflow_cpu_percent: None where BrainFlow is not installed.
        ratio: of each turn's two.
        wakeups_per_s: of both our readers.
    """

    native_cpu_percent: float
    brainflow_cpu_percent: float | None
    ratio: float | None
    wakeups_per_s: float


def ways() -> tuple[str, ...]:
    """Which ways can be measured here."""
    return (NATIVE, BRAINFLOW) if importlib.util.find_spec("brainflow") else (NATIVE,)


def compare(
    directory: Path, turns: int, run_s: float, burst_ms: int, progress: Callable[[int], None]
) -> Compared:
    """Measure each way in turn for `run_s` seconds.

    Args:
        directory: for the emulated boards.
        turns: of all ways.
        run_s: length of each run.
        burst_ms: packets come in bursts so far apart; 0 for each by itself.
        progress: told how many runs are done.
    """
    found: dict[str, list[Cost]] = {way: [] for way in ways()}
    words = ["--daisy", *([f"--burst-ms={burst_ms}"] if burst_ms else [])]
    with emulated_boards(directory, words) as boards:
        ports = [port["port"] for port in boards.ports]
        for number, way in enumerate(ways() * turns, start=1):
            found[way].append(_cost(way, run_s, ports))
            progress(number)
    native, rival = ([it.cpu_percent for it in found.get(way, [])] for way in (NATIVE, BRAINFLOW))
    ratios = [ours / theirs for ours, theirs in zip(native, rival, strict=False)]
    return Compared(
        median(native),
        median(rival) if rival else None,
        median(ratios) if ratios else None,
        median(it.wakeups_per_s for it in found[NATIVE]) - 1 / POLL_S,
    )


def _cost(way: str, run_s: float, ports: list[str]) -> Cost:
    command = [sys.executable, "-m", __name__, way, str(run_s), *ports]
    told = subprocess.run(
        command, check=True, capture_output=True, text=True, timeout=run_s + TIMEOUT_S
    )
    return Cost(**json.loads(told.stdout.splitlines()[-1]))


def main(way: str, run_s: str, *ports: str) -> None:
    """Take in the boards on `ports` for some seconds and print what that cost, as JSON."""
    with ExitStack() as opened:
        polls = [
            _native(port, turn, opened) if way == NATIVE else _brainflow(port, opened)
            for turn, port in enumerate(ports)
        ]
        _poll_for(SETTLE_S, polls)
        before, begin_s = resource.getrusage(resource.RUSAGE_SELF), time.monotonic()
        samples = _poll_for(float(run_s), polls)
        after, took_s = resource.getrusage(resource.RUSAGE_SELF), time.monotonic() - begin_s
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    cost = Cost(100 * cpu_s / took_s, samples, (after.ru_nvcsw - before.ru_nvcsw) / took_s)
    sys.stdout.write(json.dumps(asdict(cost)) + "\n")


def _poll_for(span_s: float, polls: list[Poll]) -> int:
    until_s, samples = time.monotonic() + span_s, 0
    while time.monotonic() < until_s:
        time.sleep(POLL_S)
        samples += sum(poll() for poll in polls)
    return samples


def _native(port: str, turn: int, opened: ExitStack) -> Poll:
    from hardware.board import Block
    from hardware.cyton.board import CytonBoard

    board = CytonBoard(port, turn=turn)
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
