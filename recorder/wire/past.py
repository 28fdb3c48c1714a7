"""What travels over the control socket of people who were recorded here, and of past sessions.

Times of day are texts, by the local time of the machine that recorded: "2026-11-21 14:02", or ""
where that is not known. Sessions for practice count nowhere.
"""

import msgspec

# So many sessions go into one answer, the newest ones.
MOST_SESSIONS = 2000


class KnownPerson(msgspec.Struct):
    """A code that was used here, and how often; the newest session was `last`."""

    role: str
    code: str
    sessions: int
    last: str = ""


class KnownPair(msgspec.Struct):
    """Two who were recorded together; `consent` is what both agreed to the last time."""

    patient: str
    therapist: str
    sessions: int
    last: str = ""
    consent: tuple[str, ...] = ()


class People(msgspec.Struct):
    """The answer to `people`: who was recorded here, the newest first.

    `patterns` are the regular expressions that codes have to match, by role, where there are any;
    `objections` say what is wrong with the codes that were asked about, by role.
    """

    people: list[KnownPerson]
    pairs: list[KnownPair]
    patterns: dict[str, str] = {}
    objections: dict[str, str] = {}


class SessionLine(msgspec.Struct):
    """A past session in a line; `usable` is the usable share of each of `codes`.

    `state` is closed, interrupted, recording or unreadable; `copies` are the destinations that have
    proved to hold it.
    """

    id: str
    state: str
    begun: str
    is_certain: bool
    duration_s: float | None
    codes: tuple[str, ...]
    usable: tuple[float | None, ...]
    marks: int | None
    practice: bool
    copies: tuple[str, ...]


class SessionLines(msgspec.Struct):
    """The answer to `sessions`: the newest first; `older` ones are left out."""

    sessions: list[SessionLine]
    older: int = 0


class Recorded(msgspec.Struct):
    """One person in a past session: the share that is of use, and what is missing by its causes."""

    role: str
    code: str
    usable: float | None
    missing_s: dict[str, float]


class Missing(msgspec.Struct):
    """A longer gap of one person, in seconds of the session, with its cause as files have it."""

    t_s: float
    length_s: float
    role: str
    cause: str


class Written(msgspec.Struct):
    """A mark, a note, or another thing that was written down, in seconds of the session."""

    t_s: float
    text: str


class PastSession(msgspec.Struct):
    """The answer to `session`: one that has ended.

    Attributes:
        line: as in the list.
        file: where it is.
        is_put_away: it has ended for good, packed and with its hash.
        damage: what is not as it was written, one line each; of a session that is not put away yet
            that is not looked for.
        part, parts: which of its files this is, and of how many, where the disk was full meanwhile.
        gaps: the longer ones, in time.
        passed: what was amiss at the start, and why it was started all the same.
        interviews: what each of the two told of moments afterwards, by role.
        destinations: where copies are to go.
    """

    line: SessionLine
    file: str
    is_put_away: bool
    damage: list[str]
    part: int
    parts: int
    people: list[Recorded]
    gaps: list[Missing]
    marks: list[Written]
    notes: list[Written]
    passed: list[Written]
    comments: list[str]
    interviews: dict[str, list[Written]]
    destinations: list[str]


class Tapped(msgspec.Struct):
    """The answer to `tap`: on whose board the taps were, of the cap that was tapped.

    `verdict` is `right`, `exchanged`, or `unsure` with what is in the way in `why`; `taps` are how
    many each board has felt.
    """

    verdict: str
    taps: dict[str, int]
    why: str = ""
