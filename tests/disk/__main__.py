"""What a full, a failing, and a stalled disk do to a recording; the tests of it, and their figures.

python -m tests.disk [--json FILE]      (root; without, those that mount are skipped)
"""

import json
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

TESTS = Path(__file__).parent


def main() -> int:
    """Run the tests beside this file; 1 when one failed."""
    parser = ArgumentParser(prog="tests.disk", description=__doc__)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="disk-") as directory:
        told = Path(directory) / "told.xml"
        words = [sys.executable, "-m", "pytest", "-q", "-rs", f"--junitxml={told}", str(TESTS)]
        code = subprocess.run(words, check=False).returncode
        cases = list(ET.parse(told).iter("testcase"))
    if wanted.json:
        counted = Counter(_outcome(case) for case in cases)
        figures = {
            "schema": "antiphon.disk/1",
            "ok": not code,
            "tests": {kind: counted[kind] for kind in ("passed", "failed", "skipped")},
            "failed": [case.get("name", "") for case in cases if _outcome(case) == "failed"],
            "wall_s": round(sum(float(case.get("time", 0)) for case in cases)),
        }
        wanted.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return int(bool(code))


def _outcome(case: ET.Element) -> str:
    kinds = {found.tag for found in case}
    if kinds & {"failure", "error"}:
        return "failed"
    return "skipped" if "skipped" in kinds else "passed"


if __name__ == "__main__":
    sys.exit(main())
