"""One session as a job: independent of all others, done again with the same outcome, or not at all.

    <FOLDER>.jobs/sessions/<site>/<id>.<key>/
        numbers.parquet    a row a number, as recorder.open.Result
        signals.npy        (2 people, bands, sites, points, 2) float16: band signals at the sites
                           that both have, real and imaginary µV, NaN where not usable
        session.json       what the session is like, and its outcomes (outcomes.py)

The key is made of the file's SHA-256, of what the notes say that is heeded here, of the version and
of what was asked for. The directory is made under another name and renamed when it is complete: a
job that was killed has done nothing, one that is done twice has done it once. Nothing is written
beside the session.
"""

import hashlib
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from recorder import __version__
from recorder.analysis.analyse import Analysis, Asked, analyse
from recorder.analysis.replay import Replayed
from recorder.cohort.outcomes import outcomes_of, usable_of
from recorder.cohort.sites import Kind
from recorder.durable import sync_directory
from recorder.export.analysis_files import results_of
from recorder.export.library import library
from recorder.export.parquet import Columns, write
from recorder.failure import EX_UNAVAILABLE, Failure, words
from recorder.open import OpenSession
from recorder.settings.board import ROLES
from recorder.store.beside import sha256_of
from recorder.store.note_rows import NoteIntervalRow, NoteMarkerRow, RefitRow, RelabelRow
from recorder.store.notes import ReadNotes
from recorder.store.reader import SessionReader

FORMAT: Final = 1  # of what a job leaves; another one is another key
KEY_DIGITS: Final = 16
HEEDED: Final = (RefitRow, RelabelRow, NoteMarkerRow, NoteIntervalRow)
SESSIONS: Final = "sessions"
NUMBERS, SIGNALS, SESSION = "numbers.parquet", "signals.npy", "session.json"


@dataclass(frozen=True, slots=True)
class Job:
    """One session to be analysed.

    Attributes:
        site, id: which.
        path: of its file, as every machine sees it.
        folder: where jobs leave what they have done, likewise.
        seed: of all draws.
        begins: label of the mark at which the protocol begins; "": where the session does.
        version: of antiphon that asks; no other may do it.
    """

    site: str
    id: str
    path: Path
    folder: Path
    seed: int
    begins: str
    version: str = __version__


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a job.

    Attributes:
        job: which.
        place: what it has left; None when it failed.
        was_there: it was done before.
        kind, why: of one that failed.
    """

    job: Job
    place: Path | None
    was_there: bool = False
    kind: Kind = "used"
    why: str = ""


class Digest(msgspec.Struct, frozen=True):
    """What a session is like, for whoever gathers many.

    Attributes:
        protocol: name of the template, or "".
        minutes: how long it is.
        sites: at which `signals` are.
        bands: of `signals`.
        step_s: from one point of it to the next.
        begin: its point at which the protocol begins; None when nobody has marked that.
        usable: share of the time that is of use, of patient and therapist.
        outcomes: by name.
    """

    protocol: str
    minutes: float
    sites: tuple[str, ...]
    bands: tuple[str, ...]
    step_s: float
    begin: int | None
    usable: tuple[float, float]
    outcomes: dict[str, float | None]


def do(job: Job) -> Done:
    """Analyse a session, unless that was done; what is wrong with it is told, never raised."""
    try:
        return _do(job)
    except (Failure, ValueError, LookupError, OSError) as error:
        why = words(error).removeprefix(f"{job.path}: ")
        return Done(job, None, kind=_kind(why), why=why)


def _kind(why: str) -> Kind:
    if "has no samples" in why or "nobody has samples" in why:
        return "empty"
    return "damaged" if "damage" in why or "SHA-256" in why else "failed"


def _do(job: Job) -> Done:
    if job.version != __version__:
        text = f"antiphon {job.version} asks, this worker has {__version__}: install the same"
        raise Failure(text, EX_UNAVAILABLE)
    place = job.folder / SESSIONS / job.site / f"{job.id}.{key_of(job)}"
    if place.is_dir():
        return Done(job, place, was_there=True)
    with OpenSession(job.path, "best") as session:
        if session.damage:
            raise ValueError(f"damaged: {session.damage[0]}")
        analysis = analyse(session, Asked(seed=job.seed), 0)
        _leave(place, session, analysis, job.begins)
    return Done(job, place)


def key_of(job: Job) -> str:
    """What a job's outcome depends on, as a few digits.

    Raises:
        ValueError, OSError: the session or its notes cannot be read.
    """
    with SessionReader(job.path) as reader:
        notes = ReadNotes(reader)
        heeded = [repr(row) for kind in HEEDED for row in notes.read(kind)]
    asked = (FORMAT, __version__, job.seed, job.begins)
    told = "\n".join((repr(asked), sha256_of(job.path), *heeded))
    return hashlib.sha256(told.encode()).hexdigest()[:KEY_DIGITS]


def _leave(place: Path, session: OpenSession, analysis: Analysis, begins: str) -> None:
    """Write what was found beside its place, and rename it; another's that is there is as good."""
    part = place.with_name(f".{place.name}.{os.urandom(4).hex()}.part")
    part.mkdir(mode=0o750, parents=True)
    try:
        sites = _sites(session)
        _write_numbers(part / NUMBERS, analysis)
        np.save(part / SIGNALS, _signals(session, analysis.replayed, sites))
        digest = _digest(session, analysis, sites, begins)
        (part / SESSION).write_bytes(msgspec.json.encode(digest))
        for file in part.iterdir():
            with file.open("rb+") as made:
                os.fsync(made.fileno())
        if not place.is_dir():
            part.rename(place)
        sync_directory(place.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _write_numbers(path: Path, analysis: Analysis) -> None:
    duckdb = library("duckdb", "duckdb", "cohort")
    with duckdb.connect(config={"threads": 1}) as database:
        database.execute("SET enable_progress_bar = false")
        about: dict[str, Any] = {"parameters": {run.test: run.parameters for run in analysis.runs}}
        write(database, Columns("numbers", results_of(analysis), about), path)


def _sites(session: OpenSession) -> tuple[str, ...]:
    """Labels of EEG channels that both have, in the order of the patient's."""
    mine, yours = (
        [it.label for it in session.channels(role) if it.kind == "eeg"] for role in ROLES
    )
    return tuple(label for label in mine if label in yours)


def _signals(
    session: OpenSession, replayed: Replayed, sites: tuple[str, ...]
) -> NDArray[np.float16]:
    """Eleven bits of each part are far finer than the noise, in a quarter of the bytes."""
    found = []
    for person, role in enumerate(ROLES):
        labels = session.labels(role)
        z = replayed.of_person(person)[:, [labels.index(site) for site in sites]]
        found.append(np.stack([z.real, z.imag], axis=-1).astype(np.float16))
    return np.stack(found)


def _digest(
    session: OpenSession, analysis: Analysis, sites: tuple[str, ...], begins: str
) -> Digest:
    replayed = analysis.replayed
    return Digest(
        protocol=session.header.template,
        minutes=round(session.duration_s / 60, 3),
        sites=sites,
        bands=replayed.bands,
        step_s=replayed.step_s,
        begin=_begin(session, replayed, begins),
        usable=usable_of(replayed),
        outcomes=outcomes_of(analysis),
    )


def _begin(session: OpenSession, replayed: Replayed, begins: str) -> int | None:
    """The point of the first mark of that label; the first of all where none is asked for."""
    if not begins:
        return 0
    marked = [it.t_ns for it in session.marks if it.label == begins]
    if not marked:
        return None
    return max(round((marked[0] - replayed.start_ns) / replayed.step_ns), 0)


def digest_of(place: Path) -> Digest:
    """What a job has left of what its session is like."""
    return msgspec.json.decode((place / SESSION).read_bytes(), type=Digest)
