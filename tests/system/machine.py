"""A machine to install antiphon on: Debian with systemd as PID 1, in a container."""

import os
import shutil
import signal
import subprocess
import threading
import uuid
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

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
    """Ask again and again; complain when it does not come true in time, by an idle host's clock."""
    pause = threading.Event()
    left_s = timeout_s
    while left_s > 0:
        if holds():
            return
        pause.wait(POLL_S)
        left_s -= POLL_S / slowness()
    raise AssertionError(f"not within {timeout_s:.0f} s: {what}")


def slowness() -> float:
    """How much longer all takes on this host, as busy as it is, than where each has a core."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def control_groups(name: str) -> Path | None:
    """Make a place of its own for a machine's control groups; None where there can be none.

    Machines that share one take each other's services for their own, and stop them.
    """
    tops = (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup"))
    for top in tops:
        if (top / "cgroup.controllers").exists():
            place = top / f"antiphon-{name}-{os.getpid()}"
            place.mkdir(exist_ok=True)
            return place
    return None


def forget(groups: Path | None) -> None:
    """Take a place of control groups away again, with what is left in it."""
    places = [] if groups is None else [groups, *(it for it in groups.rglob("*") if it.is_dir())]
    for place in sorted(places, reverse=True):
        with suppress(OSError):
            place.rmdir()


def to_its_end(command: Sequence[str], timeout_s: float) -> subprocess.CompletedProcess[str]:
    """Run a command that may fail, for as long as it gets on.

    A busy host may make minutes of seconds: given up is what has computed nothing for so long, or
    has computed for so long.

    Raises:
        TimeoutExpired: it was given up, and killed.
    """
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd="/"
    ) as process:
        before_s = computed_s = 0.0
        while True:
            try:
                said = process.communicate(timeout=timeout_s)
                return subprocess.CompletedProcess(command, process.returncode, *said)
            except subprocess.TimeoutExpired:
                before_s, computed_s = computed_s, _computed_s(process.pid)
                if not before_s < computed_s < timeout_s:
                    process.kill()
                    raise


def _computed_s(pid: int) -> float:
    """For how long a process and all that it has begun have had a processor."""
    total_s = 0.0
    with suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        for one in (root, *root.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                total_s += sum(one.cpu_times()[:4])  # of those that have ended, too
    return total_s


class Machine:
    """A running machine. What is written on it is forgotten, as a rule, but for what is bound."""

    def __init__(
        self,
        root: Path,
        name: str,
        binds: Mapping[str, Path],
        *,
        bridge: str = "",
        keeps: bool = False,
    ) -> None:
        """Boot `root` under `name`, with directories of the host at the paths `binds` says.

        Args:
            bridge: of the host, that its network card is plugged into; "" for no network.
            keeps: whether what is written stays in `root`.
        """
        command = ["systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit"]
        command += [f"--network-bridge={bridge}" if bridge else "--private-network"]
        command += [] if keeps else ["--volatile=overlay"]
        command += [f"--directory={root}", f"--machine={name}-{SUITE}", "--console=read-only"]
        command += [f"--uuid={uuid.uuid5(uuid.NAMESPACE_OID, name)}"]  # else it is that of `root`
        command += [f"--bind={host}:{guest}" for guest, host in binds.items()]
        self._groups = control_groups(name)
        if self._groups is not None:
            command = [
                "sh",
                "-c",
                'echo $$ >"$0/cgroup.procs" && exec "$@"',
                str(self._groups),
                *command,
            ]
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
        """Run a command that may fail, patiently: see `to_its_end`."""
        enter = ["nsenter", f"--target={self._pid_1()}", "--mount", "--uts", "--ipc", "--net"]
        clean = ["env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
        return to_its_end([*enter, "--pid", "--", *clean, *command], timeout_s)

    def plug_in(self, address: str) -> None:
        """Give its network card an address, such as "10.0.0.1/24"; the host's own program does."""
        enter = ["nsenter", f"--target={self._pid_1()}", "--net", "--", "ip"]
        for words in (["addr", "add", address, "dev", "host0"], ["link", "set", "host0", "up"]):
            subprocess.run([*enter, *words], check=True)

    def write(self, path: str, text: str) -> None:
        """Make a file on the machine."""
        self.run("python3", "-c", f"open({path!r}, 'w').write({text!r})")

    def power_off(self, timeout_s: float = 60.0) -> None:
        """Shut down as the power button does; may be called twice."""
        if self._nspawn.poll() is None and (pid := self._pid_1()):
            os.kill(pid, POWER_OFF)
        try:
            self._nspawn.wait(timeout_s * slowness())
        finally:
            self._nspawn.kill()
            forget(self._groups)

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
