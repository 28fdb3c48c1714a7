"""`[screen]`: what the screen does beside showing."""

from typing import Annotated, Literal

import msgspec

from recorder.settings.board import ROLES

Gate = Literal["boards", "contacts", "tap"]
RoleLabel = Annotated[str, msgspec.Meta(pattern=r"^[^\s{}][^\n{}]{0,19}\Z")]


class ScreenSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`sound` is a command with its arguments, run when nothing is recorded although it should.

    It is also run at the end of a baseline, which lasts `baseline_s`. `telephone` is whom to call
    when no service answers for a minute; `theme` how the screen begins: night, or day, which is
    light. With `blind` the measures are hidden until `h` shows them. `language` "" is that of the
    environment. Traces are drawn `frames_per_s` times a second; by `ui --slow` twice. `roles` is
    what the patient and the therapist are called. `gates` are what has to be well before a session,
    or is passed with a reason: that both boards are there, all contacts, and the tap test.
    """

    sound: tuple[Annotated[str, msgspec.Meta(min_length=1)], ...] = ()
    telephone: Annotated[str, msgspec.Meta(max_length=40)] = ""
    theme: Literal["night", "day"] = "night"
    baseline_s: Annotated[float, msgspec.Meta(ge=10, le=1800)] = 120.0
    blind: bool = False
    language: Literal["", "en", "de"] = ""
    frames_per_s: Annotated[float, msgspec.Meta(ge=1, le=10)] = 5.0
    gates: tuple[Gate, ...] = ("boards", "contacts")
    roles: dict[str, RoleLabel] = {}

    def __post_init__(self) -> None:
        if unknown := sorted(set(self.roles) - set(ROLES)):
            raise ValueError(f"roles: {unknown[0]} is none; there are {' and '.join(ROLES)}")
