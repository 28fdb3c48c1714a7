"""Feeds damaged bytes to everything that reads bytes, for as long as you like.

    python -m tests.fuzz [--seconds 300] [--seed N] [--only TARGET]

A case is (target, number): `--only "session file" --first 4711 --seconds 0` does one again.
"""

import json
import resource
import sys
import tempfile
import time
import traceback
from argparse import ArgumentParser, Namespace
from collections import Counter
from itertools import count
from pathlib import Path

import click
import numpy as np

from tests.fuzz.bounds import Hang, bounded
from tests.fuzz.targets import TARGETS


def main() -> int:
    """Run cases until the time is over; 1 when one failed."""
    wanted = _arguments()
    names = [wanted.only] if wanted.only else list(TARGETS)
    done: Counter[str] = Counter()
    began_s = time.monotonic()
    end_s = time.monotonic() + wanted.seconds
    with tempfile.TemporaryDirectory(prefix="fuzz-") as directory:
        for number in count(wanted.first):
            for name in names:
                if not _survives(name, wanted.seed, number, Path(directory)):
                    return 1
                done[name] += 1
            if time.monotonic() >= end_s:
                break
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    cases = ", ".join(f"{name} {n}" for name, n in done.items())
    click.echo(f"no failure in {cases}; {peak_mib} MiB at most")
    if wanted.json:
        seconds = round(time.monotonic() - began_s)
        told = {"schema": "antiphon.fuzz/1", "cases": done, "peak_mib": peak_mib, "wall_s": seconds}
        wanted.json.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    return 0


def _arguments() -> Namespace:
    parser = ArgumentParser(prog="tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--seed", type=int, default=20261123)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--only", choices=TARGETS, help="one target")
    return parser.parse_args()


def _survives(name: str, seed: int, number: int, directory: Path) -> bool:
    rng = np.random.default_rng([seed, number])
    try:
        with bounded():
            TARGETS[name](rng, directory)
    except (Exception, Hang):  # noqa: BLE001  # whatever escapes is what is looked for
        traceback.print_exc()
        click.echo(f"failed: --only {name!r} --seed {seed} --first {number} --seconds 0")
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
