"""What the screen costs on a real terminal of 160 x 48, beside the real service and two boards.

    make bench-screen

Two boards of eight channels are recorded; the screen draws ten times a second, five, or two. They
take turns, so that a busy machine is busy for all. Bytes are what it writes to the terminal, which
is what ssh carries. Then the screen stands still while the service records.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import click
import msgspec
import psutil

from recorder.bench.processes import begin_session
from recorder.rehearsal.processes import (
    await_service,
    emulated_boards,
    running_service,
    scratch_directory,
)
from recorder.settings.file import Config
from recorder.settings.screen import ScreenSettings
from recorder.wire.client import ask
from recorder.wire.messages import Status
from tests.e2e.terminals import Terminal, terminal
from tests.results import Row, tell

SETTLE_S = 3.0
FROZEN_S = 10.0
WAYS = {"10 frames a second": (10.0, ()), "5": (5.0, ()), "--slow": (5.0, ("--slow",))}
CPU_AIM, RSS_AIM_MIB = 8.0, 65.0


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one stretch: per cent of a core, MiB resident, bytes a second to the terminal."""

    cpu_percent: float
    rss_mib: float
    bytes_per_s: float


@click.command()
@click.option("--seconds", type=click.FloatRange(2), default=10.0, help="How long a stretch is.")
@click.option("--rounds", type=click.IntRange(1), default=3, help="How often each takes its turn.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def main(seconds: float, rounds: int, *, as_json: bool) -> None:
    """Processor, memory and bytes of the screen, and what a frozen one does to the service."""
    found: dict[str, list[Cost]] = {way: [] for way in WAYS}
    for _ in range(rounds):
        for way, (frames_per_s, words) in WAYS.items():
            with recorded(frames_per_s) as (config, service):
                with terminal("ui", "--socket", config.socket, *words) as screen:
                    found[way].append(cost(screen, seconds))
                if way == "5":
                    frozen = frozen_screen(config, service)
    rows = [row for way, costs in found.items() for row in rows_of(way, costs)]
    rows.append(Row("service, of one core: screen looking on, and frozen", frozen, "no more"))
    rows.append(Row("load of the machine meanwhile, on its cores", f"{os.getloadavg()[0]:.1f}"))
    tell("bench-screen", rows, "antiphon.bench-screen/1", as_json=as_json)


@contextmanager
def recorded(frames_per_s: float) -> Iterator[tuple[Config, psutil.Process]]:
    """A service that records two emulated boards."""
    with scratch_directory() as directory, emulated_boards(directory, []) as boards:
        config = boards.configure(
            Config(
                sessions=str(directory / "sessions"),
                socket=str(directory / "s.sock"),
                screen=ScreenSettings(frames_per_s=frames_per_s),
            )
        )
        with running_service(config, directory) as process:
            await_service(config.socket_path, process)
            begin_session(config)
            yield config, psutil.Process(process.pid)


def cost(screen: Terminal, seconds: float) -> Cost:
    """Of a stretch, once the screen shows the recording."""
    screen.await_words("REC")
    screen.read_for(SETTLE_S)
    process = psutil.Process(screen.process.pid)
    before, written = cpu_s(process), len(screen.seen)
    begin_s = time.monotonic()
    screen.read_for(seconds)
    took_s = time.monotonic() - begin_s
    cpu_percent = 100 * (cpu_s(process) - before) / took_s
    rss_mib = process.memory_info().rss / 2**20
    return Cost(cpu_percent, rss_mib, (len(screen.seen) - written) / took_s)


def cpu_s(process: psutil.Process) -> float:
    """What all threads have taken so far, by the scheduler's own count."""
    stats = Path(f"/proc/{process.pid}/task").glob("*/schedstat")
    return sum(int(it.read_text(encoding="ascii").split()[0]) for it in stats) / 1e9


def frozen_screen(config: Config, service: psutil.Process) -> str:
    """What the service takes with a screen that reads, and with one that stands still."""
    shares = []
    with terminal("ui", "--socket", config.socket) as screen:
        screen.await_words("REC")
        for freezes in (False, True):
            if freezes:
                psutil.Process(screen.process.pid).suspend()
            screen.read_for(SETTLE_S)
            before = cpu_s(service)
            screen.read_for(FROZEN_S)
            shares.append(100 * (cpu_s(service) - before) / FROZEN_S)
    status = msgspec.json.decode(ask(config.socket_path, "status"), type=Status)
    if status.session is None or status.session.elapsed_s - status.session.saved_s > 3:
        raise AssertionError(f"the service was held up: {status}")
    return f"{shares[0]:.1f} %, {shares[1]:.1f} %"


def rows_of(way: str, costs: list[Cost]) -> Iterator[Row]:
    """Medians; the aims are of the fastest."""
    is_fastest = way == next(iter(WAYS))
    cpu = median(it.cpu_percent for it in costs)
    rss = max(it.rss_mib for it in costs)
    kilo = median(it.bytes_per_s for it in costs) / 1e3
    yield Row(f"screen, {way}: of one core", f"{cpu:.1f} %", f"{CPU_AIM:.0f} %" * is_fastest)
    yield Row(f"screen, {way}: resident", f"{rss:.0f} MiB", f"{RSS_AIM_MIB:.0f} MiB" * is_fastest)
    yield Row(f"screen, {way}: written to the terminal", f"{kilo:.1f} kB/s")


if __name__ == "__main__":
    main()
