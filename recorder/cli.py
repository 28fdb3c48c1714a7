"""The `antiphon` command: which verbs there are, and what a failure looks like to the shell.

Each verb lives in a module that is imported only when the verb is used, so that `antiphon serve`
loads no screen and `antiphon ui` no numerics.
"""

import importlib
import io
import json
import os
import sys
from keyword import iskeyword

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
    Answer,
    Failure,
    words,
)
from recorder.plain_text import shown
from recorder.settings.values import ConfigError

FAULT_CODES = {FaultKind.DENIED: EX_NOPERM, FaultKind.BUSY: EX_TEMPFAIL}

# verb: the line `antiphon --help` shows.
VERBS = {
    "demo": "Two emulated boards, the service and the screen; no hardware.",
    "record": "Record from two ports in the foreground, without a screen.",
    "serve": "The service that records; systemd runs this.",
    "ui": "The screen, a client of the running service.",
    "watch": "What the screen shows, line by line, for logs and screen readers.",
    "emulate": "Virtual Cytons on pseudo-terminals.",
    "boards": "The dongles that are plugged in, and the boards behind them.",
    "radio": "Each dongle's radio channel; move a dongle and its board.",
    "impedance": "The impedance of each electrode's contact.",
    "trigger": "Count the camera trigger's pulses on every path.",
    "doctor": "Whether this machine can record, and what to do if not.",
    "logs": "What the service has written lately.",
    "support-bundle": "One file for whoever is to help: no EEG, no codes.",
    "status": "What the running service is doing.",
    "start": "Start a session in the running service.",
    "mark": "Mark this moment in the running session.",
    "note": "Write a note into the running session.",
    "confirm": "Say who is who, when both boards were away.",
    "feed": "Store another instrument's numbers in the session.",
    "stop": "Stop the running session.",
    "sessions": "The sessions on this machine.",
    "show": "What is in a session.",
    "verify": "Check a session file for damage.",
    "analyze": "Measure a session again, and test it, into its notes.",
    "cohort": "Many sessions, on any number of machines.",
    "refit": "Fit the clocks of a session again, into its notes.",
    "relabel": "Say what a session's channels are called.",
    "align": "Find the sync train in a video of the session.",
    "music": "What the music was like, by a recording's sound.",
    "transcript": "What was said, from a file into a session's notes.",
    "find": "Where a word was said, in all sessions.",
    "raters": "Moments of interest, how far raters agree on them.",
    "repair": "Save what can be saved of a damaged session file.",
    "import": "Make a session of other programs' recordings.",
    "export": "Write a session for other programs.",
    "review": "A session as one page: video, words, both brains, chance.",
    "sync": "Copy finished sessions to workstations, verified.",
    "erase": "Erase a session, or a person's, here and in copies.",
    "consent": "What the two agreed to, and taking it back afterwards.",
    "strike": "Take a mark or note out for good.",
    "prune": "Delete old sessions that a workstation proves to have.",
    "disclosures": "What has left this machine, and what was erased on it.",
    "update": "Another version on this box, or the one before again.",
    "bench": "How fast and how small, on this machine.",
}
# Where a verb is that has no module of its name. The screen is above this room: known by name only.
ELSEWHERE = {
    "ui": "tui.command",
    "watch": "tui.watch",
    "support-bundle": "recorder.commands.support",
    "show": "recorder.commands.sessions",
    "import": "recorder.commands.importing",
    **dict.fromkeys(
        ("status", "start", "mark", "note", "confirm", "stop"), "recorder.commands.remote"
    ),
}
# What is installed beside the command; the paragraph is not rewrapped.
MORE_HELP = """\b
Manual page: man antiphon
Completion:  eval "$(_ANTIPHON_COMPLETE=bash_source antiphon)", or zsh_source
Exit codes:  64 usage, 65 damaged, 66 not there, 69 not available, 75 not now, 78 configuration
"""


# The reading half: what analysts do on their own machines, which run any system.
ANYWHERE = (
    *("sessions", "show", "verify", "analyze", "cohort", "export", "review", "relabel"),
    "disclosures",
)
# Modules that only Linux has, or that need it here: serial ports, their pins, accounts, locks.
OF_LINUX = ("fcntl", "termios", "pty", "pwd", "grp", "resource", "gpiod", "serial")
NEEDS_LINUX = f"this needs Linux; on any system: {', '.join(ANYWHERE)}"


def module_of(verb: str) -> str:
    """The module that holds a verb."""
    return ELSEWHERE.get(verb, f"recorder.commands.{verb}")


class LazyGroup(click.Group):
    """Lists every verb, loads one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, in the order of a session's life."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module that holds the verb."""
        if cmd_name not in VERBS:
            return None
        if sys.platform != "linux" and cmd_name not in ANYWHERE:
            raise Failure(f"{cmd_name}: {NEEDS_LINUX}", EX_UNAVAILABLE)
        if cmd_name == "serve":
            # asyncio takes TLS along where it finds it, 4.6 MiB that a Unix socket does not need.
            sys.modules.setdefault("ssl", None)  # type: ignore[arg-type]
        module = importlib.import_module(module_of(cmd_name))
        name = cmd_name.replace("-", "_")
        command: click.Command = getattr(module, name + "_" * iskeyword(name))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The verbs with their lines, without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=MORE_HELP,
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
    # Whoever has set the variable has decided otherwise.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.umask(0o027)  # what any verb makes is for this user and group only
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that lacks a sign shows a ?
    answer = Answer()
    try:
        code = _run(answer)
    except Failure as failure:
        click.echo(shown(f"antiphon: {failure}"), err=True)
        if _wants_json(sys.argv[1:]) and not answer.given:
            click.echo(_as_json(failure))
        code = failure.code
    sys.exit(code)


def _wants_json(arguments: list[str]) -> bool:
    """Whether it was asked for, also in a command line that is not understood."""
    return "--json" in arguments[: (*arguments, "--").index("--")]


def _as_json(failure: Failure) -> str:
    """A script reads one object from stdout, whatever happens: its schema tells which it is.

    The line for people is on stderr all the same, where cron and the journal find it.
    """
    told = {"schema": "antiphon.error/1", "error": str(failure), "code": failure.code}
    return json.dumps(told)


def _run(answer: Answer) -> int:
    """Run the verb; whatever can go wrong in the world comes out as a Failure."""
    try:
        code = antiphon.main(prog_name="antiphon", standalone_mode=False, obj=answer)
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        raise Failure(error.format_message(), EX_USAGE) from error
    except click.Abort as error:
        raise Failure("stopped", EX_STOPPED) from error
    except BoardFault as fault:
        raise Failure(str(fault), FAULT_CODES.get(fault.kind, EX_UNAVAILABLE)) from fault
    except ConfigError as error:
        raise Failure(str(error), EX_CONFIG) from error
    except UnicodeEncodeError as error:  # what cannot be stored or sent as it was typed
        raise Failure(f"{error.object!r:.200}: not UTF-8 text", EX_USAGE) from error
    except ModuleNotFoundError as error:
        if error.name not in OF_LINUX:
            raise
        raise Failure(NEEDS_LINUX, EX_UNAVAILABLE) from error
    except OSError as error:
        raise Failure(words(error), _system_code(error)) from error


def _system_code(error: OSError) -> int:
    """The sysexits code of an error of the operating system or of a connection."""
    from recorder.wire.lines import ServiceUnreachable

    kinds: dict[type[OSError], int] = {
        ServiceUnreachable: EX_UNAVAILABLE,
        BlockingIOError: EX_TEMPFAIL,
        FileNotFoundError: EX_NOINPUT,
        PermissionError: EX_NOPERM,
    }
    return next((code for kind, code in kinds.items() if isinstance(error, kind)), EX_IOERR)
