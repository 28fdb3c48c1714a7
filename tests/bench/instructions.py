"""Instructions for a hop, counted by valgrind: a cost that no other program can move.

`make instructions` counts this program, run with the samples delivered and the hops computed, and
run again with the samples only delivered; the difference is the hops'.
"""

import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import click

from recorder.bench.numbers import HOPS_PER_SECOND, SEVEN_KINDS, HopBench
from recorder.settings.measures import MeasureSettings
from tests.results import Row, tell

# With twenty seconds of them, two draws of chance are among what is counted.
WARM_HOPS = 20 * HOPS_PER_SECOND
HOPS = 20 * HOPS_PER_SECOND
# One thread and one order of hashes: the same work each time.
STEADY = {"OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}


@click.command()
@click.option("--channels", type=click.Choice(["8", "16"]), default="8", help="Of each person.")
@click.option("--part", type=click.Choice(["deliver", "compute"]), hidden=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def main(channels: str, part: str | None, *, as_json: bool) -> None:
    """Instructions of one hop of two people, values and chance level included."""
    if part is not None:
        _work(int(channels), computing=part == "compute")
        return
    with ThreadPoolExecutor() as both:
        delivered, computed = both.map(partial(_count, channels), ("deliver", "compute"))
    per_hop = (computed - delivered) / HOPS
    what = f"a hop of two people, 2 x {channels} channels"
    tell(
        "instructions",
        [Row(what, f"{per_hop / 1e6:.3f} million instructions")],
        "antiphon.instructions/1",
        as_json=as_json,
        channels=int(channels),
        instructions_per_hop=per_hop,
    )


def _work(channels: int, *, computing: bool) -> None:
    bench = HopBench(channels, MeasureSettings(kinds=SEVEN_KINDS, every_pair=True))
    bench.run(WARM_HOPS)
    bench.run(HOPS, computing=computing)


def _count(channels: str, part: str) -> int:
    """Instructions of one whole run."""
    work = [sys.executable, "-m", "tests.bench.instructions", "--channels", channels]
    valgrind = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    try:
        done = subprocess.run(
            [*valgrind, *work, "--part", part],
            env=os.environ | STEADY,
            capture_output=True,
            text=True,
            check=True,
        )
    except FileNotFoundError as error:
        raise SystemExit("valgrind is not installed: apt install valgrind") from error
    [refs] = re.findall(r"Collected : (\d+)", done.stderr)
    return int(refs)


if __name__ == "__main__":
    main()
