"""Who speaks: from the names in a file to the roles and codes that a session has.

A name is kept nowhere. Where a format has no place for who speaks, as SRT, a line may begin with
one of the names that are known, and a colon or in brackets.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from recorder.settings.board import ROLES
from recorder.spans.span import Span

CODE = re.compile(r"[A-Za-z0-9][\w.-]{0,31}", re.ASCII)
OF_ELAN = "words "  # what begins the name of a tier that our own export made


def speakers_asked(texts: Iterable[str]) -> dict[str, str]:
    """Role or code by name in small letters, of NAME=ROLE each.

    Raises:
        ValueError: one is no such pair.
    """
    found = {}
    for text in texts:
        name, _, who = text.rpartition("=")
        role = who.strip().casefold() if who.strip().casefold() in ROLES else who.strip()
        if not CODE.fullmatch(role) or "=" not in text:
            raise ValueError(f"{text!r:.60}: a speaker is given as NAME=patient or NAME=CODE")
        found[_plain(name)] = role
    return found


def spoken(spans: Iterable[Span], known: Mapping[str, str]) -> tuple[Span, ...]:
    """Spans whose tier is the role or code of who speaks; "" where nobody is told.

    Args:
        spans: as a file has them.
        known: as `speakers_asked`; the roles' own names need not be in it.

    Raises:
        ValueError: somebody speaks of whom it is not known who that is.
    """
    roles = {**{role: role for role in ROLES}, **known}
    found, strangers = [], dict[str, None]()
    for span in spans:
        name, text = (span.tier, span.text) if span.tier else _named(span.text, roles)
        who = roles.get(_plain(name), "")
        if name and not who:
            strangers[name] = None
        found.append(replace(span, tier=who, text=text))
    if strangers:
        names = ", ".join(map(repr, strangers))
        first = next(iter(strangers))
        raise ValueError(f'who is {names:.120}? --speaker "{first:.40}=patient" says it, or =CODE')
    return tuple(span for span in found if span.text)


def of_our_elan(spans: Iterable[Span], ours: Sequence[str]) -> tuple[Span, ...]:
    """Of a file that our own export made, the words, with who speaks for a tier."""
    if not ours:
        return tuple(spans)
    words = {tier: tier.removeprefix(OF_ELAN) for tier in ours if tier.startswith(OF_ELAN)}
    again = re.compile(r" \d+\Z")  # a second row of the same, where two lines overlapped
    for tier, who in words.items():
        if again.sub("", tier) in words:
            words[tier] = again.sub("", who)
    return tuple(replace(it, tier=words[it.tier]) for it in spans if it.tier in words)


def _named(text: str, known: Mapping[str, str]) -> tuple[str, str]:
    """The known name that a line begins with, and the rest of it."""
    found = re.match(r"(?:\[([^\]]+)\]|\(([^)]+)\)|([^:]{1,60})):?\s*", text)
    name = next(filter(None, found.groups()), "") if found else ""
    if found and _plain(name) in known and (found[0].strip() != name.strip()):
        return name, text[found.end() :]
    return "", text


def _plain(name: str) -> str:
    return " ".join(name.casefold().split())
