"""One thing that was looked at, in words."""

from dataclasses import dataclass
from enum import StrEnum


class Word(StrEnum):
    """How it is, from nothing to do to no recording."""

    OK = "ok"
    WARN = "warn"  # recording works; something is missing, or not as good as it could be
    FAIL = "fail"  # recording does not work


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is, what was found; and what to do, in one line, unless ok."""

    name: str
    word: Word
    found: str
    remedy: str = ""


def ok(name: str, found: str) -> Finding:
    """All is well."""
    return Finding(name, Word.OK, found)


def warn(name: str, found: str, remedy: str) -> Finding:
    """It will do."""
    return Finding(name, Word.WARN, found, remedy)


def fail(name: str, found: str, remedy: str) -> Finding:
    """It will not do."""
    return Finding(name, Word.FAIL, found, remedy)
