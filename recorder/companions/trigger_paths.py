"""From the configuration to trigger sources and outputs; each library is imported when chosen."""

from collections.abc import Callable

from hardware.trigger.edges import ScriptedEdges, TriggerSource
from hardware.trigger.steady import Debounced, KeptOpen
from hardware.trigger.sync_train import Output
from recorder.clocks.matching import HOST
from recorder.settings.file import Config
from recorder.settings.train import TrainSettings
from recorder.settings.trigger import TriggerSettings
from recorder.wearers.boards import lsl_settings


def host_trigger(config: Config, monotonic_ns: Callable[[], int]) -> TriggerSource | None:
    """Where this machine sees the trigger, reopened whenever it is lost; None: nowhere."""
    source = bare_host_trigger(config, monotonic_ns)
    if source is None:
        return None
    if config.trigger.debounce_ms:
        source = Debounced(source, config.trigger.debounce_ms * 1e-3, monotonic_ns)
    return KeptOpen(source, monotonic_ns)


def bare_host_trigger(config: Config, monotonic_ns: Callable[[], int]) -> TriggerSource | None:
    """As `host_trigger`, as it is: its `open` tells what is wrong, and bounces are edges."""
    trigger = config.trigger
    if trigger.kind == "gpio":
        return _gpio(trigger)
    if trigger.kind == "modem":
        return _modem(trigger, monotonic_ns)
    if trigger.kind == "script":
        return ScriptedEdges(HOST, trigger.script, monotonic_ns)
    return _lsl(config, monotonic_ns) if trigger.kind == "lsl" else None


def train_output(train: TrainSettings) -> Output | None:
    """What our own train is played on; None: there is none."""
    if train.output == "gpio":
        from hardware.trigger.gpio import GpioOutput

        return GpioOutput(train.chip, line_of(train.line), active_low=train.active_low)
    if train.output == "modem":
        from hardware.trigger.modem import ModemOutput

        return ModemOutput(train.port, train.line, active_low=train.active_low)
    return None


def _gpio(trigger: TriggerSettings) -> TriggerSource:
    from hardware.trigger.gpio import GpioEdges

    line, pull = line_of(trigger.line), trigger.pull
    return GpioEdges(HOST, trigger.chip, line, active_low=trigger.active_low, pull=pull)


def _modem(trigger: TriggerSettings, monotonic_ns: Callable[[], int]) -> TriggerSource:
    from hardware.trigger.modem import ModemEdges

    return ModemEdges(
        HOST,
        trigger.port,
        trigger.line,
        active_low=trigger.active_low,
        monotonic_ns=monotonic_ns,
    )


def _lsl(config: Config, monotonic_ns: Callable[[], int]) -> TriggerSource:
    from hardware.trigger.lsl import LslEdges

    trigger, settings = config.trigger, lsl_settings(config.lsl)
    return LslEdges(
        HOST, trigger.stream, trigger.label, settings=settings, monotonic_ns=monotonic_ns
    )


def line_of(name: str) -> int | str:
    """A line by its number or name: GPIO lines have numbers, and on most machines names."""
    return int(name) if name.isdecimal() else name
