"""`antiphon demo`: everything on this machine, without hardware."""

import os
import signal
import subprocess
import sys
import webbrowser
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import click

from recorder.commands.emulate import TRUTH, emulation_options
from recorder.commands.options import json_option, progress_in_thousandths, say, tell
from recorder.commands.record import SECONDS, record_config, tell_recording
from recorder.failure import EX_STOPPED
from recorder.rehearsal import processes as parts
from recorder.settings.file import Config

HEADLESS_SECONDS = 30.0


@click.command()
@click.option("--headless", is_flag=True, help="No screen: record, stop, print the summary.")
@click.option("--review", is_flag=True, help="A session of ten minutes, and the page of it.")
@click.option("--seconds", type=SECONDS, metavar="N", help="How long, headless (default 30).")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("antiphon-demo"),
    show_default=True,
    metavar="DIR",
    help="Where to make the session file.",
)
@emulation_options
@json_option
def demo(
    out: Path,
    seconds: float | None,
    *,
    headless: bool,
    review: bool,
    as_json: bool,
    **plan: Any,
) -> None:
    """Two emulated boards, the service and the screen, on this machine; no hardware.

    Without a terminal it records 30 s headless and prints the summary.

    --review makes a session of ten minutes in which everything is known, a video, a transcript and
    what three raters and both people say of it, runs the verbs from there to the page before your
    eyes, and opens it at the one moment that they share. Needs the extra `review`.

    Example: antiphon demo --headless --seconds 60 --fault patient:20:stall:2 --out /tmp/demo
    """
    if review:
        _review(out, as_json=as_json)
        return
    arguments = _as_arguments(plan)
    if headless or not _has_terminal():
        tell_recording(_headless(out, seconds or HEADLESS_SECONDS, arguments), as_json=as_json)
    else:
        _on_screen(out, arguments)


def _review(out: Path, *, as_json: bool) -> None:
    from recorder.sample.tour import tour

    with progress_in_thousandths("record") as progress:
        toured = tour(out, partial(say, err=as_json), progress)
    where = f"{toured.page.resolve().as_uri()}#t={toured.moment_s or 0:.1f}"
    tell("antiphon.demo-review/1", [where], as_json=as_json, **asdict(toured), url=where)
    if any(name in os.environ for name in ("DISPLAY", "WAYLAND_DISPLAY")):
        webbrowser.open(where)


def _has_terminal() -> bool:
    return all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))


def _headless(out: Path, seconds: float, arguments: list[str]) -> dict[str, Any]:
    with (
        parts.scratch_directory() as scratch,
        parts.emulated_boards(scratch, arguments) as boards,
    ):
        config = boards.configure(Config(sessions=str(out)))
        summary = record_config(config, seconds)
        rates_hz = {port["role"]: port["true_rate_hz"] for port in boards.ports}
        truth = {board["role"]: board for board in boards.stop()}
    for board in summary["boards"]:
        really = truth[board["role"]]
        board["true_rate_hz"] = rates_hz[board["role"]]
        board["truth"] = {key: really[key] for key in TRUTH}
    return summary


def _on_screen(out: Path, arguments: list[str]) -> None:
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: sys.exit(EX_STOPPED))  # and so through every `with`
    with (
        parts.scratch_directory() as scratch,
        parts.emulated_boards(scratch, arguments) as boards,
    ):
        config = boards.configure(
            Config(sessions=str(out.absolute()), socket=str(scratch / "antiphon.sock"))
        )
        with parts.running_service(config, scratch) as service:
            parts.await_service(config.socket_path, service)
            screen = [*parts.ANTIPHON, "ui", "--socket", str(config.socket_path), "--last"]
            subprocess.run(screen, check=False)
    say(f"session files are in {out}")


def _as_arguments(plan: dict[str, Any]) -> list[str]:
    """The emulation's options as words again, for the process that emulates."""
    names = {
        "replays": "--replay",
        "channels": "--channels",
        "rates_hz": "--rate",
        "faults": "--fault",
        "states": "--state",
        "firmwares": "--firmware",
    }
    words = [
        word for key, name in names.items() for value in plan[key] for word in (name, str(value))
    ]
    for key, name in {"loss": "--loss", "burst_ms": "--burst-ms", "seed": "--seed"}.items():
        words += [name, str(plan[key])]
    return words + [f"--{flag}" for flag in ("daisy", "train") if plan[flag]]
