"""The foot switch and the button: what a person presses becomes marks of the time of the press."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hardware.trigger.edges import Edge, TriggerFault
from hardware.trigger.steady import Debounced, KeptOpen
from recorder.companions.trigger_paths import line_of
from recorder.settings.buttons import ButtonSettings
from recorder.settings.file import Config

FOOT_SWITCH, BUTTON = "foot switch", "button"


@dataclass(frozen=True, slots=True)
class Press:
    """Somebody pressed something: when, what that marks, and what was pressed."""

    t_ns: int
    label: str
    source: str


class Button:
    """One device: `labels` are those of its keys, any other marks with `label`."""

    def __init__(
        self, source: KeptOpen, label: str, labels: Mapping[str, str] | None = None
    ) -> None:
        self.name = source.name
        self.fault = ""
        self._source = source
        self._label = label
        self._labels = labels or {}

    def open(self) -> None:
        """Take the device, now or when it is there."""
        self._source.open()

    def close(self) -> None:
        """Let it go."""
        self._source.close()

    def poll(self) -> list[Press]:
        """What was pressed since the last call."""
        events = self._source.poll()
        faults = [str(event) for event in events if isinstance(event, TriggerFault)]
        self.fault = "" if self._source.is_open else (faults or [self.fault])[-1]
        return [
            Press(it.t_ns, self._labels.get(it.source, self._label), self.name)
            for it in events
            if isinstance(it, Edge) and it.level
        ]


class Buttons:
    """All that can be pressed."""

    def __init__(self, buttons: Sequence[Button]) -> None:
        self._buttons = buttons

    @property
    def faults(self) -> dict[str, str]:
        """Why something cannot be used at present, by its name."""
        return {button.name: button.fault for button in self._buttons if button.fault}

    def open(self) -> None:
        """Take all devices."""
        for button in self._buttons:
            button.open()

    def close(self) -> None:
        """Let them go."""
        for button in self._buttons:
            button.close()

    def poll(self) -> list[Press]:
        """What was pressed since the last call, in the order of the presses."""
        pressed = [press for button in self._buttons for press in button.poll()]
        return sorted(pressed, key=lambda press: press.t_ns)


def buttons_of(config: Config, monotonic_ns: Callable[[], int]) -> Buttons:
    """What is configured, opened again when it is lost; each library is imported when chosen."""
    found = []
    if config.foot_switch.device:
        from hardware.buttons.keys import KeyPresses

        keys = KeyPresses(FOOT_SWITCH, config.foot_switch.device)
        labels, label = config.foot_switch.keys, config.foot_switch.label
        found.append(Button(KeptOpen(keys, monotonic_ns), label, labels))
    if config.button.line:
        found.append(Button(_gpio(config.button, monotonic_ns), config.button.label))
    return Buttons(found)


def _gpio(button: ButtonSettings, monotonic_ns: Callable[[], int]) -> KeptOpen:
    from hardware.trigger.gpio import GpioEdges

    edges = GpioEdges(
        BUTTON,
        button.chip,
        line_of(button.line),
        active_low=button.active_low,
        pull=button.pull,
    )
    return KeptOpen(Debounced(edges, button.debounce_ms * 1e-3, monotonic_ns), monotonic_ns)
