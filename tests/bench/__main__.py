"""`make bench`: what `antiphon bench` measures, kept in tests/RESULTS.md.

python -m tests.bench [--json] [options of `antiphon bench`]
"""

import json
import subprocess
import sys
from argparse import ArgumentParser
from typing import Any

from recorder.commands.bench import FIGURES
from recorder.rehearsal.processes import ANTIPHON
from tests.results import Row, tell


def main() -> int:
    """Measure, keep and tell; the verb's exit code."""
    parser = ArgumentParser(prog="tests.bench", description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    asked, words = parser.parse_known_args()
    command = [*ANTIPHON, "bench", "--json", *words]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode == 0:
        told = json.loads(done.stdout)
        schema = told.pop("schema")
        tell("bench", rows(told), schema, as_json=asked.json, **told)
    return done.returncode


def rows(told: dict[str, Any]) -> list[Row]:
    """A row for each figure that there is here."""
    return [
        Row(
            f"`{name}`: {text.format(hops=told['hops'])}",
            f"{told[name]:.2f} {unit}".rstrip(),
            f"{aim} {unit}".strip() if aim else "",
        )
        for name, (text, unit, aim) in FIGURES.items()
        if told[name] is not None
    ]


if __name__ == "__main__":
    sys.exit(main())
