"""Benches of whole processes: the service with two emulated boards, and the screen."""

import os
import pty
import select
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import msgspec
import psutil

from recorder.failure import EX_UNAVAILABLE, Failure, Refused
from recorder.rehearsal.processes import ANTIPHON, await_service, emulated_boards, running_service
from recorder.settings.file import Config
from recorder.store.reader import SessionReader
from recorder.store.summary import summarise
from recorder.wire.client import ask
from recorder.wire.messages import SessionStatus

SETTLE_S = 5.0
# What must not be in the service's memory: a library's file name as /proc/PID/maps shows it.
FOREIGN = {"scipy": "/scipy/", "brainflow": "/brainflow/", "liblsl": "liblsl"}
# A word that the screen shows on its first page, and nothing before it does.
FIRST_WORD = b"therapist"
PAINT_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class ServiceFigures:
    """The service while it records two boards of 8 channels at 250 Hz.

    `antiphon bench` says what each figure is; `service_loads` is which of FOREIGN it has loaded.
    """

    service_cpu_percent: float
    service_rss_mib: float
    service_loads: list[str]
    serve_ready_s: float
    ui_first_paint_s: float
    stored_bytes_per_raw_byte: float


def service_figures(
    directory: Path, runs: int, run_s: float, progress: Callable[[int], None]
) -> ServiceFigures:
    """Measure a service that records; medians of `runs` stretches of `run_s` seconds."""
    with emulated_boards(directory, []) as boards:
        config = boards.configure(
            Config(sessions=str(directory), socket=str(directory / "antiphon.sock"))
        )
        ready_s = median(_ready_s(config, directory) for _ in range(runs))
        with running_service(config, directory) as process:
            await_service(config.socket_path, process)
            session = begin_session(config)
            service = psutil.Process(process.pid)
            time.sleep(SETTLE_S)
            paint_s = median(_paint_s(config.socket_path) for _ in range(runs))
            loads = _foreign_libraries(service)
            stretches = [_stretch(service, run_s, progress, run) for run in range(runs)]
            ask(config.socket_path, "stop", timeout_s=60)
    return ServiceFigures(
        service_cpu_percent=median(cpu for cpu, _ in stretches),
        service_rss_mib=median(rss for _, rss in stretches),
        service_loads=loads,
        serve_ready_s=ready_s,
        ui_first_paint_s=paint_s,
        stored_bytes_per_raw_byte=_stored_share(Path(session.file)),
    )


def _ready_s(config: Config, directory: Path) -> float:
    begin_s = time.monotonic()
    with running_service(config, directory) as process:
        await_service(config.socket_path, process)
        return time.monotonic() - begin_s


def begin_session(config: Config) -> SessionStatus:
    """Start a session as soon as both boards have been seen."""
    given_up_s = time.monotonic() + 30
    while True:
        try:
            return msgspec.json.decode(ask(config.socket_path, "start"), type=SessionStatus)
        except Refused:
            if time.monotonic() > given_up_s:
                raise
            time.sleep(0.2)


def _stretch(
    service: psutil.Process, run_s: float, progress: Callable[[int], None], run: int
) -> tuple[float, float]:
    """CPU in per cent of one core and resident MiB over one stretch."""
    before, begin_s = sum(service.cpu_times()[:2]), time.monotonic()
    time.sleep(run_s)
    spent_s = sum(service.cpu_times()[:2]) - before
    progress(run + 1)
    return 100 * spent_s / (time.monotonic() - begin_s), service.memory_info().rss / 2**20


def _foreign_libraries(service: psutil.Process) -> list[str]:
    files = [region.path for region in service.memory_maps()]
    return [name for name, mark in FOREIGN.items() if any(mark in file for file in files)]


def _stored_share(path: Path) -> float:
    """Size of a closed session file against its samples as packed 24-bit integers."""
    with SessionReader(path) as session:
        summary = summarise(session)
        channels = {board.role: len(board.channels) for board in session.boards()}
    raw = sum(3 * board["samples"] * channels[board["role"]] for board in summary["boards"])
    return float(summary["size_bytes"] / raw)


def _paint_s(socket: Path) -> float:
    """Start the screen on a terminal of its own; seconds until its first page stands there."""
    begin_s = time.monotonic()
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", COLUMNS="160", LINES="48")
        os.execv(ANTIPHON[0], [*ANTIPHON, "ui", "--socket", str(socket)])  # noqa: S606
    try:
        _await_word(terminal, begin_s + PAINT_TIMEOUT_S)
        return time.monotonic() - begin_s
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        os.close(terminal)


def _await_word(terminal: int, until_s: float) -> None:
    seen = b""
    while FIRST_WORD not in seen:
        left_s = until_s - time.monotonic()
        if left_s <= 0 or not select.select([terminal], [], [], left_s)[0]:
            raise Failure("the screen did not appear; try `antiphon ui`", EX_UNAVAILABLE)
        seen = seen[-len(FIRST_WORD) :] + os.read(terminal, 65536)
