"""All that a page holds, as plain values."""

from collections.abc import Sequence
from typing import Any, Final

from recorder.open import Hole, OpenSession, Slots
from recorder.progress import Progress
from recorder.review.asked import Asked
from recorder.review.curves import PER_CENT, clean_shares, index_curves, seconds_of
from recorder.review.eeg import eeg, seen_eeg
from recorder.review.findings import findings
from recorder.review.footage import footage
from recorder.review.hearing import hearing
from recorder.review.meeting import meeting
from recorder.review.moments import Moment, moments_of, spans_of
from recorder.review.packing import packed
from recorder.review.permission import Permission
from recorder.review.telling import paragraph
from recorder.review.texts import TEXTS
from recorder.settings.board import ROLES
from recorder.store.beside import sha256_of, stored_sha256

SCHEMA: Final = "antiphon.review/1"
PARTS: Final = 4


def contents(
    session: OpenSession, whole: OpenSession, asked: Asked, may: Permission, progress: Progress
) -> dict[str, Any]:
    """Everything but the permission itself, which is told in words.

    `session` is what may be seen, `whole` the same with what strangers are only told by consent.

    Raises:
        ValueError: the session is damaged.
    """
    slots = {role: session.slots(role) for role in session.roles if session.span_ns(role)}
    progress(1, PARTS)
    holes = {role: list(one.holes) for role, one in slots.items()}
    moments = moments_of(session, whole.events, notes=may.notes)
    shown = [] if asked.blind else moments
    seconds = seconds_of(session)
    shares = {} if asked.blind else clean_shares(session, seconds)
    met = None if asked.blind else meeting(session, seconds)
    progress(2, PARTS)
    told = {
        "schema": SCHEMA,
        "id": session.id,
        "sha256": "" if asked.for_sharing else stored_sha256(whole.path) or sha256_of(whole.path),
        "language": asked.language,
        "blind": asked.blind,
        "duration_s": session.duration_s,
        "seconds": seconds.n,
        "roles": list(session.roles),
        "people": {it.role: it.code for it in session.header.persons},
        "texts": TEXTS[asked.language],
        "paragraph": paragraph(session, asked.language, shares, holes, shown, met),
        "indices": [] if asked.blind else index_curves(session, seconds),
        "synchrony": met,
        "music": None if asked.blind else hearing(session, seconds),
        "usable": {role: packed(it, PER_CENT) for role, it in shares.items()},
        "per_cent": PER_CENT,
        "holes": {role: _spans(session, it) for role, it in holes.items()},
        "eeg": None if asked.blind else _eeg(session, slots, moments, asked),
        "moments": [_moment(it) for it in shown],
        "findings": [] if asked.blind else findings(session),
        "words": _words(whole, nameless=asked.for_sharing) if may.words else [],
        "videos": footage(whole, asked) if may.video else [],
        "damage": list(session.damage),
    }
    progress(3, PARTS)
    return told


def _eeg(
    session: OpenSession, slots: dict[str, Slots], moments: list[Moment], asked: Asked
) -> dict[str, Any] | None:
    seen = seen_eeg(session, slots)
    labels = {role: session.labels(role) for role in slots}
    if seen is None:
        return None
    return eeg(seen, labels, spans_of(moments), whole=asked.with_eeg)


def _spans(session: OpenSession, holes: Sequence[Hole]) -> list[list[Any]]:
    """Begin, end and cause of each."""
    return [[session.t_s(it.begin_ns), session.t_s(it.end_ns), it.cause] for it in holes]


def _moment(it: Moment) -> dict[str, Any]:
    return {
        "kind": it.kind,
        "who": it.who,
        "label": it.label,
        "begin_s": it.begin_s,
        "end_s": it.end_s,
        "blind": it.blind,
    }


def _words(session: OpenSession, *, nameless: bool) -> list[dict[str, Any]]:
    """By role; `nameless`, others than the two are nobody."""
    roles = {person.code: person.role for person in session.header.persons if person.code}
    return [
        {
            "begin_s": it.begin_s,
            "end_s": it.end_s,
            "who": roles.get(
                it.speaker, "" if nameless and it.speaker not in ROLES else it.speaker
            ),
            "text": it.text,
        }
        for it in session.words
    ]
