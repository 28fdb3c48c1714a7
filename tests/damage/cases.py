"""One case: a file is hit, then verified, used and repaired; what came of it."""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from recorder.store.beside import hash_file_of
from recorder.store.check import Report, verify
from recorder.store.fit import damage_of
from recorder.store.repair import repair
from recorder.store.wal import log_of
from tests.damage.content import Places, Rows, commits_hit, content, repaired_content
from tests.damage.hits import HITS
from tests.damage.originals import Originals

# What a repair itself writes: a gap, an event.
MADE = {"damage", "repair"}
TARGETS = ("session with its hash", "session", "notes", "log")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one case.

    Attributes:
        target: which file was hit.
        hit: in which way.
        harmless: whether the content is what it was.
        noticed: whether `verify`, and whoever uses the file, saw that it is damaged.
        told: whether at least a note says that something is not read.
        lost: rows that were not hit and are not in the repaired file.
        wrong: rows in the repaired file that never were, without a word.
        problem: what went wrong with the repaired file, or "".
    """

    target: str
    hit: str
    harmless: bool
    noticed: bool
    told: bool
    lost: int = 0
    wrong: int = 0
    problem: str = ""


class Bench:
    """The originals, what is in them and where, read once."""

    def __init__(self, originals: Originals) -> None:
        self.originals = originals
        self._content = {path: content(path) for path in (originals.ended, originals.notes)}
        self._ended = Places(originals.ended, "file")
        with TemporaryDirectory() as directory:  # SQLite's reading may change what is beside a file
            copy = Path(directory) / originals.growing.name
            shutil.copy(originals.growing, copy)
            shutil.copy(originals.log, log_of(copy))
            self._growing = Places(copy, "log")
            self._grown = content(copy)

    def run(self, target: str, hit: str, rng: np.random.Generator, directory: Path) -> Outcome:
        """Do one case in an empty directory."""
        match target:
            case "notes":
                return self._notes(hit, rng, directory)
            case "log":
                return self._log(hit, rng, directory)
        return self._session(target, hit, rng, directory)

    def _session(self, target: str, hit: str, rng: np.random.Generator, directory: Path) -> Outcome:
        ended, path = self.originals.ended, directory / self.originals.ended.name
        damaged, where = HITS[hit](ended.read_bytes(), rng)
        path.write_bytes(damaged)
        shutil.copy(self.originals.notes, directory)
        if target != "session":
            shutil.copy(hash_file_of(ended), directory)
        noticed = not verify(path).ok and is_refused(path)
        harmless = content(path) == self._content[ended]
        outcome = Outcome(target, hit, harmless, noticed, noticed)
        if target != "session":  # the hash changes nothing of the repair
            return outcome
        return _repaired(outcome, path, self._ended.untouched(where), self._ended.rows)

    def _notes(self, hit: str, rng: np.random.Generator, directory: Path) -> Outcome:
        ended, path = self.originals.ended, directory / self.originals.ended.name
        damaged, _ = HITS[hit](self.originals.notes.read_bytes(), rng)
        shutil.copy(ended, path)
        notes = path.with_name(self.originals.notes.name)
        notes.write_bytes(damaged)
        noticed = any(finding.kind == "notes" for finding in verify(path).findings)
        harmless = content(notes) == self._content[self.originals.notes]
        return Outcome("notes", hit, harmless, noticed, noticed)

    def _log(self, hit: str, rng: np.random.Generator, directory: Path) -> Outcome:
        growing, path = self.originals.growing, directory / self.originals.growing.name
        damaged, where = HITS[hit](self.originals.log.read_bytes(), rng)
        shutil.copy(growing, path)
        log_of(path).write_bytes(damaged)
        report = verify(path)
        noticed = not report.ok and is_refused(path)
        assert self._growing.log is not None
        rows = self._growing.untouched(commits_hit(self._growing.log, where))
        outcome = Outcome("log", hit, harmless=False, noticed=noticed, told=_is_told(report))
        outcome = _repaired(outcome, path, rows, self._growing.rows)
        # last, for SQLite's reading may change what is beside the file
        return replace(outcome, harmless=content(path) == self._grown)


def _repaired(outcome: Outcome, path: Path, untouched: Rows, written: Rows) -> Outcome:
    new = path.with_name("new.antiphon")
    try:
        repaired = repair(path, new)
    except (ValueError, OSError) as error:
        left = untouched.total()
        return replace(outcome, lost=left, problem=str(error) if left else "")
    found = repaired_content(new)
    told = {note.partition(":")[0] for note in repaired.notes}
    wrong = [row for row in found - written if not ({row[0]} & told or MADE & {*row})]
    return replace(
        outcome,
        lost=(untouched - found).total(),
        wrong=len(wrong),
        problem="; ".join(verify(new).problems),
    )


def is_refused(path: Path) -> bool:
    """Whether whoever uses the file is told that it is damaged."""
    try:
        return bool(damage_of(path))
    except (ValueError, OSError):
        return True


def _is_told(report: Report) -> bool:
    return not report.ok or any("its last second is not read" in note for note in report.notes)
