"""A cohort from directories to results: look, analyse each session, shuffle, gather, write.

    <FOLDER>.jobs/      what jobs have left, beside FOLDER: it never leaves the house
        index.json      which file each job was of, so that what has not changed is not even read

What a run did not use of its sites is deleted there: of a session that was erased, or changed,
nothing is left. Sites that were not asked for keep theirs.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import msgspec

from recorder import __version__, wall_clock
from recorder.cohort.dyads import Member, numbered, standing
from recorder.cohort.files import FIXED, Folder, Found, require_ours
from recorder.cohort.job import FORMAT, SESSIONS, Done, Job, digest_of, do
from recorder.cohort.names import Names, names_of
from recorder.cohort.relations import alone_of, developed, groups_of, paired
from recorder.cohort.report import put_report
from recorder.cohort.scores import Scores, read_scores
from recorder.cohort.shuffles import SHUFFLES, Shuffle, do_shuffle, pairings_of, shuffles_of
from recorder.cohort.sites import FAILURES, Kind, Seen, Site, once_each, seen_in
from recorder.cohort.workers import Pool, all_done
from recorder.durable import as_json, write_whole
from recorder.export.library import library
from recorder.failure import EX_TEMPFAIL, Failure
from recorder.privacy.disclosures import exported_to, write_down
from recorder.progress import Progress
from recorder.store.beside import notes_files_of
from recorder.store.files import hold
from recorder.store.workplace import CAN_LOCK

INDEX: Final = "index.json"
LOCK: Final = ".lock"
JOBS: Final = ".jobs"
GONE: Final = "it was in the last results; its file is gone"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is asked of a run.

    Attributes:
        sites: of them.
        out: folder of the results.
        scores: csv files.
        begins: label of the mark at which a protocol begins; "": where the session does.
        seed: of all draws.
        for_sharing: only who agreed, under new codes, without dates.
    """

    sites: tuple[Site, ...]
    out: Path
    scores: tuple[Path, ...] = ()
    begins: str = ""
    seed: int = 1
    for_sharing: bool = False

    @property
    def jobs(self) -> Path:
        """Where jobs leave what they have done; it may be wanted by any machine."""
        out = self.out.absolute()
        return out.with_name(out.name + JOBS)


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of it.

    Attributes:
        found: all that is known now.
        changed: files of the results that are other than before.
        analysed, kept: sessions that were analysed now, and before.
        shuffled, shuffles_kept: the same of shuffles.
    """

    found: Found
    changed: tuple[Path, ...]
    analysed: int
    kept: int
    shuffled: int
    shuffles_kept: int


def run(wanted: Wanted, pool: Pool, progress: Progress, failed: Callable[[Seen], None]) -> Ran:
    """Do all of it.

    Args:
        wanted: what is asked for.
        pool: who does the jobs.
        progress: told (jobs done, jobs in all), sessions first.
        failed: told of each session that cannot be used, as soon as that is known.

    Raises:
        Failure: a library is missing, a cluster does not answer, or another run writes there.
        ValueError: FOLDER or scores are of another kind.
        OSError: something cannot be read or written.
    """
    require_ours(wanted.out, for_sharing=wanted.for_sharing)
    with _alone(wanted.jobs):
        return _run(wanted, pool, progress, failed)


@contextmanager
def _alone(jobs: Path) -> Iterator[None]:
    """Be the only run that writes there; Windows sees to nothing of the kind."""
    lock = jobs / LOCK
    if not lock.is_file():
        write_whole(lock, b"")
    if not CAN_LOCK:
        yield
        return
    try:
        descriptor = hold(lock)
    except BlockingIOError as error:
        raise Failure(f"{jobs}: another run writes there", EX_TEMPFAIL) from error
    try:
        yield
    finally:
        os.close(descriptor)


def _run(wanted: Wanted, pool: Pool, progress: Progress, failed: Callable[[Seen], None]) -> Ran:
    duckdb = library("duckdb", "duckdb", "cohort")
    names = names_of(wanted.sites, wanted.jobs, for_sharing=wanted.for_sharing)
    seen, done = _analysed(wanted, pool, progress, failed)
    members = _members(seen, done)
    scores = read_scores(wanted.scores, members, (*FIXED, *_outcomes(members)))
    shuffles = shuffles_of(members, wanted.jobs)
    kept, lost = _shuffled(shuffles, pool, failed)
    groups = groups_of([pairings_of(it) for it in shuffles if it.file.is_file()])
    found = Found(
        [*seen, *lost, *_gone(wanted, seen)],
        members,
        scores,
        paired(groups, wanted.seed),
        list(alone_of(groups)),
        developed(members, scores, wanted.seed),
        _asked(wanted, names, scores),
    )
    if wanted.for_sharing:
        _write_down(wanted, members)
    with duckdb.connect(config={"threads": 1}) as database:
        database.execute("SET enable_progress_bar = false")
        folder = Folder(wanted.out, database, names)
        folder.write(found)
        put_report(folder, found, names)
    _sweep(wanted, members, shuffles)
    _keep_index(wanted, members)
    was_there = sum(it.was_there for it in done)
    used = sum(it.place is not None for it in done)
    changed = tuple(folder.changed)
    made = len(shuffles) - kept - len(lost)
    return Ran(found, changed, used - was_there, was_there, made, kept)


def _write_down(wanted: Wanted, members: Iterable[Member]) -> None:
    """Say which sessions' numbers go there before they do, once each, where the sessions are."""
    to = str(wanted.out.absolute())
    at = wall_clock.utc_text(wall_clock.utc_ns())
    for site in wanted.sites:
        used = {it.seen.id for it in members if it.place and it.seen.site == site.name}
        if new := sorted(used - exported_to(site.path).get(to, set())):
            write_down(site.path, at, "exported", *new, to=to)


def _asked(wanted: Wanted, names: Names, scores: Scores) -> dict[str, Any]:
    columns = scores.numbers() if names.for_sharing else scores.columns
    sites = [names.site(it.name) for it in wanted.sites]
    return {"sites": sites, "scores": columns, "begins": wanted.begins, "seed": wanted.seed}


def _outcomes(members: Iterable[Member]) -> list[str]:
    return sorted({name for it in members if it.digest for name in it.digest.outcomes})


def _analysed(
    wanted: Wanted, pool: Pool, progress: Progress, failed: Callable[[Seen], None]
) -> tuple[list[Seen], list[Done]]:
    """Every session, with what became of it; and the jobs of those that were not out at once."""
    seen = once_each(
        one for site in wanted.sites for one in seen_in(site, for_sharing=wanted.for_sharing)
    )
    for one in seen:
        if one.kind in FAILURES:
            failed(one)
    index = _Index(wanted)
    jobs = {(it.site, it.id): _job(wanted, it) for it in seen if it.kind == "used"}
    known = [done for job in jobs.values() if (done := index.done(job))]
    told = {(it.job.site, it.job.id): it for it in known}
    left = [job for key, job in jobs.items() if key not in told]
    by_key = {(it.site, it.id): it for it in seen}
    progress(len(told), len(jobs))
    for job, outcome in all_done(left, do, pool):
        done = Done(job, None, kind="failed", why=outcome) if isinstance(outcome, str) else outcome
        key = (job.site, job.id)
        told[key] = done
        if done.place is None:
            by_key[key] = by_key[key].but(done.kind, done.why)
            failed(by_key[key])
        progress(len(told), len(jobs))
    return [by_key[it.site, it.id] if it.kind == "used" else it for it in seen], list(told.values())


def _job(wanted: Wanted, it: Seen) -> Job:
    if it.path is None:
        raise ValueError(f"{it.id} has no file")
    path = it.path.absolute()
    return Job(it.site, it.id, path, wanted.jobs, wanted.seed, wanted.begins)


def _members(seen: Iterable[Seen], done: Iterable[Done]) -> list[Member]:
    places = {(it.job.site, it.job.id): it.place for it in done if it.place is not None}
    members = []
    for it in numbered(seen):
        place = places.get((it.seen.site, it.seen.id)) if it.seen.kind == "used" else None
        members.append(replace(it, place=place, digest=digest_of(place)) if place else it)
    return standing(members)


def _shuffled(
    shuffles: Sequence[Shuffle], pool: Pool, failed: Callable[[Seen], None]
) -> tuple[int, list[Seen]]:
    """How many were there before, and those that came to nothing."""
    missing = [it for it in shuffles if not it.file.is_file()]
    lost = []
    for shuffle, outcome in all_done(missing, do_shuffle, pool):
        if isinstance(outcome, str):
            lost.append(Seen(SHUFFLES, shuffle.group, "failed", outcome))
            failed(lost[-1])
    return len(shuffles) - len(missing), lost


class _Index:
    """Which file each job was of when it was done."""

    def __init__(self, wanted: Wanted) -> None:
        self._jobs = wanted.jobs
        self._known: dict[str, list[str]] = {}
        with suppress(FileNotFoundError, msgspec.MsgspecError, KeyError, TypeError):
            told = msgspec.json.decode((wanted.jobs / INDEX).read_bytes())
            if told["asked"] == _settings(wanted):
                self._known = told["files"]

    def done(self, job: Job) -> Done | None:
        """The job as it was done before, if file and notes are the same; None: who knows."""
        identity, name = self._known.get(f"{job.site}/{job.id}", ("", ""))
        place = self._jobs / SESSIONS / job.site / name
        if not name or identity != _identity(job.path) or not place.is_dir():
            return None
        return Done(job, place, was_there=True)


def _settings(wanted: Wanted) -> list[Any]:
    return [FORMAT, __version__, wanted.seed, wanted.begins]


def _identity(path: Path) -> str:
    """Of a session file and its notes: what no change leaves as it was (store/card.py)."""
    stats = [(it.name, it.stat()) for it in (path, *notes_files_of(path))]
    told = [(name, it.st_ino, it.st_size, it.st_mtime_ns, it.st_ctime_ns) for name, it in stats]
    return repr((str(path), *told))


def _keep_index(wanted: Wanted, members: Iterable[Member]) -> None:
    files = {
        f"{it.seen.site}/{it.seen.id}": [_identity(it.seen.path.absolute()), it.place.name]
        for it in members
        if it.place is not None and it.seen.path is not None
    }
    content = as_json({"asked": _settings(wanted), "files": files})
    file = wanted.jobs / INDEX
    if not file.is_file() or file.read_bytes() != content:
        write_whole(file, content)


def _gone(wanted: Wanted, seen: Iterable[Seen]) -> Iterator[Seen]:
    """Sessions that the last run used, and of which there is no trace now."""
    there = {(it.site, it.id) for it in seen}
    for site in wanted.sites:
        for place in sorted((wanted.jobs / SESSIONS / site.name).glob("[!.]*")):
            session_id = place.name.rpartition(".")[0]
            if (site.name, session_id) not in there:
                kind: Kind = "withdrawn"
                yield Seen(site.name, session_id, kind, GONE)


def _sweep(wanted: Wanted, members: Iterable[Member], shuffles: Iterable[Shuffle]) -> None:
    """Delete what jobs have left and nobody has used."""
    used = {it.place for it in members}
    for site in wanted.sites:
        for place in (wanted.jobs / SESSIONS / site.name).glob("*"):
            if place not in used:
                shutil.rmtree(place)
    files = {it.file for it in shuffles}
    for file in (wanted.jobs / SHUFFLES).glob("*"):
        if file not in files:
            file.unlink()
