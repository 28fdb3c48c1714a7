"""antiphon.toml: what a technician sets once for a box.

Precedence: an option on the command line, then an `ANTIPHON_…` environment variable, then the file,
then the defaults below. The file is the one named by --config or ANTIPHON_CONFIG, else
/etc/antiphon/antiphon.toml where it exists.
"""

import os
import re
import tomllib
from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec

from recorder.settings.board import BoardSettings
from recorder.settings.buttons import ButtonSettings, FootSwitchSettings
from recorder.settings.camera import CameraSettings
from recorder.settings.codes import CodeSettings
from recorder.settings.complaints import ANY, Key, in_words, place_of
from recorder.settings.destination import Folder, Name, Remote, Terms, Workstation
from recorder.settings.health import HealthSettings
from recorder.settings.lsl import LslSettings
from recorder.settings.measures import MeasureSettings
from recorder.settings.screen import ScreenSettings
from recorder.settings.template import Montage, Template, over, path_of
from recorder.settings.train import TrainSettings
from recorder.settings.trigger import TriggerSettings
from recorder.settings.unattended import UnattendedSettings
from recorder.settings.values import BoxAddress, BoxName, ConfigError, MarkLabel, Minutes

S = TypeVar("S", bound=msgspec.Struct)

MAINS_HZ = (50.0, 60.0)
SYSTEM_FILE = Path("/etc/antiphon/antiphon.toml")


class Config(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Everything that can be set. `box` is what this machine is called, `boxes` are others.

    `marks` are the labels of the keys 1 to 9.

    `template` is the name or path of a template: recorder/settings/template.py. `minutes` is how
    long a session is planned to be, 0 for open-ended; `music` are names of pieces to choose from.
    `intervals` are what begins and ends: of one with a colon at its end a name is asked for.
    `group` may ask on the socket beside its owner.
    """

    box: BoxName = ""
    boxes: tuple[BoxAddress, ...] = ()
    sessions: str = ""
    socket: str = ""
    group: Annotated[
        str,
        msgspec.Meta(
            pattern=r"^([a-z_][a-z0-9_-]{0,31})?\Z", description='the name of a group, or ""'
        ),
    ] = ""
    mains_hz: float = 50.0
    marks: Annotated[tuple[str, ...], msgspec.Meta(max_length=9)] = (
        "music starts",
        "music ends",
        "shift",
        "talking",
        "movement",
    )
    intervals: Annotated[tuple[MarkLabel, ...], msgspec.Meta(max_length=9)] = (
        "music:",
        "talking",
        "intervention",
    )
    music: tuple[MarkLabel, ...] = ()
    template: str = ""
    minutes: Minutes = 0.0
    resume_within_s: Annotated[float, msgspec.Meta(ge=0)] = 3600.0
    keep_days: Annotated[float, msgspec.Meta(ge=0)] = 90.0
    retention_days: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    patient: BoardSettings = BoardSettings()
    therapist: BoardSettings = BoardSettings()
    measures: MeasureSettings = MeasureSettings()
    trigger: TriggerSettings = TriggerSettings()
    foot_switch: FootSwitchSettings = FootSwitchSettings()
    button: ButtonSettings = ButtonSettings()
    train: TrainSettings = TrainSettings()
    camera: CameraSettings = CameraSettings()
    lsl: LslSettings = LslSettings()
    unattended: UnattendedSettings = UnattendedSettings()
    screen: ScreenSettings = ScreenSettings()
    codes: CodeSettings = CodeSettings()
    health: HealthSettings = HealthSettings()
    sync: dict[Name, Workstation] = {}
    sync_folder: dict[Name, Folder] = {}
    sync_remote: dict[Name, Remote] = {}

    def __post_init__(self) -> None:
        if self.mains_hz not in MAINS_HZ:
            raise ValueError("mains_hz: 50 or 60")
        names = [*self.sync, *self.sync_folder, *self.sync_remote]
        for name in self.destinations:
            if names.count(name) > 1:
                raise ValueError(f"two destinations are called {name}")

    def board(self, role: str) -> BoardSettings:
        """The board that the patient or the therapist wears."""
        return self.patient if role == "patient" else self.therapist

    @property
    def destinations(self) -> dict[str, Terms]:
        """All that finished sessions are copied to, by name."""
        return {**self.sync, **self.sync_folder, **self.sync_remote}

    @property
    def sessions_path(self) -> Path:
        """Where session files are made."""
        return Path(self.sessions) if self.sessions else _state_home() / "antiphon" / "sessions"

    @property
    def socket_path(self) -> Path:
        """Where the service listens."""
        return Path(self.socket) if self.socket else _runtime_home() / "antiphon.sock"


# Sections with a name after their dot, each of what there may be several of.
DESTINATIONS: dict[str, type[Terms]] = {
    "sync": Workstation,
    "sync_folder": Folder,
    "sync_remote": Remote,
}
# name of each section of the file: what is in it
SECTIONS: dict[str, type[msgspec.Struct]] = {
    field.name: field.type
    for field in msgspec.structs.fields(Config)
    if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct)
}


def load(path: Path | None = None, template: str | None = None) -> Config:
    """Read the configuration at `path`, or the system's, or the defaults.

    `template` is one to be taken instead of the one that is named there.

    Raises:
        ConfigError: a file cannot be read, is not TOML, or says something unknown.
    """
    path = path or (SYSTEM_FILE if SYSTEM_FILE.exists() else None)
    text = "" if path is None else _text(path)
    config = Config() if path is None else _decoded(path, text, Config)
    name = config.template if template is None else template
    if not name:
        return config
    of = path_of(name)
    below = _text(of)
    _decoded(of, below, Template)  # what is wrong with it is told with its line
    content = over(tomllib.loads(below), tomllib.loads(text)) | {"template": name}
    try:
        return msgspec.convert(content, Config)
    except msgspec.ValidationError as error:
        raise ConfigError(f"{of} and {path} do not go together: {error}") from error


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")  # Windows puts a byte order mark before it
    except OSError as error:
        reason = f"{path}: {error.strerror}: check the path given to --config"
        raise ConfigError(reason) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not UTF-8 text: save it as UTF-8") from error


def _decoded(path: Path, text: str, root: type[S]) -> S:
    try:
        return msgspec.toml.decode(text, type=root)
    except msgspec.ValidationError as error:
        raise ConfigError(_located(path, text, str(error), root)) from error
    except msgspec.DecodeError as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error


def as_toml(config: Config) -> str:
    """A file's text that `load` reads back as `config`.

    JSON's strings and lists are TOML's, but for DEL, which TOML wants escaped.
    """
    sections = {key: getattr(config, key) for key in SECTIONS}
    fields = msgspec.to_builtins(config)
    lines = _assignments({key: fields[key] for key in fields if key not in sections})
    for name in sections:
        lines += ["", f"[{name}]", *_assignments(fields[name])]
    return "\n".join(lines) + "\n"


def _assignments(fields: dict[str, Any]) -> list[str]:
    return [f"{key} = {_toml(value)}" for key, value in fields.items()]


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        inside = ", ".join(f"{_toml(key)} = {_toml(one)}" for key, one in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    return msgspec.json.encode(value).decode().replace("\x7f", "\\u007f")


def _located(path: Path, text: str, complaint: str, root: type[msgspec.Struct]) -> str:
    """The validator's complaint in words, with the number of the line it is about."""
    reason, _, where = complaint.partition(" - at ")
    content = tomllib.loads(text)
    place = _exact(place_of(where), content)
    if unknown := re.search(r"unknown field `([^`]+)`", reason):
        keys = _keys(place)
        reason = f"unknown key `{unknown.group(1)}`; known here: {_known_keys(keys, root)}"
        keys.append(unknown.group(1))
    elif not place and (own := re.match(r"(\w+): ", reason)):
        keys = [own[1]]
    else:
        reason, keys = in_words(reason, place, content, root), _keys(place)
    number = _line_of(text, keys) or _line_of(text, keys[:1])
    return f"{path}, line {number}: {reason}" if number else f"{path}: {reason}"


def _keys(place: Iterable[Key]) -> list[str]:
    """Those that stand in the file; in a list there are none."""
    return [key for key in place if isinstance(key, str)]


def _exact(place: list[Key], content: Any) -> list[Key]:
    """Which of several destinations it is, the validator does not say: the first with a fault."""
    if len(place) < 2 or place[0] not in DESTINATIONS or place[1] != ANY:
        return place
    kind = str(place[0])
    wrong = (name for name, one in content[kind].items() if not _is_destination(one, kind))
    return [kind, next(wrong, ANY), *place[2:]]


def _is_destination(one: Any, kind: str) -> bool:
    try:
        msgspec.convert(one, DESTINATIONS[kind])
    except msgspec.ValidationError:
        return False
    return True


def _known_keys(section: list[str], root: type[msgspec.Struct]) -> str:
    own = {"montage": Montage} if root is Template else DESTINATIONS
    known: dict[str, type[msgspec.Struct]] = {**SECTIONS, **own}
    struct = known.get(section[0], root) if section else root
    return ", ".join(struct.__struct_fields__)


def _line_of(text: str, keys: list[str]) -> int | None:
    """The line that sets `keys` (section, key), or opens the section; None when not found."""
    section: list[str] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if header := re.match(r"\s*\[+([^\]=]+)\]", line):
            section = _parts(header.group(1))
            if _is_at(section, keys):
                return number
        elif (key := re.match(r"([^=#]+)=", line)) and _is_at([*section, *_parts(key[1])], keys):
            return number
    return None


def _is_at(place: list[str], keys: list[str]) -> bool:
    """Whether these are the same keys; * is any."""
    return len(place) == len(keys) and all(map(fnmatch, place, keys))


def _parts(dotted: str) -> list[str]:
    """The words of a TOML key: `patient.port` and `"patient" . port` are the same."""
    return [part.strip(" \t\"'") for part in dotted.split(".")]


def _state_home() -> Path:
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")


def _runtime_home() -> Path:
    uid = os.getuid() if hasattr(os, "getuid") else 0  # no service is on Windows
    return Path(os.environ.get("XDG_RUNTIME_DIR") or f"/tmp/antiphon-{uid}")  # noqa: S108
