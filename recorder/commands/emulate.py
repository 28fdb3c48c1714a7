"""`antiphon emulate`: virtual Cytons, for trying things without boards."""

import os
import signal
from pathlib import Path
from typing import Any

import click

from recorder.commands.options import Command, tell
from recorder.failure import EX_CANTCREAT, EX_DATAERR, EX_NOINPUT, EX_USAGE, failing_with
from recorder.settings.board import ROLES

# What a board really did, in a few numbers.
TRUTH = ("sent", "lost", "lost_in_source", "lost_in_outage", "late", "duplicate")
_OPTIONS = (
    click.option(
        "--replay",
        "replays",
        multiple=True,
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Replay recordings: the patient's, then the therapist's; one file may hold both.",
    ),
    click.option(
        "--channels",
        "channels",
        multiple=True,
        metavar="F3,F4,...",
        help="Sites of the replayed channels, once for both people or once for each (else as the "
        "file names them). Example: F3,F4,Fz,P3,P4,O1,O2,A2",
    ),
    click.option(
        "--rate",
        "rates_hz",
        multiple=True,
        type=click.FloatRange(100, 1000),
        metavar="HZ",
        help="True sample rates, given twice (default 250.33 and 250.51).",
    ),
    click.option(
        "--fault",
        "faults",
        multiple=True,
        metavar="ROLE:AT_S:KIND[:AMOUNT]",
        help="A fault on order: lose:N late:N duplicate drop:N flip:N burst:MS stall:S unplug:S "
        "reset:S stranger:PERCENT rush:N babble:S. Example: patient:10:stall:2",
    ),
    click.option(
        "--state",
        "states",
        multiple=True,
        metavar="ROLE:STATE",
        help="How a board is found: ready, streaming, off, other_channel, shared_channel, "
        "dead_converter, other_baud, noise.",
    ),
    click.option(
        "--firmware",
        "firmwares",
        multiple=True,
        metavar="ROLE:VERSION",
        help="A board's firmware: 1, 2.0.0, 3.0.0, 3.1.1, 3.1.2 or brainflow (default 3.1.2).",
    ),
    click.option("--daisy", is_flag=True, help="Boards of 16 channels, with a Daisy."),
    click.option("--train", is_flag=True, help="A sync train on pin D11 of both boards."),
    click.option("--loss", type=click.FloatRange(0, 1), default=0.0, help="Share of packets lost."),
    click.option(
        "--burst-ms",
        type=click.FloatRange(0, 999),
        default=0.0,
        help="Deliver in bursts so far apart, as an FTDI adapter does (16, or 60 on some hosts).",
    ),
    click.option("--seed", type=int, default=20190710, help="For everything left to chance."),
)


def emulation_options(command: Command) -> Command:
    """What the emulated boards are to do; as keywords of recorder.rehearsal.boards.Plan."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command()
@click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where to make the ports, links called patient and therapist.",
)
@click.option(
    "--truth",
    "truth_s",
    type=click.IntRange(min=1),
    metavar="N",
    help="Print what the two synthetic people do in their first N seconds, as csv, and end.",
)
@emulation_options
@click.option("--parent", type=int, hidden=True, help="End when this process is no longer ours.")
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object at the start, one at the end."
)
def emulate(
    directory: Path | None, truth_s: int | None, parent: int | None, *, as_json: bool, **plan: Any
) -> None:
    """Two virtual Cytons on pseudo-terminals, until Ctrl-C; then what they really did.

    Recordings begin again at their end. Counters are the recording's own where it has any: what was
    lost or came late then does so again.

    Example: antiphon emulate --dir /tmp/boards --fault patient:20:unplug:5
    """
    from recorder.rehearsal.boards import Plan, WrongChannels, true_course

    if truth_s is not None:
        click.echo(true_course(plan["seed"], truth_s), nl=False)
        return
    if directory is None:
        raise click.UsageError("give --dir DIR, where to make the ports")
    with (
        failing_with(EX_NOINPUT, FileNotFoundError),
        failing_with(EX_DATAERR, ValueError),
        failing_with(EX_USAGE, WrongChannels),
    ):
        planned = Plan(**plan)
    links = {role: directory / role for role in ROLES}
    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    with failing_with(EX_CANTCREAT, OSError):
        directory.mkdir(parents=True, exist_ok=True)
    with failing_with(EX_CANTCREAT, FileExistsError), planned.emulator(links) as emulator:
        _tell_ports(links, planned, as_json=as_json)
        emulator.run(lambda: stopped or (parent is not None and os.getppid() != parent))
        _tell_truth(emulator.truth(), as_json=as_json)


def _tell_ports(links: dict[str, Path], planned: Any, *, as_json: bool) -> None:
    boards = [
        {
            "role": role,
            "port": str(links[role]),
            "true_rate_hz": planned.sample_rate_hz(place),
            "labels": planned.labels(place),
        }
        for place, role in enumerate(ROLES)
    ]
    lines = [f"{it['role']:<9} {it['port']} at {it['true_rate_hz']} Hz" for it in boards]
    tell("antiphon.emulate/1", [*lines, "Ctrl-C ends it"], as_json=as_json, boards=boards)


def _tell_truth(truth: list[dict[str, object]], *, as_json: bool) -> None:
    boards = [{"role": role, **board} for role, board in zip(ROLES, truth, strict=True)]
    lines = [f"{it['role']:<9} " + ", ".join(f"{it[key]} {key}" for key in TRUTH) for it in boards]
    tell("antiphon.emulated/1", lines, as_json=as_json, boards=boards)
