"""A box on the ward: a machine with antiphon installed, and two emulated boards."""

import re
from pathlib import Path

import msgspec

from recorder.wire.messages import Status
from tests.system.machine import Machine, wait_until

INSTALL = "/deploy/install.sh"
CONFIG = "/etc/antiphon/antiphon.toml"
BOARDS = "/run/boards"
PROGRAMS = "/programs"  # those of this directory
PYTHON = "/opt/antiphon/current/bin/python"
CAPS, SCREEN = "/run/caps.npz", "/run/screen"
INSTALL_S = 300.0
READY_S = 60.0
WATCHDOG_S = 10.0
ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|[^[])")
AS_RECORDER = ("runuser", "--user=antiphon", "--")


class Box:
    """What the tests ask of the box; made on a machine with nothing on it."""

    def __init__(self, machine: Machine) -> None:
        """Install from the wheelhouse `now`, begin the boards, name them, start the service."""
        self.machine = machine
        self.told = self.install("install", "now")
        self.waited = machine.attempt("systemctl", "is-active", "antiphon").stdout.strip()
        self.begin_boards()
        self._name_boards()
        self.begin_anew()

    def install(self, verb: str, wheels: str, *options: str) -> str:
        """Run the installer; what it says."""
        source = f"--wheelhouse=/wheelhouses/{wheels}".split("=")
        return self.machine.run(INSTALL, verb, *source, *options, timeout_s=INSTALL_S)

    def antiphon(self, *words: str) -> str:
        """Run `antiphon WORDS` as the recorder's user."""
        return self.machine.run(*AS_RECORDER, "antiphon", *words)

    def status(self) -> Status:
        """What the service says of itself."""
        return msgspec.json.decode(self.antiphon("status", "--json"), type=Status)

    def saved_s(self) -> float:
        """How much of the running session is on the disk."""
        session = self.status().session
        return 0.0 if session is None else session.saved_s

    def begin_anew(self) -> None:
        """Start the service again, with the configuration as it is now."""
        self.machine.run("systemctl", "restart", "antiphon")
        self.await_boards()

    def await_boards(self) -> None:
        """Wait until both boards stream."""
        wait_until(self._streams, "both boards stream", READY_S)

    def await_saved(self, span_s: float) -> None:
        """Wait until so much of the session is on the disk."""
        wait_until(lambda: self.saved_s() > span_s, f"{span_s:.0f} s are saved", READY_S)

    def unit(self, key: str) -> str:
        """A property of the service as systemd knows it."""
        return self.machine.run(
            "systemctl", "show", f"--property={key}", "--value", "antiphon"
        ).strip()

    def await_restart(self, signal: str) -> None:
        """Send the service a signal that it does not survive; wait until it streams again."""
        before = int(self.unit("NRestarts"))
        self.machine.run("systemctl", "kill", "--kill-who=main", f"--signal={signal}", "antiphon")
        wait_until(
            lambda: int(self.unit("NRestarts")) > before, "it is started anew", 3 * WATCHDOG_S
        )
        self.await_boards()

    def fed_us(self) -> int:
        """When the watchdog was fed last, on the machine's own clock."""
        return int(self.unit("WatchdogTimestampMonotonic"))

    def version(self) -> str:
        """Which version is in use."""
        return self.machine.run("readlink", "/opt/antiphon/current").strip()

    def begin_boards(self, *options: str) -> None:
        """Plug in both boards: they outlive the service, and its user may open them."""
        owner = ("--uid=antiphon", "--gid=antiphon", "--property=RuntimeDirectory=boards")
        program = ("/opt/antiphon/current/bin/antiphon", "emulate", "--dir", BOARDS)
        self.machine.run("systemd-run", "--unit=boards", *owner, *program, *options)

    def put_caps_on(self) -> None:
        """Boards whose caps are worn for a while, hung up, worn again."""
        self.machine.run(PYTHON, f"{PROGRAMS}/caps.py", CAPS)
        self.machine.run("systemctl", "stop", "boards")
        self.begin_boards("--replay", CAPS)

    def begin_screen(self) -> None:
        """Give the machine a first console; what is shown on it goes into SCREEN."""
        program = ("python3", f"{PROGRAMS}/terminal.py", SCREEN)
        self.machine.run("systemd-run", "--unit=terminal", *program)
        wait_until(self._has_console, "there is a first console", READY_S)

    def shown(self) -> str:
        """All that has been shown on the first console, without its colours and moves."""
        return ESCAPES.sub("", self.machine.run("cat", SCREEN))

    def told_last(self) -> str:
        """Its status and the end of its journal, for whoever looks for a failure."""
        status = self.machine.attempt(*AS_RECORDER, "antiphon", "status")
        journal = self.machine.attempt("journalctl", "--lines=40", "--unit=antiphon")
        return status.stdout + status.stderr + journal.stdout

    def configure(self, section: str, lines: str) -> str:
        """Put lines at the beginning of a section of antiphon.toml; what it was before."""
        text = self.machine.run("cat", CONFIG)
        assert f"[{section}]\n" in text
        self.machine.write(CONFIG, text.replace(f"[{section}]\n", f"[{section}]\n{lines}\n"))
        return text

    def _streams(self) -> bool:
        if self.machine.attempt("systemctl", "is-active", "antiphon").returncode:
            return False
        return {board.state for board in self.status().boards} == {"streaming"}

    def _name_boards(self) -> None:
        for role in ("patient", "therapist"):
            self.configure(role, f'port = "{BOARDS}/{role}"')
        self.configure("lsl", "outlets = true")

    def _has_console(self) -> bool:
        return self.machine.attempt("test", "-e", "/dev/tty1").returncode == 0


def session_file(recordings: Path, name: str) -> Path:
    """Where a session is, seen from outside."""
    [path] = recordings.rglob(f"{name}.antiphon")
    return path
