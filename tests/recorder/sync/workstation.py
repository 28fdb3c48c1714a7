"""A workstation to copy to: a real sshd of our own on this machine, with its own port and keys."""

import getpass
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.recorder.bounded import wait_until
from tests.recorder.sync.cutting_line import CuttingLine

SSHD = Path("/usr/sbin/sshd")
MISSING = [name for name in ("ssh", "ssh-keygen", "rsync") if shutil.which(name) is None]
WHY_NOT = f"not installed: {', '.join(MISSING) or SSHD} (apt install openssh-server rsync)"
CAN_RUN = SSHD.exists() and not MISSING


@dataclass(frozen=True)
class Workstation:
    """Where it is, who may come in, and the line that leads to it."""

    directory: Path
    line: CuttingLine

    @property
    def inbox(self) -> Path:
        return self.directory / "inbox"

    @property
    def held(self) -> list[str]:
        """The names of the files it holds."""
        return sorted(path.name for path in self.inbox.iterdir())

    def fields(self, **other: object) -> dict[str, object]:
        """The section that describes it, as it is in the configuration."""
        usual = {
            "host": "127.0.0.1",
            "path": str(self.inbox),
            "user": getpass.getuser(),
            "port": self.line.port,
            "key": str(self.directory / "box_key"),
            "known_hosts": str(self.directory / "known_hosts"),
        }
        return {**usual, **other}


def make_key(path: Path) -> str:
    """Make a pair of keys; the public one."""
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path.with_suffix(".pub").read_text(encoding="ascii")


def pin(directory: Path, port: int, public_key: str) -> None:
    """Believe this host key, and no other, of what answers at the port."""
    line = f"[127.0.0.1]:{port} {public_key}"
    (directory / "known_hosts").write_text(line, encoding="ascii")


@contextmanager
def workstation(directory: Path) -> Iterator[Workstation]:
    """An sshd that lets in whoever has the box's key; ends with the context."""
    (directory / "inbox").mkdir()
    host_key = make_key(directory / "host_key")
    (directory / "authorized_keys").write_text(f"restrict {make_key(directory / 'box_key')}")
    port = _free_port()
    (directory / "sshd_config").write_text(_settings(directory, port))
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # sshd's own, made by its unit elsewhere
    log = (directory / "sshd.log").open("wb")
    command = [str(SSHD), "-D", "-e", "-f", str(directory / "sshd_config")]
    with log, subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=log) as sshd:
        line = CuttingLine(port)
        try:
            wait_until(lambda: sshd.poll() is not None or _answers(port))
            pin(directory, line.port, host_key)
            yield Workstation(directory, line)
        finally:
            line.close()
            sshd.terminate()


def _settings(directory: Path, port: int) -> str:
    lines = (
        f"Port {port}",
        "ListenAddress 127.0.0.1",
        f"HostKey {directory}/host_key",
        f"AuthorizedKeysFile {directory}/authorized_keys",
        "PasswordAuthentication no",
        "KbdInteractiveAuthentication no",
        "PermitRootLogin prohibit-password",
        "StrictModes no",
        "UsePAM no",
        "PidFile none",
        "LogLevel ERROR",
        "MaxStartups 100",
        f"SetEnv HOME={directory}",  # whatever the user's shell reads at home stays out of this
        "KexAlgorithms curve25519-sha256",  # the one that is quick to work out
    )
    return "\n".join(lines) + "\n"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False
