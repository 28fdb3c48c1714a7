"""Which files at a destination are a session's, by their names alone.

What goes on with a hyphen and a digit is another part, which has a tombstone of its own.
"""

import re
from collections.abc import Iterable

from recorder.store.files import CAMERA


def ours(names: Iterable[str], session_id: str) -> list[str]:
    """All that is ours of a session, also half-sent, encrypted, or in pieces."""
    one = re.escape(session_id)
    kinds = (
        rf"{one}\.antiphon(?:\..*)?",
        rf"{one}\.(?:m.*\.)?notes(?:\..*)?",
        rf"{one}\.repaired\..*",
        rf"{one}-camera-.*",
        rf"\.{one}\..*",
    )
    named = re.compile("|".join(kinds), re.DOTALL)
    return [name for name in names if named.fullmatch(name)]


def videos_of(names: Iterable[str], session_id: str) -> list[str]:
    """The videos of a session, also half-sent, encrypted, or in pieces."""
    return [name for name in names if name.startswith(f"{session_id}{CAMERA}")]


def others(names: Iterable[str], session_id: str) -> list[str]:
    """What is not ours but called after a session: no erasure of ours may touch it."""
    named = re.compile(rf"\.?{re.escape(session_id)}(?:[^-]|-[^0-9]).*", re.DOTALL)
    names = list(names)
    belong = set(ours(names, session_id))
    return [name for name in names if named.fullmatch(name) and name not in belong]
