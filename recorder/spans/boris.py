"""A project of BORIS: https://www.boris.unito.it; what it exports as csv is read by table.py.

A state's events are its beginnings and ends in turn. Times are seconds of the first player's video.
"""

from collections.abc import Iterator
from pathlib import PurePath
from typing import Any

import msgspec

from recorder.spans.span import Found, Span, clock

IN_SESSION_S = "antiphon: seconds since the session started"  # in our own descriptions
TOO_LATE_S = 1e9  # thirty years of video


class Behavior(msgspec.Struct):
    """What may be coded; `type` is State event or Point event, perhaps with a coding map."""

    code: str
    type: str


class Observation(msgspec.Struct):
    """What somebody coded: events of time, subject, code, modifiers, comment, and more."""

    events: list[list[Any]]
    type: str = "MEDIA"
    file: dict[str, list[str]] | list[str] = {}
    description: str = ""


class Project(msgspec.Struct):
    """The part of the file that is read here."""

    behaviors_conf: dict[str, Behavior]
    observations: dict[str, Observation]


def read_boris(text: str, name: str = "") -> Found:
    """One observation; the only one if `name` is "".

    Raises:
        ValueError: it is no project of BORIS, or which observation is meant is not clear.
    """
    try:
        project = msgspec.json.decode(text, type=Project)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(f"no project of BORIS: {error}") from error
    chosen = [name] if name else [*project.observations]
    if len(chosen) != 1 or chosen[0] not in project.observations:
        known = ", ".join(map(repr, project.observations)) or "none"
        raise ValueError(f"which observation is meant? --observation, of: {known:.200}")
    observation = project.observations[chosen[0]]
    states = {it.code for it in project.behaviors_conf.values() if it.type.startswith("State")}
    spans = tuple(_spans(observation, states))
    if IN_SESSION_S in observation.description:
        return Found(spans, session=chosen[0], in_session_s=True)
    return Found(spans, _media(observation), chosen[0])


def _media(observation: Observation) -> str:
    if observation.type != "MEDIA":
        raise ValueError(f"{observation.type} observation: its times are of no video")
    players = observation.file if isinstance(observation.file, dict) else {"1": observation.file}
    first = players.get("1", [])
    if len(first) > 1:
        raise ValueError(
            "several videos one after the other: code each in an observation of its own"
        )
    return PurePath(first[0].replace("\\", "/")).name if first else ""


def _spans(observation: Observation, states: set[str]) -> Iterator[Span]:
    begun: dict[tuple[str, ...], tuple[float, str]] = {}
    for time_s, subject, code, modifier, comment in sorted(map(_event, observation.events)):
        if code not in states:
            yield Span(time_s, time_s, _labelled(code, comment), subject)
            continue
        key = (subject, code, modifier)
        if key not in begun:
            begun[key] = time_s, comment
            continue
        begin_s, at_begin = begun.pop(key)
        yield Span(begin_s, time_s, _labelled(code, at_begin or comment), subject)
    for (_, code, _), (begin_s, _) in begun.items():
        raise ValueError(f"{code!r:.40} begins at {clock(begin_s)} and does not end")


def _event(row: list[Any]) -> tuple[float, str, str, str, str]:
    time_s, *texts = row[:5]
    number = isinstance(time_s, int | float) and abs(time_s) < TOO_LATE_S
    if not number or len(texts) < 2 or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"{str(row)!s:.60} is no event: time, subject, code, modifier, comment")
    subject, code, modifier, comment = (*texts, "", "")[:4]
    return float(time_s), subject, code, modifier, comment


def _labelled(code: str, comment: str) -> str:
    return f"{code}: {' '.join(comment.split())}" if comment.strip() else code
