"""A terminal at /dev/tty1 of a machine that has none: what is shown on it goes into a file.

python3 terminal.py FILE
"""

import fcntl
import os
import pty
import select
import struct
import sys
import termios
from pathlib import Path

TTY = Path("/dev/tty1")
LINES, COLUMNS = 48, 160
HUNG_UP_S = 0.1
READ_BYTES = 65536


def main(path: str) -> None:
    """Until killed."""
    screen, line = pty.openpty()
    fcntl.ioctl(line, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    TTY.symlink_to(os.ttyname(line))
    with Path(path).open("wb", buffering=0) as file:
        while True:
            try:
                file.write(os.read(screen, READ_BYTES))
            except OSError:  # nobody has it open: systemd hangs up before it gives a terminal away
                select.select((), (), (), HUNG_UP_S)


if __name__ == "__main__":
    main(sys.argv[1])
