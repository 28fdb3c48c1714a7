"""ELAN's annotation file, an XML.

https://www.mpi.nl/tools/elan/EAF_Annotation_Format_3.0_and_ELAN.pdf

Read with the standard library: pympi skips what it does not understand. Document types and entities
are refused, as ELAN writes none and others have used them to fill a memory.
"""

import json
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping
from pathlib import PurePath

from recorder.spans.span import Found, Span

# Properties that recorder/export/elan.py leaves in a file, to be found here again.
SESSION, TIME, TIERS = "antiphon: session", "antiphon: time", "antiphon: tiers"
IN_SESSION_S = "session"
MILLISECONDS = "milliseconds"


def read_elan(text: str) -> Found:
    """The annotations of all tiers. Raises ValueError where it is no file of ELAN."""
    root = _root(text)
    properties = {it.get("NAME", ""): (it.text or "").strip() for it in root.iter("PROPERTY")}
    slots_s = _slots_s(root)
    owners = _owners(root)
    spans = [
        span
        for tier in root.iter("TIER")
        for annotation in _annotations(tier)
        if (span := _span(annotation, tier.get("TIER_ID", ""), slots_s, owners)).text
    ]
    return Found(
        tuple(spans),
        _media(root),
        properties.get(SESSION, ""),
        properties.get(TIME) == IN_SESSION_S,
        _tiers(properties.get(TIERS, "")),
    )


def _root(text: str) -> ET.Element:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("a file of ELAN has no document type and no entities")
    try:
        root = ET.fromstring(text)  # noqa: S314
    except ET.ParseError as error:
        raise ValueError(f"no XML: {error}") from error
    if root.tag != "ANNOTATION_DOCUMENT":
        raise ValueError(f"no file of ELAN: it begins with {root.tag:.40}")
    header = root.find("HEADER")
    units = MILLISECONDS if header is None else header.get("TIME_UNITS", MILLISECONDS)
    if units != MILLISECONDS:
        raise ValueError(f"its times are in {units:.40}: ELAN writes {MILLISECONDS}")
    return root


def _media(root: ET.Element) -> str:
    """The name of the first video, in whose time the annotations are."""
    linked = root.find("HEADER/MEDIA_DESCRIPTOR")
    if linked is None:
        return ""
    url = linked.get("RELATIVE_MEDIA_URL") or linked.get("MEDIA_URL") or ""
    return PurePath(url.replace("\\", "/")).name


def _slots_s(root: ET.Element) -> dict[str, float]:
    try:
        return {
            slot.get("TIME_SLOT_ID", ""): int(value) / 1000
            for slot in root.iter("TIME_SLOT")
            if (value := slot.get("TIME_VALUE")) is not None
        }
    except (ValueError, OverflowError) as error:
        raise ValueError("a TIME_VALUE is no number of milliseconds") from error


def _annotations(tier: ET.Element) -> Iterator[ET.Element]:
    for annotation in tier.iter("ANNOTATION"):
        yield from annotation


def _owners(root: ET.Element) -> dict[str, ET.Element]:
    """Annotations by their ids."""
    return {
        it.get("ANNOTATION_ID", ""): it for tier in root.iter("TIER") for it in _annotations(tier)
    }


def _span(
    annotation: ET.Element,
    tier: str,
    slots_s: Mapping[str, float],
    owners: Mapping[str, ET.Element],
) -> Span:
    """One that refers to another has the other's times."""
    text = " ".join((annotation.findtext("ANNOTATION_VALUE") or "").split())
    timed, met = annotation, set[str]()
    while timed.tag == "REF_ANNOTATION":
        name = timed.get("ANNOTATION_REF", "")
        if name in met or name not in owners:
            raise ValueError(f"tier {tier!r:.40}: an annotation refers to {name!r:.40}, not there")
        met.add(name)
        timed = owners[name]
    ends = [timed.get(f"TIME_SLOT_REF{number}", "") for number in (1, 2)]
    if not slots_s.keys() >= set(ends):
        raise ValueError(
            f"tier {tier!r:.40}: {text!r:.40} has no time of its own: align it in ELAN"
        )
    return Span(slots_s[ends[0]], slots_s[ends[1]], text, tier)


def _tiers(told: str) -> tuple[str, ...]:
    try:
        names = json.loads(told or "[]")
    except (ValueError, RecursionError):
        return ()
    return tuple(map(str, names)) if isinstance(names, list) else ()
