"""`[screen]`: what the screen does beside showing."""

from typing import Annotated

import msgspec


class ScreenSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """`sound` is a command with its arguments, run when nothing is recorded although it should."""

    sound: tuple[Annotated[str, msgspec.Meta(min_length=1)], ...] = ()
