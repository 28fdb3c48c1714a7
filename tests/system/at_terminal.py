"""Runs a command at a terminal of 80 columns, at which nobody presses a key.

python3 at_terminal.py COMMAND...    what is shown goes to standard output

Killed, it takes the terminal away from the command, as a lost connection does.
"""

import fcntl
import os
import pty
import struct
import sys
import termios

LINES, COLUMNS = 24, 80
READ_BYTES = 65536
# Of a dumb terminal nobody would think that it can show pages.
TERMINAL = {"TERM": "xterm-256color"}


def main(command: list[str]) -> int:
    """Run it to its end; its exit code."""
    child, screen = pty.fork()
    if child == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        os.execvpe(command[0], command, {**os.environ, **TERMINAL})
    show(screen)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def show(screen: int) -> None:
    """Until nobody has the terminal open any more."""
    while True:
        try:
            shown = os.read(screen, READ_BYTES)
        except OSError:
            return
        os.write(sys.stdout.fileno(), shown)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
