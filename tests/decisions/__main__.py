"""Kills and failures between what people ask for and its effect.

python -m tests.decisions [--runs 300] [--seed N] [--json FILE]

Each run is a story (start, mark, stop, erase, sync, prune, put-away, repair, encrypted export) in
a process of its own that is killed before or after one of its steps on the disk, or in which that
step fails; then the next service looks at what is left. Held against what had been told: nothing is
recorded that nobody asked for, nothing is kept that was erased, nothing is lost.
"""

import json
import logging
import multiprocessing
import shutil
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np

from recorder.rehearsal.processes import scratch_directory
from tests.decisions import judge, stories
from tests.decisions.stories import STORIES, Run
from tests.decisions.strike import WAYS, Way

ENDS_WITHIN_S = 60.0
LIKELY = 30  # steps of a story of which they have not been counted
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(["tests.decisions.stories", "tests.decisions.judge"])


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run: what it was, at which step it was struck, and what was not as told."""

    story: str
    way: Way
    at: int
    problems: tuple[str, ...]


def runs(directory: Path, count: int, rng: np.random.Generator) -> Iterator[Outcome]:
    """All stories in turn, struck at random steps."""
    steps = {story: steps_of(directory / "whole", story) for story in STORIES}
    for number in range(count):
        story = STORIES[number % len(STORIES)]
        way = WAYS[int(rng.integers(len(WAYS)))]
        at = int(rng.integers(steps[story]))
        yield Outcome(story, way, at, tuple(struck(directory / "run", story, at, way)))


def steps_of(directory: Path, story: str) -> int:
    """How many steps there are when nothing happens; and then all is well, or this raises."""
    found = struck(directory, story, -1, "kill before", keep=True)
    told = Run(directory).told()
    shutil.rmtree(directory)
    if found:
        raise AssertionError(f"{story}, without any fault: {found}")
    return next(int(line["count"]) for line in told if line["what"] == "steps")


def struck(directory: Path, story: str, at: int, way: Way, *, keep: bool = False) -> list[str]:
    """Live through one story; what is not as it was told."""
    process = _processes.Process(target=stories.tell, args=(directory, story, at, way))
    process.start()
    process.join(ENDS_WITHIN_S)
    try:
        if process.is_alive():
            process.kill()
            process.join()
            return [f"it hung: {Run(directory).told()}"]
        return judge.problems(directory, story)
    finally:
        if not keep:
            shutil.rmtree(directory)


def main() -> int:
    """Print a table; 1 when something was not as told."""
    wanted, began_s = _arguments(), time.monotonic()
    logging.disable()
    with scratch_directory() as directory:
        rng = np.random.default_rng(wanted.seed)
        outcomes = list(runs(directory, wanted.runs, rng))
    table = [_row(story, [it for it in outcomes if it.story == story]) for story in STORIES]
    for row in table:
        click.echo("  ".join(f"{name} {value}" for name, value in row.items()))
    bad = [it for it in outcomes if it.problems]
    for it in bad[:20]:
        click.echo(f"    {it}")
    seconds = round(time.monotonic() - began_s)
    click.echo(f"{len(outcomes)} runs in {seconds} s, {len(bad)} not as promised")
    if wanted.json:
        told = {"schema": "antiphon.decisions/1", "ok": not bad, "wall_s": seconds}
        told |= {"stories": table, "bad": [asdict(it) for it in bad]}
        wanted.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return int(bool(bad))


def _row(story: str, outcomes: list[Outcome]) -> dict[str, object]:
    row: dict[str, object] = {"story": story}
    row |= {way: sum(it.way == way for it in outcomes) for way in WAYS}
    return {**row, "bad": sum(bool(it.problems) for it in outcomes)}


def _arguments() -> Namespace:
    parser = ArgumentParser(prog="tests.decisions", description=__doc__)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=20261129)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
