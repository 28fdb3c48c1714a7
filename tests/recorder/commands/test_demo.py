"""`antiphon demo` hands on what it is asked for to the process that emulates."""

from typing import Any

import click

from recorder.cli import antiphon
from recorder.commands.demo import _as_arguments, demo
from recorder.commands.emulate import emulate

EVERY_OPTION = (
    *("--replay", "a.csv", "--replay", "b.csv", "--channels", "F3,F4", "--channels", "O1,O2"),
    *("--rate", "249.5", "--rate", "250.5"),
    *("--fault", "patient:3:lose:5", "--fault", "therapist:4:stall:1", "--state", "patient:off"),
    *("--firmware", "therapist:2.0.0"),
    *("--daisy", "--train", "--loss", "0.25", "--burst-ms", "16", "--seed", "7"),
)


# What both verbs take, but for the form of what they print.
NAMES = {str(it.name) for it in demo.params} & {str(it.name) for it in emulate.params} - {"as_json"}


def plan_of(command: click.Command, words: tuple[str, ...]) -> dict[str, Any]:
    """What `command` understands of the options that say what the boards are to do."""
    parent = click.Context(antiphon, **antiphon.context_settings)
    parameters = command.make_context(command.name, list(words), parent=parent).params
    return {name: parameters[name] for name in sorted(NAMES)}


def test_every_option_of_the_boards_reaches_them() -> None:
    asked, default = plan_of(demo, EVERY_OPTION), plan_of(demo, ())
    assert all(asked[name] != default[name] for name in asked)
    assert {"train", "faults", "loss"} <= asked.keys()
    assert plan_of(emulate, tuple(_as_arguments(asked))) == asked
    assert plan_of(emulate, tuple(_as_arguments(default))) == default
