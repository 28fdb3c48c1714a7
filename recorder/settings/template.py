"""A template: what belongs to a kind of session, below what antiphon.toml says itself.

It is a TOML file: NAME.toml shipped beside this, or in /etc/antiphon/templates, or any path.
"""

from pathlib import Path
from typing import Annotated, Any

import msgspec

from recorder.settings.board import BoardSettings, ChannelKind
from recorder.settings.camera import CameraSettings
from recorder.settings.screen import ScreenSettings
from recorder.settings.values import ConfigError, Label, MarkLabel, Minutes

PLACES = (Path("/etc/antiphon/templates"), Path(__file__).parent / "templates")
Marks = Annotated[tuple[MarkLabel, ...], msgspec.Meta(max_length=9)]


class Montage(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """What both wear: see BoardSettings."""

    channels: tuple[Label, ...]
    reference: str = BoardSettings().reference
    kinds: dict[Label, ChannelKind] = {}

    def __post_init__(self) -> None:
        BoardSettings(channels=self.channels, kinds=self.kinds)


class Template(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A kind of session. The keys are those of the configuration, and mean what they mean there."""

    marks: Marks | None = None
    intervals: Marks | None = None
    music: tuple[MarkLabel, ...] | None = None
    minutes: Minutes | None = None
    montage: Montage | None = None
    screen: ScreenSettings | None = None
    camera: CameraSettings | None = None


def path_of(name: str) -> Path:
    """The file of a template, by its name or its path.

    Raises:
        ConfigError: there is none of this name.
    """
    if "/" in name or name.endswith(".toml"):
        return Path(name)
    for place in PLACES:
        path = place / f"{name}.toml"
        if path.exists():
            return path
    raise ConfigError(f"no template is called {name!r}; known: {', '.join(known())}")


def known() -> list[str]:
    """The names of those that are there."""
    return sorted({path.stem for place in PLACES for path in place.glob("*.toml")})


def over(template: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
    """A configuration's content on top of a template's."""
    montage = template.pop("montage", None)
    if montage is not None:
        template |= {"patient": montage, "therapist": montage}
    return _merged(template, content)


def _merged(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Section by section; of a section key by key."""
    sections = {
        key: {**below[key], **value}
        for key, value in above.items()
        if isinstance(value, dict) and isinstance(below.get(key), dict)
    }
    return {**below, **above, **sections}
