"""`[screen]`: what the screen does beside showing."""

from typing import Annotated, Literal

import msgspec


class ScreenSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`sound` is a command with its arguments, run when nothing is recorded although it should.

    It is also run at the end of a baseline, which lasts `baseline_s`. `telephone` is whom to call
    when no service answers for a minute; `theme` how the screen begins: night, or day, which is
    light. With `blind` the measures are hidden until `h` shows them. `language` "" is that of the
    environment.
    """

    sound: tuple[Annotated[str, msgspec.Meta(min_length=1)], ...] = ()
    telephone: Annotated[str, msgspec.Meta(max_length=40)] = ""
    theme: Literal["night", "day"] = "night"
    baseline_s: Annotated[float, msgspec.Meta(ge=10, le=1800)] = 120.0
    blind: bool = False
    language: Literal["", "en", "de"] = ""
