"""A failure as the shell sees it: one line on stderr and a sysexits code."""

from collections.abc import Iterator
from contextlib import contextmanager

EX_USAGE, EX_DATAERR, EX_NOINPUT, EX_UNAVAILABLE = 64, 65, 66, 69
EX_CANTCREAT, EX_IOERR, EX_TEMPFAIL, EX_NOPERM, EX_CONFIG = 73, 74, 75, 77, 78
EX_STOPPED = 130  # not of sysexits: what a shell makes of Ctrl-C


class Failure(Exception):
    """What went wrong and what to do, in one line, with the exit code (sysexits.h)."""

    def __init__(self, text: str, code: int) -> None:
        super().__init__(text)
        self.code = code


class Answer:
    """What a verb has given its caller so far."""

    given = False  # the one JSON object


class Refused(Failure):
    """Of what was asked, this was not done, and why; nothing else is held up by it."""


@contextmanager
def failing_with(code: int, *kinds: type[Exception]) -> Iterator[None]:
    """Turn exceptions of `kinds`, whose text is meant for people, into a Failure with `code`."""
    try:
        yield
    except kinds as error:
        raise Failure(words(error), code) from error


def words(error: Exception) -> str:
    """The message for people; of the system's errors, the file and what is wrong with it."""
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error.args[0] if error.args else error)
