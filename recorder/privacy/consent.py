"""What the two people have agreed to, stream by stream: `eeg`, `video`, `share`.

It stands in the session file for each person. A stream of both is recorded or given away only when
both agree. What is said of it afterwards, of a transcript and notes, too, is in the notes.
"""

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Literal

from recorder.failure import EX_NOPERM, Failure
from recorder.store.headers import Person
from recorder.store.note_rows import ConsentRow
from recorder.store.reader import SessionReader

Stream = Literal["eeg", "video", "share"]


def persons(codes: Mapping[str, str], consent: Collection[str]) -> tuple[Person, ...]:
    """The people of a session, by role and code, who have agreed to these streams.

    Raises:
        PermissionError: nobody has agreed to the EEG, so that nothing may be recorded.
    """
    if "eeg" not in consent:
        raise PermissionError("without consent to the EEG nothing is recorded: --consent eeg")
    video, share = "video" in consent, "share" in consent
    return tuple(Person(role, code, True, video, share) for role, code in codes.items())


def may_film(people: Collection[Person]) -> bool:
    """Whether everybody has agreed to video."""
    return bool(people) and all(person.consent_video for person in people)


def refusing(rows: Iterable[ConsentRow], what: str) -> tuple[str, ...]:
    """The roles of those who have taken something back or never wanted it; the newest word counts.

    Args:
        rows: what was said after the session, oldest first.
        what: such as transcript or notes.
    """
    newest = {row.role: row.given for row in rows if row.what == what}
    return tuple(role for role, given in newest.items() if not given)


def require_shareable(path: Path) -> None:
    """See that everybody in a session has agreed that it is given to others.

    Of who has withdrawn all (withdrawal.py) there is nothing in it any more.

    Raises:
        Failure: somebody has not.
        ValueError: it is no session file.
        OSError: it cannot be read.
    """
    with SessionReader(path) as session:
        people = session.header.persons
    there = [person for person in people if person.code or person.consent_record]
    refusing = [person.role for person in there if not person.consent_share]
    if refusing:
        text = f"no consent to sharing from: {', '.join(refusing)}"
        raise Failure(f"{path.name}: {text}", EX_NOPERM)
