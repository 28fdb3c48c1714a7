"""For whom a page is, on whose consent, and what it must leave out.

A page for oneself holds what the session holds, but for what somebody took back; videos only where
everybody agreed to be filmed. A
page for others is refused without everybody's consent to sharing, and has no transcript, notes or
videos but for those that each of them agreed to share as well: `transcript`
and `notes` by a row of consent in the session's notes, `video` when it was recorded.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from recorder.open import OpenSession
from recorder.privacy.consent import may_film, refusing
from recorder.store.headers import Person
from recorder.store.note_rows import ConsentRow

WORDS: Final = "transcript"
NOTES: Final = "notes"
VIDEO: Final = "video"
SHARE: Final = "share"


@dataclass(frozen=True, slots=True)
class Permission:
    """What may be on a page.

    Attributes:
        for_sharing: it is for people outside.
        agreed: of each person, what he or she has agreed to.
        words, notes, video: whether they may be on it.
    """

    for_sharing: bool
    agreed: dict[str, tuple[str, ...]]
    words: bool
    notes: bool
    video: bool


def permission(session: OpenSession, later: Sequence[ConsentRow], *, sharing: bool) -> Permission:
    """`later` is what people have agreed to, or taken back, afterwards; the newest is last."""
    people = [it for it in session.header.persons if it.code or it.consent_record]
    agreed = {person.role: _agreed(person, later) for person in people}
    each = agreed.values()

    def may(what: str) -> bool:
        return _all_agreed(each, what, SHARE) if sharing else not refusing(later, what)

    filmed = may_film(people)
    return Permission(sharing, agreed, may(WORDS), may(NOTES), video=filmed and may(VIDEO))


def _agreed(person: Person, later: Sequence[ConsentRow]) -> tuple[str, ...]:
    """To EEG, video and sharing when it was recorded; to texts later; all may be taken back."""
    given = {
        "eeg": person.consent_record,
        VIDEO: person.consent_video,
        SHARE: person.consent_share,
    }
    newest = {it.what: it.given for it in later if it.role == person.role}
    told = (
        what for what in ("eeg", VIDEO, WORDS, NOTES, SHARE) if given.get(what, newest.get(what))
    )
    return tuple(what for what in told if newest.get(what, True))


def _all_agreed(each: Collection[tuple[str, ...]], *whats: str) -> bool:
    return bool(each) and all(what in agreed for agreed in each for what in whats)
