"""`antiphon watch`: what the screen shows, line by line, for logs and for screen readers.

A line is told when something has changed: whether it is recorded, what is wrong, what was marked.
While nothing is recorded although a session is on, that is told again and again.
"""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import msgspec

from recorder.commands.options import configured
from recorder.failure import Refused
from recorder.settings.file import Config
from recorder.wire.client import Conversation
from recorder.wire.lines import ServiceUnreachable
from recorder.wire.messages import Alarm, SessionStatus, Status
from recorder.wire.wording import in_words
from tui.language import N_, _, filled, language_of, plural, speak
from tui.verdict import Judge, Level, Verdict
from tui.wording import clock

ASK_S = 1.0
ANSWER_S = 2.4
AGAIN_S = 30.0
GONE = N_("no service")
HANGS = N_("the service does not answer")
UNCLEAR = N_("the service says nothing this program understands")


class Teller:
    """Makes lines of what has changed since the last look."""

    def __init__(self) -> None:
        self._judge = Judge()
        self._state: tuple[Level, str] | None = None
        self._told_s = 0.0
        self._alarms: dict[tuple[str, str, str], Alarm] = {}
        self._marked: tuple[str, int] = ("", 0)

    def look(self, status: Status | None, now_s: float, silence: str = "") -> Iterator[str]:
        """The news, a line each; `silence` is why there is no status."""
        verdict = self._judge.look(status, now_s, silence)
        if silence and verdict.session is None:
            verdict = Verdict(verdict.level, silence, None)
        yield from self._of_state(verdict, now_s)
        if status is not None:
            yield from self._of_alarms(status.alarms)
            yield from self._of_marks(status.session)

    def _of_state(self, verdict: Verdict, now_s: float) -> Iterator[str]:
        words = verdict.words
        why = words.partition(": ")[2] if verdict.level is Level.NOT else words
        is_due = verdict.level is Level.NOT and now_s - self._told_s >= AGAIN_S
        if (verdict.level, why) == self._state and not is_due:
            return
        self._state, self._told_s = (verdict.level, why), now_s
        session = verdict.session
        yield words if session is None else f"{words}, {_called(session)}"

    def _of_alarms(self, alarms: list[Alarm]) -> Iterator[str]:
        now = {(alarm.kind, alarm.role, alarm.of): alarm for alarm in alarms}
        yield from (
            f"{_('alarm')}: {in_words(now[key], _, filled)}"
            for key in now
            if key not in self._alarms
        )
        before = self._alarms
        yield from (
            f"{_('over')}: {in_words(before[key], _, filled)}" for key in before if key not in now
        )
        self._alarms = now

    def _of_marks(self, session: SessionStatus | None) -> Iterator[str]:
        """How many there are now; one that was taken back is fewer."""
        before, self._marked = self._marked, ("", 0)
        if session is None:
            return
        self._marked = session.id, session.markers
        known = before[1] if before[0] == session.id else 0
        if session.markers > known:
            last = session.last_marker or _("no label")
            yield _("{marks}, the last: {label}").format(marks=_marks(session), label=last)
        elif session.markers < known:
            yield _("{marks}: taken back").format(marks=_marks(session))


def watched(
    socket: Path, monotonic: Callable[[], float], sleep: Callable[[float], None]
) -> Iterator[str]:
    """The news of the service at `socket`, for ever."""
    teller = Teller()
    while True:
        status, silence = _asked(socket)
        yield from teller.look(status, monotonic(), silence)
        sleep(ASK_S)


def _asked(socket: Path) -> tuple[Status | None, str]:
    """The status, or why there is none."""
    try:
        with Conversation(socket, timeout_s=ANSWER_S) as service:
            return msgspec.json.decode(service.ask("status"), type=Status), ""
    except ServiceUnreachable as silence:
        hangs = isinstance(silence.__cause__, TimeoutError)
        return None, _(HANGS) if hangs else _(GONE)
    except (Refused, msgspec.MsgspecError):
        return None, _(UNCLEAR)


def _marks(session: SessionStatus) -> str:
    return plural("{n} mark", "{n} marks", session.markers)


def _called(session: SessionStatus) -> str:
    return f"{session.patient} · {session.therapist}, {clock(session.whole_s or session.elapsed_s)}"


@click.command()
@configured("socket")
def watch(config: Config) -> None:
    """What the screen shows, line by line, as it changes: for logs and screen readers.

    Ctrl-C ends it; the recording goes on.

    Example: antiphon watch
    """
    speak(language_of(config.screen.language, os.environ), config.screen.roles)
    for line in watched(config.socket_path, time.monotonic, time.sleep):
        click.echo(line)
