"""Damaged recordings of other programs: what import makes of them, held against what is sound.

    python -m tests.damaged_recordings [--json] [--seed N] [--cases N] [--processes N] [--first N]

Seven forms of text are cut, doubled, swapped, torn, joined, given wrong bytes and other encodings,
by turns. Each EVERY-th is imported as a session, and verified. 1 when anything is not as it must
be; such cases are told, and --first N --cases 1 does one again.
"""

import os
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from itertools import repeat
from pathlib import Path

import click
import numpy as np

from recorder.importing.session import Asked
from recorder.store.check import verify
from tests.damaged_recordings.accountant import Account, account
from tests.damaged_recordings.hits import HITS
from tests.damaged_recordings.originals import originals
from tests.recorder.importing.files import imported
from tests.results import Row, tell

EVERY = 25
SOUND = ("sound", "read", "told")
FAULTS = ("silent", "misplaced", "made_up", "unaccounted")


def main() -> int:
    """Do all cases, keep the rows and print them."""
    parser = ArgumentParser(prog="tests.damaged_recordings", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    numbers = range(asked.first, asked.first + asked.cases)
    with ProcessPoolExecutor(asked.processes) as pool:
        found = pool.map(case, repeat(asked.seed), numbers, chunksize=10)
        with click.progressbar(
            found, length=asked.cases, label="damaged recordings", file=sys.stderr
        ) as bar:
            accounts = list(bar)
    wrong = [(number, it) for number, it in zip(numbers, accounts, strict=True) if not it.is_right]
    for number, it in wrong:
        click.echo(f"case {number}: {it}", err=True)
    figures = {"cases": len(accounts), "wrong": len(wrong)}
    tell(
        *("damaged-recordings", [*_rows(accounts)], "antiphon.damaged-recordings/1"),
        as_json=asked.json,
        text="",
        **figures,
    )
    return int(bool(wrong))


def case(seed: int, number: int) -> Account:
    """Do one case; `number` says which form, and what befalls it."""
    forms, rng = originals(), np.random.default_rng([seed, number])
    original, hit = forms[number % len(forms)], [*HITS][number // len(forms) % len(HITS)]
    octets, encoding = HITS[hit](original.lines, rng)
    with tempfile.TemporaryDirectory(prefix="damaged-") as directory:
        path = Path(directory) / "recording.txt"
        path.write_bytes(octets)
        found = account(original, hit, path, encoding)
        if number % EVERY == 0 and not found.refused and not found.wrong:
            found = replace(found, wrong=_imported(Path(directory), path))
    return found


def _imported(directory: Path, path: Path) -> str:
    """What is wrong with the session that is made of it, "" for nothing."""
    try:
        done = imported(directory, path, path, asked=Asked(offset_s=0.0))
    except ValueError as error:
        return "" if "\n" not in str(error) else "a reason of several lines"
    return "; ".join(verify(done.path).problems)


def _rows(accounts: list[Account]) -> Iterator[Row]:
    for hit in HITS:
        mine = [it for it in accounts if it.hit == hit]
        taken = [it for it in mine if not it.refused]
        sound, read, told = (sum(getattr(it, name) for it in taken) for name in SOUND)
        faults = sum(getattr(it, name) for it in mine for name in FAULTS)
        wrong, changed = sum(bool(it.wrong) for it in mine), sum(it.changed for it in taken)
        yield Row(
            f"damaged recordings, {hit}: rows lost, moved or half-read without a word; errors",
            f"{faults} rows, {wrong} errors in {len(mine)} files, {len(mine) - len(taken)} of them"
            f" refused with the reason; of {sound} sound rows {read} read, {told} named; {changed}"
            " changed ones still look like rows",
            "0 rows, 0 errors",
        )


if __name__ == "__main__":
    sys.exit(main())
