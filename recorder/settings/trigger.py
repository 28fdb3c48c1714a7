"""[trigger]: where the camera's trigger is seen."""

from operator import itemgetter
from typing import Annotated, Literal

import msgspec

from recorder.settings.values import GpioChip, StreamName, one_of, require

ScriptedEdge = tuple[Annotated[float, msgspec.Meta(ge=0)], Literal[0, 1]]


class TriggerSettings(msgspec.Struct, forbid_unknown_fields=True, frozen=True):
    """Where the host sees the camera's trigger, and on which pin the boards do."""

    kind: Literal["", "gpio", "modem", "lsl", "script"] = ""
    chip: GpioChip = "/dev/gpiochip0"
    line: str = ""
    port: str = ""
    stream: StreamName = ""
    label: str = ""
    script: tuple[ScriptedEdge, ...] = ()
    active_low: bool = False
    pull: Literal["none", "up", "down"] = "none"
    debounce_ms: Annotated[float, msgspec.Meta(ge=0, le=100)] = 0.0
    pin: Literal["", "D11", "D12"] = "D11"

    def __post_init__(self) -> None:
        require(self.kind == "gpio", self.line, "line: which line of the GPIO chip?")
        require(self.kind == "modem", self.port, "port: which serial port?")
        if self.kind == "modem":
            from hardware.trigger.modem import MODEM_INPUTS

            require(asked=True, given=self.line in MODEM_INPUTS, complaint=one_of(MODEM_INPUTS))
        require(self.kind == "lsl", self.stream, "stream: which LSL stream of markers?")
        require(self.kind == "script", self.script, "script: when does which edge come?")
        in_order = list(self.script) == sorted(self.script, key=itemgetter(0))
        require(self.kind == "script", in_order, "script: not in the order of its seconds")
