"""Damage to a session, its notes and its log: what is noticed, and what a repair brings back.

    python -m tests.damage [--json] [--seed N] [--cases N] [--processes N]

Bits that flip, ends that are cut off and sectors of zeros, by turns in a session with its hash, in
one without, in notes and in the log of a killed recorder; then every column of every table changed
once. Content is compared with the original: damage that changed none is harmless. 1 when anything
is not as it must be; such cases are told.
"""

import os
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import click
import numpy as np

from tests.damage.cases import TARGETS, Bench, Outcome, is_refused
from tests.damage.columns import changed, changes
from tests.damage.hits import HITS
from tests.damage.originals import Originals, make
from tests.results import Row, tell

SECONDS = 24


def main() -> int:
    """Do all cases, keep the rows and print them."""
    parser = ArgumentParser(prog="tests.damage", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="damage-") as directory:
        originals = make(Path(directory), SECONDS)
        outcomes = list(_outcomes(originals, asked.seed, asked.cases, asked.processes))
        columns, unnoticed = unnoticed_changes(originals.ended, Path(directory))
    wrong = [it for it in outcomes if is_wrong(it)]
    for outcome in wrong:
        click.echo(str(outcome), err=True)
    for text in unnoticed:
        click.echo(f"not noticed: {text}", err=True)
    rows = [*_rows(outcomes), _repair_row(outcomes), _column_row(columns, unnoticed)]
    figures = {"cases": len(outcomes), "wrong": len(wrong), "unnoticed_changes": len(unnoticed)}
    tell("damage", rows, "antiphon.damage/1", as_json=asked.json, text="", **figures)
    return int(bool(wrong or unnoticed))


def is_wrong(outcome: Outcome) -> bool:
    """Damage that was not seen, or a repair that is not what it must be.

    Of a log that is cut off nobody can know how long it was, so that it need not be noticed.
    """
    seen = outcome.noticed or (outcome.target == "log" and (outcome.told or outcome.hit == "cut"))
    return bool(not (outcome.harmless or seen) or outcome.lost or outcome.wrong or outcome.problem)


def case(originals: Originals, seed: int, number: int) -> Outcome:
    """Do one case; `number` says in which file, and in which way."""
    target, hit = TARGETS[number % len(TARGETS)], [*HITS][number // len(TARGETS) % len(HITS)]
    with tempfile.TemporaryDirectory(prefix="damage-") as directory:
        rng = np.random.default_rng([seed, number])
        return _bench(originals).run(target, hit, rng, Path(directory))


def unnoticed_changes(path: Path, directory: Path) -> tuple[int, list[str]]:
    """How often a column was changed or a row taken out, and which of that nobody noticed."""
    copy = directory / "changed.antiphon"
    done = [(change[0], is_refused(changed(path, copy, change))) for change in changes(path)]
    return len(done), [what for what, seen in done if not seen]


@cache
def _bench(originals: Originals) -> Bench:
    return Bench(originals)


def _outcomes(originals: Originals, seed: int, cases: int, processes: int) -> Iterator[Outcome]:
    numbers = range(cases)
    with ProcessPoolExecutor(processes) as pool:
        found = pool.map(case, [originals] * cases, [seed] * cases, numbers, chunksize=12)
        with click.progressbar(found, length=cases, label="damage", file=sys.stderr) as bar:
            yield from bar


def _rows(outcomes: list[Outcome]) -> Iterator[Row]:
    for target in TARGETS:
        mine = [it for it in outcomes if it.target == target]
        harmful = [it for it in mine if not it.harmless]
        for kind in ("flip or zeroed sector", "cut") if target == "log" else ("",):
            some = [it for it in harmful if not kind or (it.hit == "cut") == (kind == "cut")]
            unseen = sum(not (it.noticed or it.told) for it in some)
            yield Row(
                f"bits flipped, ends cut, sectors zeroed: {target}{kind and f', {kind}'}",
                f"{len(some)} changed the content: {unseen} not noticed",
                "" if kind == "cut" else "0",
            )


def _repair_row(outcomes: list[Outcome]) -> Row:
    repaired = [it for it in outcomes if it.target in ("session", "log")]
    lost, wrong = sum(it.lost for it in repaired), sum(it.wrong for it in repaired)
    broken = sum(bool(it.problem) for it in repaired)
    return Row(
        "after repair: rows that were not touched and are not there; wrong ones without a word",
        f"{len(repaired)} repairs: {lost} rows, {wrong} rows; {broken} files not whole",
        "0, 0, 0",
    )


def _column_row(columns: int, unnoticed: list[str]) -> Row:
    return Row(
        "every column of every table changed once, a row taken out of each, without the hash",
        f"{columns} changes: {len(unnoticed)} not noticed",
        "0",
    )


if __name__ == "__main__":
    sys.exit(main())
