"""What one session costs a job: for recorder/cohort/SCALE.md.

    python -m tests.cohort.cost [--minutes 45] [--json]

A session of eight channels and so many minutes, lived on the simulated clock (tests/soak), through
a job in a process of its own: seconds of the processor, memory, bytes read and left.
"""

import json
import os
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, Final

from recorder.store.files import DONE
from recorder.store.finish import finish
from tests.results import Row, tell
from tests.soak.day import live

SEED: Final = 20261129
LOOK: Final = """
import json, resource, sys, time
from pathlib import Path
from recorder.cohort.job import Job, do

def read():
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(dict(line.split(": ") for line in lines)["rchar"])

path, folder = map(Path, sys.argv[1:])
before, began_s = read(), time.process_time()
done = do(Job("site", path.stem, path, folder, 1, ""))
if done.place is None:
    sys.exit(done.why)
told = {"cpu_s": time.process_time() - began_s, "read": read() - before}
told["peak_kib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
told["left"] = sum(it.stat().st_size for it in done.place.iterdir())
told["signals"] = (done.place / "signals.npy").stat().st_size
print(json.dumps(told))
"""


def main() -> int:
    """Measure, keep and tell."""
    parser = ArgumentParser(prog="tests.cohort.cost", description=__doc__)
    parser.add_argument("--minutes", type=int, default=45)
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    told = cost(asked.minutes)
    row = Row(
        f"a job: a session of {asked.minutes} min, eight channels, faults",
        f"{told['cpu_s']:.1f} s of CPU, {told['peak_kib'] / 1024:.0f} MiB; file"
        f" {told['file'] / 1e6:.1f} MB, read {told['read'] / 1e6:.1f} MB, left"
        f" {told['left'] / 1e6:.1f} MB, of which signals {told['signals'] / 1e6:.1f}",
    )
    tell("bench-cohort", [row], "antiphon.cohort-cost/1", as_json=asked.json, **told)
    return 0


def cost(minutes: int) -> dict[str, Any]:
    """Of one session, in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="cohort-cost-") as directory:
        place = Path(directory)
        path = live(place, minutes * 60, SEED, look_every_s=3600).path
        path = path if path.parent.name == DONE else finish(path)
        command = [sys.executable, "-c", LOOK, str(path), str(place / "jobs")]
        environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
        ran = subprocess.run(command, capture_output=True, check=True, env=environment)
        told: dict[str, Any] = json.loads(ran.stdout)
        return told | {"file": path.stat().st_size}


if __name__ == "__main__":
    sys.exit(main())
