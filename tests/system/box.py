"""A box on the ward: a machine with antiphon installed, and two emulated boards."""

import msgspec

from recorder.messages import Status
from tests.system.machine import Machine, wait_until

INSTALL = "/deploy/install.sh"
CONFIG = "/etc/antiphon/antiphon.toml"
BOARDS = "/run/boards"
INSTALL_S = 300.0
READY_S = 60.0
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
        machine.run("systemctl", "restart", "antiphon")
        self.await_boards()

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

    def fed_us(self) -> int:
        """When the watchdog was fed last, on the machine's own clock."""
        return int(self.unit("WatchdogTimestampMonotonic"))

    def version(self) -> str:
        """Which version is in use."""
        return self.machine.run("readlink", "/opt/antiphon/current").strip()

    def begin_boards(self) -> None:
        """Plug in both boards: they outlive the service, and its user may open them."""
        owner = ("--uid=antiphon", "--gid=antiphon", "--property=RuntimeDirectory=boards")
        program = ("/opt/antiphon/current/bin/antiphon", "emulate", "--dir", BOARDS)
        self.machine.run("systemd-run", "--unit=boards", *owner, *program)

    def _streams(self) -> bool:
        if self.machine.attempt("systemctl", "is-active", "antiphon").returncode:
            return False
        return {board.state for board in self.status().boards} == {"streaming"}

    def _name_boards(self) -> None:
        text = self.machine.run("cat", CONFIG)
        for role in ("patient", "therapist"):
            text = text.replace(f"[{role}]", f'[{role}]\nport = "{BOARDS}/{role}"')
        text = text.replace("[lsl]", "[lsl]\noutlets = true")
        self.machine.write(CONFIG, text)
