"""The `antiphon` command: which verbs there are, and what a failure looks like to the shell.

Each verb lives in a module that is imported only when the verb is used, so that `antiphon serve`
loads no screen and `antiphon ui` no numerics.
"""

import importlib
import os
import sys

import click

from hardware.board_fault import BoardFault, FaultKind
from recorder import __version__
from recorder.failure import (
    EX_CONFIG,
    EX_IOERR,
    EX_NOINPUT,
    EX_NOPERM,
    EX_STOPPED,
    EX_TEMPFAIL,
    EX_UNAVAILABLE,
    EX_USAGE,
    Failure,
    words,
)
from recorder.settings.values import ConfigError
from recorder.wire.lines import ServiceUnreachable

FAULT_CODES = {FaultKind.DENIED: EX_NOPERM, FaultKind.BUSY: EX_TEMPFAIL}

# verb: (the module that holds it, the line `antiphon --help` shows). The screen is above this room:
# its module is known here by name only.
VERBS = {
    "demo": (
        "recorder.commands.demo",
        "Two emulated boards, the service and the screen; no hardware.",
    ),
    "record": (
        "recorder.commands.record",
        "Record from two ports in the foreground, without a screen.",
    ),
    "serve": ("recorder.commands.serve", "The service that records; systemd runs this."),
    "ui": ("tui.command", "The screen, a client of the running service."),
    "emulate": ("recorder.commands.emulate", "Virtual Cytons on pseudo-terminals."),
    "boards": (
        "recorder.commands.boards",
        "The dongles that are plugged in, and the boards behind them.",
    ),
    "impedance": ("recorder.commands.impedance", "The impedance of each electrode's contact."),
    "trigger": ("recorder.commands.trigger", "Count the camera trigger's pulses on every path."),
    "doctor": (
        "recorder.commands.doctor",
        "Whether this machine can record, and what to do if not.",
    ),
    "logs": ("recorder.commands.logs", "What the service has written lately."),
    "support-bundle": (
        "recorder.commands.support",
        "One file for whoever is to help: no EEG, no codes.",
    ),
    "status": ("recorder.commands.remote", "What the running service is doing."),
    "start": ("recorder.commands.remote", "Start a session in the running service."),
    "mark": ("recorder.commands.remote", "Mark this moment in the running session."),
    "note": ("recorder.commands.remote", "Write a note into the running session."),
    "feed": ("recorder.commands.feed", "Store another instrument's numbers in the session."),
    "stop": ("recorder.commands.remote", "Stop the running session."),
    "sessions": ("recorder.commands.sessions", "The sessions on this machine."),
    "show": ("recorder.commands.sessions", "What is in a session."),
    "verify": ("recorder.commands.verify", "Check a session file for damage."),
    "refit": ("recorder.commands.refit", "Fit the clocks of a session again, into its notes."),
    "align": ("recorder.commands.align", "Find the sync train in a video of the session."),
    "repair": ("recorder.commands.repair", "Save what can be saved of a damaged session file."),
    "export": ("recorder.commands.export", "Write a session for other programs."),
    "sync": ("recorder.commands.sync", "Copy finished sessions to workstations, verified."),
    "erase": ("recorder.commands.erase", "Erase a session, or a person's, here and in copies."),
    "prune": (
        "recorder.commands.prune",
        "Delete old sessions that a workstation proves to have.",
    ),
    "bench": ("recorder.commands.bench", "How fast and how small, on this machine."),
}


class LazyGroup(click.Group):
    """Lists every verb, loads one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, in the order of a session's life."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module that holds the verb."""
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(VERBS[cmd_name][0])
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The verbs with their lines, without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(verb, line) for verb, (_, line) in VERBS.items()])


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="antiphon")
@click.pass_context
def antiphon(context: click.Context) -> None:
    """Record the EEG of two people at once, in time with each other.

    Research use; not a medical device.

    Example: antiphon demo
    """
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def main() -> None:
    """Run the command; a failure is one line on stderr and a sysexits code."""
    # Before numpy is loaded: the products here are small, and OpenBLAS's threads would only spin.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.umask(0o027)  # what any verb makes is for this user and group only
    try:
        code = _run()
    except Failure as failure:
        click.echo(f"antiphon: {failure}", err=True)
        code = failure.code
    sys.exit(code)


def _run() -> int:
    """Run the verb; whatever can go wrong in the world comes out as a Failure."""
    try:
        code = antiphon.main(prog_name="antiphon", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        raise Failure(error.format_message(), EX_USAGE) from error
    except click.Abort as error:
        raise Failure("stopped", EX_STOPPED) from error
    except BoardFault as fault:
        raise Failure(str(fault), FAULT_CODES.get(fault.kind, EX_UNAVAILABLE)) from fault
    except ConfigError as error:
        raise Failure(str(error), EX_CONFIG) from error
    except OSError as error:
        raise Failure(words(error), _system_code(error)) from error


def _system_code(error: OSError) -> int:
    """The sysexits code of an error of the operating system or of a connection."""
    kinds: dict[type[OSError], int] = {
        ServiceUnreachable: EX_UNAVAILABLE,
        BlockingIOError: EX_TEMPFAIL,
        FileNotFoundError: EX_NOINPUT,
        PermissionError: EX_NOPERM,
    }
    return next((code for kind, code in kinds.items() if isinstance(error, kind)), EX_IOERR)
