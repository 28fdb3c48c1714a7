"""A machine to install antiphon on: Debian with systemd as PID 1, in a container."""

import os
import shutil
import signal
import subprocess
import threading
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

# The release of Debian that is installed on, and its Python.
PYTHONS = {"bookworm": "3.11", "trixie": "3.13"}
SUITE = os.environ.get("ANTIPHON_SYSTEM_SUITE", "bookworm")
PYTHON = PYTHONS[SUITE]
PACKAGES = (
    *("systemd", "systemd-sysv", "udev", "dbus", "procps", "python3", "python3-venv"),
    *("rsync", "openssh-client", "openssh-server", "ca-certificates", "bash-completion"),
    *("less", "sudo"),  # as on any box that somebody logs in to
)
TOOLS = ("systemd-nspawn", "mmdebstrap", "nsenter", "systemd-analyze")
BOOT_S = 60.0
POLL_S = 0.2
POWER_OFF = signal.SIGRTMIN + 4  # systemd(1)


def obstacle() -> str:
    """Why no such machine can be had here, "" when it can."""
    if os.geteuid() != 0:
        return "systemd-nspawn needs root"
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    if missing:
        return f"not installed: {', '.join(missing)}"
    if subprocess.run(
        ["unshare", "--pid", "--fork", "true"], capture_output=True, check=False
    ).returncode:
        return "this machine lets nobody make namespaces"
    return ""


def image(cache: Path) -> Path:
    """The root of a fresh Debian, made once; takes a minute and a network then."""
    name = f"{SUITE}-{zlib.crc32(' '.join(PACKAGES).encode()):08x}"
    root = cache / name
    if not root.exists():
        new = cache / f"{name}.new"
        shutil.rmtree(new, ignore_errors=True)
        include = f"--include={','.join(PACKAGES)}"
        command = ["mmdebstrap", "--quiet", "--variant=minbase", include, SUITE, str(new)]
        subprocess.run(command, check=True)
        new.rename(root)
    return root


def wait_until(holds: Callable[[], bool], what: str, timeout_s: float) -> None:
    """Ask again and again; complain when it does not come true in time."""
    pause = threading.Event()
    for _ in range(round(timeout_s / POLL_S)):
        if holds():
            return
        pause.wait(POLL_S)
    raise AssertionError(f"not within {timeout_s:.0f} s: {what}")


class Machine:
    """A running machine. What is written on it is forgotten, but for what is bound."""

    def __init__(self, root: Path, name: str, binds: Mapping[str, Path]) -> None:
        """Boot `root` under `name`, with directories of the host at the paths `binds` says."""
        command = ["systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit"]
        command += ["--private-network", "--volatile=overlay", "--console=read-only"]
        command += [f"--directory={root}", f"--machine={name}-{SUITE}"]
        command += [f"--bind={host}:{guest}" for guest, host in binds.items()]
        # Without this a host on version 1 of control groups lets the machine hang.
        environment = {**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
        self._nspawn = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait_until(self._has_booted, "the machine has booted", BOOT_S)
        except BaseException:
            self._nspawn.kill()
            raise

    def run(self, *command: str, timeout_s: float = 60.0) -> str:
        """Run a command as root and return what it says."""
        done = self.attempt(*command, timeout_s=timeout_s)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
        return done.stdout

    def attempt(self, *command: str, timeout_s: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run a command that may fail."""
        enter = ["nsenter", f"--target={self._pid_1()}", "--mount", "--uts", "--ipc", "--net"]
        clean = ["env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
        return subprocess.run(
            [*enter, "--pid", "--", *clean, *command],
            capture_output=True,
            text=True,
            timeout=timeout_s,
            cwd="/",
            check=False,
        )

    def write(self, path: str, text: str) -> None:
        """Make a file on the machine."""
        self.run("python3", "-c", f"open({path!r}, 'w').write({text!r})")

    def power_off(self, timeout_s: float = 60.0) -> None:
        """Shut down as the power button does; may be called twice."""
        if self._nspawn.poll() is None and (pid := self._pid_1()):
            os.kill(pid, POWER_OFF)
        try:
            self._nspawn.wait(timeout_s)
        finally:
            self._nspawn.kill()

    def _pid_1(self) -> int:
        """The machine's first process as the host counts them, 0 before there is one."""
        own = self._nspawn.pid
        children = Path(f"/proc/{own}/task/{own}/children").read_text().split()
        return int(children[0]) if children else 0

    def _has_booted(self) -> bool:
        assert self._nspawn.poll() is None, "systemd-nspawn has ended at once"
        if not self._pid_1():
            return False
        said = self.attempt("systemctl", "is-system-running").stdout.strip()
        return said in {"running", "degraded"}
