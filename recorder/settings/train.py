"""[train]: where our own sync train is played."""

from typing import Literal

import msgspec

from recorder.settings.values import GpioChip, one_of, require


class TrainSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Where our own sync train is played while a session is recorded."""

    output: Literal["", "gpio", "modem"] = ""
    chip: GpioChip = "/dev/gpiochip0"
    line: str = ""
    port: str = ""
    active_low: bool = False

    def __post_init__(self) -> None:
        require(self.output == "gpio", self.line, "line: which line of the GPIO chip?")
        require(self.output == "modem", self.port, "port: which serial port?")
        if self.output == "modem":
            from hardware.trigger.modem import MODEM_OUTPUTS

            require(asked=True, given=self.line in MODEM_OUTPUTS, complaint=one_of(MODEM_OUTPUTS))
