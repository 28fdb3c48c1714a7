"""How many calls of the system the service makes while it records two boards, counted by strace.

    make calls

The boards are emulated ones of eight channels, the measures the usual ones, and no screen is open.
"""

import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import click

from recorder.bench.processes import begin_session
from recorder.failure import EX_UNAVAILABLE, Failure
from recorder.rehearsal.processes import (
    await_service,
    emulated_boards,
    running_service,
    scratch_directory,
)
from recorder.settings.file import Config
from recorder.wire.client import ask
from tests.results import Row, as_text, tell

AIM = 200.0
SETTLE_S = 8.0
_LINE = re.compile(r"^ *[\d.]+ +[\d.]+ +\d+ +(\d+)(?: +\d+)? +(\w+)$", re.MULTILINE)


@click.command()
@click.option("--seconds", type=click.FloatRange(5), default=20.0, help="How long to count.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def main(seconds: float, *, as_json: bool) -> None:
    """Calls of the system a second, by name."""
    if shutil.which("strace") is None:
        raise Failure("strace is not installed: apt install strace", EX_UNAVAILABLE)
    with scratch_directory() as directory:
        calls = _count(directory, seconds)
    in_all = sum(calls.values()) / seconds
    what = "calls of the system by a service that records, a second"
    rows = [Row(what, f"{in_all:.0f}", f"<= {AIM:.0f}")]
    named = {name: round(count / seconds, 1) for name, count in calls.items()}
    text = "\n".join([as_text(rows), *(f"{name} {often:g}" for name, often in named.items())])
    figures = {"per_second": round(in_all, 1), "calls": named}
    tell("calls", rows, "antiphon.calls/1", as_json=as_json, text=text, **figures)


def _count(directory: Path, seconds: float) -> dict[str, int]:
    with emulated_boards(directory, []) as boards:
        config = boards.configure(
            Config(sessions=str(directory), socket=str(directory / "antiphon.sock"))
        )
        with running_service(config, directory) as process:
            await_service(config.socket_path, process)
            begin_session(config)
            time.sleep(SETTLE_S)
            told = _traced(process.pid, seconds)
            ask(config.socket_path, "stop", timeout_s=60)
    return read(told)


def _traced(pid: int, seconds: float) -> str:
    command = ["strace", "--follow-forks", "--summary-only", f"--attach={pid}"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracing:
        time.sleep(seconds)
        tracing.send_signal(signal.SIGINT)
        return tracing.communicate(timeout=60)[1]


def read(told: str) -> dict[str, int]:
    """How often each call was made, as strace's table says, the most frequent first."""
    calls = {name: int(count) for count, name in _LINE.findall(told) if name != "total"}
    return dict(sorted(calls.items(), key=lambda it: -it[1]))


if __name__ == "__main__":
    main()
