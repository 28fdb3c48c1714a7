"""`antiphon record`: in the foreground, from any two ports."""

import signal
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import msgspec

from recorder.commands.missing import missing_lines
from recorder.commands.options import (
    configured,
    consent_option,
    json_option,
    progress_bar,
    tell,
)
from recorder.commands.serve import with_ports
from recorder.settings.file import Config
from recorder.wire.messages import BoardStatus

SECONDS = click.FloatRange(min=1.0)


@click.command()
@click.option("--patient", metavar="PORT", help="The patient's port (else the configuration's).")
@click.option("--therapist", metavar="PORT", help="The therapist's port.")
@click.option("--seconds", type=SECONDS, required=True, metavar="N", help="How long to record.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    metavar="DIR",
    help="Where to make the session file.",
)
@consent_option
@json_option
@configured()
def record(  # noqa: PLR0913 - one parameter an option
    patient: str | None,
    therapist: str | None,
    seconds: float,
    out: Path,
    consent: tuple[str, ...],
    config: Config,
    *,
    as_json: bool,
) -> None:
    """Record from two ports in the foreground, without a screen.

    Ctrl-C ends it early; what was recorded stays.

    Example: antiphon record --patient /dev/ttyUSB0 --therapist /dev/ttyUSB1 --seconds 60 --out .
    """
    config = msgspec.structs.replace(config, sessions=str(out))
    config = with_ports(config, patient=patient, therapist=therapist)
    tell_recording(record_config(config, seconds, consent), as_json=as_json)


def record_config(
    config: Config, seconds: float, consent: Collection[str] = ("eeg",)
) -> dict[str, Any]:
    """Record as configured, with a progress bar on a terminal; the summary as plain values."""
    from recorder.recording.foreground import record as record_in_foreground

    stop = threading.Event()
    with _stopped_by_signals(stop), progress_bar("recording", round(seconds)) as show:
        recorded = record_in_foreground(
            config, seconds, stop, lambda done_s: show(int(done_s)), consent=consent
        )
    measures = recorded.measures.values if recorded.measures else []
    return {
        "file": str(recorded.path),
        "boards": [
            _board_summary(board, fault) | {"missing_s": recorded.missing_s[board.role]}
            for board, fault in zip(recorded.boards, recorded.faults, strict=True)
        ],
        "mains_hz": recorded.mains_hz,
        "measures": msgspec.to_builtins(measures),
    }


def tell_recording(summary: dict[str, Any], *, as_json: bool) -> None:
    """Print the summary of a recording."""
    asymmetries = (measure for measure in summary["measures"] if measure["kind"] == "faa")
    mains = [] if summary["mains_hz"] is None else [f"mains     {summary['mains_hz']:g} Hz"]
    lines = [
        f"recorded {summary['file']}",
        *map(_board_line, summary["boards"]),
        *missing_lines({board["role"]: board["missing_s"] for board in summary["boards"]}),
        *mains,
        *map(_measure_line, asymmetries),
        "exploratory; not a medical device",
    ]
    tell("antiphon.recording/1", lines, as_json=as_json, **summary)


def _board_summary(board: BoardStatus, fault: str) -> dict[str, Any]:
    keys = ("role", "samples", "lost", "late", "halves", "rate_hz", "rate_sigma_hz")
    return {**{key: getattr(board, key) for key in keys}, "fault": fault}


def _board_line(board: dict[str, Any]) -> str:
    rate = "rate not yet known" if board["rate_hz"] is None else _rate(board)
    counts = f"{board['samples']} samples, {board['lost']} lost, {board['late']} late"
    return f"{board['role']:<9} {counts}, {rate}"


def _rate(board: dict[str, Any]) -> str:
    text = f"{board['rate_hz']:.3f} ± {board['rate_sigma_hz']:.3f} Hz"
    true_rate_hz = board.get("true_rate_hz")
    return text if true_rate_hz is None else f"{text} (emulated at {true_rate_hz} Hz)"


def _measure_line(measure: dict[str, Any]) -> str:
    value = "no value" if measure["value"] is None else f"{measure['value']:+.2f}"
    return (
        f"{measure['who']:<9} FAA {measure['where']} {value} "
        f"({measure['window_s']:.0f} s, {measure['clean_share']:.0%} usable)"
    )


@contextmanager
def _stopped_by_signals(stop: threading.Event) -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP end the recording, not the program; nohup is respected."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {
        number: signal.signal(number, lambda *_: stop.set())
        for number in numbers
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
