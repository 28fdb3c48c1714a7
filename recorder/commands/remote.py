"""Verbs that ask the running service: status, start, mark, note, confirm, stop."""

from typing import Any

import click
import msgspec

from recorder.commands.missing import missing_lines
from recorder.commands.options import configured, consent_option, json_option, say, tell
from recorder.failure import EX_CONFIG, EX_UNAVAILABLE, Failure
from recorder.settings.file import Config
from recorder.wire.client import ask
from recorder.wire.elsewhere import Told, ask_all, crowded
from recorder.wire.messages import BoardStatus, SessionStatus, Started, Status
from recorder.wire.served import STATUS_WITHIN_S, what_it_is
from recorder.wire.wording import in_words


@click.command()
@click.option("--all", "everywhere", is_flag=True, help="Of all boxes that are configured.")
@json_option
@configured("socket")
def status(config: Config, *, everywhere: bool, as_json: bool) -> None:
    """What the running service is doing.

    With --all: a line of each of the configuration's boxes, asked over ssh with your own keys and
    known hosts, and which boards in the house are on one radio channel. Exit code 69 when one does
    not answer.

    Example: antiphon status --all
    """
    if everywhere:
        _tell_all(config, as_json=as_json)
        return
    reply = ask(config.socket_path, "status", timeout_s=STATUS_WITHIN_S)
    told = msgspec.json.decode(reply, type=Status)
    tell("antiphon.status/2", status_lines(told), as_json=as_json, **msgspec.json.decode(reply))


@click.command()
@click.option("--patient", default="", metavar="CODE", help="The patient's code, never a name.")
@click.option("--therapist", default="", metavar="CODE", help="The therapist's code.")
@consent_option
@json_option
@configured("socket")
def start(config: Config, *, as_json: bool, **agreed: Any) -> None:
    """Start a session. When one of these people is running already, say so; that is no error.

    While one of other people is running nothing is started (75).

    Example: antiphon start --patient P07 --therapist T02
    """
    reply = ask(config.socket_path, "start", **agreed)
    session = msgspec.json.decode(reply, type=Started)
    line = f"recording {_session_text(session)}"
    if not session.started:
        whose = f"{session.patient} · {session.therapist}"
        line = f"already recording {whose} since {_clock(session.elapsed_s)}: {session.file}"
    fields = msgspec.json.decode(reply)
    tell("antiphon.session/1", [line], as_json=as_json, session=fields)
    for warning in session.warnings:
        say(f"antiphon: warning: {warning}: codes only, never names", err=True)


@click.command()
@click.argument("label", default="")
@json_option
@configured("socket")
def mark(label: str, config: Config, *, as_json: bool) -> None:
    """Mark this moment in the running session, with LABEL if given.

    Example: antiphon mark "music starts"
    """
    _annotate("mark", label, config, as_json=as_json)


@click.command()
@click.argument("text")
@json_option
@configured("socket")
def note(text: str, config: Config, *, as_json: bool) -> None:
    """Write TEXT into the running session. Codes only, no names.

    Example: antiphon note "window open, traffic noise"
    """
    _annotate("note", text, config, as_json=as_json)


@click.command()
@click.argument("answer", type=click.Choice(["same", "exchanged"]))
@json_option
@configured("socket")
def confirm(answer: str, config: Config, *, as_json: bool) -> None:
    """Say who is who, when both boards were away and nothing tells which one is back.

    Tap the patient's board and look at antiphon status: it says at whose port a board was tapped.
    The patient's port: same. The therapist's: exchanged.

    Example: antiphon confirm same
    """
    ask(config.socket_path, "confirm", label=answer)
    tell("antiphon.confirm/1", [f"confirmed: {answer}"], as_json=as_json, answer=answer)


@click.command()
@json_option
@configured("socket")
def stop(config: Config, *, as_json: bool) -> None:
    """Stop the running session. When none is running, say so; that is not an error.

    Example: antiphon stop
    """
    reply = ask(config.socket_path, "stop", timeout_s=60)
    session = msgspec.json.decode(reply, type=SessionStatus | None)
    lines = ["no session is running"]
    if session is not None:
        lines = [f"stopped {_session_text(session)}", *missing_lines(session.missing_s)]
    fields = msgspec.to_builtins(session)
    tell("antiphon.session/1", lines, as_json=as_json, session=fields)


def _tell_all(config: Config, *, as_json: bool) -> None:
    if not config.boxes:
        raise Failure("no boxes are configured: set boxes in antiphon.toml", EX_CONFIG)
    told = ask_all(config.boxes)
    shared = crowded(told)
    lines = [_box_line(one) for one in told]
    lines += [f"channel {number} is that of {', '.join(of)}" for number, of in shared.items()]
    boxes = [
        {"where": one.where, "problem": one.problem, "status": msgspec.to_builtins(one.status)}
        for one in told
    ]
    channels = [{"channel": number, "boards": of} for number, of in shared.items()]
    tell("antiphon.boxes/1", lines, as_json=as_json, boxes=boxes, same_channel=channels)
    if away := [one.name for one in told if one.status is None]:
        raise Failure(f"no answer from {', '.join(away)}", EX_UNAVAILABLE)


def _box_line(one: Told) -> str:
    status = one.status
    if status is None:
        return f"{one.name:<16} no answer: {one.problem}"
    boards = ", ".join(f"{board.role} {board.state}" for board in status.boards)
    session = f"{status.session.id} {_clock(status.session.elapsed_s)}, " if status.session else ""
    alarms = f"; {len(status.alarms)} alarms: {in_words(status.alarms[0])}" if status.alarms else ""
    room = f"{status.disk_hours:.0f} h left, antiphon {status.version}"
    return f"{one.name:<16} {status.state}, {session}{boards}, {room}{alarms}"


def status_lines(status: Status) -> list[str]:
    """The status for people."""
    session = status.session
    box = f" on {status.box}" if status.box else ""
    lines = [f"service   {status.state}, antiphon {status.version}{box}"]
    if session is not None:
        lines.append(f"session   {session.id}, {_clock(session.elapsed_s)}")
        lines.append(f"          saved up to {_clock(session.saved_s)}, {session.file}")
    for board in status.boards:
        lines.append(_board_line(board))
        if what := what_it_is(board):
            lines.append(f"          {what}, {board.port}")
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


def _annotate(do: str, label: str, config: Config, *, as_json: bool) -> None:
    reply = msgspec.json.decode(ask(config.socket_path, do, label=label))
    line = f"{do} at {_clock(reply['t_s'])} {reply['label']}".rstrip()
    tell(f"antiphon.{do}/1", [line], as_json=as_json, **reply)
    if warnings := reply.get("warnings"):
        text = f"this looks like {' and '.join(warnings)}: codes only, never names"
        say(f"antiphon: warning: {text}; it is in the session now", err=True)


def _session_text(session: SessionStatus) -> str:
    return f"{session.id} ({_clock(session.elapsed_s)}) {session.file}"
