"""A Dask cluster of this machine: a scheduler and workers, each a process that is begun again."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
LOOK_S = 0.5
# A worker's own statistics grow for its first hour, by a third of a megabyte a session.
WORKERS_NEED = {
    "OPENBLAS_NUM_THREADS": "1",
    "DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED": "false",
}


class Cluster:
    """Whatever of it dies is begun again, as systemd or Kubernetes would.

    Attributes:
        address: of the scheduler, always the same.
        held_kib: what each worker's process held of its own, at every look, by process.
        begun_again: how often something died and was begun again.
    """

    def __init__(self, workers: int, directory: Path) -> None:
        self._port = _free_port()
        self.address = f"tcp://127.0.0.1:{self._port}"
        self._directory = directory
        self._commands = [self._scheduler(), *(self._worker(it) for it in range(workers))]
        self._running: list[subprocess.Popen[bytes]] = []
        self._cpu_s: dict[int, float] = {}
        self.held_kib: dict[int, list[int]] = {}
        self.begun_again = 0
        self._ends = threading.Event()
        self._keeper = threading.Thread(target=self._keep, daemon=True)

    def _scheduler(self) -> list[str]:
        place = ["--host", "127.0.0.1", "--port", str(self._port), "--no-dashboard"]
        return [sys.executable, "-m", "distributed.cli.dask_scheduler", *place]

    def _worker(self, number: int) -> list[str]:
        limits = ["--nworkers", "1", "--nthreads", "1", "--memory-limit", "0", "--no-dashboard"]
        place = ["--no-nanny", "--local-directory", str(self._directory / f"worker{number}")]
        return [
            *(sys.executable, "-m", "distributed.cli.dask_worker", self.address),
            *limits,
            *place,
        ]

    def begin(self) -> None:
        """Begin all of it."""
        self._running = [self._begin(it) for it in self._commands]
        self._keeper.start()

    def end(self) -> None:
        """End all of it."""
        self._ends.set()
        self._keeper.join()
        for process in self._running[::-1]:
            process.kill()
            process.wait()

    def kill_worker(self) -> None:
        """As the kernel does where memory is short."""
        self._running[-1].kill()

    def kill_scheduler(self) -> None:
        """It comes back, and knows nothing."""
        self._running[0].kill()

    @property
    def cpu_s(self) -> float:
        """What all workers have used of processors so far, the dead ones, too."""
        self._look()
        return sum(self._cpu_s.values())

    def _begin(self, command: list[str]) -> subprocess.Popen[bytes]:
        told = (self._directory / "cluster.log").open("ab")
        environment = os.environ | WORKERS_NEED
        with told:
            return subprocess.Popen(command, stdout=told, stderr=told, env=environment)

    def _keep(self) -> None:
        while not self._ends.wait(LOOK_S):
            self._look()
            for place, process in enumerate(self._running):
                if process.poll() is not None:
                    self.begun_again += 1
                    self._running[place] = self._begin(self._commands[place])

    def _look(self) -> None:
        for process in self._running[1:]:
            try:
                status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
                stat = Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii")
            except OSError:
                continue
            held = [line.split()[1] for line in status.splitlines() if line.startswith("RssAnon")]
            if held:
                self.held_kib.setdefault(process.pid, []).append(int(held[0]))
                used = stat.rpartition(")")[2].split()
                self._cpu_s[process.pid] = (int(used[11]) + int(used[12])) / TICKS_PER_S


@contextmanager
def cluster(workers: int, directory: Path) -> Iterator[Cluster]:
    """One with so many workers, while it is needed."""
    directory.mkdir(parents=True, exist_ok=True)
    made = Cluster(workers, directory)
    made.begin()
    try:
        yield made
    finally:
        made.end()


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def until(condition: Callable[[], bool], what: str, patience_s: float = 3600.0) -> None:
    """Wait for something that another process does."""
    given_up_s = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > given_up_s:
            raise TimeoutError(what)
        time.sleep(0.2)
