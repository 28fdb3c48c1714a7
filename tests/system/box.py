"""A box on the ward: a machine with antiphon installed, and two emulated boards."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import msgspec

from recorder.wire.messages import SessionStatus, Status
from tests.system.machine import Machine, wait_until
from tests.system.technician import PROGRAMS, Technician

INSTALL = "/deploy/install.sh"
CONFIG = "/etc/antiphon/antiphon.toml"
BOARDS = "/run/boards"
PYTHON = "/opt/antiphon/current/bin/python"
CAPS, SCREEN = "/run/caps.npz", "/run/screen"
READY_S = 60.0
WATCHDOG_S = 10.0
ESCAPES = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|[^[])")
AS_RECORDER = ("runuser", "--user=antiphon", "--")


class Box:
    """What the tests ask of the box."""

    def __init__(self, machine: Machine, *install: str) -> None:
        """Have antiphon installed with this command; then boards, their names, and the service.

        Without a command it is there already, and knows the boards' names.

        Attributes:
            told: what the first install has shown.
            waited: how the service was then, without boards.
        """
        self.machine = machine
        self.technician = Technician(machine)
        self.told = self.technician.types(*install) if install else ""
        self.waited = machine.attempt("systemctl", "is-active", "antiphon").stdout.strip()
        self.begin_boards()
        if install:
            self._name_boards()
        self.begin_anew()

    def install(self, verb: str, wheels: str, *options: str) -> str:
        """Have the technician run the installer; what it shows."""
        done = self.try_install(verb, wheels, *options)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def try_install(
        self, verb: str, wheels: str, *options: str
    ) -> subprocess.CompletedProcess[str]:
        """Have the technician run the installer, which may fail."""
        return self.technician.tries(*installing(verb, wheels), *options)

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

    def session(self) -> SessionStatus:
        """The running session."""
        session = self.status().session
        assert session is not None
        return session

    def begin_session(self) -> str:
        """Start one, and wait until something of it is on the disk; which it is."""
        self.antiphon("start")
        self.await_saved(3)
        return self.session().id

    def resumes_its_session(self, event: Callable[[], object]) -> str:
        """See that the running session is the same after `event`, and grows; which it is.

        That it was left on purpose is told from a death.
        """
        before, stops = self.session(), self.status().unclean_stops
        event()
        self.await_boards()
        after = self.session()
        assert after.id == before.id
        assert self.status().unclean_stops == stops
        self.await_saved(after.saved_s + 2)
        return after.id

    def begin_anew(self) -> None:
        """Start the service again, with the configuration as it is now."""
        self.machine.run("systemctl", "restart", "antiphon")
        self.await_boards()

    def await_boards(self) -> None:
        """Wait until both boards stream; complain with what the box says of itself."""
        try:
            wait_until(self._streams, "both boards stream", READY_S)
        except AssertionError as late:
            raise AssertionError(f"{late}\n{self.machine.run('antiphon', 'status')}") from late

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

    def heard_s(self) -> float:
        """For how long the service has heard the board that it has heard less of."""
        return min(it.samples for it in self.status().boards) / 250

    def version(self) -> str:
        """Which version is in use."""
        return self.machine.run("readlink", "/opt/antiphon/current").strip()

    def begin_boards(self, *options: str) -> None:
        """Plug in both boards: they outlive the service, and its user may open them."""
        owner = ("--uid=antiphon", "--gid=antiphon", "--property=RuntimeDirectory=boards")
        program = ("/opt/antiphon/current/bin/antiphon", "emulate", "--dir", BOARDS)
        self.machine.run("systemd-run", "--collect", "--unit=boards", *owner, *program, *options)

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


def installing(verb: str, wheels: str) -> tuple[str, ...]:
    """The command that installs from a wheelhouse."""
    return ("sudo", INSTALL, verb, "--wheelhouse", f"/wheelhouses/{wheels}")


def session_file(recordings: Path, name: str) -> Path:
    """Where a session is, seen from outside, also while it is put away."""
    found = recordings.rglob(f"{name}.antiphon")
    [path] = [it for it in found if not any(part.startswith(".") for part in it.parts)]
    return path
