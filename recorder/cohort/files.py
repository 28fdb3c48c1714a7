"""What a cohort is written as: Parquet for all numbers, a csv of the table, and the page.

    FOLDER/
        numbers/site=S/month=2026-11/numbers.parquet    a row a number of each session
        sessions.parquet    a row a session: used, or why not
        table.parquet, table.csv    a row a session that is used: for a mixed model (cookbook.md)
        shuffled.parquet    own pairs against the same people shuffled
        dyads.parquet       each dyad among its patient's pairings
        development.parquet  slopes over the number of the session and over scores
        report.html         the page
        cohort.json         what was asked for, and for whom it is

Each file is made beside and renamed, and one that would be the same is left alone: a second run
touches nothing. What a session that is withdrawn was part of is made anew without it.
"""

import csv
import filecmp
import hashlib
import os
import shutil
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from recorder import __version__
from recorder.cohort.dyads import Member
from recorder.cohort.job import NUMBERS
from recorder.cohort.names import Names
from recorder.cohort.relations import Alone, Developed, Paired
from recorder.cohort.scores import Score, Scores
from recorder.cohort.sites import FAILURES, Seen
from recorder.durable import as_json, sync_directory
from recorder.export.parquet import Columns, arrays_of, copy, write
from recorder.sync.census import COHORT

ABOUT: Final = COHORT
REPORT: Final = "report.html"
NUMBERS_FOLDER: Final = "numbers"
OF_CONTRAST: Final = "contrast"  # its rows say what people called their intervals
FIXED: Final = (
    *("site", "month", "session", "dyad", "patient", "therapist", "number", "days"),
    *("protocol", "minutes", "usable_patient", "usable_therapist"),
)


@dataclass(frozen=True, slots=True)
class Found:
    """All that a run knows.

    Attributes:
        seen: every session, with what became of it.
        members: those of known people.
        scores: joined to them.
        paired, alone, developed: what was found.
        asked: what was asked for, for cohort.json.
    """

    seen: Sequence[Seen]
    members: Sequence[Member]
    scores: Scores
    paired: Sequence[Paired]
    alone: Sequence[Alone]
    developed: Sequence[Developed]
    asked: Mapping[str, Any]

    @property
    def used(self) -> list[Member]:
        """Those that stand for a session."""
        return [it for it in self.members if it.stands]

    @property
    def failures(self) -> list[Seen]:
        """What should have been used, and could not be."""
        return [it for it in self.seen if it.kind in FAILURES]


class Folder:
    """Where results are written.

    Args:
        path: of it.
        database: of DuckDB.
        names: what people and sessions are called in it.

    Attributes:
        changed: files that are other than before.
    """

    def __init__(self, path: Path, database: Any, names: Names) -> None:
        self._path, self._database, self._names = path, database, names
        self.changed: list[Path] = []

    def write(self, found: Found) -> None:
        """Everything but the page.

        Raises:
            OSError: a file cannot be written.
        """
        about = {"version": __version__, "for_sharing": self._names.for_sharing, **found.asked}
        self.put(ABOUT, as_json(about))
        self._write_numbers(found)
        self._table("sessions", SESSIONS, self._sessions(found))
        columns, rows = self.table(found)
        self._table("table", columns, rows)
        self._write_csv(columns, rows)
        self._table("shuffled", PAIRED, [_paired(it) for it in found.paired])
        dyads = {it.dyad: self._dyad(it) for it in found.members}
        alone = [(dyads[it.dyad], it.measure, it.band, it.p, it.pairings) for it in found.alone]
        self._table("dyads", ("dyad", "measure", "band", "p", "pairings"), alone)
        self._table("development", DEVELOPED, [_developed(it) for it in found.developed])

    def put(self, name: str, content: bytes) -> None:
        """Write a file, unless it would be the same."""
        with self._beside(self._path / name) as part:
            part.write_bytes(content)

    def table(self, found: Found) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """A row a session, for a mixed model; names of columns, and the rows."""
        used = found.used
        outcomes = sorted({name for it in used for name in it.told.outcomes})
        scores = found.scores.numbers() if self._names.for_sharing else found.scores.columns
        return (*FIXED, *outcomes, *scores), [
            (
                *self._fixed(it),
                *(it.told.outcomes.get(name) for name in outcomes),
                *_cells(found.scores, it, scores),
            )
            for it in used
        ]

    def _fixed(self, it: Member) -> tuple[Any, ...]:
        names, seen = self._names, it.seen
        sharing = names.for_sharing
        return (
            *(names.site(seen.site), names.month(seen), names.session(seen), self._dyad(it)),
            *(names.person(seen, 0), names.person(seen, 1), it.number),
            *(None if sharing else round(it.days, 3), "" if sharing else it.told.protocol),
            *(it.told.minutes, *it.told.usable),
        )

    def _dyad(self, it: Member) -> str:
        """By site and codes; of a session without codes by the session."""
        names, seen = self._names, it.seen
        who = [names.person(seen, place) for place in (0, 1)]
        return f"{names.site(seen.site)}/{'+'.join(who) if all(who) else names.session(seen)}"

    def _sessions(self, found: Found) -> list[tuple[Any, ...]]:
        """For strangers only those that are used."""
        number = {(it.seen.site, it.seen.id): it for it in found.members}
        rows = []
        for it in found.seen:
            member = number.get((it.site, it.id)) if it.kind == "used" else None
            if member or not self._names.for_sharing:
                fixed = self._fixed(member) if member and member.digest else (it.site, "", it.id)
                padded = (*fixed, *(None,) * (len(FIXED) - len(fixed)))
                stands = member.stands if member else False
                rows.append((*padded, it.kind, it.why, int(stands)))
        return rows

    def _write_numbers(self, found: Found) -> None:
        """A file a site and month, made anew where anything in it is other than before."""
        parts: dict[tuple[str, str], list[Member]] = defaultdict(list)
        for it in found.members:
            if it.place is not None:
                site, month = self._names.site(it.seen.site), self._names.month(it.seen)
                parts[site, month].append(it)
        for (site, month), members in sorted(parts.items()):
            file = self._part(site, month)
            made_of = self._made_of(members)
            if self._told(file) != made_of:
                with self._beside(file) as part:
                    self._join(members, made_of, part)
        kept = {self._part(*key) for key in parts}
        for file in sorted(self._path.glob(f"{NUMBERS_FOLDER}/site=*/month=*/{NUMBERS}")):
            if file not in kept:
                file.unlink()
                self.changed.append(file)
                _remove_empty(file.parent)
                _remove_empty(file.parent.parent)

    def _part(self, site: str, month: str) -> Path:
        return self._path / NUMBERS_FOLDER / f"site={site}" / f"month={month}" / NUMBERS

    def _made_of(self, members: Sequence[Member]) -> str:
        """Of which jobs, and how their sessions are called and numbered."""
        told = [(it.place.name if it.place else "", *self._fixed(it)) for it in members]
        return hashlib.sha256(repr((told, self._names.for_sharing)).encode()).hexdigest()

    def _told(self, file: Path) -> str:
        """What a file says that it is made of; "" of none, or of one that cannot be read."""
        if not file.is_file():
            return ""
        ask = "SELECT value FROM parquet_kv_metadata(?) WHERE key = 'made_of'"
        try:
            found = self._database.execute(ask, [str(file)]).fetchall()
        except self._database_error():
            return ""
        return msgspec.json.decode(found[0][0]) if found else ""

    def _database_error(self) -> type[Exception]:
        import duckdb

        return duckdb.Error

    def _join(self, members: Sequence[Member], made_of: str, part: Path) -> None:
        """What the jobs of these sessions have left, with what the sessions are called."""
        files = [str(it.place / NUMBERS) for it in members if it.place]
        columns = ("filename", "place", *FIXED[2:8])
        rows = [
            (file, place, *self._fixed(it)[2:8])
            for place, (file, it) in enumerate(zip(files, members, strict=True))
        ]
        self._database.register("members", arrays_of(columns, rows))
        left_out = f"WHERE test <> '{OF_CONTRAST}'" if self._names.for_sharing else ""
        self._database.execute(
            "CREATE OR REPLACE TEMP TABLE joined AS"  # noqa: S608
            f" SELECT {', '.join(FIXED[2:8])}, n.* EXCLUDE (filename, file_row_number, made_utc_ns)"
            " FROM read_parquet(?, filename = true, file_row_number = true) n"
            f" JOIN members USING (filename) {left_out} ORDER BY place, file_row_number",
            [files],
        )
        copy(self._database, "joined", {"made_of": made_of}, part)
        self._database.execute("DROP TABLE joined")
        self._database.unregister("members")

    def _table(self, name: str, columns: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
        with self._beside(self._path / f"{name}.parquet") as part:
            about = {"antiphon": {"version": __version__, "rows": DEFINITIONS.get(name, "")}}
            write(self._database, Columns(name, arrays_of(tuple(columns), rows), about), part)

    def _write_csv(self, columns: Sequence[str], rows: list[tuple[Any, ...]]) -> None:
        with (
            self._beside(self._path / "table.csv") as part,
            part.open("w", encoding="utf-8", newline="") as text,
        ):
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(rows)

    @contextmanager
    def _beside(self, file: Path) -> Iterator[Path]:
        """Where to write what is to become a file, unless it is the same."""
        file.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        part = file.with_name(f".part.{file.name}")
        part.unlink(missing_ok=True)
        try:
            yield part
            if file.is_file() and filecmp.cmp(part, file, shallow=False):
                return
            with part.open("rb") as made:
                os.fsync(made.fileno())
            part.replace(file)
            sync_directory(file.parent)
            self.changed.append(file)
        finally:
            part.unlink(missing_ok=True)


SESSIONS: Final = (*FIXED, "kind", "why", "stands")
PAIRED: Final = (
    *("measure", "band", "site", "dyads", "value", "chance", "chance_high", "low", "high"),
    *("p", "p_corrected", "said"),
)
DEVELOPED: Final = (
    *("outcome", "over", "dyads", "slope", "low", "high", "chance_high", "p", "p_corrected"),
    "said",
)
DEFINITIONS: Final = {
    "shuffled": "dsp/pair_shuffle.py: score of the own pairs, mean over sessions and dyads; chance:"
    " the same people with the therapists in another order; site '' is the mean over all places",
    "dyads": "dsp/pair_shuffle.py: share of a patient's pairings that are as alike as the own one",
    "development": "dsp/slopes.py: mean over dyads of slopes within each",
    "table": "recorder/cohort/outcomes.py: one number a session and outcome",
}


def _paired(it: Paired) -> tuple[Any, ...]:
    told = asdict(it.tested)
    return (
        *(it.measure, it.band, it.site),
        *(told[name] for name in PAIRED[3:-1]),
        it.said,
    )


def _developed(it: Developed) -> tuple[Any, ...]:
    told = asdict(it.slope) | {"slope": it.slope.value}
    return (it.outcome, it.over, *(told[name] for name in DEVELOPED[2:-1]), it.said)


def _cells(scores: Scores, it: Member, columns: Sequence[str]) -> Iterator[Score]:
    own = scores.of.get(it.seen.id, {})
    return (own.get(name) for name in columns)


def _remove_empty(directory: Path) -> None:
    if not any(directory.iterdir()):
        shutil.rmtree(directory)


def require_ours(path: Path, *, for_sharing: bool) -> None:
    """See that a folder is empty, or holds results for the same eyes.

    Raises:
        ValueError: it holds something else.
        OSError: it cannot be read or made.
    """
    path.mkdir(mode=0o750, parents=True, exist_ok=True)
    if not (path / ABOUT).is_file():
        if any(not it.name.startswith(".part.") for it in path.iterdir()):
            raise ValueError(f"{path}: there is something else in it: give an empty folder")
        return
    try:
        told = msgspec.json.decode((path / ABOUT).read_bytes())["for_sharing"]
    except (msgspec.MsgspecError, KeyError, TypeError) as error:
        raise ValueError(f"{path / ABOUT}: cannot be read: give an empty folder") from error
    if told != for_sharing:
        whose = "sharing" if told else "your own use"
        raise ValueError(f"{path}: it holds results for {whose}: give another folder")
