"""A recorder whose disk fills up: the size of files is limited, which needs no rights.

    python -m tests.recorder.store.full_disk FILE

Records a second, lets the disk be full, records another second, and frees the disk again; prints
for each stage the writer's error and how many blocks another program finds in the file.
"""

import resource
import signal
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from recorder.store.writer import SessionWriter
from tests.recorder import session_files
from tests.recorder.session_files import START_NS, block

# the log has grown past this in the first second, so that nothing more can be appended to it
FULL_BYTES = 8192


def record(path: Path) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    writer = SessionWriter.create(path, session_files.header(path.stem), period_s=0.05)
    _record_second(writer, 0)
    _tell("before", writer, path)
    resource.setrlimit(resource.RLIMIT_FSIZE, (FULL_BYTES, hard))
    _record_second(writer, 1)
    _tell("full", writer, path)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    writer.flush(10.0)
    _tell("freed", writer, path)
    writer.close(START_NS + 2 * 10**9)


def _record_second(writer: SessionWriter, second: int) -> None:
    for part in range(5):
        for board_id in (0, 1):
            writer.put(block(board_id, 250 * second + 50 * part))
    writer.flush(0.5)


def _tell(stage: str, writer: SessionWriter, path: Path) -> None:
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
        blocks = db.execute("SELECT count(*) FROM block").fetchone()[0]
    sys.stdout.write(f"{stage}|{blocks}|{writer.error}\n")


if __name__ == "__main__":
    record(Path(sys.argv[1]))
