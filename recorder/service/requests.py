"""What answering a request needs: checks of what was asked, and slow work done in a thread."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

import msgspec

from hardware.board import BoardFault
from recorder.failure import (
    EX_CANTCREAT,
    EX_DATAERR,
    EX_IOERR,
    EX_NOPERM,
    EX_TEMPFAIL,
    EX_UNAVAILABLE,
    EX_USAGE,
    Refused,
    words,
)
from recorder.privacy.consent import persons
from recorder.privacy.names import code_suspicions, suspicions
from recorder.recording.session import Session
from recorder.settings.codes import CodeSettings
from recorder.settings.values import Code
from recorder.store.headers import Person
from recorder.wire.messages import Noted, Request, SessionStatus, Started

# So long is waited for the disk before whoever asked is told that it has not taken it.
SAVED_WITHIN_S = 5.0
LONGEST_TEXT = 500  # of a mark or note; as much as the screen takes
SAVED_POLL_S = 0.005
ANY_CODES = CodeSettings()
USUAL_CODES = {"patient": "P01", "therapist": "T01"}
PRACTICE_CODES = {"patient": "practice-P", "therapist": "practice-T"}

P = ParamSpec("P")
R = TypeVar("R")


async def in_thread(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Do what blocks in a thread; what it cannot do becomes a refusal with its reason."""
    try:
        return await asyncio.to_thread(work, *args, **kwargs)
    except BoardFault as fault:
        raise Refused(str(fault), EX_UNAVAILABLE) from fault
    except OSError as error:
        raise Refused(words(error), EX_CANTCREAT) from error


def annotate(write: Callable[[str], float], text: str) -> Noted:
    """Write down `text`; when that is.

    Raises:
        Refused: it is too long, or has several lines; no session is running, or the disk takes
            nothing more.
    """
    require_short(text)
    with refusing():
        return Noted(t_s=round(write(text), 3), label=text, warnings=suspicions(text))


def doubted(request: Request) -> Noted | None:
    """What is asked about before it is written down; None when it may be.

    Raises:
        Refused: the text is too long, or has several lines.
    """
    require_short(request.label)
    warnings = suspicions(request.label) if request.ask_first else []
    return Noted(0.0, request.label, warnings, is_stored=False) if warnings else None


def require_short(text: str) -> None:
    """See that it is one line that fits. Raises Refused."""
    if len(text) > LONGEST_TEXT:
        text = f"{len(text)} characters: {LONGEST_TEXT} at most, or write two"
        raise Refused(text, EX_USAGE)
    if len(text.splitlines()) > 1:
        raise Refused("one line at a time: write one for each", EX_USAGE)


@contextmanager
def refusing() -> Iterator[None]:
    """What cannot be written down becomes a refusal with its reason."""
    try:
        yield
    except LookupError as error:
        raise Refused(str(error), EX_UNAVAILABLE) from error
    except ValueError as error:
        raise Refused(str(error), EX_DATAERR) from error
    except OSError as error:
        raise Refused(words(error), EX_IOERR) from error


async def until_saved(session: Session) -> None:
    """Wait until all that `session` has been told so far is on disk; others are served meanwhile.

    Raises:
        Refused: it is not after SAVED_WITHIN_S.
    """
    ticket = session.writer.ticket
    try:
        async with asyncio.timeout(SAVED_WITHIN_S):
            while not session.writer.is_saved(ticket):
                await asyncio.sleep(SAVED_POLL_S)
    except TimeoutError as error:
        reason = session.disk_error or "the disk does not keep up"
        text = f"written down, but not yet on disk, and lost if the power fails: {reason}"
        raise Refused(text, EX_IOERR) from error


def checked_persons(request: Request, codes: CodeSettings = ANY_CODES) -> tuple[Person, ...]:
    """The two people, P01 and T01 when no codes are given, and what they have agreed to.

    Of a session for practice they are nobody, when no codes are given.

    Raises:
        Refused: a code has other signs than letters, digits, - and _, or more than 16, or
            begins with -; or both have the same; or it is not as `codes` want it; or there is no
            consent to the EEG.
    """
    nobody = PRACTICE_CODES if request.practice else USUAL_CODES
    asked = {"patient": request.patient, "therapist": request.therapist}
    given = {role: code or nobody[role] for role, code in asked.items()}
    if wrong := [
        text for role, code in asked.items() if code and (text := codes.objection(role, code))
    ]:
        raise Refused(wrong[0], EX_USAGE)
    if given["patient"].casefold() == given["therapist"].casefold():
        text = f"the patient and the therapist have the same code, {given['patient']}"
        raise Refused(f"{text}: give each their own", EX_USAGE)
    try:
        return persons(msgspec.convert(given, dict[str, Code]), request.consent)
    except PermissionError as error:
        raise Refused(str(error), EX_NOPERM) from error
    except msgspec.ValidationError as error:
        text = "codes are 1 to 16 letters, digits, - or _, no - first; give codes, never names"
        raise Refused(text, EX_USAGE) from error


def require_asked_for(running: Session, request: Request) -> None:
    """See that the session that is on is of the people who were named.

    Raises:
        Refused: it is of others; nothing was begun.
    """
    asked = {"patient": request.patient, "therapist": request.therapist}
    named = {role: code for role, code in asked.items() if code}
    if all(running.codes[role] == code for role, code in named.items()):
        return
    minutes, seconds = divmod(int(running.elapsed_s), 60)
    whose = f"{running.codes['patient']} · {running.codes['therapist']}"
    text = f"already recording {whose} since {minutes:02d}:{seconds:02d}"
    raise Refused(f"{text}: {' and '.join(named.values())} was not started", EX_TEMPFAIL)


def started_now(session: SessionStatus, *, started: bool) -> Started:
    """The answer to `start`, with what the codes of a session that was begun look like."""
    told = Started(**msgspec.structs.asdict(session), started=started)
    if started:
        codes = {"patient": told.patient, "therapist": told.therapist}
        told.warnings = [
            f"the {role}'s code looks like {kind}"
            for role, code in codes.items()
            for kind in code_suspicions(code)
        ]
    return told
