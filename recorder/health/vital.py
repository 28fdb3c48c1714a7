"""One figure of the box's health, as it travels over the control socket."""

from typing import Literal

import msgspec

Level = Literal["ok", "warn"]


class Vital(msgspec.Struct, frozen=True):
    """What was measured, how much it is, and whether that is well.

    `value` is null when this machine does not tell. `unit` is MiB, °C, s, or "" for a count and for
    yes (1) and no (0).
    """

    name: str
    value: float | None
    unit: str
    level: Level
