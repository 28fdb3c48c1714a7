"""`antiphon trigger`: do the pulses get everywhere?"""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from recorder.commands.options import configured, json_option, ports_options, progress_bar, tell
from recorder.failure import EX_CONFIG, EX_UNAVAILABLE, Failure
from recorder.settings.board import ROLES
from recorder.settings.file import Config

if TYPE_CHECKING:
    from hardware.trigger.edges import TriggerSource

NOTHING = "no path to watch: set [trigger] or [train] in antiphon.toml, or give --patient PORT"


@click.command()
@ports_options
@click.option(
    "--seconds",
    type=click.FloatRange(1, 3600),
    default=10.0,
    show_default=True,
    help="How long to count.",
)
@json_option
@configured()
@click.pass_context
def trigger(
    context: click.Context, /, seconds: float, config: Config, *, as_json: bool, **given: str | None
) -> None:
    """Count the pulses on every path: this machine's input, each board's pin, our train.

    If [train] is configured it is played meanwhile. Exit code 69 when a path saw nothing. Not
    beside a running service, which holds the boards.

    Example: antiphon trigger --seconds 10
    """
    from hardware.trigger.count import count_edges, in_words

    ports = {role: given[role] or config.board(role).port for role in ROLES}
    with ExitStack() as opened:
        sources = [*_host_paths(config), *_pins(config, ports, opened)]
        if not sources:
            raise Failure(NOTHING, EX_CONFIG)
        with progress_bar("counting pulses", round(seconds * 10)) as show:
            counts = count_edges(sources, seconds, time.monotonic_ns, _waiting(seconds, show))
    paths = [asdict(one) for one in counts]
    tell("antiphon.trigger/1", [in_words(counts)], as_json=as_json, seconds=seconds, paths=paths)
    context.exit(0 if all(one.edges and not one.fault for one in counts) else EX_UNAVAILABLE)


def _waiting(seconds: float, show: Callable[[int], None]) -> Callable[[float], None]:
    """Let time pass, and tell how much has."""
    begin_s = time.monotonic()

    def wait(span_s: float) -> None:
        time.sleep(span_s)
        show(min(round((time.monotonic() - begin_s) * 10), round(seconds * 10)))

    return wait


def _host_paths(config: Config) -> list["TriggerSource"]:
    """The host's input, and our own train; the input first, so that it misses no pulse."""
    import numpy as np

    from hardware.trigger.sync_train import SyncTrain, schedule
    from recorder.companions.running import TRAIN
    from recorder.companions.trigger_paths import bare_host_trigger, train_output

    host, output = bare_host_trigger(config, time.monotonic_ns), train_output(config.train)
    paths: list[TriggerSource] = [] if host is None else [host]
    if output is not None:
        paths.append(SyncTrain(output, schedule(np.random.default_rng()), name=TRAIN))
    return paths


def _pins(config: Config, ports: dict[str, str], opened: ExitStack) -> list["TriggerSource"]:
    """The pin of each board that has a port; the boards stream until `opened` is closed."""
    import msgspec

    from hardware.trigger.pin import PinEdges, PinSource
    from recorder.wearers.boards import make_board

    pin = config.trigger.pin
    sources: list[TriggerSource] = []
    for role, port in ports.items() if pin else ():
        if not port:
            continue
        board = make_board(msgspec.structs.replace(config.board(role), port=port), config.lsl)
        opened.callback(board.close)
        try:
            edges = PinEdges(role, pin, board.open().aux_labels)
        except ValueError as error:
            cure = f"set [{role}] aux to digital; pins need firmware 3"
            raise Failure(f"{error}: {cure}", EX_CONFIG) from error
        board.start()
        sources.append(PinSource(f"{role} {pin}", edges, board.poll))
    return sources
