"""The parts of a demonstration, each a process of its own as at the bedside."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from recorder.failure import EX_UNAVAILABLE, Failure
from recorder.settings.file import Config, as_toml
from recorder.wire.client import ask
from recorder.wire.lines import ServiceUnreachable

ANTIPHON = (sys.executable, "-m", "recorder")
STOP_TIMEOUT_S = 20.0
READY_TIMEOUT_S = 20.0


@dataclass(slots=True)
class Boards:
    """Two emulated boards in a process of their own."""

    process: subprocess.Popen[str]
    ports: list[dict[str, Any]]

    def configure(self, config: Config) -> Config:
        """`config` with these ports and the channels that they carry."""
        people = {
            port["role"]: msgspec.structs.replace(
                config.board(port["role"]), port=port["port"], channels=tuple(port["labels"])
            )
            for port in self.ports
        }
        return msgspec.structs.replace(config, **people)

    def stop(self) -> list[dict[str, Any]]:
        """End them; what each really did."""
        self.process.terminate()
        told, _ = self.process.communicate(timeout=STOP_TIMEOUT_S)
        boards: list[dict[str, Any]] = json.loads(told)["boards"]
        return boards


@contextmanager
def emulated_boards(directory: Path, arguments: list[str]) -> Iterator[Boards]:
    """Start `antiphon emulate` with `arguments`; ended on leaving.

    Raises:
        Failure: it refused its arguments; its own line and exit code.
    """
    parent = str(os.getpid())
    process = subprocess.Popen(
        [*ANTIPHON, "emulate", "--dir", str(directory), "--parent", parent, "--json", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # a Ctrl-C is for us: the boards are ended last
    )
    try:
        yield Boards(process, _ports_of(process))
    finally:
        process.kill()
        process.communicate()


def _ports_of(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    line = process.stdout.readline() if process.stdout is not None else ""
    told = json.loads(line) if line else {}
    if "boards" in told:
        ports: list[dict[str, Any]] = told["boards"]
        return ports
    _, complaint = process.communicate()
    raise Failure(complaint.strip().removeprefix("antiphon: "), process.returncode)


@contextmanager
def scratch_directory() -> Iterator[Path]:
    """A short-lived directory for ports and sockets: a socket's path must be short."""
    with TemporaryDirectory(prefix="antiphon-", ignore_cleanup_errors=True) as path:
        yield Path(path)


@contextmanager
def running_service(config: Config, directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Start `antiphon serve` with `config`, its log in `directory`; stopped in order on leaving."""
    file = directory / "antiphon.toml"
    file.write_text(as_toml(config), encoding="utf-8")
    with (directory / "service.log").open("wb") as log:
        process = subprocess.Popen([*ANTIPHON, "serve", "--config", file], stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(STOP_TIMEOUT_S)


def await_service(socket: Path, service: subprocess.Popen[bytes]) -> None:
    """Wait until the service answers.

    Raises:
        Failure: it ended, or does not answer for READY_TIMEOUT_S.
    """
    given_up_s = time.monotonic() + READY_TIMEOUT_S
    while time.monotonic() < given_up_s and service.poll() is None:
        try:
            ask(socket, "status")
        except ServiceUnreachable:
            time.sleep(0.05)
        else:
            return
    raise Failure("the service did not start; try `antiphon serve` to see why", EX_UNAVAILABLE)
