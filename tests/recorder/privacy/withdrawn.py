"""A session to take things out of, and a process that withdraws and is killed at each step.

`python -m tests.recorder.privacy.withdrawn DIRECTORY WHAT` prints one line for each kill: what was
found after it, and after the rest was done. WHAT is a consent, or `words` that are struck out.
"""

import json
import os
import shutil
import sys
from pathlib import Path

from recorder.privacy import striking
from recorder.privacy.withdrawal import withdraw
from recorder.store.beside import sha256_of, stored_sha256, videos_of
from recorder.store.check import verify
from recorder.store.finish import finish
from recorder.store.reader import SessionReader
from recorder.store.redaction import finish_redactions
from recorder.store.rows import EdgeRow, EventRow, ImpedanceRow, MarkerRow, QualityRow
from recorder.store.workplace import sweep_workplaces
from tests.decisions import strike
from tests.recorder import session_files
from tests.recorder.session_files import START_NS

ID = "20260101T080000Z-aaaa"
LAST = 48  # from the intent on, there are fewer
MADE_NS = 1_795_410_000_000_000_000


def make(directory: Path) -> Path:
    """Two people's session with all kinds of rows, put away, and a video of it."""
    rows = session_files.usual_rows()
    rows += [
        session_files.series(2),
        session_files.values(START_NS + 2 * 10**9, (1, 0.5), (2, 0.75)),
    ]
    rows += [EdgeRow("patient D17", 1, START_NS, 1), EdgeRow("therapist D17", 1, START_NS, 1)]
    rows += [ImpedanceRow(START_NS, board, 0, 5.0) for board in (0, 1)]
    rows += [QualityRow(START_NS, board, 0, "good", 0.1, 50.0) for board in (0, 1)]
    rows += [
        MarkerRow(START_NS, "P01 laughs at t01"),
        EventRow(START_NS, "note", "p01 is tired; P012 is not"),
    ]
    directory.mkdir(parents=True, exist_ok=True)
    path = finish(session_files.write(directory / f"{ID}.antiphon", rows))
    (directory / f"{ID}-camera-1.mkv").write_bytes(b"a face")
    return path


def killed(directory: Path, what: str, step: int) -> int:
    """Withdraw in a process that is killed at a step, -1 at none; how many steps there were."""
    counted, told = os.pipe()
    child = os.fork()
    if not child:
        strike.watch()
        strike.arm(step, "kill before")
        _take_out(directory / "done" / f"{ID}.antiphon", what)
        os.write(told, str(strike.disarm()).encode())
        os._exit(0)
    os.waitpid(child, 0)
    os.close(told)
    with open(counted) as steps:
        return int(steps.read() or 0)


def _take_out(path: Path, what: str) -> None:
    if what == "words":
        striking.strike(path, [it for it in striking.typed(path) if "laughs" in it.text], MADE_NS)
    else:
        withdraw(path, "patient", what, MADE_NS)  # type: ignore[arg-type]


def found(path: Path) -> dict[str, object]:
    """What is to be seen of a session afterwards."""
    with SessionReader(path) as session:
        withdrawn = len(session.redactions())
    return {
        "withdrawn": withdrawn,
        "problems": list(verify(path).problems),
        "hash_fits": stored_sha256(path) == sha256_of(path),
        "videos": len(videos_of(path)),
        "files": sorted(
            str(it.relative_to(path.parent.parent)) for it in path.parent.parent.rglob("*")
        ),
    }


def main() -> None:
    """Each of the last steps, and some of those before anything is in its place; told as JSON."""
    root, what = Path(sys.argv[1]), sys.argv[2]
    make(root / "made")
    shutil.copytree(root / "made", root / "counted")
    steps = killed(root / "counted", what, -1)
    for step in [*range(0, steps - LAST, 10), *range(max(0, steps - LAST), steps), -1]:
        here = root / "here"
        shutil.copytree(root / "made", here)
        killed(here, what, step)
        for place in (here, here / "done"):
            sweep_workplaces(place)
        finish_redactions(here)
        sys.stdout.write(json.dumps(found(here / "done" / f"{ID}.antiphon")) + "\n")
        sys.stdout.flush()
        shutil.rmtree(here)


if __name__ == "__main__":
    main()
