"""Counts the instructions of the service and of the screen, the kernel's for them included.

The machine's clock counts instructions, NS_PER_INSTRUCTION each, whatever the host is busy with: a
process that has run for so long has executed so many. Two emulated boards are recorded in it, and
the screen is on a terminal of 160 x 48. tests.bench.cost says what the counts come to.
"""

import tempfile
from pathlib import Path
from typing import Any

from tests.vm.machine import Box, running

SHIFT = 1
NS_PER_INSTRUCTION = 1 << SHIFT  # a machine of 500 million instructions a second
COUNTED = ("-accel", "tcg", "-smp", "1", "-icount", f"shift={SHIFT},sleep=on", "-rtc", "clock=vm")
KERNEL = "systemd.mask=antiphon.service systemd.mask=antiphon-story.service"
KERNEL += " systemd.wants=antiphon-cost.service"
WITHIN_S = 1800.0


def counted(image: Path) -> dict[str, Any]:
    """The fields of tests.bench.cost.Counts, of a box with this image; takes minutes, as root."""
    with tempfile.TemporaryDirectory(prefix="vm-") as name:
        box = Box(image, Path(name), ports=(), accelerator=COUNTED, kernel=KERNEL)
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
