"""Counts the instructions of the service and of the screen, the kernel's for them included.

python -m tests.vm.cost [--image DIR] [--json FILE]      (root)

The machine's clock counts instructions, NS_PER_INSTRUCTION each, whatever the host is busy with: a
process that has run for so long has executed so many. Two emulated boards are recorded in it, and
the screen is on a terminal of 160 x 48. recorder.bench.cost makes a page of the counts.
"""

import json
import sys
import tempfile
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

import click
import msgspec

from tests.bench.cost import Counts, cost, page
from tests.vm.image import made, why_not
from tests.vm.machine import Box, running

SHIFT = 1
NS_PER_INSTRUCTION = 1 << SHIFT  # a machine of 500 million instructions a second
COUNTED = ("-accel", "tcg", "-smp", "1", "-icount", f"shift={SHIFT},sleep=on", "-rtc", "clock=vm")
KERNEL = "systemd.mask=antiphon.service systemd.mask=antiphon-story.service"
KERNEL += " systemd.wants=antiphon-cost.service"
WITHIN_S = 1800.0


def main() -> int:
    """Count, print the page, return 1 when an aim is missed."""
    wanted = _arguments()
    if reason := why_not():
        click.echo(f"cost: skipped: {reason}")
        return 0
    with tempfile.TemporaryDirectory(prefix="vm-") as name:
        counts = _count(wanted.image or made(), Path(name))
    if wanted.json:
        text = {"schema": "antiphon.counts/1", **counts}
        wanted.json.write_text(json.dumps(text, indent=1) + "\n", encoding="utf-8")
    told = cost(msgspec.convert(counts, Counts))
    click.echo(page(told))
    return int(not told.ok)


def _count(image: Path, directory: Path) -> dict[str, Any]:
    box = Box(image, directory, ports=(), accelerator=COUNTED, kernel=KERNEL)
    box.format_disk()
    with running(box) as machine:
        note = machine.told("cost", WITHIN_S)
    return {"recorded_s": note["recorded_s"]} | {
        name: {
            "instructions": note[name]["cpu_ns"] / NS_PER_INSTRUCTION,
            "rss_kib": note[name]["rss_kib"],
        }
        for name in ("service", "screen")
    }


def _arguments() -> Namespace:
    parser = ArgumentParser(prog="tests.vm.cost", description=__doc__)
    parser.add_argument("--image", type=Path, help="one that deploy/vm/image.sh has made")
    parser.add_argument("--json", type=Path, help="write the counts to this file")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
