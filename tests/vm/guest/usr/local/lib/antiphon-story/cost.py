"""What the service and the screen take while two emulated boards are recorded.

On a machine whose clock counts its instructions, the time that a process has run is how many it has
executed, the kernel's for it included. Times are told in nanoseconds; who started the machine knows
how many of them an instruction has. One line goes out of the port below:

    {"told": "cost", "recorded_s": 30.2, "service": {"cpu_ns": 1530000000, "rss_kib": 48200},
     "screen": {...}, "memory_kib": 497216}
"""

import json
import os
import pty
import select
import struct
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path

import msgspec

from recorder.failure import Refused
from recorder.rehearsal import processes as demo
from recorder.rehearsal.processes import (
    ANTIPHON,
    await_service,
    emulated_boards,
    running_service,
    scratch_directory,
)
from recorder.settings.file import Config
from recorder.wire.client import ask

TOLD = Path("/dev/ttyS1")
READY_S = 180.0  # for a start from a cold disk on a slow machine
SETTLE_S = 15.0  # the windows of the measures fill, and a clock locks
SPAN_S = 30.0
LINES, COLUMNS = 48, 160
_READ_BYTES = 65536


def main() -> None:
    """Start all three, let them settle, and take the difference of two readings."""
    demo.READY_TIMEOUT_S = READY_S
    with scratch_directory() as directory, emulated_boards(directory, []) as boards:
        config = Config(sessions=str(directory), socket=str(directory / "s.sock"))
        config = boards.configure(config)
        with running_service(config, directory) as service:
            await_service(config.socket_path, service)
            with _screen(config.socket_path) as screen:
                _record(config.socket_path)
                time.sleep(SETTLE_S)
                told = _measure(config.socket_path, {"service": service.pid, "screen": screen})
    with TOLD.open("wb", buffering=0) as port:
        port.write(json.dumps({"told": "cost", **told}).encode() + b"\n")


def _record(socket: Path) -> None:
    while True:
        try:
            ask(socket, "start")
        except Refused:
            time.sleep(0.5)
        else:
            return


def _measure(socket: Path, pids: dict[str, int]) -> dict[str, object]:
    before_s, before_ns = _elapsed_s(socket), {name: _cpu_ns(pid) for name, pid in pids.items()}
    time.sleep(SPAN_S)
    after_s, after_ns = _elapsed_s(socket), {name: _cpu_ns(pid) for name, pid in pids.items()}
    costs = {
        name: {"cpu_ns": after_ns[name] - before_ns[name], "rss_kib": _rss_kib(pid)}
        for name, pid in pids.items()
    }
    return {"recorded_s": after_s - before_s, "memory_kib": _memory_kib(), **costs}


def _elapsed_s(socket: Path) -> float:
    return float(msgspec.json.decode(ask(socket, "status"))["session"]["elapsed_s"])


def _cpu_ns(pid: int) -> int:
    """How long all threads of a process have run."""
    tasks = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks)


def _rss_kib(pid: int) -> int:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


def _memory_kib() -> int:
    return int(Path("/proc/meminfo").read_text().split()[1])


@contextmanager
def _screen(socket: Path) -> Iterator[int]:
    """The screen on a terminal of its own that takes all it writes; its process."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["TERM"] = "xterm-256color"
        os.execv(ANTIPHON[0], [*ANTIPHON, "ui", "--socket", str(socket)])
    ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    threading.Thread(target=_drain, args=(terminal,), daemon=True).start()
    try:
        yield pid
    finally:
        os.kill(pid, 9)
        os.waitpid(pid, 0)


def _drain(terminal: int) -> None:
    while select.select([terminal], (), ())[0]:
        try:
            os.read(terminal, _READ_BYTES)
        except OSError:
            return


if __name__ == "__main__":
    main()
