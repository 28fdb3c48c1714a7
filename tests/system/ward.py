"""Ten boxes and a workstation on one network: clones of one card, each made its own as
deploy/README.md says, with a real sshd each and every address known to all.
"""

import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.places import ROOT
from tests.system.box import CONFIG, Box, installing
from tests.system.machine import Machine, wait_until
from tests.system.technician import AS_TECHNICIAN, PROGRAMS

NAMES = tuple(f"box-{number}" for number in range(1, 11))
WORKSTATION, INBOX = "workstation", "/srv/eeg"
README = ROOT / "deploy" / "README.md"
CLONED = re.compile(r"<!-- cloned card -->\n\s*```sh\n(.*?)```", re.DOTALL)
AT_ONCE = 3
READY_S = 60.0
PATIENCE_S = 1800.0  # from here nobody sees whether a box gets on
EDITOR = "/run/editor"
ARCHIVE = f"""
useradd --create-home archive
install -d -o archive {INBOX} /home/archive/.ssh
systemctl disable --now antiphon
"""
MAKE_KEY = "ssh-keygen -q -t ed25519 -N '' -f ~/.ssh/id_ed25519"
# Itself, and through the tunnel of `sync --pull`.
KNOW_WORKSTATION = f"""
ssh-keyscan {WORKSTATION} | tee /etc/antiphon/known_hosts |
  sed 's/^{WORKSTATION} /[127.0.0.1]:2222 /' >/tmp/tunnel
cat /tmp/tunnel >>/etc/antiphon/known_hosts
"""


@dataclass
class Ward:
    """The boxes by their names, and the workstation at which the technician sits."""

    boxes: dict[str, Box]
    workstation: Machine

    def types(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Have the technician run a command at the workstation, which may fail."""
        return self.workstation.attempt(*AS_TECHNICIAN, *command, timeout_s=PATIENCE_S)

    def on(self, name: str, *command: str) -> subprocess.CompletedProcess[str]:
        """Have the technician run a command on a box, by ssh from the workstation."""
        return self.types("ssh", "-o", "BatchMode=yes", f"tech@{name}", shlex.join(command))

    def does(self, name: str, *command: str) -> str:
        """The same of one that must succeed; what it says."""
        done = self.on(name, *command)
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
        return done.stdout


@contextmanager
def ward(root: Path, wheelhouses: Path, directory: Path) -> Iterator[Ward]:
    """Make the card in `directory`, and boot everything with it."""
    binds = {
        "/wheelhouses": wheelhouses,
        "/deploy": ROOT / "deploy",
        PROGRAMS: Path(__file__).parent,
    }
    card = make_card(root, binds, directory / "card")
    with ExitStack() as stack, ThreadPoolExecutor(AT_ONCE) as pool:
        bridge = stack.enter_context(network())
        names = (*NAMES, WORKSTATION)

        def boot(name: str) -> Machine:
            machine = Machine(card, name, binds, bridge=bridge)
            stack.callback(machine.power_off)
            machine.plug_in(f"{address_of(name)}/24")
            lines = "".join(f"{address_of(one)} {one}\n" for one in names)
            machine.write("/etc/hosts", f"127.0.0.1 localhost\n{lines}")
            become(machine, name)
            return machine

        *machines, workstation = pool.map(boot, names)
        boxes = dict(zip(NAMES, pool.map(Box, machines), strict=True))
        introduce(boxes, workstation)
        yield Ward(boxes, workstation)


def make_card(root: Path, binds: dict[str, Path], card: Path) -> Path:
    """The card of a box on which antiphon was just installed."""
    subprocess.run(["cp", "--archive", str(root), str(card)], check=True)  # devices, too
    machine = Machine(card, "card", binds, keeps=True)
    try:
        Box(machine, *installing("install", "now"))
        machine.run("systemctl", "stop", "boards")
    finally:
        machine.power_off()
    # A container has its machine's id from outside, where a computer makes one.
    (card / "etc" / "machine-id").write_text("")
    return card


@contextmanager
def network() -> Iterator[str]:
    """A switch of this machine that everything is plugged into; its name."""
    name = f"ward{os.getpid()}"
    subprocess.run(["ip", "link", "add", name, "type", "bridge"], check=True)
    try:
        subprocess.run(["ip", "link", "set", name, "up"], check=True)
        yield name
    finally:
        subprocess.run(["ip", "link", "delete", name], check=True)


def address_of(name: str) -> str:
    """Where a machine is on the network."""
    return f"10.77.0.{(*NAMES, WORKSTATION).index(name) + 1}"


def cloned_card() -> list[str]:
    """What is to be done with a cloned card, but for the machine's id."""
    [block] = CLONED.findall(README.read_text(encoding="utf-8"))
    lines = [line.partition("   #")[0].strip() for line in block.strip().splitlines()]
    return [line for line in lines if "machine-id" not in line]


def become(machine: Machine, name: str) -> None:
    """Make a clone a box, or the workstation, of its own."""
    machine.write(EDITOR, f'#!/bin/sh\nsed -i \'s/^box = .*/box = "{name}"/\' "$1"\n')
    machine.run("chmod", "755", EDITOR)
    for line in cloned_card():
        own = line.replace("box-4", name)
        machine.run(*AS_TECHNICIAN, "env", f"EDITOR={EDITOR}", "bash", "-c", own)


def introduce(boxes: dict[str, Box], workstation: Machine) -> None:
    """The technician's key is known at each box, each box's at the workstation, and all hosts."""
    workstation.run("bash", "-e", "-c", ARCHIVE)
    workstation.run(*AS_TECHNICIAN, "bash", "-c", f"mkdir -m 700 ~/.ssh && {MAKE_KEY}")
    technicians = workstation.run("cat", "/home/tech/.ssh/id_ed25519.pub")
    keys = [_introduce(box, technicians) for box in boxes.values()]
    workstation.write("/home/archive/.ssh/authorized_keys", "".join(keys))
    scan = f"ssh-keyscan {' '.join(boxes)} >~/.ssh/known_hosts"
    wait_until(
        lambda: workstation.attempt(*AS_TECHNICIAN, "bash", "-c", scan).returncode == 0,
        "every box answers",
        READY_S,
    )
    configure(workstation, f"boxes = {json.dumps([f'tech@{one}' for one in boxes])}\n", "")


def _introduce(box: Box, technicians: str) -> str:
    """Let the technician into a box, and make it a key to copy with; what to allow of that."""
    machine = box.machine
    machine.run(*AS_TECHNICIAN, "mkdir", "-m", "700", "/home/tech/.ssh")
    machine.write("/home/tech/.ssh/authorized_keys", technicians)
    key = "/var/lib/antiphon/sync_key"
    machine.run("sudo", "-u", "antiphon", "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
    machine.run("bash", "-c", KNOW_WORKSTATION)
    machine.run("systemctl", "stop", "antiphon-sync.timer")  # it is asked to by hand
    return "restrict " + machine.run("cat", f"{key}.pub")


def configure(machine: Machine, above: str, below: str) -> None:
    """Put lines before and after everything else in antiphon.toml."""
    machine.write(CONFIG, above + machine.run("cat", CONFIG) + below)


def at_once(
    ward: Ward, names: Sequence[str], *command: str, threads: int
) -> list[subprocess.CompletedProcess[str]]:
    """Have a command run on several boxes, on so many at the same time."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(lambda name: ward.on(name, *command), names))
