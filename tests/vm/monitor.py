"""What is told to qemu while a machine runs: its keys, and pictures of what it shows."""

import socket
from pathlib import Path

from tests.vm.machine import Machine

PROMPT = b"(qemu) "
SAID_S, DONE_S = 60.0, 5.0


def words(monitor: Path) -> tuple[str, ...]:
    """Of qemu's command, for a monitor at this socket."""
    return ("-monitor", f"unix:{monitor},server=on,wait=off")


def say(machine: Machine, monitor: Path, lines: list[str], then_s: float = DONE_S) -> None:
    """Tell qemu something, and let the machine act for `then_s`."""
    with socket.socket(socket.AF_UNIX) as talk:
        talk.connect(str(monitor))
        talk.settimeout(SAID_S)
        _await_prompt(talk)
        for line in lines:
            talk.sendall(line.encode() + b"\n")
            _await_prompt(talk)
    machine.listen(then_s)


def _await_prompt(talk: socket.socket) -> None:
    heard = b""
    while not heard.endswith(PROMPT):
        heard += talk.recv(65536)
