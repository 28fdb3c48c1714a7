"""The queries of deploy/analysts/cookbook.md, as they are typed, and what they find."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from recorder.store.rows import EventRow, QualityRow
from tests.recorder import session_files
from tests.recorder.session_files import START_NS

ANALYSTS = Path(__file__).parent.parent / "deploy" / "analysts"
_FENCED = re.compile(r"^```(sh|sql)\n(.*?)^```", re.DOTALL | re.MULTILINE)
SECOND_NS = 10**9

QUERIES = [
    (match[1], match[2]) for match in _FENCED.finditer((ANALYSTS / "cookbook.md").read_text())
]
WITH_SQLITE_UTILS = [text for _, text in QUERIES if text.startswith("sqlite-utils")]
WITH_DATASETTE = [text for _, text in QUERIES if text.startswith("datasette")]
WITH_DUCKDB = [text for kind, text in QUERIES if kind == "sql"]


def session(path: Path) -> Path:
    """One in which there is something to find for each query."""
    states = ("good", "good", "flat", "no data")
    return session_files.write(
        path,
        [
            *session_files.usual_rows(),
            EventRow(START_NS + SECOND_NS, "note", "she smiled"),
            EventRow(START_NS, "board", "patient: streaming"),
            *(QualityRow(START_NS + n, 0, 0, state, None, None) for n, state in enumerate(states)),
        ],
    )


def asked(query: str, path: Path) -> Any:
    """What a query of the shell answers, of a session file."""
    tools = Path(sys.executable).parent
    places = {"SESSION": str(path), "PATH": f"{tools}:{os.environ['PATH']}"}
    ran = subprocess.run(
        ["sh", "-c", query], env=os.environ | places, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)
