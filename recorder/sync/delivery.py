"""One file's way to a destination, and all that have yet to go.

    hashed here ─▶ encrypted, if so configured ─▶ written down as a disclosure ─▶ sent to
    <name>.part ─▶ hashed here again ─▶ hashed there, and if it is the same ─▶ renamed there
                ─▶ receipt here

A file has its name at the destination only when the destination made the same hash of it. What is
encrypted and large goes so in pieces, and has its receipt when all of them are there.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec

from recorder import wall_clock
from recorder.failure import EX_DATAERR, EX_IOERR, EX_TEMPFAIL, Failure, Refused
from recorder.privacy.disclosures import write_down
from recorder.progress import Progress, no_progress
from recorder.store.beside import MACHINE, NOTES, SHA256, stored_sha256
from recorder.store.check import verify
from recorder.store.files import CAMERA, DONE, SUFFIX, session_of
from recorder.store.reader import SessionReader
from recorder.sync.finished import Sealed, files_to_copy, finished, may_travel, seal
from recorder.sync.outbox import AS_IT_IS, Outbox
from recorder.sync.receipts import Receipt, Receipts
from recorder.sync.tombstones import can_be_told, tombstones

# A second time, from the start, for a file that arrived different or changed meanwhile: rsync takes
# a staged file of full length for whole.
ATTEMPTS = 2
COPIED, ALREADY = "copied", "already there"
CHANGED = "it changed while it was copied: not copied this time"
DAMAGED = "it arrived damaged, twice: check the disk and memory there"
NOTHING: Mapping[str, str] = {}


class Link(Protocol):
    """What a destination can be asked to do; Failure when it cannot."""

    @property
    def address(self) -> str:
        """Where the copies are, in one word."""

    @property
    def kept_as(self) -> str:
        """What its receipts are kept under."""

    def require_ready(self) -> None:
        """See that what is needed to get there is here."""

    def try_out(self) -> str:
        """See that a sync could be done, with nothing to copy; in words, what is there."""

    def hashes_of(self, names: Sequence[str], size_bytes: int) -> dict[str, str]:
        """The SHA-256 the destination makes of those of the files that it has."""

    def send(self, file: Sealed, progress: Progress = no_progress) -> None:
        """Send what is missing of the file to its staging name."""

    def notes(self) -> dict[str, str]:
        """Names and SHA-256 of the notes that the destination has, of whatever machine."""

    def fetch(self, name: str) -> bytes:
        """What is in one of them."""

    def settle(self, file: Sealed, *, replace: bool, instead_of: str = "") -> bool:
        """Have the staged file hashed and, if it is whole, named; or else thrown away.

        Refused when the file it is to replace is not `instead_of` any more, a SHA-256.
        """

    def bury(self, session_id: str, inscription: str) -> list[str]:
        """Erase all of a session and leave a tombstone; the names of others' files about it."""

    def remove(self, names: Sequence[str]) -> None:
        """Erase some files."""

    def unfilm(self, session_id: str) -> None:
        """Erase the videos of a session, and whatever there is of them."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file.

    Attributes:
        name: of the file.
        state: `copied`, `already there` or `refused`; of a session, `erased there`; of a dry run
            `to copy` or `to erase`.
        bytes: how long it is.
        sha256: of it here and there; "" when it was not copied.
        problem: why it was refused, in one line, or "".
        code: the exit code that goes with the problem, or 0.
    """

    name: str
    state: str
    bytes: int
    sha256: str = ""
    problem: str = ""
    code: int = 0


@dataclass(frozen=True, slots=True)
class Place:
    """A destination: the link to it, its receipts and outbox, and the clock they are dated with.

    `videos` is whether it takes any.
    """

    link: Link
    receipts: Receipts
    utc_ns: Callable[[], int] = wall_clock.utc_ns
    outbox: Outbox = AS_IT_IS
    videos: bool = True


def to_copy(sessions: Path, receipts: Receipts, *, videos: bool = True) -> list[Path]:
    """The finished files without a receipt, oldest session first; none erased, or for practice.

    Of `videos`, those that may travel; without, none.
    """
    erased = {tombstone.id for tombstone in tombstones(sessions)}
    ids = ((entry, session_of(entry.path)) for entry in finished(sessions) if not entry.practice)
    entries = (entry for entry, one in ids if one not in erased and can_be_told(one))
    noted = _with_notes(sessions)
    filmed = with_videos(sessions) if videos else set()
    paths = [
        path
        for entry in entries
        for path in files_to_copy(
            entry.path,
            None if entry.path in noted else (),
            None if session_of(entry.path) in filmed and may_travel(entry) else (),
        )
    ]
    return [path for path in paths if receipts.of(path) is None]


def with_videos(sessions: Path) -> set[str]:
    """The sessions that have videos."""
    places = (sessions, sessions / DONE)
    return {session_of(path) for place in places for path in place.glob(f"*{CAMERA}*")}


def _with_notes(sessions: Path) -> set[Path]:
    """Where session files would be that have notes: to ask each directory once is much quicker."""
    places = (sessions, sessions / DONE)
    notes = (path for place in places for path in place.glob(f"*{NOTES}"))
    stems = ((path, re.sub(MACHINE + r"\Z", "", path.stem)) for path in notes)
    return {path.with_name(stem + SUFFIX) for path, stem in stems}


def misnamed(sessions: Path) -> list[Outcome]:
    """The session files that are not copied because their copies could never be erased again."""
    paths = sorted(
        path for place in (sessions, sessions / DONE) for path in place.glob(f"*{SUFFIX}")
    )
    text = "no tombstone can carry this name, so that a copy could never be erased: rename it"
    return [
        Outcome(path.name, "refused", _size(path), problem=text, code=EX_DATAERR)
        for path in paths
        if not can_be_told(session_of(path))
    ]


def deliver_all(
    paths: Sequence[Path],
    place: Place,
    progress: Progress = no_progress,
    contained: Mapping[str, str] = NOTHING,
) -> Iterator[Outcome]:
    """Bring the files there, one after the other; one that is refused does not hold up the rest.

    `contained` are the notes there, by their SHA-256, of which all rows are in ours by now.

    Raises:
        Failure: the destination cannot be reached or written; nothing more can be done there.
        OSError: a receipt, or the disclosure before it, cannot be written.
    """
    sizes = [_size(path) for path in paths]
    total, before = sum(sizes), 0
    names = [name for path in paths for name in place.outbox.names_of(path)]
    held = place.link.hashes_of(names, total) if names else {}
    refused: set[str] = set()
    told: set[str] = set()
    for path, size in zip(paths, sizes, strict=True):
        if path.name.removesuffix(SHA256) in refused:
            continue  # the hash of what is not there would help nobody
        try:
            if not place.outbox.key:
                _require_contained(held.get(path.name), path, contained)
            after = _after(progress, before, total)
            yield _deliver(path, held, place, after, told)
        except Refused as no:
            refused.add(path.name)
            yield Outcome(path.name, "refused", size, problem=str(no), code=no.code)
        before += size
        progress(before, total)


def _require_contained(held: str | None, path: Path, contained: Mapping[str, str]) -> None:
    """Notes there are replaced only by notes that have all of theirs; encrypted ones are ours."""
    if path.suffix != NOTES or held in (None, contained.get(path.name)):
        return
    if seal(path).sha256 != held:
        text = "it has changed there meanwhile: the next sync brings both together"
        raise Refused(text, EX_TEMPFAIL)


def _after(progress: Progress, before: int, total: int) -> Progress:
    """How far all have come, of how far one has."""
    return lambda done, _: progress(before + done, total)


@dataclass(frozen=True, slots=True)
class _Sent:
    """A file and what leaves this machine of it: the same, or its encrypted form."""

    file: Sealed
    parcel: Sealed


def _deliver(
    path: Path, held: Mapping[str, str], place: Place, progress: Progress, told: set[str]
) -> Outcome:
    """`held` are the hashes of what is there; `told` the sessions that are written down by now."""
    file = seal(path)
    names = place.outbox.names_of(path)
    before = place.receipts.earlier(path.name)
    if before is None and CAMERA in path.name:
        place.receipts.store(_begun(file, place))  # so that what has arrived of it can be erased
    if len(names) == 1:
        state, receipt = _deliver_whole(file, held.get(names[0]), place, progress, told)
    else:
        state, receipt = _deliver_pieces(file, names, held, _Told(place, told, progress))
    if before is not None and (pieces := set(before.pieces) - set(receipt.held)):
        place.link.remove(sorted(pieces))  # of what the file was before
    place.receipts.store(receipt)
    place.outbox.throw_away(path)
    return Outcome(path.name, state, receipt.bytes, receipt.sha256)


def _deliver_whole(
    file: Sealed, held: str | None, place: Place, progress: Progress, told: set[str]
) -> tuple[str, Receipt]:
    sent = _Sent(file, place.outbox.wrap(file))
    if held == sent.parcel.sha256:
        return ALREADY, _receipt(sent, place)
    replace = _may_replace(file.path, held, place)
    is_notes = file.path.suffix == NOTES and not place.outbox.key
    _disclose(file.path, place, told)
    instead_of = held if held and is_notes else ""
    sent = _send(sent, place, progress, replace=replace, instead_of=instead_of)
    return COPIED, _receipt(sent, place)


@dataclass(frozen=True, slots=True)
class _Told:
    """Where pieces go, and who is told of them."""

    place: Place
    sessions: set[str]
    progress: Progress


def _deliver_pieces(
    file: Sealed, names: Sequence[str], held: Mapping[str, str], to: _Told
) -> tuple[str, Receipt]:
    """One after the other; what has arrived as it was is not sent again after a cut."""
    state, pieces, outbox = ALREADY, dict[str, str](), to.place.outbox
    for number, name in enumerate(names):
        sha256 = outbox.arrived(file, name)
        if not sha256 or held.get(name) != sha256:
            _disclose(file.path, to.place, to.sessions)
            after = _after(to.progress, number * outbox.piece_bytes, file.bytes)
            sha256 = _send_piece(outbox.wrap_piece(file, name, number), to.place.link, after)
            outbox.has_arrived(file, name, sha256)
            state = COPIED
        pieces[name] = sha256
        to.progress(min((number + 1) * outbox.piece_bytes, file.bytes), file.bytes)
    if seal(file.path).sha256 != file.sha256:
        raise Refused(CHANGED, EX_TEMPFAIL)
    return state, msgspec.structs.replace(_receipt(_Sent(file, file), to.place), pieces=pieces)


def _send_piece(parcel: Sealed, link: Link, progress: Progress) -> str:
    for _ in range(ATTEMPTS):
        link.send(parcel, progress)
        if link.settle(parcel, replace=True):
            return parcel.sha256
    raise Refused(DAMAGED, EX_IOERR)


def _disclose(path: Path, place: Place, told: set[str]) -> None:
    """Write down, before anything is sent, that this session goes there."""
    if (session_id := session_of(path)) not in told:
        when = wall_clock.utc_text(place.utc_ns())
        write_down(place.receipts.sessions, when, "copied", session_id, to=place.link.address)
        told.add(session_id)


def _wrapped(path: Path, outbox: Outbox) -> _Sent:
    file = seal(path)
    return _Sent(file, outbox.wrap(file))


def _may_replace(path: Path, held: str | None, place: Place) -> bool:
    """Notes may change; a recording never does, so another one there is nobody's to overwrite.

    But it is replaced by the one that was made of it when somebody took something back
    (recorder/store/redaction.py), or when it was packed (recorder/store/packing.py). Whether an
    encrypted one is another cannot be told here: it is replaced by one that is right.
    """
    if path.suffix == NOTES or place.outbox.key or held in _replaced(path):
        return True
    if held is not None and _was_ours(path, held, place.receipts):
        return True
    if held is not None:
        text = "the destination has another file of this name; both are left alone"
        raise Refused(text, EX_DATAERR)
    return False


def _was_ours(path: Path, held: str, receipts: Receipts) -> bool:
    """Whether what is there was copied from here before the session was put away, whole."""
    before = receipts.earlier(path.name)
    if before is None or before.sha256 != held or stored_sha256(path) is None:
        return False
    return verify(path).ok


def _replaced(path: Path) -> set[str]:
    """The SHA-256 of what a session file, or the file with its hash, has been here before."""
    session_path = path.with_name(path.name.removesuffix(SHA256))
    try:
        with SessionReader(session_path) as session:
            before = [row.replaced_sha256 for row in session.redactions()]
    except (OSError, ValueError):
        return set()
    if path == session_path:
        return set(before)
    lines = [f"{one}  {session_path.name}\n".encode() for one in before]
    return {hashlib.sha256(line).hexdigest() for line in lines}


def _send(
    sent: _Sent, place: Place, progress: Progress, *, replace: bool, instead_of: str
) -> _Sent:
    """Send until the destination has what is here now; the file as it arrived."""
    for _ in range(ATTEMPTS):
        before = sent.file
        _send_once(sent, place.link, progress)
        sent = _wrapped(before.path, place.outbox)
        if place.link.settle(sent.parcel, replace=replace, instead_of=instead_of):
            return sent
    if before.sha256 != sent.file.sha256:
        raise Refused(CHANGED, EX_TEMPFAIL)
    raise Refused(DAMAGED, EX_IOERR)


def _send_once(sent: _Sent, link: Link, progress: Progress) -> None:
    try:
        link.send(sent.parcel, progress)
    except Failure as failure:
        if sent.file.path.exists():
            raise
        raise Refused("it was put away meanwhile: not copied this time", EX_TEMPFAIL) from failure


def _begun(file: Sealed, place: Place) -> Receipt:
    """That something of a file may be there from now on; it proves nothing."""
    when, where = wall_clock.utc_text(place.utc_ns()), place.link.address
    return Receipt(file.path.name, 0, "", 0, when, where, verified=False)


def _receipt(sent: _Sent, place: Place) -> Receipt:
    key, parcel = place.outbox.key, sent.parcel
    return Receipt(
        name=sent.file.path.name,
        bytes=sent.file.bytes,
        sha256=sent.file.sha256,
        modified_ns=sent.file.modified_ns,
        when=wall_clock.utc_text(place.utc_ns()),
        destination=place.link.address,
        verified=True,
        encrypted_to=key,
        copy=parcel.path.name if key else "",
        copy_sha256=parcel.sha256 if key else "",
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
