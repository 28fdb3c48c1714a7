"""A thousand sessions of about five minutes in which everything happens at once: their accounts.

    python -m tests.truth [--json] [--sessions N] [--seed N] [--processes N]

Random mixtures of losses in runs, late and double packets, a host that stands still, a board out
of reach, without power or unplugged, other boards on its radio channel, dongles exchanged, and
steps of the time of day. Each stored sample, time, gap and person is held against what was sent.

1 when anything is not as it must be; the seeds of such sessions are told.
"""

import os
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

import click

from recorder.store.check import verify
from tests.results import Row, tell
from tests.truth.accounts import Account, account
from tests.truth.box import live
from tests.truth.script import USUAL_S, script

IN_3_SIGMAS: Final = 0.99
KEPT: Final = 0.97
VERIFIED_EVERY: Final = 10


def main() -> int:
    """Let all sessions happen, keep the rows and print them."""
    parser = ArgumentParser(prog="tests.truth", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--sessions", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    # Two for each core: one waits for its disk while the other goes on.
    parser.add_argument("--processes", type=int, default=2 * (os.cpu_count() or 1))
    asked = parser.parse_args()
    began_s, whole, wrong = time.monotonic(), Account(), 0
    for seed, found, words in _accounts(asked.seed, asked.sessions, asked.processes):
        whole.add(found)
        wrong += bool(words)
        if words:
            click.echo(f"session {seed}: {words}", err=True)
    took_s = time.monotonic() - began_s
    rows, is_right = _rows(whole, wrong, asked.sessions, took_s)
    figures = {name: getattr(whole, name) for name in Account.__dataclass_fields__}
    tell("truth", rows, "antiphon.truth/1", as_json=asked.json, wrong=wrong, **figures)
    return int(not is_right)


def _accounts(first: int, n: int, processes: int) -> Iterator[tuple[int, Account, str]]:
    """Yield the seed and the account of each session, in the order of the seeds."""
    seeds = range(first, first + n)
    with ProcessPoolExecutor(processes) as pool:
        found = pool.map(session, seeds, chunksize=4)
        with click.progressbar(found, length=n, label="sessions", file=sys.stderr) as bar:
            for seed, (each, words) in zip(seeds, bar, strict=True):
                yield seed, each, words


def session(seed: int, usual_s: float = USUAL_S) -> tuple[Account, str]:
    """Let one session happen; its account, and what is wrong with it in words."""
    with tempfile.TemporaryDirectory() as directory:
        wanted = script(seed, usual_s=usual_s)
        told = live(wanted, Path(directory))
        found = account(told)
        if seed % VERIFIED_EVERY == 0:
            found.broken += sum(not verify(path).ok for path in told.paths)
    return found, ", ".join(f"{count} {name}" for name, count in found.wrong.items())


def _rows(found: Account, wrong: int, sessions: int, took_s: float) -> tuple[list[Row], bool]:
    inside = 1 - found.outside / max(found.settled, 1)
    kept = found.stored / max(found.arrived, 1)
    told = ", ".join(f"{count} {name}" for name, count in found.wrong.items()) or "none wrong"
    rows = [
        Row(
            "everything at once: whose and which each sample is; that each is stored or in a gap",
            f"{sessions} sessions in {took_s / 60:.0f} min: {found.stored / 1e6:.1f} million"
            f" stored, {found.missing / 1e6:.1f} million in gaps; {found.foreign} of another"
            f" person, {found.unaccounted} in no gap; {wrong} sessions wrong ({told})",
            "0, 0, 0",
        ),
        Row(
            "times of them, 10 s after a segment's start or a stall: within 3 of the stated sigmas",
            f"{inside:.2%} of {found.settled / 1e6:.0f} million; the worst is off by"
            f" {found.worst_ms:.0f} ms",
            f"{IN_3_SIGMAS:.0%}",
        ),
        Row(
            "packets that came of one's own board, and are stored",
            f"{min(kept, 1):.2%}",
            f"{KEPT:.0%}",
        ),
    ]
    return rows, not wrong and inside >= IN_3_SIGMAS and kept >= KEPT


if __name__ == "__main__":
    sys.exit(main())
