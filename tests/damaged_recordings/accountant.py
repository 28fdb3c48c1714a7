"""Knows which rows of a damaged file are sound, and holds what was read against them.

A row is sound where its line stands in the file as it was. Every sound row is to be read with its
values, at its place, or is to be named by its line. What was read of a line that is not as it was
must be all of that line: no checksum tells a digit from another, so a line that still has all its
numbers may be taken for a row, but no half of one. Without time stamps nobody can tell that lines
are missing or moved by whole rounds of the counter.
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from recorder.importing.brought import Brought
from recorder.importing.text import bring_text
from recorder.progress import no_progress
from tests.damaged_recordings.originals import Original


@dataclass(frozen=True, slots=True)
class Account:
    """What came of one file.

    Attributes:
        form, hit: which, and what befell it.
        refused: why it was not read, "" when it was.
        sound: rows that stand in it as they were.
        read: of these, those that were read, each at its place.
        told: of the others, those that are named.
        changed: rows that were read of lines that are not as they were.
        silent: sound rows that are neither read nor named.
        misplaced: sound rows that were read at another's place.
        made_up: rows that were read and stand in no line.
        unaccounted: samples in no row and in no gap.
        wrong: anything else: an exception, a reason of several lines; "" for nothing.
    """

    form: str
    hit: str
    refused: str = ""
    sound: int = 0
    read: int = 0
    told: int = 0
    changed: int = 0
    silent: int = 0
    misplaced: int = 0
    made_up: int = 0
    unaccounted: int = 0
    wrong: str = ""

    @property
    def is_right(self) -> bool:
        """Whether nothing was half-read, lost or moved without a word."""
        faults = self.silent, self.misplaced, self.made_up, self.unaccounted
        return not (any(faults) or self.wrong)


def account(original: Original, hit: str, path: Path, encoding: str) -> Account:
    """Read a damaged file, and settle its account."""
    lines = _lines(path, encoding)
    sound = _sound(original, lines)
    try:
        [brought] = bring_text(path, None, no_progress)
    except ValueError as error:
        text = str(error)
        wrong = "a reason of several lines" if "\n" in text else ""
        return Account(original.form, hit, refused=text, sound=len(sound), wrong=wrong)
    except Exception as error:  # noqa: BLE001  # whatever escapes is what is looked for
        return Account(original.form, hit, sound=len(sound), wrong=repr(error))
    return _settled(original, hit, lines, sound, brought)


def _lines(path: Path, encoding: str) -> list[str]:
    """As any editor numbers them."""
    text = path.read_bytes().decode(encoding, "replace").removeprefix("\ufeff")
    return re.split("\r\n|\r|\n", text)


def _sound(original: Original, lines: list[str]) -> dict[int, list[int]]:
    """Numbers of the lines at which each row that stands there stands."""
    known = {row: number for number, row in enumerate(original.rows)}
    found: dict[int, list[int]] = defaultdict(list)
    for at, line in enumerate(lines, start=1):
        if line in known:
            found[known[line]].append(at)
    return found


def _settled(
    original: Original, hit: str, lines: list[str], sound: dict[int, list[int]], brought: Brought
) -> Account:
    known = {row.tobytes(): number for number, row in enumerate(original.counts)}
    named = _named(brought)
    read: set[int] = set()
    changed, misplaced, made_up, unaccounted = 0, 0, 0, 0
    numbers = _numbers_of(lines, original)
    for stretch in brought.stretches:
        places = [(known.get(row.tobytes(), -1), row) for row in stretch.counts]
        off = [
            row - int(at) for (row, _), at in zip(places, stretch.index, strict=True) if row >= 0
        ]
        usual = max(set(off), key=off.count) if off else 0
        for (row, counts), at in zip(places, stretch.index.tolist(), strict=True):
            if row not in sound:
                changed += 1
                made_up += row < 0 and tuple(counts.tolist()) not in numbers
            else:
                read.add(row)
                away = row - at - usual
                misplaced += away != 0 and (original.stamped or away % original.cycle != 0)
        in_gaps = sum(loss.n for loss in stretch.losses)
        unaccounted += abs(int(stretch.index[-1]) + 1 - len(stretch.index) - in_gaps)
    missing = [row for row in sound if row not in read]
    told = [row for row in missing if set(sound[row]) <= named]
    return Account(
        original.form,
        hit,
        sound=len(sound),
        read=len(read & set(sound)),
        told=len(told),
        changed=changed,
        silent=len(missing) - len(told),
        misplaced=misplaced,
        made_up=made_up,
        unaccounted=unaccounted,
    )


def _named(brought: Brought) -> set[int]:
    return {it.line for it in brought.unread}


def _numbers_of(lines: list[str], original: Original) -> set[tuple[int, ...]]:
    """Counts of the channels of every line that has as many numbers."""
    width, found = original.counts.shape[1], set()
    for line in lines:
        fields = line.split(original.delimiter)
        try:
            found.add(tuple(_count(it, original) for it in fields[1 : width + 1]))
        except (ValueError, OverflowError):
            continue
    return found


def _count(field: str, original: Original) -> int:
    if "SD" in original.form:
        digits = int(field, 16)
        return digits - (digits >> 23 << 24)
    return round(float(field.replace(",", ".")) / original.uv_per_count)
