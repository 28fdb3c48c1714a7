"""What the channels of a file are called, which are taken, and whose they are."""

import re
from collections.abc import Sequence
from dataclasses import replace

from recorder.importing.brought import Brought
from recorder.open.labels import SITES, kind_of

_SIGNS = re.compile(r"[^A-Za-z0-9'_+-]")
_PREFIX = re.compile(r"^(EEG|EOG|ECG|EKG|EMG|RESP|MISC)[ :_]+", re.IGNORECASE)
_REFERENCE = re.compile(r"-(REF|LE|AVG|A1|A2|M1|M2|CZ|CPZ|FCZ|NOSE)$", re.IGNORECASE)
LONGEST = 16
# What other files write instead of our words.
_KINDS = {"ekg": "ecg", "exg": "eeg", "respiration": "resp", "": "eeg"}
KNOWN = ("eeg", "ecg", "eog", "emg", "resp", "misc")


def label_of(text: str) -> tuple[str, str, str]:
    """Label, kind and reference of a channel as another program names it: `EEG F3-REF`.

    The kind is "" where the name does not tell it.
    """
    text = text.strip().strip(".")
    prefix = _PREFIX.match(text)
    kind = _KINDS.get(prefix[1].lower(), prefix[1].lower()) if prefix else ""
    bare = text[prefix.end() :] if prefix else text
    reference = _REFERENCE.search(bare)
    bare = bare[: reference.start()] if reference else bare
    label = SITES.get(bare.lower()) or _SIGNS.sub("_", bare)[:LONGEST] or "channel"
    if not kind and label not in SITES.values() and kind_of(label) != "eeg":
        kind = kind_of(label)
    return label, kind, reference[1] if reference else ""


def kind_named(text: str) -> str:
    """Our word for what a channel measures, of another program's; misc for others."""
    word = _KINDS.get(text.strip().lower(), text.strip().lower())
    return word if word in KNOWN else "misc"


def distinct(labels: Sequence[str]) -> tuple[str, ...]:
    """The same with a number behind those that are not the first of their name."""
    found: list[str] = []
    for label in labels:
        again, number = label, 2
        while again in found:
            again = f"{label[: LONGEST - 3]}_{number}"
            number += 1
        found.append(again)
    return tuple(found)


def named(brought: Brought, names: Sequence[str]) -> Brought:
    """Take channels by their names, or, where the file has others, name all of them.

    Raises:
        ValueError: only some of the names are in the file, or they are not as many as the channels.
    """
    own = [label.lower() for label in brought.labels]
    there = [name for name in names if name.lower() in own]
    if len(there) == len(names):
        return _picked(brought, [own.index(name.lower()) for name in names])
    if len(names) != len(own):
        missing = [name for name in names if name not in there]
        has = ", ".join(brought.labels)
        raise ValueError(
            f"{len(names)} names for {len(own)} channels, and no channel {missing[0]}: it has {has}"
        )
    kinds = tuple(kind_of(name) for name in names)
    return replace(brought, labels=tuple(names), kinds=kinds)


def parted(brought: Brought, names: Sequence[Sequence[str]]) -> list[Brought]:
    """Both people's channels out of one person's, by name or, where it has others, in order.

    Raises:
        ValueError: as `named`.
    """
    own = {label.lower() for label in brought.labels}
    if all(name.lower() in own for some in names for name in some):
        return [named(brought, some) for some in names]
    both = [name for some in names for name in some]
    if len(both) != len(brought.labels):
        raise ValueError(f"{len(both)} names for {len(own)} channels: name all of them, in order")
    first = len(names[0])
    mine = _picked(brought, range(first)), _picked(brought, range(first, len(both)))
    return [named(one, some) for one, some in zip(mine, names, strict=True)]


def _picked(brought: Brought, places: Sequence[int]) -> Brought:
    """The same with some of its channels."""
    places = list(places)
    stretches = (replace(it, counts=it.counts[:, places]) for it in brought.stretches)
    return replace(
        brought,
        stretches=tuple(stretches),
        labels=tuple(brought.labels[it] for it in places),
        kinds=tuple(brought.kinds[it] for it in places),
        references=tuple(brought.references[it] for it in places),
        delays_s=tuple(brought.delays_s[it] for it in places),
    )
