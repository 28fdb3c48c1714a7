"""[foot_switch] and [button]: what marks a moment beside the screen's keys."""

from typing import Annotated, Literal

import msgspec

from recorder.settings.values import GpioChip, MarkLabel

Line = Annotated[str, msgspec.Meta(max_length=64)]


class FootSwitchSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A foot switch or clicker, which calls itself a keyboard; without `device` there is none.

    `keys` are the labels of its keys, by the name or number of each; any other marks with `label`.
    """

    device: Annotated[
        str,
        msgspec.Meta(pattern=r"^(/dev/[^\n]{1,200})?\Z", description="a path below /dev"),
    ] = ""
    label: Annotated[str, msgspec.Meta(max_length=100)] = ""
    keys: dict[str, MarkLabel] = {}


class ButtonSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """A push button on a GPIO line; without `line` there is none."""

    chip: GpioChip = "/dev/gpiochip0"
    line: Line = ""
    label: Annotated[str, msgspec.Meta(max_length=100)] = ""
    active_low: bool = True
    pull: Literal["none", "up", "down"] = "up"
    debounce_ms: Annotated[float, msgspec.Meta(gt=0, le=100)] = 20.0
