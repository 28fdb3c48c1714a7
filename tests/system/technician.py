"""The technician of a box: an account with sudo, and a terminal of 80 columns with a real pager."""

import subprocess

from tests.system.machine import Machine

PROGRAMS = "/programs"  # those of this directory
AS_TECHNICIAN = ("runuser", "--user=tech", "--")
AT_TERMINAL = ("python3", f"{PROGRAMS}/at_terminal.py")
INSTALL_S = 300.0
PAGED = "/run/paged"
# The real pager waits for a key; this one also says that it was begun.
SCRIPT = f"""
[ ! -e /home/tech ] || exit 0
useradd --create-home --shell /bin/bash --groups sudo tech
echo "tech ALL=(ALL) NOPASSWD: ALL" >/etc/sudoers.d/tech
mv /usr/bin/less /usr/bin/less.real
printf '#!/bin/sh\\necho "$0 $*" >>{PAGED}\\nexec /usr/bin/less.real "$@"\\n' >/usr/bin/less
chmod 755 /usr/bin/less
"""


class Technician:
    """Somebody who types one command after the other, and presses no other key."""

    def __init__(self, machine: Machine) -> None:
        """Give him an account on the machine, where he has none."""
        self._machine = machine
        machine.run("bash", "-e", "-c", SCRIPT)

    def types(self, *command: str, timeout_s: float = INSTALL_S) -> str:
        """Run a command that must succeed; what is shown."""
        done = self.tries(*command, timeout_s=timeout_s)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout}{done.stderr}"
        return done.stdout

    def tries(
        self, *command: str, timeout_s: float = INSTALL_S
    ) -> subprocess.CompletedProcess[str]:
        """Run a command that may fail; nothing may be left that waits for a key."""
        done = self._machine.attempt(*AS_TECHNICIAN, *AT_TERMINAL, *command, timeout_s=timeout_s)
        paged = self._machine.attempt("cat", PAGED).stdout
        assert paged == "", f"{' '.join(command)} opened a pager: {paged}"
        return done
