"""Kinds of values that several sections hold, and how a section complains."""

from collections.abc import Iterable
from typing import Annotated

import msgspec

# Not with a - before: it could not be given to a verb, which would take it for an option.
# A description is what a person reads who has written something else: settings/complaints.py.
Code = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_-]{0,15}\Z",
        description="1 to 16 letters, digits, - or _, no - first",
    ),
]
BoxName = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^([A-Za-z0-9][A-Za-z0-9_-]{0,15})?\Z",
        description="1 to 16 letters, digits, - or _",
    ),
]
# Neither may look like an option of ssh's.
BoxAddress = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^([A-Za-z0-9_][A-Za-z0-9_.-]{0,31}@)?[A-Za-z0-9][A-Za-z0-9._-]{0,252}(:\d{1,5})?\Z",
        description='a host as ssh takes it, such as "tech@box-3.local"',
    ),
]
Label = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[A-Za-z0-9'_+-]{1,16}\Z", description="1 to 16 letters, digits, ' _ + or -"
    ),
]
MarkLabel = Annotated[
    str,
    msgspec.Meta(pattern=r"^[^\n]{1,100}\Z", description="one line of at most 100 characters"),
]
Minutes = Annotated[float, msgspec.Meta(ge=0, le=1440)]
GpioChip = Annotated[
    str,
    msgspec.Meta(pattern=r"^/dev/[^\n]{1,100}\Z", description='a path such as "/dev/gpiochip0"'),
]
# What can be searched for: hardware.lsl.description.predicate.
StreamName = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^([^'\n]{0,119}[^'\n=])?\Z",
        description="an LSL stream's name, or such as type=Markers, without '",
    ),
]


class ConfigError(ValueError):
    """The configuration cannot be used. The message is one line with the file and the line."""


def require(asked: bool, given: object, complaint: str) -> None:  # noqa: FBT001
    """See that what is asked for is given.

    Raises:
        ValueError: it is not; the text is the complaint.
    """
    if asked and not given:
        raise ValueError(complaint)


def one_of(lines: Iterable[str]) -> str:
    """The complaint about a line that an adapter does not have."""
    return f"line: one of {', '.join(lines)}"
