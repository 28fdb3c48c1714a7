"""The support bundle: what somebody far away needs to help, and nothing about the people.

    about.json     versions, machine             unit.txt       systemd's view of the service
    doctor.json    as antiphon doctor --json     log.txt        the service's last lines
    status.json    as antiphon status --json     kernel.txt     the kernel on USB, cards, power
    config.json    the configuration             sessions.json  ids, states, sizes
    boards.json    the dongles                   disk.json      room and kind of the disk

No EEG, no codes, no labels, no notes, no keys. Of the configuration only what is known to be
harmless is told; from all texts the words of private_words.py are taken out. A part that cannot be
made says why, in its place.
"""

import io
import json
import os
import platform
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import msgspec

from hardware.cyton.discovery import attached
from recorder import __version__, wall_clock
from recorder.doctor.examination import examine
from recorder.failure import Failure, Refused, words
from recorder.health.disk import free_bytes
from recorder.settings.file import Config
from recorder.store.catalog import sessions
from recorder.support import journal
from recorder.support.plain_config import REMOVED, without_secrets
from recorder.support.private_words import Scrubber
from recorder.wire.client import ask
from recorder.wire.messages import Status

LOG_LINES = 2000
FILE_MODE = 0o600

Part = Callable[[], str]


def parts(config: Config, config_file: Path | None, root: Path) -> dict[str, Part]:
    """What makes each file of the bundle; one after the other, the slowest takes seconds.

    Args:
        config: as it is in force.
        config_file: where it was read, None for the system's.
        root: where /dev, /sys, /proc and /run are.
    """
    directory = config.sessions_path
    return {
        "about.json": _about,
        "config.json": lambda: _json("config", config=without_secrets(config)),
        "doctor.json": lambda: _json("doctor", findings=[*map(asdict, examine(config_file, root))]),
        "status.json": lambda: _status(config.socket_path),
        "boards.json": lambda: _json("boards", dongles=[asdict(port) for port in attached(root)]),
        "disk.json": lambda: _disk(directory, root),
        "sessions.json": lambda: _sessions(directory),
        "unit.txt": journal.units_state,
        "log.txt": lambda: "\n".join(journal.unit_log(LOG_LINES, root=root)),
        "kernel.txt": lambda: "\n".join(journal.kernel_log()),
    }


def make(part: Part, scrubber: Scrubber) -> bytes:
    """One file of the bundle, without private words; when it cannot be made, the reason."""
    try:
        text = part()
    except (OSError, ValueError, Failure, Refused, msgspec.MsgspecError) as error:
        text = f"not available: {words(error)}"
    try:
        return json.dumps(scrubber.value(json.loads(text)), indent=1).encode()
    except json.JSONDecodeError:
        return scrubber.text(text).encode()


def write(file: Path, made: Mapping[str, bytes], utc_ns: int) -> None:
    """Pack the bundle, readable for its owner only.

    Raises:
        FileExistsError: there is a file of this name already.
        OSError: it cannot be written.
    """
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as bundle:
        for name, content in made.items():
            entry = tarfile.TarInfo(f"antiphon-support/{name}")
            entry.size, entry.mode = len(content), FILE_MODE
            entry.mtime = utc_ns // 1_000_000_000
            bundle.addfile(entry, io.BytesIO(content))
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
    with os.fdopen(descriptor, "wb") as out:
        out.write(packed.getvalue())


def _json(name: str, **fields: Any) -> str:
    return json.dumps({"schema": f"antiphon.{name}/1", **fields}, default=str)


def _about() -> str:
    system = platform.uname()
    return _json(
        "about",
        antiphon=__version__,
        python=platform.python_version(),
        machine=system.machine,
        kernel=f"{system.system} {system.release}",
        utc=wall_clock.utc_text(wall_clock.utc_ns()),
        synchronised=wall_clock.synchronised(),
    )


def _status(socket: Path) -> str:
    status = msgspec.json.decode(ask(socket, "status"), type=Status)
    if status.session is not None:
        people = {"patient": REMOVED, "therapist": REMOVED, "last_marker": REMOVED}
        status.session = msgspec.structs.replace(status.session, **people)
    return msgspec.json.encode(status).decode()


def _disk(directory: Path, root: Path) -> str:
    mounts = (root / "proc/mounts").read_text(encoding="utf-8", errors="replace").splitlines()
    path = directory.absolute()
    here = [fields for line in mounts if path.is_relative_to((fields := line.split())[1])]
    device, place, system, options = max(here, key=lambda fields: len(fields[1]))[:4]
    return _json(
        "disk",
        free_bytes=free_bytes(directory),
        device=device,
        mounted_at=place,
        system=system,
        options=options,
    )


def _sessions(directory: Path) -> str:
    listed = [
        {key: value for key, value in asdict(entry).items() if key not in ("path", "codes")}
        for entry in sessions(directory)
    ]
    return _json("sessions", sessions=listed)
