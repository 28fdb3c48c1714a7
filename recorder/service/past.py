"""Who was recorded here, and the sessions that have ended, as the screen is told of them.

All of it reads files: not for the event loop.
"""

from collections.abc import Iterator
from pathlib import Path

from recorder import wall_clock
from recorder.failure import (
    EX_CANTCREAT,
    EX_DATAERR,
    EX_NOINPUT,
    EX_TEMPFAIL,
    EX_USAGE,
    Refused,
    words,
)
from recorder.moments.labels import MORE
from recorder.moments.moment import INTERVIEW, Moment
from recorder.moments.noted import MomentRow, moments_by, rows_of, span_of
from recorder.privacy.names import code_suspicions
from recorder.settings.board import ROLES
from recorder.settings.codes import CodeSettings
from recorder.settings.file import Config
from recorder.spans.span import clock
from recorder.store.catalog import Entry, find, first_id, part_number, sessions
from recorder.store.coverage import Coverage, coverages
from recorder.store.elapsed import missing_s
from recorder.store.files import DONE
from recorder.store.fit import damage_seen
from recorder.store.note_rows import CommentRow, NoteIntervalRow, NoteMarkerRow, NoteRow
from recorder.store.notes import ReadNotes, open_notes
from recorder.store.reader import SessionReader
from recorder.store.rows import MarkerRow
from recorder.sync.receipts import copies_of, destinations
from recorder.wire.messages import Request
from recorder.wire.past import (
    MOST_SESSIONS,
    KnownPair,
    KnownPerson,
    Missing,
    PastSession,
    People,
    Recorded,
    SessionLine,
    SessionLines,
    Written,
)

# A shorter gap is told in the sum only.
GAP_TOLD_S = 1.0
# The kind of event that says what was amiss at the start, and why it was started all the same.
PASSED = "passed"
BY_SCREEN = "screen"  # the author of what is said at the bedside, who has no code


def people_here(config: Config, asked: Request) -> People:
    """Who was recorded here; and what is wrong with the codes in `asked`.

    Raises:
        OSError: the directory of sessions cannot be read.
    """
    entries = [it for it in reversed(sessions(config.sessions_path)) if not it.practice]
    pairs = [(it, _codes(it)) for it in entries]
    together = [(it, codes) for it, codes in pairs if len(codes) == len(ROLES)]
    codes_asked = {"patient": asked.patient, "therapist": asked.therapist}
    known = [*_known_people(pairs)]
    names = {(it.role, it.code) for it in known}
    objections = {
        role: text
        for role, code in codes_asked.items()
        if code and (role, code) not in names and (text := _objection(config.codes, role, code))
    }
    return People(known, [*_known_pairs(together)], config.codes.patterns, objections)


def session_lines(directory: Path) -> SessionLines:
    """The sessions here, the newest first.

    Raises:
        OSError: the directory cannot be read.
    """
    entries = sessions(directory)[::-1]
    named = destinations(directory)
    newest = [_line(directory, it, named) for it in entries[:MOST_SESSIONS]]
    return SessionLines(newest, len(entries) - len(newest))


def past_session(config: Config, session_id: str) -> PastSession:
    """A session that has ended.

    Raises:
        Refused: there is none, or it cannot be read.
    """
    directory = config.sessions_path
    path = _found(directory, session_id)
    entries = [it for it in sessions(directory) if first_id(it.id) == first_id(path.stem)]
    entry = next(it for it in entries if it.path == path)
    if entry.problem:
        raise Refused(
            f"{path.name}: {entry.problem}: antiphon repair saves what is whole", EX_DATAERR
        )
    try:
        with SessionReader(path) as session:
            return _told(config, entry, session, len(entries))
    except (ValueError, OSError) as error:
        raise Refused(
            f"{path.name}: {words(error)}: antiphon repair saves what is whole", EX_DATAERR
        ) from error


def comment(directory: Path, session_id: str, text: str) -> None:
    """Write down what somebody says of a whole session, beside it.

    Raises:
        Refused: there is no such session, it has not ended, or its notes cannot be written.
    """
    _require_line(text, "a comment")
    _note(_found(directory, session_id), CommentRow(None, text, BY_SCREEN, wall_clock.utc_ns()))


def interview(directory: Path, asked: Request) -> None:
    """Write down what one of the two told of a moment afterwards, beside the session.

    It is a moment of interest of an interview, as `antiphon raters add --interview` makes them.

    Raises:
        Refused: there is no such session, it has not ended or not so long, nobody is told to have
            said it, or its notes cannot be written.
    """
    _require_line(asked.label, "what was told")
    if asked.by not in ROLES:
        raise Refused(f"who told it: {' or '.join(ROLES)}?", EX_USAGE)
    path = _found(directory, asked.session)
    started_ns = _within(path, asked.at_s)
    whose = NoteMarkerRow(started_ns, "", INTERVIEW, asked.by, wall_clock.utc_ns())
    moment = Moment(asked.at_s, asked.at_s, "interest", asked.label)
    _note(path, *rows_of([moment], started_ns, whose))


def _within(path: Path, at_s: float) -> int:
    """When a session started, if it is as long as that."""
    try:
        with SessionReader(path) as session:
            started_ns, ended_s = session.header.started_t_ns, _s(session, session.ended_t_ns)
    except (ValueError, OSError) as error:
        raise Refused(f"{path.name}: {words(error)}", EX_DATAERR) from error
    if at_s > ended_s:
        raise Refused(f"the session is {clock(ended_s)} long", EX_USAGE)
    return started_ns


def _require_line(text: str, what: str) -> None:
    if not text.strip() or len(text.splitlines()) > 1:
        raise Refused(f"{what} is one line", EX_USAGE)


def _note(path: Path, *rows: NoteRow) -> None:
    try:
        with open_notes(path) as notes:
            notes.add(*rows)
    except ValueError as error:
        raise Refused(words(error), EX_TEMPFAIL) from error
    except OSError as error:
        raise Refused(words(error), EX_CANTCREAT) from error


def _objection(settings: CodeSettings, role: str, code: str) -> str:
    """A code that matches the pattern of the house is none of a person's names."""
    if settings.patterns.get(role):
        return settings.objection(role, code)
    kinds = code_suspicions(code)
    return f"{code} looks like {' and '.join(kinds)}: codes only, never names" if kinds else ""


def _codes(entry: Entry) -> dict[str, str]:
    """Of the people in it, without those that were taken out."""
    pairs = zip(entry.roles, entry.codes, strict=False)
    return {role: code for role, code in pairs if code}


def _known_people(sessions_of: list[tuple[Entry, dict[str, str]]]) -> Iterator[KnownPerson]:
    found: dict[tuple[str, str], KnownPerson] = {}
    for entry, codes in sessions_of:
        counts = part_number(entry.id) == 1
        for role, code in codes.items():
            begun = _local(entry)
            known = found.setdefault((role, code), KnownPerson(role, code, 0, begun))
            known.sessions += counts
    yield from found.values()


def _known_pairs(sessions_of: list[tuple[Entry, dict[str, str]]]) -> Iterator[KnownPair]:
    found: dict[tuple[str, str], KnownPair] = {}
    for entry, codes in sessions_of:
        patient, therapist = codes["patient"], codes["therapist"]
        new = KnownPair(patient, therapist, 0, _local(entry), _both_agreed(entry))
        found.setdefault((patient, therapist), new).sessions += part_number(entry.id) == 1
    yield from found.values()


def _both_agreed(entry: Entry) -> tuple[str, ...]:
    first, *others = entry.consent
    return tuple(stream for stream in first if all(stream in other for other in others))


def _line(directory: Path, entry: Entry, named: list[str]) -> SessionLine:
    return SessionLine(
        id=entry.id,
        state=entry.state,
        begun=_local(entry),
        is_certain=entry.created_is_certain,
        duration_s=entry.duration_s,
        codes=entry.codes,
        usable=entry.usable,
        marks=entry.marks,
        practice=entry.practice,
        copies=tuple(copies_of(directory, entry.path, named)),
    )


def _local(entry: Entry) -> str:
    if entry.created_utc_ns is None:
        return ""
    return f"{wall_clock.local_time(entry.created_utc_ns):%Y-%m-%d %H:%M}"


def _told(config: Config, entry: Entry, session: SessionReader, parts: int) -> PastSession:
    directory = config.sessions_path
    is_put_away = entry.path.parent.name == DONE
    events = [*_events(session)]
    return PastSession(
        line=_line(directory, entry, destinations(directory)),
        file=str(entry.path),
        is_put_away=is_put_away,
        damage=damage_seen(session) if is_put_away else [],
        part=part_number(entry.id),
        parts=parts,
        people=[_person(session, it) for it in coverages(session)],
        gaps=sorted(_gaps(session), key=lambda gap: gap.t_s),
        marks=[Written(_s(session, it.t_ns), it.label) for it in _standing(session)],
        notes=[text for kind, text in events if kind == "note"],
        passed=[text for kind, text in events if kind == PASSED],
        comments=[it.text for it in ReadNotes(session).read(CommentRow)],
        interviews={role: [*_told_by(session, role)] for role in ROLES},
        destinations=[*config.destinations],
    )


def _told_by(session: SessionReader, role: str) -> Iterator[Written]:
    """What one told of moments afterwards, and nobody took back."""
    notes = ReadNotes(session)
    rows: list[MomentRow] = [*notes.read(NoteMarkerRow), *notes.read(NoteIntervalRow)]
    for row in moments_by(rows, INTERVIEW, role):
        _, _, text = row.label.partition(MORE)
        yield Written(_s(session, span_of(row)[0]), text or row.label)


def _events(session: SessionReader) -> Iterator[tuple[str, Written]]:
    for event in session.events():
        yield event.kind, Written(_s(session, event.t_ns), event.text)


def _standing(session: SessionReader) -> list[MarkerRow]:
    """The marks that nobody has taken back."""
    marks = session.markers()
    undone = {it.undoes for it in marks}
    return [it for it in marks if it.undoes is None and it.id not in undone]


def _s(session: SessionReader, t_ns: int) -> float:
    return round((t_ns - session.header.started_t_ns) / 1e9, 3)


def _person(session: SessionReader, it: Coverage) -> Recorded:
    codes = {person.role: person.code for person in session.header.persons}
    return Recorded(it.role, codes.get(it.role, ""), it.usable, it.missing_s)


def _gaps(session: SessionReader) -> Iterator[Missing]:
    """The longer gaps, as they were written down."""
    began_ns, ended_ns = session.header.started_t_ns, session.ended_t_ns
    boards = {board.id: board for board in session.boards()}
    for gap in session.gaps():
        board = boards[gap.board]
        length_s = missing_s(gap, board, began_ns, ended_ns)
        if length_s >= GAP_TOLD_S:
            t_s = _s(session, max(gap.begin_ns, began_ns))
            yield Missing(t_s, round(length_s, 3), board.role, gap.cause)


def _found(directory: Path, session_id: str) -> Path:
    try:
        return find(directory, session_id)
    except LookupError as error:
        raise Refused(str(error), EX_NOINPUT) from error
