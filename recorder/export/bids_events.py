"""The events of one person's recording as BIDS has them, with HED 8.4 for what they are.

A pair such as `music starts` and `music ends` is the scope of a definition, as HED wants it, where
the two take turns; where somebody forgot one, HED would call the other an error, and so each is but
a label.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from recorder.export.annotations import BAD, NOTE, Annotation

HED_VERSION: Final = "8.4.0"
COLUMNS: Final = ("onset", "duration", "trial_type", "provenance", "author", "channel", "text")
NOTED = "note"
# What a scope is called, and what it means.
SCOPES: Final = {
    "baseline": ("Baseline", "Experiment-structure", "(Rest, Eyes-closed)"),
    "music": ("Music-playing", "Sensory-event", "(Auditory-presentation, Musical-sound)"),
}
STARTS, ENDS = " starts", " ends"

Row = tuple[str, ...]


def event_rows(annotations: Iterable[Annotation]) -> list[Row]:
    """The rows of an events.tsv; "" where there is nothing.

    HED takes what is at one instant for one event, and in it nothing may be said twice: what two
    raters called the same is a microsecond later.
    """
    told: set[tuple[int, str]] = set()
    rows: list[Row] = []
    for it in annotations:
        onset_us, what = round(it.onset_s * 1e6), trial_type(it)
        while (onset_us, what) in told:
            onset_us += 1
        told.add((onset_us, what))
        rows.append(
            (
                f"{onset_us / 1e6:.6f}",
                f"{it.length_s:.6f}",
                what,
                it.provenance,
                it.author,
                ",".join(it.channels),
                _one_line(it.text.removeprefix(NOTE)) if what == NOTED else "",
            )
        )
    return rows


def trial_type(annotation: Annotation) -> str:
    """What an annotation is, without what somebody wrote in a note."""
    text = _one_line(annotation.text)
    return NOTED if text.startswith(NOTE) else text


def events_json(annotations: Sequence[Annotation]) -> dict[str, Any]:
    """What stands beside an events.tsv: the columns, each trial_type's HED and its definitions."""
    types = [trial_type(it) for it in annotations]
    scopes = {name for name in SCOPES if _takes_turns(types, name)}
    levels = sorted(set(types))
    definitions = {
        f"{name}_definition": f"(Definition/{word}, {meaning})"
        for name, (word, _, meaning) in SCOPES.items()
    }
    return {
        "trial_type": {
            "Description": "A mark, an interval, or a stretch without samples (BAD_ and its cause)",
            "Levels": {level: level for level in levels},
            "HED": {level: _hed(level, scopes) for level in levels},
        },
        "provenance": {"Description": "live: marked in the session; post: afterwards; rater"},
        "author": {"Description": "Code of the rater; n/a for the people in the session"},
        "channel": {"Description": "Channels that this is about; n/a for all"},
        "text": {"Description": "What was written in a note"},
        "definitions": {"Description": "What the scopes mean", "HED": definitions},
    }


def _hed(level: str, scopes: set[str]) -> str:
    label = re.sub(r"[^A-Za-z0-9]+", "-", level.removeprefix(BAD)).strip("-") or "mark"
    if level.startswith(BAD):
        return f"(Data-feature, Data-break-marker, Label/{label})"
    for name in scopes:
        word, event, _ = SCOPES[name]
        if level == name + STARTS:
            return f"(Def/{word}, Onset, ({event}))"
        if level == name + ENDS:
            return f"(Def/{word}, Offset)"
    return f"(Data-feature, Data-marker, Label/{label})"


def _takes_turns(types: list[str], name: str) -> bool:
    """Whether each start is followed by its end before the next one."""
    own = [it for it in types if it in (name + STARTS, name + ENDS)]
    return bool(own) and own == [name + STARTS, name + ENDS] * (len(own) // 2)


def _one_line(text: str) -> str:
    return " ".join(text.split())
