"""Verbs that ask the running service: status, start, mark, note, stop."""

from pathlib import Path

import click
import msgspec

from recorder.commands.options import (
    config_option,
    configuration,
    consent_option,
    json_option,
    print_json,
    socket_option,
)
from recorder.wire.client import ask
from recorder.wire.messages import BoardStatus, SessionStatus, Status
from recorder.wire.wording import in_words


@click.command()
@json_option
@socket_option
@config_option
def status(config_file: Path | None, socket: Path | None, *, as_json: bool) -> None:
    """What the running service is doing.

    Example: antiphon status --json
    """
    reply = ask(_socket(config_file, socket), "status")
    if as_json:
        click.echo(bytes(reply))
        return
    for line in status_lines(msgspec.json.decode(reply, type=Status)):
        click.echo(line)


@click.command()
@click.option("--patient", default="", metavar="CODE", help="The patient's code, never a name.")
@click.option("--therapist", default="", metavar="CODE", help="The therapist's code.")
@consent_option
@json_option
@socket_option
@config_option
def start(
    patient: str,
    therapist: str,
    consent: tuple[str, ...],
    config_file: Path | None,
    socket: Path | None,
    *,
    as_json: bool,
) -> None:
    """Start a session. When one is running already, say which; that is not an error.

    Example: antiphon start --patient P07 --therapist T02
    """
    place = _socket(config_file, socket)
    reply = ask(place, "start", patient=patient, therapist=therapist, consent=consent)
    _tell_session("recording", reply, as_json=as_json)


@click.command()
@click.argument("label", default="")
@json_option
@socket_option
@config_option
def mark(label: str, config_file: Path | None, socket: Path | None, *, as_json: bool) -> None:
    """Mark this moment in the running session, with LABEL if given.

    Example: antiphon mark "music starts"
    """
    _annotate("mark", label, _socket(config_file, socket), as_json=as_json)


@click.command()
@click.argument("text")
@json_option
@socket_option
@config_option
def note(text: str, config_file: Path | None, socket: Path | None, *, as_json: bool) -> None:
    """Write TEXT into the running session. Codes only, no names.

    Example: antiphon note "window open, traffic noise"
    """
    _annotate("note", text, _socket(config_file, socket), as_json=as_json)


@click.command()
@json_option
@socket_option
@config_option
def stop(config_file: Path | None, socket: Path | None, *, as_json: bool) -> None:
    """Stop the running session. When none is running, say so; that is not an error.

    Example: antiphon stop
    """
    reply = ask(_socket(config_file, socket), "stop", timeout_s=60)
    _tell_session("stopped", reply, as_json=as_json)


def status_lines(status: Status) -> list[str]:
    """The status for people."""
    session = status.session
    lines = [f"service   {status.state}, antiphon {status.version}"]
    if session is not None:
        lines.append(f"session   {session.id}, {_clock(session.elapsed_s)}")
        lines.append(f"          saved up to {_clock(session.saved_s)}, {session.file}")
    lines += [_board_line(board) for board in status.boards]
    if trigger := status.trigger.in_words():
        lines.append(f"trigger   {trigger}")
    lines.append(f"disk      {status.disk_hours:.0f} h of recording left")
    if status.unattended != "off":
        lines.append(f"by itself {status.unattended}")
    return lines + [f"alarm     {in_words(alarm)}" for alarm in status.alarms]


def _board_line(board: BoardStatus) -> str:
    rate = "rate not yet known" if board.rate_hz is None else f"{board.rate_hz:.3f} Hz"
    if board.rate_ppm is not None and board.sigma_ms is not None:
        rate += f" ({board.rate_ppm:+.0f} ppm), clock ±{board.sigma_ms:.1f} ms"
    rate += f", re-locked {board.relocks} x" if board.relocks else ""
    counts = f"{board.samples} samples, {board.lost} lost, {board.late} late"
    return f"{board.role:<9} {board.state}, {rate}, {counts}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes:02d}:{rest:02d}"


def _annotate(do: str, label: str, socket: Path, *, as_json: bool) -> None:
    reply = msgspec.json.decode(ask(socket, do, label=label))
    if as_json:
        print_json(f"antiphon.{do}/1", **reply)
    else:
        click.echo(f"{do} at {_clock(reply['t_s'])} {reply['label']}".rstrip())
    if warnings := reply.get("warnings"):
        text = f"this looks like {' and '.join(warnings)}: codes only, never names"
        click.echo(f"antiphon: warning: {text}; it is in the session now", err=True)


def _tell_session(word: str, reply: msgspec.Raw, *, as_json: bool) -> None:
    session = msgspec.json.decode(reply, type=SessionStatus | None)
    if as_json:
        fields = None if session is None else msgspec.to_builtins(session)
        print_json("antiphon.session/1", session=fields)
    elif session is None:
        click.echo("no session is running")
    else:
        click.echo(f"{word} {session.id} ({_clock(session.elapsed_s)}) {session.file}")


def _socket(config_file: Path | None, socket: Path | None) -> Path:
    return configuration(config_file, socket=socket).socket_path
