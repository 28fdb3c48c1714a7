"""A day of two boards with a fault every few minutes, in minutes; the figures of it.

python -m tests.soak [--hours 24] [--seed N] [--json FILE]
"""

import json
import multiprocessing
import sys
import tempfile
import time
from argparse import ArgumentParser, Namespace
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path

import click

from hardware.emulated.cyton import BoardTruth
from recorder.service.heap import share_one_heap
from recorder.store.check import Report, verify
from tests.soak.accounts import Account, account
from tests.soak.day import Day, Memory, live

LOOK_EVERY_S = 600
GROWTH_KIB = 64
GROWTH_BLOCKS = 2000
PROCESSES = 2  # that read the file afterwards


def main() -> int:
    """Live the day, print, return 1 when anything is not as it must be."""
    wanted = _arguments()
    share_one_heap()  # as the service does
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="soak-") as directory:
        day = live(
            Path(directory),
            round(wanted.hours * 3600),
            wanted.seed,
            look_every_s=LOOK_EVERY_S,
            tell=_tell,
        )
        told = _figures(day) | {"wall_s": round(time.monotonic() - began_s, 1)}
    click.echo(json.dumps(told, indent=1))
    if wanted.json:
        wanted.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 0 if told["ok"] else 1


def _arguments() -> Namespace:
    parser = ArgumentParser(prog="tests.soak", description=__doc__)
    parser.add_argument("--hours", type=float, default=24.0)
    parser.add_argument("--seed", type=int, default=20261123)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    return parser.parse_args()


def _tell(memory: Memory) -> None:
    if memory.t_s % 3600 == 0:
        hours, mib = memory.t_s // 3600, memory.file_bytes / 2**20
        click.echo(f"{hours:>3} h  {memory.rss_kib / 1024:.2f} MiB in memory, file {mib:.1f} MiB")


def _figures(day: Day) -> dict[str, object]:
    report, accounts = _read(day)
    growth = day.growth
    grew = growth.rss_kib > GROWTH_KIB or growth.blocks > GROWTH_BLOCKS
    return {
        "schema": "antiphon.soak/1",
        "ok": report.ok and not grew and all(it.is_exact for it in accounts),
        "hours": day.seconds / 3600,
        "recording_wall_s": round(day.wall_s, 1),
        "recording_cpu_s": round(day.cpu_s, 1),
        "problems": list(report.problems),
        "counts": report.counts,
        "boards": [{**asdict(it), "is_exact": it.is_exact} for it in accounts],
        "growth": asdict(growth),
        "memory": [asdict(it) for it in day.memory if it.t_s % 3600 == 0],
        "file_mib_per_hour": round(day.file_bytes_per_hour / 2**20, 2),
    }


def _read(day: Day) -> tuple[Report, list[Account]]:
    """What `verify` says of the file, and the accounts of both boards."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(PROCESSES, mp_context=spawn) as pool:
        report = pool.submit(verify, day.path)
        accounts = [pool.submit(account, day.path, *it) for it in boards_of(day)]
        return report.result(), [it.result() for it in accounts]


def boards_of(day: Day) -> list[tuple[int, BoardTruth, int]]:
    """What `account` wants to know of each board."""
    return [(board, *it) for board, it in enumerate(zip(day.truths, day.unheard, strict=True))]


if __name__ == "__main__":
    sys.exit(main())
