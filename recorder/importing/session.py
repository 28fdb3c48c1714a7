"""From the files of other programs to a session: read, timed, aligned, written."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from recorder.importing.alignment import Aligned, By, Timed, aligned
from recorder.importing.brought import Brought
from recorder.importing.clock import line_of, with_true_rate
from recorder.importing.reading import both, bring
from recorder.importing.writing import Made, write
from recorder.progress import Progress, no_progress
from recorder.settings.board import ROLES
from recorder.settings.measures import MeasureSettings
from recorder.store.beside import sha256_of
from recorder.store.catalog import new_session_id
from recorder.store.headers import Person

LINES_TOLD: Final = 5
PARTS: Final = 1000
READ: Final = 250  # thousandths of the work, both files; then their clocks
TIMED: Final = 300


@dataclass(frozen=True, slots=True)
class Asked:
    """How files are imported.

    Attributes:
        names: of channels: none, of both people, or of each.
        gain: of the boards; None as the files say.
        offset_s: from the first's first sample to the second's; None: not given.
        by: what aligns them; None: the first of what there is.
        measures: that are made of it; None: none.
    """

    names: tuple[tuple[str, ...], ...] = ()
    gain: float | None = None
    offset_s: float | None = None
    by: By | None = None
    measures: MeasureSettings | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """The session's file, and what is told of it: plain values."""

    path: Path
    told: dict[str, Any]


def import_files(
    files: Sequence[Path],
    people: tuple[Person, ...],
    asked: Asked,
    sessions: Path,
    now_utc_ns: int,
    progress: Progress = no_progress,
) -> Imported:
    """Make a session of one file or two.

    Args:
        files: the patient's and the therapist's, or one of both.
        people: patient first.
        asked: how.
        sessions: the directory of sessions.
        now_utc_ns: the time of day, for files that tell none.
        progress: told thousandths.

    Raises:
        FileNotFoundError: a file is not there.
        FileExistsError: the same files are a session already.
        Failure: a library is missing, or the disk does not keep up.
        ValueError: a file cannot be read, or nothing tells how they are aligned.
        OSError: the session cannot be written.
    """
    share = READ // len(files)
    brought = [
        bring(file, asked.gain, _part(progress, place * share, (place + 1) * share))
        for place, file in enumerate(files)
    ]
    timed = []
    for place, part in enumerate(both(brought, asked.names)):
        known = with_true_rate(part)
        timed.append(Timed(known, tuple(line_of(it, known) for it in known.stretches)))
        progress(READ + (place + 1) * (TIMED - READ) // len(ROLES), PARTS)
    found = aligned(timed, one_file=len(files) == 1, offset_s=asked.offset_s, by=asked.by)
    hashes = [sha256_of(file) for file in files]
    made = Made(
        _id(hashes, people, asked, timed, found, now_utc_ns),
        people,
        tuple(timed),
        found,
        tuple(_said(timed, hashes, found)),
        now_utc_ns,
    )
    path, unmeasured = write(made, sessions, asked.measures, _part(progress, TIMED, PARTS))
    return Imported(path, _told(made, path) | {"unmeasured": unmeasured})


def _part(progress: Progress, begin: int, end: int) -> Progress:
    """A part of the whole, in thousandths."""

    def tell(done: int, total: int) -> None:
        progress(begin + (end - begin) * done // max(total, 1), PARTS)

    return tell


def _id(
    hashes: Sequence[str],
    people: tuple[Person, ...],
    asked: Asked,
    timed: Sequence[Timed],
    found: Aligned,
    now_utc_ns: int,
) -> str:
    """Of the same files, imported in the same way, the same, where they tell when they were."""
    codes = [person.code for person in people]
    how = asked.names, asked.gain, asked.offset_s, asked.by
    token = hashlib.sha256(repr((hashes, codes, how)).encode()).digest()[:2]
    if found.utc_ns is None:
        return new_session_id(now_utc_ns, token)
    begins_ns = [
        int(mapping.of(part.begin_ns)) for part, mapping in zip(timed, found.mappings, strict=True)
    ]
    return new_session_id(found.utc_ns + min(begins_ns), token)


def _said(timed: Sequence[Timed], hashes: Sequence[str], found: Aligned) -> list[str]:
    """What the session keeps of the files; never their names, which may be people's."""
    each = hashes if len(hashes) == len(ROLES) else [hashes[0]] * len(ROLES)
    texts = []
    for role, part, sha256 in zip(ROLES, timed, each, strict=True):
        it = part.brought
        told = "".join(f"; {text}" for text in it.told)
        texts.append(
            f"{role}: {it.form}, {it.samples} samples, {it.lost} missing,"
            f" {it.unread_rows} rows not read{told}; sha256 {sha256}"
        )
    return [*texts, f"aligned by {found.by}"]


def _told(made: Made, path: Path) -> dict[str, Any]:
    spans_s = [[(at_ns - made.started_ns) * 1e-9 for at_ns in span] for span in made.spans]
    return {
        "id": made.id,
        "file": str(path),
        "aligned_by": made.aligned.by,
        "begun_utc_ns": None
        if made.aligned.utc_ns is None
        else made.aligned.utc_ns + made.started_ns,
        "duration_s": (made.ended_ns - made.started_ns) * 1e-9,
        "people": [
            {"role": role, **_of_person(part.brought), "begin_s": span[0], "end_s": span[1]}
            for role, part, span in zip(ROLES, made.parts, spans_s, strict=True)
        ],
    }


def _of_person(brought: Brought) -> dict[str, Any]:
    return {
        "form": brought.form,
        "kind": brought.kind,
        "provenance": brought.provenance,
        "channels": list(brought.labels),
        "rate_hz": brought.rate_hz,
        "samples": brought.samples,
        "lost": brought.lost,
        "unread_rows": brought.unread_rows,
        "unread": [str(it) for it in brought.unread[:LINES_TOLD]],
        "told": list(brought.told),
    }
