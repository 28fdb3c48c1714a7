"""What a moment is called: in the notes, and in files of others."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from recorder.moments.moment import SORTS, Moment, Sort
from recorder.spans.span import Span, clock

# As people write them; small letters, blanks for _ and -.
USUAL: Mapping[str, Sort] = {
    **dict.fromkeys(("interest", "of interest", "moi", "moment of interest"), SORTS[0]),
    **dict.fromkeys(("no interest", "of no interest", "moni", "moment of no interest"), SORTS[1]),
}
MORE = ": "  # between the sort of a moment and what else is written there


def label_of(moment: Moment) -> str:
    """As the notes have it: `interest`, or `interest: what else was written there`."""
    return moment.sort + MORE + moment.text if moment.text else moment.sort


def sort_of(label: str) -> tuple[Sort, str] | None:
    """The sort of a label of the notes and what else is written there; None of other labels."""
    name, _, text = label.partition(MORE)
    found = next((sort for sort in SORTS if sort == name), None)
    return None if found is None else (found, text)


def known_names(interest: Iterable[str], no_interest: Iterable[str]) -> dict[str, Sort]:
    """The usual names of both sorts and these."""
    asked = [(name, SORTS[0]) for name in interest] + [(name, SORTS[1]) for name in no_interest]
    return {**USUAL, **{_plain(name): sort for name, sort in asked}}


def moment_of(span: Span) -> Moment:
    """A span whose text is a label of the notes. Raises ValueError when it is none."""
    said = sort_of(span.text)
    if said is None:
        raise ValueError(f"{span.text!r:.40} is no moment")
    return Moment(span.begin_s, span.end_s, *said)


def rated(
    spans: Collection[Span], names: Mapping[str, Sort], tiers: Collection[str]
) -> tuple[Span, ...]:
    """The moments among the annotations of a file, each with its label of the notes for a text.

    Args:
        spans: all of them; what names the sort is the text, or else the tier.
        names: as `known_names`.
        tiers: whose spans are moments, all of them; () for those tiers that have any.

    Raises:
        ValueError: there are none, a tier is not there, or a span of theirs is of no sort.
    """
    there = dict.fromkeys(span.tier for span in spans)
    if missing := [tier for tier in tiers if tier not in there]:
        raise ValueError(f"nothing is in tier {missing[0]!r:.40}; there are: {_told(there)}")
    chosen = [*tiers] or [tier for tier in there if _has_any(spans, tier, names)]
    if not chosen:
        called = "--interest and --no-interest say how they are called"
        labels = dict.fromkeys(span.text for span in spans)
        raise ValueError(f"no moments in it: {called}; there are {_told(labels)}")
    return tuple(_moment(span, names) for span in spans if span.tier in chosen)


def _has_any(spans: Iterable[Span], tier: str, names: Mapping[str, Sort]) -> bool:
    return any(span.tier == tier and _sorted(span, names) for span in spans)


def _moment(span: Span, names: Mapping[str, Sort]) -> Span:
    found = _sorted(span, names)
    if found is None:
        text = f"{span.text!r:.40} is neither of interest nor of no interest"
        raise ValueError(f"{clock(span.begin_s)}: {text}: --interest or --no-interest says which")
    sort, text = found
    return replace(span, text=f"{sort}{MORE}{text}" if text else sort)


def _sorted(span: Span, names: Mapping[str, Sort]) -> tuple[Sort, str] | None:
    """By its text, by what stands before a colon there, or by its tier."""
    before, _, after = span.text.partition(":")
    if sort := names.get(_plain(span.text)):
        return sort, ""
    if sort := names.get(_plain(before)):
        return sort, after.strip()
    if sort := names.get(_plain(span.tier)):
        return sort, span.text
    return None


def _plain(name: str) -> str:
    return " ".join(re.sub(r"[_-]", " ", name).casefold().split())


def _told(names: Iterable[str]) -> str:
    return f"{', '.join(map(repr, names)):.200}"
