"""liblsl: which copy of it, how it is configured, and its clock.

The lab streaming layer is a C library. pylsl, its Python face, brings a copy along for x86-64 only;
on a Pi another one must be there. Looked for, in this order:

    PYLSL_LIB                       whoever sets it means it: nothing else is tried
    the system's                    /usr/local/lib, /usr/lib/<machine>, /usr/lib
    the installer's                 /opt/antiphon/lib/liblsl.so
    pylsl's own                     in its wheel
    mne-lsl's                       in its wheel, which exists for aarch64, too; never imported

liblsl reads its configuration once in the life of a process. Unless told otherwise it speaks to the
whole network; ours keeps it on the loopback.
"""

import ctypes
import os
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from hardware.board_fault import BoardFault, FaultKind

INSTALLED = Path("/opt/antiphon/lib/liblsl.so")
SYSTEM_FOLDERS = (
    Path("/usr/local/lib"),
    Path("/usr/lib") / (sysconfig.get_config_var("MULTIARCH") or ""),
    Path("/usr/lib"),
)
OLDEST = 116  # liblsl 1.16, the oldest that pylsl can use
CLOCK_READINGS = 16

# liblsl logs to standard error what our boards say in their states: only its fatal errors are left.
_LAN = """\
[lab]
SessionID = {session_id}
[log]
level = -3
"""
# KnownPeers: without it liblsl before 1.18 finds one of two streams where only lo is up.
_LOOPBACK = """\
[ports]
IPv6 = disable
[multicast]
ResolveScope = machine
AddressesOverride = {{127.0.0.1}}
TTLOverride = 0
Interfaces = {{127.0.0.1}}
[lab]
KnownPeers = {{127.0.0.1}}
SessionID = {session_id}
[log]
level = -3
"""


@dataclass(frozen=True, slots=True)
class LslLibrary:
    """A liblsl that loads: its file, and its version, e.g. `1.18`."""

    path: str
    version: str


@dataclass(frozen=True, slots=True)
class LslSettings:
    """How liblsl is used in this process.

    Attributes:
        lan: streams of other machines are found, and ours are served to them: unencrypted.
        session_id: only streams with the same one see each other; `default` is everybody's.
        installed: where the installer put a liblsl.
    """

    lan: bool = False
    session_id: str = "default"
    installed: Path = INSTALLED

    def __post_init__(self) -> None:
        if not self.session_id.isprintable():
            raise ValueError(f"a session id is one line of text, not {self.session_id!r}")


LOOPBACK = LslSettings()

_loaded: dict[LslSettings, Any] = {}
_loading = threading.Lock()


def library(installed: Path = INSTALLED) -> LslLibrary:
    """The liblsl that is used here.

    Raises:
        BoardFault: there is none; the text says how to get one.
    """
    pip = f"run {sys.executable} -m pip install"
    if find_spec("pylsl") is None:
        raise BoardFault(FaultKind.MISSING, f"pylsl is not installed: {pip} pylsl")
    refused = []
    for path in _places(installed):
        try:
            return LslLibrary(str(path), _version(path))
        except OSError as error:
            refused.append(str(error))
    reasons = f" ({'; '.join(refused)})" if refused else ""
    if "PYLSL_LIB" in os.environ:
        text = f"no liblsl where PYLSL_LIB says{reasons}: unset PYLSL_LIB"
    else:
        text = f"no liblsl{reasons}: {pip} --no-deps mne-lsl"
    raise BoardFault(FaultKind.MISSING, text)


def load(settings: LslSettings) -> Any:
    """The module pylsl, with liblsl configured by `settings`, which hold for the whole process.

    Raises:
        BoardFault: LSL cannot be used; the text says what to do.
        RuntimeError: it is in use with other settings already.
    """
    with _loading:
        if settings not in _loaded:
            if _loaded:
                raise RuntimeError("LSL is configured once in the life of a process")
            _loaded[settings] = _import(settings)
        return _loaded[settings]


def configuration(settings: LslSettings) -> str:
    """The text of liblsl's configuration file."""
    return (_LAN if settings.lan else _LOOPBACK).format(session_id=settings.session_id)


def clock_offset_ns(pylsl: Any, monotonic_ns: Callable[[], int] = time.monotonic_ns) -> int:
    """What to add to LSL's clock (in ns) for CLOCK_MONOTONIC; 0 on Linux, but measured.

    The two clocks are read alternately; the reading that took least time says it best.
    """
    readings: list[tuple[int, int]] = []
    for _ in range(CLOCK_READINGS):
        begin_ns = monotonic_ns()
        lsl_s = pylsl.local_clock()
        end_ns = monotonic_ns()
        readings.append((end_ns - begin_ns, (begin_ns + end_ns) // 2 - round(lsl_s * 1e9)))
    return min(readings)[1]


def _places(installed: Path) -> Iterator[Path]:
    """Files that may be a liblsl, best first."""
    if named := os.environ.get("PYLSL_LIB"):
        yield Path(named)
        return
    in_wheels = [*_inside("pylsl", "lib"), *_inside("mne_lsl", "lsl", "lib")]
    folders = [*SYSTEM_FOLDERS, installed.parent, *in_wheels]
    for folder in folders:
        found = sorted(folder.glob("liblsl.so*"))
        if found:
            yield found[0]


def _inside(package: str, *folders: str) -> list[Path]:
    """A folder of an installed package, which is not imported."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return []
    return [Path(spec.origin).parent.joinpath(*folders)]


def _version(path: Path) -> str:
    """The version of the library in a file.

    Raises:
        OSError: it does not load here, is something else, or is too old.
    """
    try:
        number = ctypes.CDLL(str(path)).lsl_library_version()
    except AttributeError as error:
        raise OSError(f"{path} is not liblsl") from error
    version = f"{number // 100}.{number % 100}"
    if number < OLDEST:
        raise OSError(f"{path} is liblsl {version}, too old")
    return version


def _import(settings: LslSettings) -> Any:
    found = library(settings.installed)
    with tempfile.NamedTemporaryFile("w", prefix="antiphon-lsl-", suffix=".cfg") as file:
        file.write(configuration(settings))
        file.flush()
        with _environment(PYLSL_LIB=found.path, LSLAPICFG=file.name):
            try:
                import pylsl
            except (ImportError, RuntimeError) as error:
                text = f"pylsl cannot be used with {found.path}: {error}".partition("\n")[0]
                raise BoardFault(FaultKind.MISSING, text) from error
            pylsl.resolve_streams(0.0)  # this has liblsl read the file, which then goes
    return pylsl


@contextmanager
def _environment(**values: str) -> Iterator[None]:
    """Variables of the environment, as they are to be for a moment."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
