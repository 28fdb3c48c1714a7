"""`python -m tests.recorder.other_system VERB ...`: the command without what only Linux has.

Our own code finds neither the modules nor the names that Windows and macOS lack, nor a directory
that can be opened, nor a kernel that says whether its clock is disciplined. The libraries keep what
they use: they know those systems.
"""

import builtins
import ctypes
import os
import signal
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MODULES = ("fcntl", "termios", "pty", "pwd", "grp", "resource", "gpiod", "serial")
NAMES = {
    os: ("getuid", "geteuid", "getgid", "fork", "fchmod", "O_DIRECTORY", "O_NOFOLLOW", "O_CLOEXEC"),
    socket: ("AF_UNIX",),
    time: ("tzset",),
    signal: ("SIGHUP",),
}
ASKING = ("recorder", "hardware", "dsp", "tui", "getpass")  # of pwd, for the account's name


def leave() -> None:
    """Be on another system from now on."""
    _hide_modules()
    for module, names in NAMES.items():
        for name in names:
            delattr(module, name)
    _open_no_directory()
    ctypes.CDLL = _no_libc  # type: ignore[assignment, misc]


def _hide_modules() -> None:
    found = builtins.__import__

    def find(
        name: str, globals_: Mapping[str, Any] | None = None, *others: Any, **more: Any
    ) -> Any:
        asks = str((globals_ or {}).get("__name__", ""))
        module = name.partition(".")[0]
        if module in MODULES and asks.partition(".")[0] in ASKING:
            raise ModuleNotFoundError(f"No module named {module!r}", name=module)
        return found(name, globals_, *others, **more)

    builtins.__import__ = find  # type: ignore[assignment]


def _open_no_directory() -> None:
    opened = os.open

    def open_file(path: Any, *others: Any, **more: Any) -> int:
        if Path(path).is_dir():
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *others, **more)

    os.open = open_file


def _no_libc(name: str | None, *_: Any, **__: Any) -> None:
    raise TypeError(f"there is no {name}")


if __name__ == "__main__":
    leave()
    from recorder.cli import main

    main()
