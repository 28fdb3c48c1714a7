"""antiphon.toml: what a technician sets once for a box.

Precedence: an option on the command line, then an `ANTIPHON_…` environment variable, then the file,
then the defaults below. The file is the one named by --config or ANTIPHON_CONFIG, else
/etc/antiphon/antiphon.toml where it exists.
"""

import os
import re
from pathlib import Path
from typing import Annotated

import msgspec

ROLES = ("patient", "therapist")
SYSTEM_FILE = Path("/etc/antiphon/antiphon.toml")

# Both frontal and parietal pairs, the midline and the occipital sites of the four indices in
# Fachner et al. 2019, with the second earlobe for re-referencing; SRB2 carries the first.
DEFAULT_CHANNELS = ("F3", "F4", "Fz", "P3", "P4", "O1", "O2", "A2")

Code = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,16}\Z")]
BoardName = Annotated[
    str, msgspec.Meta(pattern=r"^(cyton|brainflow:[A-Za-z0-9_]{1,60}|lsl:[^\n]{1,120})\Z")
]
Label = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9'_+-]{1,16}\Z")]


class ConfigError(ValueError):
    """The configuration cannot be used. The message is one line with the file and the line."""


class Person(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """One person's board: which it is, its port, its channels and what they are measured against.

    `board` is cyton, brainflow:NAME or lsl:STREAM (recorder/boards.py); `port` a path, or the USB
    serial number of a dongle.
    """

    board: BoardName = "cyton"
    port: str = ""
    channels: tuple[Label, ...] = DEFAULT_CHANNELS
    reference: str = "SRB2"

    def __post_init__(self) -> None:
        if len(set(self.channels)) < len(self.channels):
            raise ValueError("channels: two channels have the same label")


class Config(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Everything that can be set. `marks` are the labels of the keys 1 to 9."""

    sessions: str = ""
    socket: str = ""
    mains_hz: Annotated[float, msgspec.Meta(ge=45, le=65)] = 50.0
    marks: Annotated[tuple[str, ...], msgspec.Meta(max_length=9)] = (
        "music starts",
        "music ends",
        "shift",
        "talking",
        "movement",
    )
    patient: Person = Person()
    therapist: Person = Person()

    def person(self, role: str) -> Person:
        """The person with `role`, patient or therapist."""
        return self.patient if role == "patient" else self.therapist

    @property
    def sessions_path(self) -> Path:
        """Where session files are made."""
        return Path(self.sessions) if self.sessions else _state_home() / "antiphon" / "sessions"

    @property
    def socket_path(self) -> Path:
        """Where the service listens."""
        return Path(self.socket) if self.socket else _runtime_home() / "antiphon.sock"


def load(path: Path | None = None) -> Config:
    """Read the configuration at `path`, or the system's, or the defaults.

    Raises:
        ConfigError: the file cannot be read, is not TOML, or says something unknown.
    """
    if path is None:
        path = SYSTEM_FILE
        if not path.exists():
            return Config()
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "is not UTF-8 text"
        raise ConfigError(f"{path}: {reason}: check the path given to --config") from error
    try:
        return msgspec.toml.decode(text, type=Config)
    except msgspec.ValidationError as error:
        raise ConfigError(_located(path, text, str(error))) from error
    except msgspec.DecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error


def as_toml(config: Config) -> str:
    """A file's text that `load` reads back as `config`.

    JSON's strings and lists are TOML's, but for DEL, which TOML wants escaped.
    """
    fields = msgspec.to_builtins(config)
    people = {role: fields.pop(role) for role in ROLES}
    lines = _assignments(fields)
    for role, person in people.items():
        lines += ["", f"[{role}]", *_assignments(person)]
    return "\n".join(lines) + "\n"


def _assignments(fields: dict[str, object]) -> list[str]:
    values = {key: msgspec.json.encode(value).decode() for key, value in fields.items()}
    return [f"{key} = {value}".replace("\x7f", "\\u007f") for key, value in values.items()]


def _located(path: Path, text: str, complaint: str) -> str:
    """The validator's complaint with the number of the line it is about."""
    reason, _, where = complaint.partition(" - at ")
    keys = re.findall(r"\.(\w+)", where)
    if unknown := re.search(r"unknown field `([^`]+)`", reason):
        reason = f"unknown key `{unknown.group(1)}`; known here: {_known_keys(keys)}"
        keys.append(unknown.group(1))
    number = _line_of(text, keys) or _line_of(text, keys[:1])
    return f"{path}, line {number}: {reason}" if number else f"{path}: {complaint}"


def _known_keys(section: list[str]) -> str:
    struct: type[msgspec.Struct] = Person if section else Config
    return ", ".join(struct.__struct_fields__)


def _line_of(text: str, keys: list[str]) -> int | None:
    """The line that sets `keys` (section, key), or opens the section; None when not found."""
    section: list[str] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if header := re.match(r"\s*\[+([^\]=]+)\]", line):
            section = _parts(header.group(1))
            if section == keys:
                return number
        elif (key := re.match(r"([^=#]+)=", line)) and [*section, *_parts(key.group(1))] == keys:
            return number
    return None


def _parts(dotted: str) -> list[str]:
    """The words of a TOML key: `patient.port` and `"patient" . port` are the same."""
    return [part.strip(" \t\"'") for part in dotted.split(".")]


def _state_home() -> Path:
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")


def _runtime_home() -> Path:
    return Path(os.environ.get("XDG_RUNTIME_DIR") or f"/tmp/antiphon-{os.getuid()}")  # noqa: S108
